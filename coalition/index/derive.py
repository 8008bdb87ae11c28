"""The sums that are kept beside the facts: added for new blocks, taken away for blocks that are rolled back.

One statement a sum, the same one in both directions, so that what a roll-back leaves is what was there before.
"""

from __future__ import annotations

from sqlalchemy import Connection

__all__ = ["add", "take_away"]

SPAN = "block BETWEEN {first} AND {last}"

SUMS = (
    """INSERT INTO lots (account, epoch, points)
    SELECT account, epoch, {sign} SUM(points) FROM entries WHERE {span} GROUP BY account, epoch
    ON CONFLICT (account, epoch) DO UPDATE SET points = lots.points + excluded.points""",
    """INSERT INTO supply (epoch, points, points_expired)
    SELECT epoch, {sign} SUM(points), 0 FROM entries WHERE {span} GROUP BY epoch
    ON CONFLICT (epoch) DO UPDATE SET points = supply.points + excluded.points""",
    """INSERT INTO supply (epoch, points, points_expired)
    SELECT epoch, 0, {sign} SUM(points) FROM expirations WHERE {span} GROUP BY epoch
    ON CONFLICT (epoch) DO UPDATE SET points_expired = supply.points_expired + excluded.points_expired""",
    """INSERT INTO debts (account, points)
    SELECT account, {sign} SUM(points) FROM debt_entries WHERE {span} GROUP BY account
    ON CONFLICT (account) DO UPDATE SET points = debts.points + excluded.points""",
    """INSERT INTO tallies (partner, kind, code, operations, points, awarded)
    SELECT partner, kind, code, {sign} COUNT(*), {sign} SUM(points), {sign} SUM(awarded) FROM operations WHERE {span}
    GROUP BY partner, kind, code
    ON CONFLICT (partner, kind, code) DO UPDATE SET
    operations = tallies.operations + excluded.operations, points = tallies.points + excluded.points,
    awarded = tallies.awarded + excluded.awarded""",
    """INSERT INTO partner_members (partner, account, purchases, points)
    SELECT partner, account, {sign} COUNT(*), {sign} SUM(points) FROM operations
    WHERE kind = 1 AND code = 0 AND {span} GROUP BY partner, account
    ON CONFLICT (partner, account) DO UPDATE SET
    purchases = partner_members.purchases + excluded.purchases, points = partner_members.points + excluded.points""",
    """INSERT INTO campaign_members (campaign, account, entries, awards, points)
    SELECT campaign, account, {sign} COUNT(*), {sign} SUM(CASE WHEN kind IN (1, 2) THEN 1 ELSE 0 END),
    {sign} SUM(CASE WHEN kind IN (1, 2) THEN points WHEN kind IN (3, 4) THEN -points ELSE 0 END)
    FROM awards WHERE {span} GROUP BY campaign, account
    ON CONFLICT (campaign, account) DO UPDATE SET
    entries = campaign_members.entries + excluded.entries, awards = campaign_members.awards + excluded.awards,
    points = campaign_members.points + excluded.points""",
)

EMPTY = (
    "DELETE FROM lots WHERE points = 0",
    "DELETE FROM supply WHERE points = 0 AND points_expired = 0",
    "DELETE FROM debts WHERE points = 0",
    "DELETE FROM tallies WHERE operations = 0",
    "DELETE FROM partner_members WHERE purchases = 0",
    "DELETE FROM campaign_members WHERE entries = 0",
)


def add(connection: Connection, first: int, last: int) -> None:
    """Add the facts of blocks `first` to `last`, just written."""
    _move(connection, first, last, "+")


def take_away(connection: Connection, first: int, last: int) -> None:
    """Take the facts of blocks `first` to `last` away again, before they are deleted."""
    _move(connection, first, last, "-")


def _move(connection: Connection, first: int, last: int, sign: str) -> None:
    span = SPAN.format(first=int(first), last=int(last))
    for statement in SUMS:
        connection.exec_driver_sql(statement.format(sign=sign, span=span))
    for statement in EMPTY:
        connection.exec_driver_sql(statement)
