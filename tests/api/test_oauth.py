"""Client credentials as RFC 6749 has them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from coalition.access import Scope
from coalition.access.sources import networks_of
from tests.api.conftest import Clock, Till, World, code_of

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def key(world: World) -> str:
    return world.access.credentials.issue(1, "till")


def halves(key: str) -> tuple[str, str]:
    _, client_id, secret = key.split("_")
    return client_id, secret


def asked(http: TestClient, key: str, **form: str) -> Response:
    return http.post("/oauth/token", data=GRANT | form, auth=halves(key))


def refused(answer: Response, status: int, error: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["error"] == error and answer.json()["error_description"]
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_token_by_basic_and_by_form(http: TestClient, key: str) -> None:
    client_id, secret = halves(key)
    form = GRANT | {"client_id": client_id, "client_secret": secret}
    tokens = set()
    for answer in (asked(http, key), http.post("/oauth/token", data=form)):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"
        body = answer.json()
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "earn redeem read")
        tokens.add(body["access_token"])
    assert len(tokens) == 2
    for token in tokens:
        assert Till(http, token).get("/v1/partner").json()["partner"] == 1
        assert Till(http, token).earn().status_code in (200, 201)


def test_a_token_for_less(http: TestClient, key: str) -> None:
    answer = asked(http, key, scope="read")
    assert answer.json()["scope"] == "read"
    token = Till(http, answer.json()["access_token"])
    assert token.get("/v1/partner").status_code == 200
    assert code_of(token.earn(), 403) == "scope_missing"
    for scope in ("admin", "read admin", "everything", "read  nothing"):
        refused(asked(http, key, scope=scope), 400, "invalid_scope")


def test_a_token_ends_by_time_and_with_its_key(world: World, http: TestClient, key: str, clock: Clock) -> None:
    first, second = (Till(http, asked(http, key).json()["access_token"]) for _ in range(2))
    clock.now += 3_600
    assert code_of(first.get("/v1/partner"), 401) == "credential_expired"
    third = Till(http, asked(http, key).json()["access_token"])
    world.access.credentials.revoke(halves(key)[0])
    assert code_of(third.get("/v1/partner"), 401) == "credential_revoked"
    refused(asked(http, key), 401, "invalid_client")
    assert second.key != first.key


def test_clients_that_are_none_are_told_apart_by_nothing(world: World, http: TestClient, key: str) -> None:
    client_id, secret = halves(key)
    revoked = halves(world.access.credentials.issue(1, "gone"))
    world.access.credentials.revoke(revoked[0])
    answers = [
        http.post("/oauth/token", data=GRANT, auth=auth)
        for auth in (("nobody", secret), (client_id, "wrong"), (client_id, ""), ("", ""), revoked, ("ключ", "ключ"))
    ]
    answers += [
        http.post("/oauth/token", data=GRANT | {"client_id": client_id, "client_secret": "wrong"}),
        http.post("/oauth/token", data=GRANT),
        http.post("/oauth/token", data=GRANT, headers={"Authorization": f"Bearer {key}"}),
        http.post("/oauth/token", data=GRANT, headers={"Authorization": "Basic !!!"}),
        http.post("/oauth/token", data=GRANT, headers={"Authorization": "Basic " + b64encode(b"x").decode()}),
    ]
    for answer in answers:
        refused(answer, 401, "invalid_client")
        assert answer.headers["www-authenticate"] == 'Basic realm="coalition"'
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        ("", {}, "invalid_request"),
        ("scope=read", {}, "invalid_request"),
        ("grant_type=password", {}, "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials", {}, "invalid_request"),
        ("grant_type=client_credentials&client_id=x", {}, "invalid_request"),
        ('{"grant_type": "client_credentials"}', {"Content-Type": "application/json"}, "invalid_request"),
        ("grant_type=" + "x" * 9_000, {}, "invalid_request"),
        ("&".join(f"a{number}=1" for number in range(30)), {}, "invalid_request"),
        ("grant_type=ключ", {}, "invalid_request"),
    ],
)
def test_requests_that_are_wrong(http: TestClient, key: str, body: str, headers: dict[str, str], error: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"} | headers
    refused(http.post("/oauth/token", content=body.encode(), headers=form, auth=halves(key)), 400, error)


def test_sources_and_rates_count_here_too(world: World, http: TestClient, clock: Clock) -> None:
    office = world.access.credentials.issue(1, "office", {Scope.READ}, sources=networks_of(["192.0.2.0/24"]))
    assert code_of(asked(http, office), 403) == "source_not_allowed"
    slow = world.access.credentials.issue(1, "slow", {Scope.READ}, rate_limit="2/minute")
    token = Till(http, asked(http, slow).json()["access_token"])
    assert token.get("/v1/partner").headers["ratelimit-remaining"] == "0"
    assert code_of(token.get("/v1/partner"), 429) == "rate_limited"
    assert asked(http, slow).headers["retry-after"] == "60"


def test_the_metadata(http: TestClient) -> None:
    found: dict[str, Any] = http.get("/.well-known/oauth-authorization-server").json()
    assert found["issuer"] == "http://testserver"
    assert found["token_endpoint"] == "http://testserver/oauth/token"
    assert found["grant_types_supported"] == ["client_credentials"]
    assert found["scopes_supported"] == ["earn", "redeem", "read", "admin"]


def test_clients_have_to_send_a_form_with_parameters_that_nobody_knows(http: TestClient, key: str) -> None:
    assert asked(http, key, audience="x").status_code == 200, "what is not known is passed over (RFC 6749, 3.2)"
