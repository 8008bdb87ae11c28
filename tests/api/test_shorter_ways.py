"""The shorter ways to a handler answer as FastAPI's own way does."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from coalition.access import CredentialStore, Scope
from coalition.api import create_app
from coalition.api.bodies import Handler, StrictRoute
from coalition.api.routes.members import BalanceRoute
from coalition.api.routes.posting import PostingRoute
from tests.api.conftest import DEADLINE, MEMBER

EARN = {"member": MEMBER, "receipt": "R-1", "spend_minor": 500}
REDEEM = {"member": MEMBER, "receipt": "P-1", "points": 5, "deadline": DEADLINE}
COMPARED = (
    "content-type",
    "content-location",
    "idempotent-replayed",
    "location",
    "preference-applied",
    "retry-after",
    "www-authenticate",
)
CACHED = ("content-type", "etag", "cache-control", "vary", "www-authenticate")
REQUESTS: tuple[tuple[str, Any, dict[str, str]], ...] = (
    ("earn", EARN, {}),
    ("earn", EARN, {"Prefer": "respond-async"}),
    ("earn", EARN, {"Prefer": "wait=1", "Idempotency-Key": "one"}),
    ("earn", EARN | {"spend_minor": 501}, {}),
    ("earn", EARN | {"spend_minor": "500"}, {}),
    ("earn", EARN | {"spend_minor": 500.0}, {}),
    ("earn", EARN | {"spend_minor": True, "more": 1, "member": 7}, {}),
    ("earn", EARN | {"pending_until": "tomorrow"}, {}),
    ("earn", {}, {}),
    ("earn", [], {}),
    ("earn", None, {}),
    ("earn", "earn", {}),
    ("earn", EARN, {"Idempotency-Key": "x" * 256}),
    ("earn", EARN, {"Idempotency-Key": '""'}),
    ("earn", EARN, {"Authorization": ""}),
    ("earn", EARN, {"Authorization": "Basic abc"}),
    ("earn", EARN, {"Authorization": "Bearer ck_none"}),
    ("earn", {}, {"Authorization": "Bearer ck_none"}),
    ("earn", EARN, {"Content-Type": "text/plain"}),
    ("redeem", REDEEM, {}),
    ("redeem", REDEEM | {"signature": "0x1"}, {}),
    ("redeem", REDEEM | {"deadline": 7}, {}),
    ("hold", REDEEM | {"receipt": "H-1"}, {}),
    ("capture", {"receipt": "H-1", "points": 5}, {}),
    ("capture", {"receipt": "H-1"}, {}),
    ("release", {"receipt": "H-9"}, {}),
    ("reverse", {"receipt": "B-1", "original_receipt": "R-1"}, {}),
    ("reverse", {"receipt": "B-2", "original_receipt": "nothing"}, {}),
    ("refund", {"receipt": "B-3", "original_receipt": "P-1", "points": 1}, {}),
    ("refund", {"receipt": "B-4", "original_receipt": "P-1", "points": -1}, {}),
)


BALANCE = f"/v1/members/{MEMBER}/balance"
QUESTIONS: tuple[tuple[str, dict[str, str]], ...] = (
    (BALANCE, {}),
    (BALANCE, {"If-None-Match": "*"}),
    (BALANCE, {"If-None-Match": '"other"'}),
    (BALANCE, {"Authorization": ""}),
    (BALANCE, {"Authorization": "Basic abc"}),
    (BALANCE, {"Authorization": "Bearer ck_none"}),
    (f"/v1/members/0x{77:040x}/balance", {}),
    ("/v1/members/anna/balance", {}),
    ("/v1/members/%00/balance", {}),
    (f"{BALANCE}?", {}),
    (f"{BALANCE}?block=-1", {}),
    (f"{BALANCE}?block=1&at=2026-03-01T12:00:00Z", {}),
)


def test_a_balance_without_parameters_is_answered_as_fastapi_does(
    http: TestClient, credentials: CredentialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BalanceRoute, "handler", StrictRoute.handler)
    keys = credentials.issue(1, "till", {Scope.EARN, Scope.READ}), credentials.issue(1, "post", {Scope.EARN})
    statuses = []
    http.post("/v1/earn", json=EARN, headers={"Authorization": f"Bearer {keys[0]}"})
    with TestClient(create_app(http.app.state.context)) as plain:  # type: ignore[attr-defined]
        for key in keys:
            for path, headers in QUESTIONS:
                sent = {"Authorization": f"Bearer {key}"} | headers
                answers = [client.get(path, headers=sent) for client in (http, plain)]
                told = [(one.status_code, one.content, *map(one.headers.get, CACHED)) for one in answers]
                assert told[0] == told[1], (path, headers)
                statuses.append(told[0][0])
    assert {200, 304, 401, 403, 404, 422} <= set(statuses)


def test_an_operation_is_answered_as_fastapi_does(
    http: TestClient, credentials: CredentialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def handler(route: PostingRoute) -> Handler:
        built.append(route.name)
        return StrictRoute.handler(route)

    monkeypatch.setattr(PostingRoute, "handler", handler)
    keys = credentials.issue(1, "till", {Scope.EARN, Scope.REDEEM}), credentials.issue(1, "screen", {Scope.READ})
    statuses = []
    with TestClient(create_app(http.app.state.context)) as plain:  # type: ignore[attr-defined]
        for key in keys:
            for path, body, headers in REQUESTS:
                request = {"json": body, "headers": {"Authorization": f"Bearer {key}"} | headers}
                http.post(f"/v1/{path}", **request)  # what counts, counts here; then both tell of it
                answers = [client.post(f"/v1/{path}", **request) for client in (http, plain)]
                told = [
                    (one.status_code, one.json(), {name: one.headers.get(name) for name in COMPARED}) for one in answers
                ]
                assert told[0] == told[1], (path, body, headers)
                statuses.append(told[0][0])
    assert set(built) == {"earn", "redeem", "hold", "capture", "release", "reverse", "refund"}
    assert {200, 400, 401, 403, 409, 415, 422} <= set(statuses)
