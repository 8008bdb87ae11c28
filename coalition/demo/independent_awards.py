"""What the demo's campaigns must have paid to each member, computed without the ledger and without the campaigns' own code.

As in `coalition.demo.independent`, everything comes from the package's Parquet files, and money is added as whole cents. Two
things come in as parameters: the plain facts of the campaigns, and when each purchase counted. The second is the one thing that
the files cannot say: a purchase counts at the time of its block, which is later than that of its till. The caller takes it from
the ledger, by receipt; it decides on which side of a campaign's first and last moment a purchase falls, its weekday, and which of
a member's purchases comes first.

Each campaign is one question over all of a member's purchases together, where the ledger goes purchase by purchase:

- quest: visits to so many different partners;
- threshold: how often the sum of cents holds the amount, once or every time;
- multiplier: basis points of each purchase's base points, rounded down for each purchase, on the weekdays;
- levels, of three stages: so many visits; then the visit that is the first to one more partner, until there are so many; then what
  was spent after that.

A purchase of 0 cents or less counts nowhere, as the ledger refuses it. A member's cap cuts the sum. Budgets are not looked at:
they are to be large enough, and a campaign that ran out of its budget would differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from coalition.demo.independent import EarningPartner, parquet, purchases

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["KINDS", "PayingCampaign", "awards_by_member"]


class PayingCampaign(Protocol):
    """The plain facts of a campaign; see `coalition.demo.promotions.Promotion`."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def opens_at(self) -> int: ...
    @property
    def closes_at(self) -> int: ...
    @property
    def partners(self) -> Sequence[str]: ...
    @property
    def numbers(self) -> Mapping[str, int]: ...
    @property
    def cap_points(self) -> int: ...
    @property
    def data_id(self) -> int | None: ...


_COUNTED = """
CREATE TEMP TABLE counted AS
SELECT household_id, slug, cents, cents * earn_rate_bps // 10000 AS points, block_time, place
FROM purchase
INNER JOIN counted_at ON receipt = concat(slug, '-', basket_id)
WHERE cents > 0
"""

_TAKING_PART = """
WITH part AS (
    SELECT * FROM counted
    WHERE list_contains($partners, slug) AND block_time >= $opens AND block_time < $closes
    AND ($data_id IS NULL OR household_id IN (
        SELECT household_id FROM read_parquet($campaigns) WHERE campaign_id = $data_id))
), due AS ({due})
SELECT concat('household-', household_id), CAST(CASE WHEN $cap > 0 THEN least(points, $cap) ELSE points END AS BIGINT)
FROM due WHERE points > 0
"""

# 1 January 1970 was a Thursday, day 3 of a week that begins on Monday with day 0
KINDS: Mapping[str, str] = {
    "quest": """
        SELECT household_id, CASE WHEN count(DISTINCT slug) >= $visits THEN $points ELSE 0 END AS points
        FROM part GROUP BY household_id""",
    "threshold": """
        SELECT household_id,
               $points * CASE WHEN $every_time = 1 THEN sum(cents) // $spend_minor
                              WHEN sum(cents) >= $spend_minor THEN 1 ELSE 0 END AS points
        FROM part GROUP BY household_id""",
    "multiplier": """
        SELECT household_id, sum(points * $extra_bps // 10000) AS points
        FROM part
        WHERE ($weekdays >> (((block_time + 60 * $utc_offset_minutes) // 86400 + 3) % 7)) & 1 = 1
        GROUP BY household_id""",
    "levels": """
        WITH walked AS (
            SELECT *, row_number() OVER (PARTITION BY household_id ORDER BY place) AS visit FROM part
        ), found AS (
            SELECT household_id, min(visit) AS visit FROM walked WHERE visit > $visits GROUP BY household_id, slug
        ), passed AS (
            SELECT household_id, visit FROM found
            QUALIFY row_number() OVER (PARTITION BY household_id ORDER BY visit) = $different
        )
        SELECT household_id,
               CASE WHEN count(*) >= $visits THEN $visits_points ELSE 0 END
               + CASE WHEN count(passed.visit) > 0 THEN $different_points ELSE 0 END
               + CASE WHEN sum(cents) FILTER (walked.visit > passed.visit) >= $spend_minor THEN $spend_points ELSE 0 END
               AS points
        FROM walked LEFT JOIN passed USING (household_id) GROUP BY household_id""",
}
"""The question of each kind that can be computed so, over the purchases of one campaign."""


def awards_by_member(
    campaigns: Iterable[PayingCampaign],
    counted_at: Mapping[str, int],
    days: int | None,
    partners: Iterable[EarningPartner],
) -> dict[str, dict[str, int]]:
    """Points of each member ("household-900") in each campaign (key), of the first `days` store days, or of all of them.

    `counted_at` has the block time in Unix seconds of each purchase that counted, by receipt, in the order of the chain.
    Members without points are left out, and so are campaigns of a kind that is not in `KINDS`. Raises as
    `points_by_partner`.
    """
    import pyarrow as pa

    times = {
        "receipt": list(counted_at),
        "block_time": list(counted_at.values()),
        "place": list(range(len(counted_at))),
    }
    columns = pa.schema({"receipt": pa.string(), "block_time": pa.int64(), "place": pa.int64()})
    with purchases(days, partners) as database:
        database.register("counted_at", pa.table(times, columns))
        database.execute(_COUNTED)
        return {one.key: _points(database, one) for one in campaigns if one.kind in KINDS}


def _points(database: "DuckDBPyConnection", campaign: PayingCampaign) -> dict[str, int]:
    values = {
        "partners": list(campaign.partners),
        "opens": campaign.opens_at,
        "closes": campaign.closes_at,
        "data_id": campaign.data_id,
        "cap": campaign.cap_points,
        "campaigns": parquet("campaigns"),
        **campaign.numbers,
    }
    return dict(database.execute(_TAKING_PART.format(due=KINDS[campaign.kind]), values).fetchall())
