"""The client against the OpenAPI document, and the two clients against each other."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import MISSING, asdict, fields, is_dataclass
from datetime import UTC, datetime
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from coalition import client as package
from coalition.api import create_app
from coalition.api.authoring_examples import ATTESTED, CHECK, FILE, INVITATION, SIMULATION, TEMPLATE
from coalition.api.campaign_examples import APPROVAL, CAMPAIGN, CLAIMS, MEMBER_CAMPAIGNS, PREVIEW, REFERRAL, TIER
from coalition.api.event_examples import DEAD_LETTERS, EVENT_PAGE, WEBHOOK_SECRET, WEBHOOK_TRIAL
from coalition.api.examples import BALANCE, BULK_ANSWER, OPERATION, OPERATIONS, STATEMENT, TILL_TOKEN, TOTALS
from coalition.client import (
    ApiError,
    AsyncClient,
    Client,
    authoring_requests,
    campaign_requests,
    event_requests,
    many,
    requests,
    till_requests,
)
from coalition.client.reading import read
from coalition.client.request import Request

MEMBER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
LEFT_OUT: set[tuple[str, str]] = {
    ("GET", "/v1/export"),
    ("GET", "/v1/api-keys"),
    ("POST", "/v1/api-keys"),
    ("POST", "/v1/api-keys/{key_id}/change"),
    ("POST", "/v1/api-keys/{key_id}/rotate"),
    ("POST", "/v1/api-keys/{key_id}/revoke"),
    ("GET", "/v1/admin/log"),
    ("POST", "/oauth/token"),
    ("GET", "/.well-known/oauth-authorization-server"),
}
"""Routes that `docs/client.md` says the client does not have."""
STREAMED = {("GET", "/v1/events/stream")}
"""Routes that iterators read: `events`."""
ITERATORS = {"history", "events"}
TIME = datetime(2026, 3, 1, 12, 15, tzinfo=UTC)
BUILDERS: dict[str, Any] = {
    name: getattr(part, name)
    for part in (requests, till_requests, campaign_requests, authoring_requests, event_requests)
    for name in part.__all__
}
BUILDERS["post_many"] = many.post_many
ARGUMENTS: dict[str, Any] = {
    "accounts": [MEMBER],
    "actions": [ATTESTED],
    "after": "evt_1_1_0_0123456789",
    "amends": 1,
    "at": TIME,
    "block": 7,
    "currency": "USD",
    "cursor": "x",
    "deadline": TIME,
    "decimals": 2,
    "enrols": True,
    "file": {"campaign": "x"},
    "invitations": [INVITATION],
    "kind": "earn",
    "limit": 3,
    "member": MEMBER,
    "members": [MEMBER],
    "month": "2026-03",
    "number": 1,
    "occurred_at": TIME,
    "pending_until": TIME,
    "operation": requests.earn(MEMBER, "r", 100),
    "operations": [requests.earn(MEMBER, "r", 100), requests.release("h")],
    "original_receipt": "o",
    "points": 5,
    "receipt": "r",
    "since": TIME,
    "referrer": MEMBER,
    "shift": False,
    "receipts": ["r"],
    "types": ["earn.accepted"],
    "url": "https://shop.example/hook",
    "webhook": "wh_1",
    "overlap_hours": 1,
    "signature": b"\1" * 65,
    "spend_minor": 100,
    "status": "accepted",
    "start": 2,
    "terms_hash": APPROVAL["terms_hash"],
    "till": 7,
    "transaction": b"\1",
    "token": "000000000001",
    "until": TIME,
    "version": 1,
    "vouchers": [
        package.SignedVoucher("earn", 7, 1, MEMBER, TIME, b"\1" * 65, spend_minor=5, currency="USD"),
    ],
}


def built(build: Callable[..., Request[Any]], *, optional: bool) -> Request[Any]:
    parameters = inspect.signature(build).parameters.values()
    return build(**{one.name: ARGUMENTS[one.name] for one in parameters if optional or one.default is one.empty})


def kinds_of(content: bytes) -> list[str]:
    lines = json.loads(content)
    return [line["kind"] for line in (lines if isinstance(lines, list) else [lines])]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    unused: Any = SimpleNamespace(telemetry=None, gate=None)
    found: dict[str, Any] = create_app(unused).openapi()
    return found


def route_of(document: dict[str, Any], request: Request[Any]) -> tuple[str, str]:
    path = request.path.partition("?")[0]
    found = [
        known
        for known in document["paths"]
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(known)), path)
        and request.method.lower() in document["paths"][known]
    ]
    assert len(found) == 1, (request.path, found)
    return request.method, found[0]


def schema_of(document: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
    return found


def test_every_route_has_one_builder(document: dict[str, Any]) -> None:
    routes = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    built_for = [route_of(document, built(build, optional=True)) for build in BUILDERS.values()]

    assert sorted(built_for) == sorted(routes - LEFT_OUT - STREAMED)


@pytest.mark.parametrize("name", BUILDERS)
def test_builders_can_send_every_field_and_parameter(document: dict[str, Any], name: str) -> None:
    most, least = (built(BUILDERS[name], optional=optional) for optional in (True, False))
    method, path = route_of(document, most)
    described = document["paths"][path][method.lower()]
    known = {one["name"] for one in described.get("parameters", []) if one["in"] == "query"}
    assert set(most.query or {}) == known
    assert not least.query
    if "requestBody" not in described:
        assert most.content is least.content is None
        return
    schema = schema_of(document, described["requestBody"]["content"]["application/json"])
    assert most.content is not None and least.content is not None
    if "properties" not in schema:  # operations, whose own builders are looked at
        assert set(kinds_of(most.content)) <= {"earn", "release"}
        return
    assert set(json.loads(most.content)) == set(schema["properties"])
    required = set(schema.get("required", ()))
    assert set(json.loads(least.content)) == required | ({"member"} & set(schema["properties"]))


@pytest.mark.parametrize("name", BUILDERS)
def test_answers_have_the_fields_and_types_of_the_document(document: dict[str, Any], name: str) -> None:
    request = built(BUILDERS[name], optional=False)
    method, path = route_of(document, request)
    answers = document["paths"][path][method.lower()]["responses"]
    status = "201" if "201" in answers else "200"
    assert_takes(document, request.answer, schema_of(document, answers[status]["content"]["application/json"]))


def assert_takes(document: dict[str, Any], kind: Any, schema: dict[str, Any]) -> None:
    """Fail if a type of the client does not take exactly what a schema of the document tells."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    inner = get_args(kind)
    if get_origin(kind) is UnionType:
        (what,) = (one for one in inner if one is not NoneType)
        parts = schema.get("anyOf", [schema])
        assert {"type": "null"} in parts
        (schema,) = (part for part in parts if part != {"type": "null"})
        assert_takes(document, what, schema)
    elif kind is ApiError:
        assert schema == document["components"]["schemas"]["ProblemBody"]
    elif is_dataclass(kind):
        hints = get_type_hints(kind)
        assert hints.keys() == schema["properties"].keys(), kind
        required = {one.name for one in fields(kind) if one.default is MISSING}
        assert required == set(schema.get("required", ())), kind
        for name, hint in hints.items():
            assert_takes(document, hint, schema["properties"][name])
    elif get_origin(kind) is tuple:
        assert schema["type"] == "array"
        assert_takes(document, inner[0], schema["items"])
    elif kind is datetime:
        assert (schema["type"], schema["format"]) == ("string", "date-time")
    elif inner:
        assert schema["type"] == "object"
        assert_takes(document, inner[1], schema["additionalProperties"])
    else:
        assert schema["type"] == {str: "string", int: "integer", bool: "boolean"}[kind], kind
        assert "anyOf" not in schema


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        (package.Balance, BALANCE),
        (package.BulkAnswer, BULK_ANSWER),
        (package.Operation, OPERATION),
        (package.Operations, OPERATIONS),
        (package.Totals, TOTALS),
        (package.Statement, STATEMENT),
        (package.TillToken, TILL_TOKEN),
        (package.Campaign, CAMPAIGN),
        (package.MemberCampaigns, MEMBER_CAMPAIGNS),
        (package.Preview, PREVIEW),
        (package.EventPage, EVENT_PAGE),
        (package.WebhookSecret, WEBHOOK_SECRET),
        (package.WebhookTrial, WEBHOOK_TRIAL),
        (package.DeadLetters, DEAD_LETTERS),
        (package.Tier, TIER),
        (package.Claims, CLAIMS),
        (package.Referral, REFERRAL),
        (package.Template, TEMPLATE),
        (package.CampaignCheck, CHECK),
        (package.CampaignFile, FILE),
        (package.Simulation, SIMULATION),
    ],
)
def test_the_documents_examples_are_read_whole(kind: type[Any], example: dict[str, Any]) -> None:
    assert_tells(read(kind, example), example)


def assert_tells(found: Any, example: Any) -> None:
    """Fail if a value that was read does not tell all of the example."""
    if isinstance(found, ApiError):
        assert (found.status, found.code, found.why) == (example["status"], example["code"], {"kind": example["kind"]})
    elif isinstance(example, dict):
        for name, value in example.items():
            assert_tells(found[name] if not is_dataclass(found) else getattr(found, name), value)
    elif isinstance(example, list):
        assert len(found) == len(example)
        for one, value in zip(found, example, strict=True):
            assert_tells(one, value)
    elif isinstance(found, datetime):
        assert found == datetime.fromisoformat(example)
    else:
        assert found == example and type(found) is type(example)


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, Any]:
        return {name: value for name, value in vars(kind).items() if callable(value) and not name.startswith("_")}

    sync, waiting = methods(Client), methods(AsyncClient)
    assert sync.keys() == waiting.keys() == BUILDERS.keys() | {"bulk", "close", "send"} | ITERATORS
    for name, build in BUILDERS.items():
        expected = list(inspect.signature(build).parameters.values())
        for method in (sync[name], waiting[name]):
            assert list(inspect.signature(method).parameters.values())[1:] == expected
            assert (method.__name__, method.__doc__) == (name, build.__doc__)
    for name in ITERATORS:
        assert inspect.signature(sync[name]).parameters == inspect.signature(waiting[name]).parameters


def test_answers_cannot_be_changed() -> None:
    answers = [found for name in package.__all__ if is_dataclass(found := getattr(package, name))]

    assert len(answers) > 20
    assert all(kind.__dataclass_params__.frozen for kind in answers)  # type: ignore[union-attr]
    assert asdict(read(package.Totals, TOTALS)) == TOTALS


@pytest.mark.parametrize("key", ["", None, "ck_1_a b", "ck_1_s3cret\n", "ck_1_s3crété"])
def test_a_key_that_is_none_is_refused_without_showing_it(key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COALITION_API_KEY", raising=False)
    for kind in (Client, AsyncClient):
        with pytest.raises(ValueError, match="API") as raised:
            kind("http://127.0.0.1", key)
        assert "s3cr" not in str(raised.value)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COALITION_URL", raising=False)
    with pytest.raises(ValueError, match="url"):
        Client(url, "ck_1_x")


def test_the_environment_serves_where_nothing_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("COALITION_API_KEY", "ck_1_s3cret")
    with Client() as client, pytest.raises(ApiError) as raised:
        client.health()
    assert raised.value.code == "service_unreachable"
    assert repr(client) == "Client('http://127.0.0.1:9')"


def test_importing_the_client_loads_nothing_heavy() -> None:
    program = "import sys, coalition.client; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    ours = {name for name in loaded if name.startswith("coalition") and not name.startswith("coalition.client")}
    assert ours == {"coalition"}
    assert {"web3", "sqlalchemy", "fastapi", "pydantic", "alembic", "coincurve"} & set(loaded) == set()
