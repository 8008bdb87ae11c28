"""Client credentials: tokens are got, renewed and replaced without the caller's doing, and nothing counts twice."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Callable
from urllib.parse import parse_qs

import httpx
import pytest

from coalition.access.secret_text import id_of
from coalition.client import ApiError, AsyncClient, Client, ClientCredentials, OutcomeUnknown, Patience
from coalition.client.login import Login
from coalition.client.requests import release
from tests.api.conftest import MEMBER
from tests.api.stack import Stack
from tests.client.conftest import QUICK
from tests.client.transports import problem

ME = {"partner": 1, "name": "n", "currency": "USD", "earn_rate_bps": 5, "status": "active"}
SHORT = Patience(deadline_seconds=0.2, first_pause_seconds=0.01, longest_pause_seconds=0.02)
CLIENT = ClientCredentials("id", "s3cret", scope="read")


def halves(key: str) -> ClientCredentials:
    _, client_id, secret = key.split("_")
    return ClientCredentials(client_id, secret)


class Service:
    """Gives tokens t1, t2, …, each good for `seconds`, and takes those in `good`, or all."""

    def __init__(self, seconds: float = 3_600) -> None:
        self.seconds, self.given, self.now = seconds, 0, 0.0
        self.good: set[str] | None = None
        self.login: Callable[[httpx.Request], httpx.Response] | None = None
        self.calls: list[str] = []
        self.tokens: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/oauth/token"):
            self.tokens.append(request)
            if self.login is not None:
                return self.login(request)
            self.given += 1
            body = {
                "access_token": f"t{self.given}",
                "token_type": "Bearer",
                "expires_in": self.seconds,
                "scope": "read",
            }
            return httpx.Response(200, json=body)
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.calls.append(token)
        if self.good is not None and token not in self.good:
            return problem(401, "credential_expired")
        return httpx.Response(200, json=ME)

    def client(self, url: str = "http://x", patience: Patience = QUICK) -> Client:
        found = Client(url, login=CLIENT, patience=patience, transport=httpx.MockTransport(self))
        found._http.auth = Login(httpx.URL(url), CLIENT, lambda: self.now)
        return found


@pytest.mark.parametrize(("url", "path"), [("http://x", "/oauth/token"), ("http://x/a/b/", "/a/b/oauth/token")])
def test_what_a_log_in_sends(url: str, path: str) -> None:
    service = Service()
    service.client(url).me()
    (sent,) = service.tokens
    assert (sent.method, sent.url.path) == ("POST", path)
    assert b64decode(sent.headers["authorization"].removeprefix("Basic ")) == b"id:s3cret"
    assert parse_qs(sent.content.decode()) == {"grant_type": ["client_credentials"], "scope": ["read"]}
    assert "s3cret" not in service.calls[0]


def test_a_token_is_used_until_four_fifths_of_its_time_are_over() -> None:
    service = Service(seconds=100)
    client = service.client()
    for now in (0, 50, 79.9, 80, 150):
        service.now = now
        client.me()
    assert service.calls == ["t1", "t1", "t1", "t2", "t2"]


def test_a_token_that_ended_early_is_replaced_once() -> None:
    service = Service()
    client = service.client()
    client.me()
    service.good = {"t2"}
    client.me()
    assert service.calls == ["t1", "t1", "t2"]
    service.good = set()
    with pytest.raises(ApiError) as raised:
        client.me()
    assert (raised.value.status, raised.value.code) == (401, "credential_expired")
    assert service.given == 3


def test_a_log_in_that_fails_while_the_token_lasts_hurts_nobody() -> None:
    service = Service(seconds=100)
    client = service.client(patience=SHORT)
    client.me()
    service.login = lambda request: problem(503, "storage_unavailable")
    for service.now in (80, 81, 99):
        client.me()
    assert len(service.tokens) == 3, "tried again after some seconds, not at each request"
    service.now = 100
    with pytest.raises(ApiError, match="So it is") as raised:
        client.me()
    assert raised.value.code == "storage_unavailable"
    assert service.calls == ["t1"] * 4


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (httpx.Response(401, json={"error": "invalid_client", "error_description": "No"}), 401, "login_refused"),
        (httpx.Response(400, json={"error": "invalid_scope"}), 400, "login_refused"),
        (problem(403, "source_not_allowed"), 403, "source_not_allowed"),
        (httpx.Response(200, html="<p>Welcome</p>"), 200, "answer_malformed"),
        (httpx.Response(200, json={"access_token": "a b", "expires_in": 1}), 200, "answer_malformed"),
        (httpx.Response(200, json={"access_token": "a"}), 200, "answer_malformed"),
    ],
)
def test_without_a_token_nothing_is_sent(answer: httpx.Response, status: int, code: str) -> None:
    service = Service()
    service.login = lambda request: answer
    client = service.client()
    for ask in (client.me, lambda: client.send(release("r")), lambda: client.pause_campaign(1)):
        with pytest.raises(ApiError) as raised:
            ask()
        assert (type(raised.value), raised.value.status, raised.value.code) == (ApiError, status, code)
        assert "s3cret" not in str(raised.value)
    assert service.calls == [] and len(service.tokens) == 3


def test_a_busy_log_in_is_tried_again() -> None:
    service = Service()
    answers: list[httpx.Response] = [problem(503, "x"), problem(429, "x")]
    ready = httpx.Response(200, json={"access_token": "t", "expires_in": 1})
    service.login = lambda request: answers.pop(0) if answers else ready
    service.client().me()
    assert service.calls == ["t"] and len(service.tokens) == 3


def test_a_refused_log_in_says_nothing_of_an_attempt_whose_answer_was_lost() -> None:
    service = Service()

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/oauth/token"):
            service.calls.append("lost")
            raise httpx.ReadError("lost", request=request)
        if service.calls:
            return httpx.Response(401, json={"error": "invalid_client"})
        return httpx.Response(200, json={"access_token": "t", "expires_in": 0})

    client = Client("http://x", login=CLIENT, patience=QUICK, transport=httpx.MockTransport(answer))
    with pytest.raises(OutcomeUnknown) as raised:
        client.send(release("r"))
    assert (raised.value.code, raised.value.receipt, service.calls) == ("login_refused", "r", ["lost"])


def test_secrets_are_not_shown() -> None:
    assert "s3cret" not in repr(CLIENT)
    for wrong in (("", "x"), ("x", ""), ("a b", "x"), ("x", "s3crét\n")):
        with pytest.raises(ValueError, match="halves") as raised:
            ClientCredentials(*wrong)
        assert "s3cr" not in str(raised.value)


def test_at_the_service(stack: Stack) -> None:
    with Client(stack.url, login=halves(stack.keys[1]), patience=QUICK) as client:
        assert client.me().partner == 1
        assert client.earn(MEMBER, "login-1", 100).points == 1
        lines = list(client.bulk([release("none"), release("nothing")]))
        assert [line.problem.code for line in lines if line.problem] == ["hold_unknown"] * 2

    async def waiting() -> list[int]:
        async with AsyncClient(stack.url, login=halves(stack.keys[1]), patience=QUICK) as client:
            return [one.partner for one in await asyncio.gather(*(client.me() for _ in range(10)))]

    assert asyncio.run(waiting()) == [1] * 10


def test_a_key_that_is_rotated_away_and_one_that_is_revoked(stack: Stack) -> None:
    key = stack.access.credentials.issue(1, "office")
    with Client(stack.url, login=halves(key), patience=QUICK) as client:
        assert client.me().partner == 1
        stack.access.credentials.rotate(id_of(key), 0)
        with pytest.raises(ApiError, match="login_refused") as raised:
            client.me()
        assert dict(raised.value.why) == {"error": "invalid_client"}


def test_lines_beyond_the_rate_limit_are_sent_again(stack: Stack) -> None:
    key = stack.access.credentials.issue(1, "slow", rate_limit="3/1second")
    with Client(stack.url, key, patience=QUICK) as client:
        found = list(client.bulk([release(f"none-{number}") for number in range(5)]))
    assert [line.problem.code for line in found if line.problem] == ["hold_unknown"] * 5
