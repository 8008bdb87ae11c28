"""The whole OpenAPI document, tried with what it allows and what it forbids: no server error, no answer that it does not name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from coalition.api import create_app
from tests.api.stack import Stack, running

UNSERVED: Any = SimpleNamespace(telemetry=None, gate=None)
REJECTIONS = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429]
CONFIG = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REJECTIONS}}})
DOCUMENT = create_app(UNSERVED).openapi()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
LINE_BY_LINE = {"POST /v1/operations", "POST /v1/vouchers"}
VARIABLE = [re.compile(re.sub(r"\\\{\w+\\\}", "[^/{}]+", re.escape(path))) for path in DOCUMENT["paths"] if "{" in path]
FEW = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
MANY = settings(FEW, max_examples=300, derandomize=False)


@schemathesis.serializer("application/x-ndjson")
def one_line(_context: Any, value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("schemathesis")) as found:
        found.allow(1, 1_000_000)
        yield found


def check(case: Any, stack: Stack) -> None:
    """Send a request and hold the answer against all of schemathesis' checks, but for four things.

    Whether well-formed operations are accepted is the ledger's to decide. Each line of a bulk, and each voucher, is refused alone,
    in an answer that is 200. An address such as `/v1/campaigns/check` is also one of `/v1/campaigns/{campaign}`, and takes the
    methods of both. And a request that was to be wrong by its missing key is not wrong any more: it gets one here.
    """
    excluded = [positive_data_acceptance]
    if any(other.fullmatch(case.path) for other in VARIABLE):
        excluded += [allow_header_conformance, unsupported_method]
    headers = case.meta and case.meta.components.get(ParameterLocation.HEADER)
    if case.operation.label in LINE_BY_LINE or (headers and headers.mode.is_negative):
        excluded.append(negative_data_rejection)
    key = {"Authorization": f"Bearer {stack.keys[1]}"}
    case.call_and_validate(base_url=stack.url, headers=key, excluded_checks=excluded)


@SCHEMA.parametrize()
@FEW
def test_every_route(case: Any, stack: Stack) -> None:
    check(case, stack)


@pytest.mark.deep
@SCHEMA.parametrize()
@MANY
def test_every_route_for_long(case: Any, stack: Stack) -> None:
    check(case, stack)
