"""The OpenAPI document: valid, complete, and its examples work."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from coalition.api.errors import STATUS_BY_CODE
from coalition.api.routes.oauth import TOKEN_PATH
from coalition.errors import ChainUnavailable, InputError, OutcomePending, ReceiptConflict
from coalition.ledger.operations import Rejection
from tests.api.conftest import Till, World, code_of
from tests.api.openapi import Contract

OPEN = {"/health", "/ready", "/.well-known/oauth-authorization-server"}
SIGNED = {"/v1/members/{member}/till-tokens"}
"""Routes for members, who sign their requests."""
POSTING = ("earn", "redeem", "hold", "capture", "release", "reverse", "refund")
CODES = (
    {rejection.code for rejection in Rejection}
    | STATUS_BY_CODE.keys()
    | {kind.code for kind in (ChainUnavailable, InputError, OutcomePending, ReceiptConflict)}
    | {"scope_missing", "source_not_allowed"}
    | {"amount_too_large", "internal_error", "not_ready", "operation_unknown", "overloaded", "partner_not_active"}
)


@pytest.fixture
def contract(till: Till) -> Contract:
    return Contract(till.http.get("/openapi.json").json())


def test_valid(contract: Contract) -> None:
    assert contract.document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(contract.document).validate()


def test_every_operation_is_described(contract: Contract) -> None:
    names = [operation["operationId"] for _, _, operation in contract.operations()]
    assert len(names) == len(set(names))
    for path, _, operation in contract.operations():
        assert operation["summary"] and operation["description"] and operation["tags"]
        assert ("security" in operation) == (path not in OPEN | SIGNED | {TOKEN_PATH})
    for name, schema in contract.document["components"]["schemas"].items():
        assert schema.get("description"), name


def test_no_partner_in_any_body(contract: Contract) -> None:
    for name, schema in contract.document["components"]["schemas"].items():
        if name.endswith(("Request", "Line")) and "properties" in schema:
            assert "partner" not in schema["properties"]
            assert schema["additionalProperties"] is False


def test_examples_are_of_their_schemas(contract: Contract) -> None:
    seen = 0
    for name, schema in contract.document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            contract.validate(example, {"$ref": f"#/components/schemas/{name}"})
            seen += 1
    for _, _, operation in contract.operations():
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                for code, example in content.get("examples", {}).items():
                    contract.validate(example["value"], content["schema"])
                    assert (example["value"]["code"], str(example["value"]["status"])) == (code, status)
                    assert code in CODES
                    seen += 1
    assert seen > 20


def test_examples_of_requests_work(till: Till, contract: Contract) -> None:
    document = contract.document
    answers: dict[str, Any] = {}
    for name in POSTING:
        reference = document["paths"][f"/v1/{name}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        (example,) = document["components"]["schemas"][reference["$ref"].rpartition("/")[2]]["examples"]
        if name == "release":
            hold = document["components"]["schemas"]["HoldRequest"]["examples"][0]
            till.post("/v1/hold", hold | {"receipt": example["receipt"]})
        answer = till.post(f"/v1/{name}", example)
        assert answer.status_code == 201, answer.text
        answers[name] = answer.json()
    shown = document["components"]["schemas"]["OperationBody"]["examples"][0]
    assert answers["earn"].keys() == shown.keys()
    changing = ("awarded", "block", "transaction", "confirmed_at")
    assert {name: value for name, value in answers["earn"].items() if name not in changing} == {
        name: value for name, value in shown.items() if name not in changing
    }


def test_examples_of_answers_have_the_fields_of_answers(till: Till, contract: Contract) -> None:
    schemas = contract.document["components"]["schemas"]
    balance = schemas["BalanceBody"]["examples"][0]
    till.earn(receipt="till-7-000041")
    for path, name in [
        (f"/v1/members/{balance['member']}/balance", "BalanceBody"),
        ("/v1/operations/till-7-000041", "OperationsBody"),
        ("/v1/operations?limit=1", "OperationPage"),
        ("/v1/partner", "PartnerBody"),
        ("/v1/partner/totals", "TotalsBody"),
        ("/v1/events", "EventPage"),
    ]:
        assert till.get(path).json().keys() == schemas[name]["examples"][0].keys()


def test_every_operation_needs_a_key(world: World, contract: Contract) -> None:
    for path, method, _ in contract.operations():
        answer = world.http.request(method, path, json={} if method == "post" else None)
        if path in OPEN:
            assert answer.status_code == 200
        elif path == TOKEN_PATH:
            assert answer.status_code == 400
        elif path in SIGNED:
            assert code_of(answer, 422) == "input_invalid"
        else:
            assert code_of(answer, 401) == "credential_missing"
