"""Who may do what over HTTP: scopes route by route, sources, rates, and keys and log of the partner itself."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

from coalition.access import Access, Scope
from coalition.access.credentials import LOOK_SECONDS
from coalition.access.scopes import ALL_SCOPES, TILL_SCOPES
from coalition.access.secret_text import id_of
from coalition.access.sources import networks_of
from coalition.api import create_app
from coalition.api.examples import BATCH
from coalition.api.scopes import SCOPE_BY_ROUTE, is_logged
from coalition.errors import StorageFull, Unavailable
from tests.api.conftest import DEADLINE, MEMBER, Clock, Till, World, code_of
from tests.api.openapi import Contract

WAIT_SECONDS = 60.0
EARNS, REDEEMS = ("earn", "reverse"), ("redeem", "hold", "capture", "release", "refund")
LINES: list[dict[str, Any]] = [
    {"kind": "earn", "member": MEMBER, "receipt": "L-1", "spend_minor": 500},
    {"kind": "redeem", "member": MEMBER, "receipt": "L-2", "points": 5, "deadline": DEADLINE},
    {"kind": "hold", "member": MEMBER, "receipt": "L-3", "points": 5, "deadline": DEADLINE},
    {"kind": "capture", "receipt": "H-1", "points": 1},
    {"kind": "release", "receipt": "H-2"},
    {"kind": "reverse", "receipt": "L-4", "original_receipt": "E-1"},
    {"kind": "refund", "receipt": "L-5", "original_receipt": "R-1"},
]


@pytest.fixture
def contract(http: TestClient) -> Contract:
    return Contract(http.get("/openapi.json").json())


def till_with(world: World, *scopes: Scope, partner: int = 1, **more: Any) -> Till:
    return Till(world.http, world.access.credentials.issue(partner, "some", scopes or ALL_SCOPES, **more))


# ---- scopes


def test_every_route_demands_the_scope_that_the_document_names(world: World, contract: Contract) -> None:
    """With all scopes but the one, each route refuses and names it; with that one alone, it is not refused for this."""
    seen: dict[str, str | None] = {}
    for path, method, operation in contract.operations():
        if "security" not in operation:
            continue
        ((scope,), (again,)) = (tuple(one.values()) for one in operation["security"])
        assert scope == again and [set(one) for one in operation["security"]] == [{"apiKey"}, {"oauth2"}]
        seen[operation["operationId"]] = scope[0] if scope else None
        address = path.replace("{", "").replace("}", "")
        body = {} if method == "post" else None
        if scope:
            others = till_with(world, *(ALL_SCOPES - {Scope(scope[0])}))
            answer = world.http.request(method, address, json=body, headers=others.headers)
            assert code_of(answer, 403) == "scope_missing"
            assert answer.json()["scope"] == scope[0]
            assert answer.headers["www-authenticate"].endswith(f'error="insufficient_scope", scope="{scope[0]}"')
        only = till_with(world, Scope(scope[0]) if scope else Scope.READ)
        answer = world.http.request(method, address, json=body, headers=only.headers)
        assert answer.status_code != 403 or code_of(answer, 403) != "scope_missing", path

    assert {seen[name] for name in EARNS} == {"earn"}
    assert {seen[name] for name in REDEEMS} == {"redeem"}
    assert {seen[name] for name in ("propose", "approve", "start", "pause", "resume", "end", "close")} == {"admin"}
    assert {seen[name] for name in ("me", "totals", "history", "balance", "campaigns", "preview")} == {"read"}
    assert seen["bulk"] is seen["relay"] is None
    assert SCOPE_BY_ROUTE.keys() - seen.keys() == {"till_token", "token"}, (
        "no scope is named for a route that is not there"
    )


def test_lines_of_a_bulk_need_the_scope_of_their_kind(world: World, till: Till) -> None:
    till.earn("E-1")
    till.redeem("R-1")
    till.hold("H-1")
    till.hold("H-2")
    for scopes, may in (
        ((Scope.READ,), ()),
        ((Scope.EARN,), EARNS),
        ((Scope.REDEEM,), REDEEMS),
        (TILL_SCOPES, EARNS + REDEEMS),
    ):
        answer = till_with(world, *scopes).post("/v1/operations", LINES).json()
        for sent, line in zip(LINES, answer["lines"], strict=True):
            if sent["kind"] in may:
                assert "operation" in line or line["problem"]["code"] == "hold_unknown", line
            else:
                assert (line["problem"]["code"], line["problem"]["status"]) == ("scope_missing", 403)
                assert line["receipt"] == sent["receipt"]
        refused = len(LINES) - len(may)
        assert answer["summary"]["by_code"].get("scope_missing", 0) == refused


def test_a_signed_batch_needs_the_scope_of_its_kind(world: World) -> None:
    for scope in Scope:
        answer = till_with(world, scope).post("/v1/batches", BATCH)
        if scope is Scope.EARN:
            assert answer.status_code == 201, "the example's batch earns"
        else:
            assert code_of(answer, 403) == "scope_missing"
            assert answer.json()["scope"] == "earn"


def test_an_ordinary_till_administers_nothing(world: World) -> None:
    ordinary = Till(world.http, world.access.credentials.issue(1, "till"))
    assert ordinary.earn().status_code == 201
    assert ordinary.redeem().status_code == 201
    assert ordinary.get("/v1/partner").status_code == 200
    for path in ("/v1/api-keys", "/v1/admin/log"):
        assert code_of(ordinary.get(path), 403) == "scope_missing"
    assert code_of(ordinary.post("/v1/api-keys", {"label": "mine"}), 403) == "scope_missing"


# ---- keys that do not count


def test_revoked_expired_and_unknown_keys(world: World, till: Till, clock: Clock) -> None:
    assert till.get("/v1/partner").status_code == 200
    key_id = id_of(till.key)
    rotated = Till(till.http, world.access.credentials.rotate(key_id, 60))
    assert till.earn("A").status_code == rotated.earn("B").status_code == 201
    clock.now += 60
    for answer in (till.get("/v1/partner"), till.earn("C")):
        assert code_of(answer, 401) == "credential_expired"
        assert answer.headers["www-authenticate"] == 'Bearer realm="coalition", error="invalid_token"'
    world.access.credentials.revoke(key_id)
    assert code_of(rotated.earn("C"), 401) == "credential_revoked"
    sentences = set()
    for wrong in (till.key[:20] + "x" * 46, "ck_zzzzzzzzzzzz_" + "x" * 49, "nonsense", "ct_" + "x" * 49):
        answer = Till(till.http, wrong).get("/v1/partner")
        assert code_of(answer, 401) == "credential_invalid"
        sentences.add(answer.text)
    assert len(sentences) == 1


def test_key_of_a_partner_that_is_not_in_the_ledger(world: World) -> None:
    lost = till_with(world, partner=99)
    for answer in (
        lost.earn(),
        lost.get("/v1/partner"),
        lost.get("/v1/partner/totals"),
        lost.get("/v1/operations/R-1"),
    ):
        assert code_of(answer, 403) == "partner_unknown"
        assert "Green Market" not in answer.text
    assert lost.get("/v1/operations").json()["operations"] == []


def test_two_nodes_of_one_database(world: World, till: Till, clock: Clock) -> None:
    engine = create_engine(world.outbox.url)
    access = Access(engine, clock=clock)
    context = replace(world.http.app.state.context, access=access)  # type: ignore[attr-defined]
    with TestClient(create_app(context)) as other_node:
        issued = till.post("/v1/api-keys", {"label": "x"}).json()
        here, there = (Till(http, issued["api_key"]) for http in (till.http, other_node))
        assert there.get("/v1/partner").status_code == here.get("/v1/partner").status_code == 200
        client = tuple(issued["api_key"].split("_")[1:])
        token = here.http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=client).json()[
            "access_token"
        ]
        assert Till(other_node, token).get("/v1/partner").status_code == 200

        Till(other_node, till.key).post(f"/v1/api-keys/{issued['key_id']}/revoke", None)
        assert code_of(there.get("/v1/partner"), 401) == "credential_revoked"
        assert here.get("/v1/partner").status_code == 200, "for less than a second"
        clock.now += LOOK_SECONDS
        for each in (here, there, Till(till.http, token), Till(other_node, token)):
            assert code_of(each.get("/v1/partner"), 401) == "credential_revoked"
    calls = till.get("/v1/admin/log").json()["calls"][:2]
    assert [call["action"] for call in calls] == [f"POST /v1/api-keys/{issued['key_id']}/revoke", "POST /v1/api-keys"]
    assert world.access.log.verify() == access.log.verify()
    access.close()
    engine.dispose()


# ---- sources


def test_a_key_is_good_from_its_sources_only(world: World) -> None:
    office = till_with(world, sources=networks_of(["192.0.2.0/24"]))
    forwarded = {"X-Forwarded-For": "192.0.2.5", "Forwarded": "for=192.0.2.5"}
    assert code_of(office.get("/v1/partner", **forwarded), 403) == "source_not_allowed"
    for address, status in (("192.0.2.5", 200), ("192.0.3.5", 403)):
        elsewhere = TestClient(world.http.app, client=(address, 1), follow_redirects=False)
        answer = elsewhere.get("/v1/partner", headers=office.headers)
        assert answer.status_code == status
        assert answer.status_code == 200 or code_of(answer, 403) == "source_not_allowed"


# ---- rates


def test_a_key_with_a_limit_is_told_what_is_left(world: World, clock: Clock, contract: Contract) -> None:
    till = till_with(world, rate_limit="3/minute")
    for left, answer in ((2, till.earn("1")), (1, till.earn("1", 5)), (0, till.get("/v1/operations?limit=0"))):
        assert answer.headers["ratelimit-limit"] == "3"
        assert answer.headers["ratelimit-remaining"] == str(left)
        assert answer.headers["ratelimit-reset"] == "60"
        assert answer.headers["ratelimit-policy"] == "3;w=60"
        contract.check(answer)
    clock.now += 20
    answer = till.earn("2")
    contract.check(answer)
    assert code_of(answer, 429) == "rate_limited"
    assert (answer.headers["retry-after"], answer.headers["ratelimit-remaining"]) == ("40", "0")
    assert till_with(world).earn("3").status_code == 201, "another key has calls of its own"
    clock.now += 40
    assert till.earn("2").status_code == 201


def test_lines_of_a_bulk_are_calls(world: World) -> None:
    till = till_with(world, rate_limit="4/minute")
    lines = [{"kind": "earn", "member": MEMBER, "receipt": f"B-{number}", "spend_minor": 100} for number in range(5)]
    for form in ("application/json", "application/x-ndjson"):
        body = json.dumps(lines) if form == "application/json" else "\n".join(map(json.dumps, lines))
        answer = till.http.post("/v1/operations", content=body, headers=till.headers | {"Content-Type": form})
        assert answer.status_code == 200 and answer.headers["ratelimit-remaining"] == "3"
        text = answer.text.splitlines()[-1]
        found = json.loads(text)
        assert found["summary"]["by_code"] == {"rate_limited": 2}
        assert (found["summary"]["accepted"] + found["summary"]["replayed"], found["summary"]["unfinished"]) == (3, 2)
        assert code_of(till.get("/v1/partner"), 429) == "rate_limited"
        world.clock.now += 60


def test_keys_have_no_limit_unless_one_is_set(till: Till) -> None:
    assert not [name for name in till.get("/v1/partner").headers if name.startswith("ratelimit")]


# ---- keys and log of the partner itself


def test_keys_of_ones_own(world: World, till: Till, clock: Clock) -> None:
    answer = till.post("/v1/api-keys", {"label": "till 8", "scopes": ["earn"], "sources": ["192.0.2.0/24"]})
    assert answer.status_code == 201 and answer.headers["cache-control"] == "no-store"
    issued = answer.json()
    assert id_of(issued["api_key"]) == issued["key_id"]
    assert issued["scopes"] == ["earn"] and issued["sources"] == ["192.0.2.0/24"]
    rotated = till.post(f"/v1/api-keys/{issued['key_id']}/rotate", {"overlap_seconds": 60})
    assert rotated.headers["cache-control"] == "no-store"
    assert rotated.json()["previous_until"] == "2026-03-01T12:01:00Z"
    assert code_of(till.post(f"/v1/api-keys/{issued['key_id']}/rotate", {}), 409) == "rotation_unfinished"
    for key in (issued["api_key"], rotated.json()["api_key"]):
        assert code_of(Till(till.http, key).get("/v1/partner"), 403) == "source_not_allowed", "it is known"
    revoked = till.post(f"/v1/api-keys/{issued['key_id']}/revoke", None).json()
    assert revoked["revoked_at"] == "2026-03-01T12:00:00Z" and "api_key" not in revoked
    listed = till.get("/v1/api-keys")
    assert [one["label"] for one in listed.json()["api_keys"]] == ["till 7", "till 8"] or len(
        listed.json()["api_keys"]
    ) == 2
    assert issued["api_key"] not in listed.text and "sha256" not in listed.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"label": ""}, "label_invalid"),
        ({"label": "x", "scopes": []}, "scope_invalid"),
        ({"label": "x", "scopes": ["all"]}, "input_invalid"),
        ({"label": "x", "sources": ["here"]}, "source_invalid"),
        ({"label": "x", "rate_limit": "unlimited"}, "input_invalid"),
    ],
)
def test_keys_that_are_not_issued(till: Till, body: dict[str, Any], code: str) -> None:
    assert code_of(till.post("/v1/api-keys", body), 422) == code


def test_overlaps(till: Till) -> None:
    path = f"/v1/api-keys/{id_of(till.key)}/rotate"
    assert code_of(till.post(path, {"overlap_seconds": -1}), 422) == "overlap_invalid"
    assert code_of(till.post(path, {"overlap_seconds": "1"}), 422) == "input_invalid"


def test_a_key_is_changed_under_its_secret(world: World, till: Till, other_till: Till) -> None:
    """What it may do and from where; its tokens may do no more."""
    limited = Till(till.http, world.access.credentials.issue(1, "some", rate_limit="50/minute"))
    path = f"/v1/api-keys/{id_of(limited.key)}/change"
    client = tuple(limited.key.split("_")[1:])
    grant = {"grant_type": "client_credentials"}
    token = Till(till.http, till.http.post("/oauth/token", data=grant, auth=client).json()["access_token"])
    streamed = world.access.looked_up(limited.key)
    assert token.earn("1").status_code == 201 and world.access.still_counts(streamed)

    changed = till.post(path, {"scopes": ["read"]}).json()
    assert (changed["scopes"], changed["sources"], changed["rate_limit"]) == (["read"], [], "50/minute")
    for one in (limited, token):
        assert code_of(one.earn("2"), 403) == "scope_missing"
        assert one.get("/v1/partner").status_code == 200
    assert not world.access.still_counts(streamed), "a stream that was opened with more ends"
    assert till.post(path, {"sources": ["192.0.2.0/24"]}).json()["scopes"] == ["read"]
    assert code_of(limited.get("/v1/partner"), 403) == "source_not_allowed"
    assert till.post(path, {"scopes": ["earn", "read"], "sources": []}).json()["sources"] == []
    assert limited.earn("2").status_code == token.earn("3").status_code == 201
    assert till.post(path, {}).json()["scopes"] == ["earn", "read"]

    for body, code in (
        ({"scopes": []}, "scope_invalid"),
        ({"sources": ["here"]}, "source_invalid"),
        ({"rate_limit": "unlimited"}, "input_invalid"),
    ):
        assert code_of(till.post(path, body), 422) == code
    assert code_of(other_till.post(path, {"scopes": ["admin"]}), 404) == "credential_unknown"
    till.post(path.replace("change", "revoke"), None)
    assert code_of(till.post(path, {"scopes": ["earn"]}), 404) == "credential_unknown"


def test_a_key_passes_its_limit_on(world: World) -> None:
    limited = till_with(world, rate_limit="50/minute")
    assert limited.post("/v1/api-keys", {"label": "x"}).json()["rate_limit"] == "50/minute"


def test_administrative_calls_are_written_down(world: World, till: Till, access: Access) -> None:
    seen = access.log.verify().number
    ordinary = Till(till.http, access.credentials.issue(1, "till"))
    issued = till.post("/v1/api-keys", {"label": "x"}).json()
    till.post("/v1/api-keys", {"label": ""})
    till.post("/v1/api-keys", {"name": "x"})
    till.post("/v1/campaigns/77/pause", {})
    code_of(ordinary.post("/v1/api-keys", {"label": "x"}), 403)
    till.get("/v1/api-keys")
    till.earn()

    rows = [row for row in access.log.page() if row.number > seen]
    assert [(row.action, row.target, row.outcome) for row in reversed(rows)] == [
        ("POST /v1/api-keys", issued["key_id"], "done"),
        ("POST /v1/api-keys", "", "label_invalid"),
        ("POST /v1/api-keys", "", "input_invalid"),
        ("POST /v1/campaigns/77/pause", "77", "campaign_unknown"),
        ("POST /v1/api-keys", "", "scope_missing"),
    ]
    assert {row.actor for row in rows[1:]} == {id_of(till.key)} and rows[0].actor == id_of(ordinary.key)
    assert {(row.partner, row.source, row.at) for row in rows} == {(1, "testclient", int(world.clock.now))}
    assert access.log.verify().number == seen + 4 * 2 + 1, "what was refused before it could begin is one row"
    assert issued["api_key"] not in str(rows)


def test_a_call_is_in_the_log_before_it_takes_effect(
    till: Till, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the process were killed in the middle, or between what was done and the row that says so."""
    seen: list[str] = []
    issue, end = access.credentials.issue, access.log.end

    def issuing(*some: Any, **more: Any) -> str:
        seen.extend(row.outcome for row in access.log.page(limit=1))
        return issue(*some, **more)

    def full(*_: Any) -> None:
        raise StorageFull("Full.")

    monkeypatch.setattr(access.credentials, "issue", issuing)
    assert till.post("/v1/api-keys", {"label": "x"}).status_code == 201
    assert seen == ["begun"]
    monkeypatch.setattr(access.log, "end", full)
    issued = till.post("/v1/api-keys", {"label": "y"})
    assert issued.status_code == 201, "what was done is told: its key would be lost otherwise"
    monkeypatch.setattr(access.log, "end", end)
    assert [call["outcome"] for call in till.get("/v1/admin/log?limit=2").json()["calls"]] == ["begun", "done"]


def test_what_cannot_be_written_down_is_not_done(till: Till, access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(access.credentials.all(1))

    def full(*_: Any) -> Any:
        raise StorageFull("Full.")

    for name in ("begin", "add"):
        monkeypatch.setattr(access.log, name, full)
    assert code_of(till.post("/v1/api-keys", {"label": "x"}), 503) == "storage_full"
    assert len(access.credentials.all(1)) == before


def test_every_route_that_changes_something_is_logged_or_is_a_tills(till: Till) -> None:
    """A new route that belongs to neither has to be put into `coalition.api.scopes`, and here if it does not administer."""
    ordinary = {"earn", "redeem", "hold", "capture", "release", "reverse", "refund", "bulk", "relay", "vouchers"}
    asking = {"preview", "check", "simulate", "token", "token_balance", "till_token"}
    occasions = {"refer", "claim"}
    found = {
        operation["operationId"]: method
        for path in till.http.get("/openapi.json").json()["paths"].values()
        for method, operation in path.items()
        if method != "get"
    }
    logged = {name for name, method in found.items() if is_logged(name, {method.upper()})}
    assert found.keys() - logged == ordinary | asking | occasions


def test_the_log_page_by_page(till: Till, other_till: Till) -> None:
    for number in range(5):
        till.post("/v1/api-keys", {"label": str(number)})
        other_till.post("/v1/api-keys", {"label": str(number)})
    page = till.get("/v1/admin/log?limit=2").json()
    second = till.get(page["next"]).json()
    numbers = [call["number"] for call in (*page["calls"], *second["calls"])]
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == 4
    assert {call["actor"] for call in (*page["calls"], *second["calls"])} == {id_of(till.key)}
    path = page["next"]
    while path is not None:
        path = till.get(path).json()["next"]


def test_nobody_waits_for_a_look_at_keys_that_are_not_a_second_old(
    till: Till, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = world.access.credentials
    looks, gate, look = [], threading.Event(), credentials.look

    def looked() -> None:
        looks.append(1)
        assert gate.wait(WAIT_SECONDS)
        look()

    assert till.get("/v1/partner").status_code == 200
    monkeypatch.setattr(credentials, "look", looked)
    world.clock.now += 0.6
    assert [till.get("/v1/partner").status_code for _ in range(5)] == [200] * 5
    until(lambda: looks == [1])
    gate.set()
    until(lambda: not credentials.is_ageing)
    assert looks == [1]

    with monkeypatch.context() as failing:
        failing.setattr(credentials, "look", _unavailable)
        world.clock.now += 0.6
        assert till.get("/v1/partner").status_code == 200
        world.clock.now += 0.5
        assert code_of(till.get("/v1/partner"), 503) == "storage_unavailable"
    assert till.get("/v1/partner").status_code == 200


def until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.01)


def _unavailable() -> None:
    raise Unavailable("The database is away.", code="storage_unavailable")
