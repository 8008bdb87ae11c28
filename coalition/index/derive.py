"""The sums that are kept beside the facts: added for new blocks, taken away for blocks that are rolled back.

One statement a sum, the same one in both directions, so that what a roll-back leaves is what was there before.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from sqlalchemy import Connection, Table

from coalition.index import tables
from coalition.index.database import mark

__all__ = ["add", "take_away"]

# facts, their sums, and how the ones become the others
SUMS = (
    (
        tables.entries,
        tables.lots,
        """INSERT INTO lots (account, epoch, points)
        SELECT account, epoch, {sign} SUM(points) FROM entries WHERE block BETWEEN {mark} AND {mark} GROUP BY account, epoch
        ON CONFLICT (account, epoch) DO UPDATE SET points = lots.points + excluded.points""",
    ),
    (
        tables.entries,
        tables.supply,
        """INSERT INTO supply (epoch, points, points_expired)
        SELECT epoch, {sign} SUM(points), 0 FROM entries WHERE block BETWEEN {mark} AND {mark} GROUP BY epoch
        ON CONFLICT (epoch) DO UPDATE SET points = supply.points + excluded.points""",
    ),
    (
        tables.expirations,
        tables.supply,
        """INSERT INTO supply (epoch, points, points_expired)
        SELECT epoch, 0, {sign} SUM(points) FROM expirations WHERE block BETWEEN {mark} AND {mark} GROUP BY epoch
        ON CONFLICT (epoch) DO UPDATE SET points_expired = supply.points_expired + excluded.points_expired""",
    ),
    (
        tables.debt_entries,
        tables.debts,
        """INSERT INTO debts (account, points)
        SELECT account, {sign} SUM(points) FROM debt_entries WHERE block BETWEEN {mark} AND {mark} GROUP BY account
        ON CONFLICT (account) DO UPDATE SET points = debts.points + excluded.points""",
    ),
    (
        tables.operations,
        tables.tallies,
        """INSERT INTO tallies (partner, kind, code, operations, points, awarded)
        SELECT partner, kind, code, {sign} COUNT(*), {sign} SUM(points), {sign} SUM(awarded)
        FROM operations WHERE block BETWEEN {mark} AND {mark}
        GROUP BY partner, kind, code
        ON CONFLICT (partner, kind, code) DO UPDATE SET
        operations = tallies.operations + excluded.operations, points = tallies.points + excluded.points,
        awarded = tallies.awarded + excluded.awarded""",
    ),
    (
        tables.operations,
        tables.partner_members,
        """INSERT INTO partner_members (partner, account, purchases, points)
        SELECT partner, account, {sign} COUNT(*), {sign} SUM(points) FROM operations
        WHERE kind = 1 AND code = 0 AND block BETWEEN {mark} AND {mark} GROUP BY partner, account
        ON CONFLICT (partner, account) DO UPDATE SET
        purchases = partner_members.purchases + excluded.purchases, points = partner_members.points + excluded.points""",
    ),
    (
        tables.awards,
        tables.campaign_members,
        """INSERT INTO campaign_members (campaign, account, entries, awards, points)
        SELECT campaign, account, {sign} COUNT(*), {sign} SUM(CASE WHEN kind IN (1, 2) THEN 1 ELSE 0 END),
        {sign} SUM(CASE WHEN kind IN (1, 2) THEN points WHEN kind IN (3, 4) THEN -points ELSE 0 END)
        FROM awards WHERE block BETWEEN {mark} AND {mark} GROUP BY campaign, account
        ON CONFLICT (campaign, account) DO UPDATE SET
        entries = campaign_members.entries + excluded.entries, awards = campaign_members.awards + excluded.awards,
        points = campaign_members.points + excluded.points""",
    ),
)

EMPTY = {
    tables.lots: "DELETE FROM lots WHERE points = 0",
    tables.supply: "DELETE FROM supply WHERE points = 0 AND points_expired = 0",
    tables.debts: "DELETE FROM debts WHERE points = 0",
    tables.tallies: "DELETE FROM tallies WHERE operations = 0",
    tables.partner_members: "DELETE FROM partner_members WHERE purchases = 0",
    tables.campaign_members: "DELETE FROM campaign_members WHERE entries = 0",
}


def add(connection: Connection, first: int, last: int, written: AbstractSet[Table]) -> None:
    """Add the facts of blocks `first` to `last`, just written into the tables `written`."""
    _move(connection, first, last, "+", written)


def take_away(connection: Connection, first: int, last: int) -> None:
    """Take the facts of blocks `first` to `last` away again, before they are deleted."""
    _move(connection, first, last, "-", {source for source, _, _ in SUMS})


def _move(connection: Connection, first: int, last: int, sign: str, sources: AbstractSet[Table]) -> None:
    place, changed = mark(connection), dict.fromkeys(target for source, target, _ in SUMS if source in sources)
    for source, _, statement in SUMS:
        if source in sources:
            connection.exec_driver_sql(statement.format(sign=sign, mark=place), (first, last))
    for target in changed:
        connection.exec_driver_sql(EMPTY[target])
