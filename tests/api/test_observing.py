"""Each request is noted once, by names that are bounded in number."""

from __future__ import annotations

import re
from typing import Any

import pytest

from coalition.telemetry import Telemetry
from tests.api.conftest import MEMBER, Till, World

Line = dict[str, Any]


@pytest.fixture
def lines(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Line]:
    found: list[Line] = []

    class Log:
        def info(self, event: str, **fields: Any) -> None:
            found.append({"event": event, **fields})

    telemetry: Telemetry = world.http.app.state.context.telemetry  # type: ignore[attr-defined]
    monkeypatch.setattr(telemetry, "_log", Log())
    return found


def test_a_request_is_a_line(till: Till, lines: list[Line]) -> None:
    answer = till.earn(receipt="secret-receipt")

    (line,) = lines
    assert re.fullmatch("[0-9a-f]{16}", line["request_id"])
    assert answer.headers["x-request-id"] == line["request_id"]
    assert (line["route"], line["status"], line["partner"]) == ("earn", 201, 1)
    assert 0 < line["milliseconds"] < 60_000
    assert "code" not in line


def test_a_line_has_the_code_and_nothing_that_was_sent(till: Till, lines: list[Line]) -> None:
    till.earn(receipt="a")
    till.earn(receipt="a", spend_minor=1)
    till.get(f"/v1/members/{MEMBER}/balance")
    till.get("/v1/nothing/of/the/kind?member=anna")
    till.http.request("BREW", "/v1/earn")
    till.http.get("/v1/partner", headers={"Authorization": "Bearer wrong"})

    told = [(line["route"], line["status"], line.get("code")) for line in lines]
    assert told == [
        ("earn", 201, None),
        ("earn", 409, "receipt_conflict"),
        ("balance", 200, None),
        ("none", 404, "route_unknown"),
        ("earn", 405, "method_not_allowed"),
        ("me", 401, "credential_invalid"),
    ]
    text = str(lines)
    assert MEMBER not in text and till.key not in text and "anna" not in text and "BREW" not in text


def test_lines_of_a_bulk_are_counted_by_code(till: Till, lines: list[Line]) -> None:
    bad = {"kind": "earn", "member": MEMBER, "spend_minor": 0}
    till.post("/v1/operations", [{**bad, "receipt": "1"}, {**bad, "receipt": "2"}, {"kind": "release", "receipt": "x"}])

    (line,) = lines
    assert line["codes"] == {"amount_invalid": 2, "hold_unknown": 1}
    assert line["status"] == 200
