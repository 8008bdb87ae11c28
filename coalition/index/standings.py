"""Where a member stands in the campaigns, as of one moment."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from coalition.index import book
from coalition.index.awards import ProgressRow, progress_of, tier_of
from coalition.index.campaigns import CountingRow, started_rows
from coalition.index.totals import enrolled

__all__ = ["MemberStandings", "StandingRow", "standings_of"]


@dataclass(frozen=True, slots=True)
class StandingRow:
    """A member in a campaign that was started."""

    counting: CountingRow
    member: ProgressRow


@dataclass(frozen=True, slots=True)
class MemberStandings:
    """A member in every campaign that was started, by the campaign's number. `tier` is the member's at `timestamp`, the Unix
    time in seconds of the last block that was read."""

    timestamp: int
    tier: int
    campaigns: tuple[StandingRow, ...]


def standings_of(connection: Connection, account: str) -> MemberStandings | None:
    """Return where an account stands; None if it is no member's."""
    if not enrolled(connection, [account]):
        return None
    timestamp = book.cursor_of(connection).timestamp
    tier = tier_of(connection, account, timestamp)
    known = {row.campaign: row for row in progress_of(connection, account)}
    campaigns = tuple(
        StandingRow(row, known.get(row.campaign, ProgressRow(row.campaign, account, 0, 0)))
        for row in started_rows(connection, timestamp)
    )
    return MemberStandings(timestamp, tier.tier if tier else 0, campaigns)
