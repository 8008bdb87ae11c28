"""One attempt to deliver an event, as Standard Webhooks says (https://www.standardwebhooks.com): signed, short, and wary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import httpx
from standardwebhooks import Webhook

from coalition import __version__
from coalition.service.webhook_targets import Reach, TargetForbidden, address_of

__all__ = ["Reply", "Sender", "Target"]

ATTEMPT_SECONDS = 15.0
CONNECT_SECONDS = 5.0
ANSWER_BYTES_MAX = 16 * 1024
AT_ONCE_MAX = 16
RETRY_AFTER_SECONDS_MAX = 86_400.0
BUSY = (429, 503)
GONE = 410


class Target(NamedTuple):
    """Where to, and the secrets that sign: the present one, and the one before until a Unix time in seconds."""

    url: str
    secret: bytes
    previous: bytes | None = None
    previous_until: int = 0

    def secrets_at(self, timestamp: int) -> list[bytes]:
        """Return the secrets that count at a time, the newest first."""
        return [self.secret, *([self.previous] if self.previous and timestamp < self.previous_until else [])]


class Reply(NamedTuple):
    """What became of an attempt: the status, or why there is none. `retry_after` (s) is what a busy receiver asks for."""

    status: int | None
    reason: str | None = None
    retry_after: float = 0.0

    @property
    def delivered(self) -> bool:
        """True if the receiver took it."""
        return self.status is not None and httpx.codes.is_success(self.status)

    @property
    def gone(self) -> bool:
        """True if the receiver wants nothing any more."""
        return self.status == GONE


class Connection:
    """To one receiver. Not shared between receivers: names that lead to one address are not one receiver."""

    def __init__(self, http: httpx.AsyncClient, reach: Reach, clock: Callable[[], float], seconds: float) -> None:
        self._http = http
        self._reach = reach
        self._clock = clock
        self._seconds = seconds

    async def send(self, target: Target, event_id: str, text: str) -> Reply:
        """Deliver an event. Never raises for what the receiver does."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._sent(target, event_id, text)
        except TargetForbidden:
            return Reply(None, "address forbidden")
        except TimeoutError:
            return Reply(None, "no answer in time")
        except httpx.HTTPError as error:
            return Reply(None, _words(error))
        except (OSError, ValueError):  # a name that is none is a `UnicodeError`
            return Reply(None, "name not found")

    async def _sent(self, target: Target, event_id: str, text: str) -> Reply:
        url = httpx.URL(target.url)
        address = await address_of(url, self._reach)
        headers = {
            "Host": url.netloc.decode(),
            "Content-Type": "application/json",
            "User-Agent": f"coalition/{__version__}",
        }
        now = int(self._clock())
        request = self._http.build_request(
            "POST",
            url.copy_with(host=address),
            content=text.encode(),
            headers=headers | signed(target.secrets_at(now), event_id, text, now),
            extensions={"sni_hostname": url.host},
        )
        response = await self._http.send(request, stream=True)
        try:
            size = 0
            async for piece in response.aiter_raw():
                size += len(piece)
                if size > ANSWER_BYTES_MAX:
                    break  # it is read only so that the connection can be used again
        finally:
            await response.aclose()
        status = response.status_code
        reason = None if httpx.codes.is_success(status) else f"status {status}"
        return Reply(status, reason, _retry_after(response) if status in BUSY else 0.0)


class Sender:
    """Opens connections to receivers. `clock` tells the Unix time in seconds that is signed."""

    def __init__(self, reach: Reach, clock: Callable[[], float], seconds: float = ATTEMPT_SECONDS) -> None:
        self._reach = reach
        self._clock = clock
        self._seconds = seconds

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield a connection to one receiver."""
        limits = httpx.Limits(max_connections=AT_ONCE_MAX, max_keepalive_connections=AT_ONCE_MAX)
        timeout = httpx.Timeout(self._seconds, connect=CONNECT_SECONDS)
        # No proxy of the environment: it would look names up itself.
        async with httpx.AsyncClient(limits=limits, timeout=timeout, follow_redirects=False, trust_env=False) as http:
            yield Connection(http, self._reach, self._clock, self._seconds)


def signed(secrets: Sequence[bytes], event_id: str, text: str, timestamp: int) -> dict[str, str]:
    """Return the headers of Standard Webhooks, with a signature for each secret that counts."""
    at = datetime.fromtimestamp(timestamp, UTC)
    signatures = [Webhook(secret).sign(event_id, at, text) for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("retry-after", "")
    return min(float(text), RETRY_AFTER_SECONDS_MAX) if text.isdecimal() else 0.0


def _words(error: Exception) -> str:
    if isinstance(error, httpx.ConnectError):
        return "no connection"
    return "no answer in time" if isinstance(error, httpx.TimeoutException) else "broken answer"
