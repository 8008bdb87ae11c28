"""Balances, the partner's own data, health, readiness, and the documentation."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.datastructures import State

from coalition.api import Check, Context
from tests.api.conftest import MEMBER, STRANGER, Till, code_of
from tests.api.fakes import FakeBook


def test_balance(till: Till) -> None:
    till.hold()
    answer = till.get(f"/v1/members/{MEMBER}/balance")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "member": MEMBER,
        "points": 995,
        "held": 5,
        "debt": 0,
        "pending": 0,
        "lots": [{"epoch": 8, "points": 995, "expires_at": "2026-03-02T12:00:00Z"}],
    }


@pytest.mark.parametrize("has_files", [False, True])
def test_a_balance_is_read_on_the_spot_only_from_files(
    http: TestClient, till: Till, book: FakeBook, monkeypatch: pytest.MonkeyPatch, has_files: bool
) -> None:
    state: State = http.app.state  # type: ignore[attr-defined]
    context: Context = state.context
    threads, balance = set(), book.balance
    monkeypatch.setattr(book, "balance", lambda *asked: threads.add(threading.current_thread().name) or balance(*asked))
    state.context = replace(context, has_files=has_files)
    try:
        assert till.get(f"/v1/members/{MEMBER}/balance").json()["points"] == 1_000
        assert any("AnyIO" in name for name in threads) is not has_files
        assert code_of(till.get(f"/v1/members/{STRANGER}/balance"), 404) == "member_unknown"
    finally:
        state.context = context


def test_balance_etag(till: Till) -> None:
    path = f"/v1/members/{MEMBER}/balance"
    first = till.get(path)
    tag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        unchanged = till.get(path, **{"If-None-Match": given})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == tag
    till.earn()
    changed = till.get(path, **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert changed.headers["cache-control"] == "private, no-cache"


def test_balance_of_nobody(till: Till) -> None:
    assert code_of(till.get(f"/v1/members/{STRANGER}/balance"), 404) == "member_unknown"
    assert code_of(till.get("/v1/members/anna/balance"), 422) == "address_invalid"
    wrong_case = MEMBER[:-1] + MEMBER[-1].swapcase()
    assert code_of(till.get(f"/v1/members/{wrong_case}/balance"), 422) == "address_invalid"


def test_partner(till: Till, other_till: Till) -> None:
    assert till.get("/v1/partner").json() == {
        "partner": 1,
        "name": "Corner Grocery",
        "currency": "USD",
        "earn_rate_bps": 100,
        "status": "active",
    }
    assert other_till.get("/v1/partner").json()["name"] == "Green Market"


def test_partner_totals(till: Till, other_till: Till) -> None:
    till.earn()
    other_till.earn(spend_minor=500)
    found = till.get("/v1/partner/totals").json()
    assert (found["partner"], found["purchases"], found["points_issued"], found["members"]) == (1, 1, 100, 1)
    assert other_till.get("/v1/partner/totals").json()["points_issued"] == 7


def test_health_needs_no_key(http: TestClient) -> None:
    assert http.get("/health").json() == {"status": "ok"}


def test_ready(http: TestClient, readiness: dict[str, Any]) -> None:
    answer = http.get("/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"][0] == {"name": "chain", "ok": True, "detail": ""}
    readiness["checks"] = (Check("chain", False, "no answer"), Check("outbox", True))
    answer = http.get("/ready")
    assert code_of(answer, 503) == "not_ready"
    assert answer.json()["detail"] == "Not ready: chain."
    assert answer.json()["checks"][0] == {"name": "chain", "ok": False, "detail": "no answer"}
    del readiness["checks"]
    assert code_of(http.get("/ready"), 503) == "not_ready"


def test_docs_load_nothing_from_elsewhere(http: TestClient) -> None:
    assert http.get("/").headers["location"] == "docs"
    page = http.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 4
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in loaded:
        assert http.get(f"/{path}").status_code == 200
    assert 'url: "openapi.json"' in http.get("/docs/start.js").text
    assert "validatorUrl: null" in http.get("/docs/start.js").text
    style = http.get("/docs/swagger-ui.css").text
    assert "@import" not in style
    assert not re.findall(r"url\(\s*[\"']?(?!data:|[\"' ])[^)]{0,40}", style)
