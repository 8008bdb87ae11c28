"""Logging in by client credentials (RFC 6749, 4.4): short-lived tokens instead of the key in each request.

A token is got for the first request, renewed when four fifths of its time are over, and once more if the service does not take it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass, field

import httpx

from coalition.client.access import VISIBLE

__all__ = ["ClientCredentials", "Login", "NotLoggedIn"]

TOKEN_PATH = "oauth/token"
FRESH_PART = 0.8
AGAIN_SECONDS = 5.0

Steps = Generator[httpx.Request, httpx.Response, None]


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A client of the service: an API key's id, and what follows it in the key. `scope` asks for less than the key may.

    An API key is `ck_<id>_<secret>`; the id is what stands between `ck_` and the next `_`.
    """

    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None

    def __post_init__(self) -> None:
        """Check the form.

        Raises:
            ValueError: one is empty, or holds what none holds; the sentence does not show it.
        """
        if not all(VISIBLE.fullmatch(one) for one in (self.client_id, self.client_secret)):
            raise ValueError("client_id and client_secret are the two halves of an API key.")


class NotLoggedIn(httpx.RequestError):
    """There is no token, so the request was not sent. `response` says why, as a problem of the service."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__("there is no access token")
        self.response = response


class Login(httpx.Auth):
    """Puts a token into each request. Threads and tasks may share one; `now` tells seconds that never go back."""

    def __init__(
        self, address: httpx.URL, credentials: ClientCredentials, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = address.copy_with(raw_path=address.raw_path.rstrip(b"/") + b"/" + TOKEN_PATH.encode())
        self._credentials = credentials
        self._now = now
        self._token = ""
        self._renew_at = self._ends_at = float("-inf")

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """As in the base class; only what the log-in answers is read here."""
        steps = self._steps(request)
        sent = next(steps)
        while True:
            response = yield sent
            if sent is not request:
                response.read()
            try:
                sent = steps.send(response)
            except StopIteration:
                return

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """As `sync_auth_flow`."""
        steps = self._steps(request)
        sent = next(steps)
        while True:
            response = yield sent
            if sent is not request:
                await response.aread()
            try:
                sent = steps.send(response)
            except StopIteration:
                return

    def _steps(self, request: httpx.Request) -> Steps:
        now = self._now()
        if now >= self._renew_at:
            self._renew_at = self._ends_at  # whoever comes meanwhile goes on with this one as long as it lasts
            try:
                yield from self._renewed(request)
            except NotLoggedIn:
                if self._now() >= self._ends_at:
                    raise
                self._renew_at = min(now + AGAIN_SECONDS, self._ends_at)
        used = request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            if used == f"Bearer {self._token}":
                yield from self._renewed(request)
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _renewed(self, request: httpx.Request) -> Steps:
        form = {"grant_type": "client_credentials"}
        if self._credentials.scope is not None:
            form["scope"] = self._credentials.scope
        asked = httpx.Request("POST", self._url, data=form, extensions=request.extensions)
        basic = httpx.BasicAuth(self._credentials.client_id, self._credentials.client_secret)
        begun = self._now()
        response = yield next(basic.auth_flow(asked))
        try:
            body = response.json()
            token, seconds = str(body["access_token"]), float(body["expires_in"])
            if not response.is_success or not VISIBLE.fullmatch(token):
                raise ValueError
        except (ValueError, LookupError, TypeError):
            raise NotLoggedIn(_told(response)) from None
        self._token = token
        self._renew_at, self._ends_at = begun + FRESH_PART * seconds, begun + seconds


def _told(response: httpx.Response) -> httpx.Response:
    """What the log-in answered, as a problem: errors of the standard have a form of their own."""
    try:
        body = response.json()
        error, description = str(body["error"]), str(body.get("error_description", ""))
    except (ValueError, LookupError, TypeError):
        return response
    problem = {"code": "login_refused", "detail": description, "error": error}
    return httpx.Response(response.status_code, json=problem, headers={"Content-Type": "application/problem+json"})
