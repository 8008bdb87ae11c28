"""What campaigns did for members: awards, progress, badges and tiers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, literal, select, tuple_

from coalition.errors import InputError
from coalition.index.campaign_rows import AWARD_KINDS
from coalition.index.records import LIMIT_MAX, cursor_at, number_of, place_of
from coalition.index.stored import hash_text, receipt_of
from coalition.index.tables import (
    accounts,
    awards,
    badges,
    blocks,
    campaign_members,
    participants,
    tier_states,
    transactions,
)
from coalition.index.tier_rows import programmes_announced, schedule_of, tier_words
from coalition.ledger.award_records import AwardKind, AwardRecord
from coalition.ledger.tiers import Programme, TierState, missing_to_next, programme_at, qualification_at, tier_at

__all__ = [
    "AwardPage",
    "BadgeRow",
    "ProgrammeRow",
    "ProgressRow",
    "TierRow",
    "all_badges",
    "all_progress",
    "all_tiers",
    "award_of",
    "award_page",
    "award_rows",
    "awards_in_order",
    "badges_of",
    "programme_rows",
    "progress_of",
    "taking_part",
    "tier_of",
]

MEMBER_JOINED, MEMBER_REFERRED = 1, 2
OWN_COLUMNS = 13
KINDS = {int(kind): kind for kind in AwardKind}
a = awards.c
other = accounts.alias("other")


class AwardPage(NamedTuple):
    """Some awards, newest first. `cursor` continues after them; None if there are no more."""

    items: list[AwardRecord]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """A member in a campaign: the rule's progress (200 bits), and points paid less what was taken back."""

    campaign: int
    member: str
    progress: int
    paid_points: int
    joined: bool = False
    referrer: str | None = None

    @property
    def flags(self) -> int:
        """The flags of the contract."""
        return MEMBER_JOINED * self.joined | MEMBER_REFERRED * (self.referrer is not None)


@dataclass(frozen=True, slots=True)
class BadgeRow:
    """A badge that a member has, by which campaign, since when (Unix seconds)."""

    member: str
    badge: int
    campaign: int
    since: int


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """A programme of tiers, and the Unix time in seconds from which it counts."""

    version: int
    effective_from: int
    programme: Programme


@dataclass(frozen=True, slots=True)
class TierRow:
    """A member's tier at a time, 0 for the lowest; what the membership year brought so far, and must still bring for the
    tier above (0 at the top), in the programme's unit. `floor` is a paid tier until `floor_until` (Unix seconds)."""

    member: str
    tier: int
    qualification: int
    missing: int
    programme: Programme
    floor: int
    floor_until: int


def award_page(
    connection: Connection,
    account: str | None,
    campaign: int | None,
    cursor: str | None,
    limit: int,
) -> AwardPage:
    """See `Queries.awards_of` and `Queries.awards_in`."""
    if not 0 < limit <= LIMIT_MAX:
        raise InputError(f"A page has 1 to {LIMIT_MAX} awards, not {limit}.", code="limit_invalid")
    question = award_rows().where(a.kind.in_([int(kind) for kind in AWARD_KINDS]))
    if cursor is not None:
        block, log = place_of(cursor)
        question = question.where(tuple_(a.block, a.log) < tuple_(literal(block), literal(log)))
    if account is not None:
        question = question.where(a.account == number_of(connection, account))
    if campaign is not None:
        question = question.where(a.campaign == campaign)
    question = question.order_by(a.block.desc(), a.log.desc()).limit(limit + 1)
    items = [award_of(row) for row in connection.execute(question)]
    more = len(items) > limit
    del items[limit:]
    return AwardPage(items, cursor_at(items[-1].block, items[-1].log) if more else None)


def awards_in_order(connection: Connection, last_block: int) -> Iterator[AwardRecord]:
    """Yield everything that campaigns did up to `last_block`, in the order of the chain."""
    question = award_rows().where(a.block <= last_block).order_by(a.block, a.log)
    rows = connection.execution_options(yield_per=5_000).execute(question)
    return (award_of(row) for row in rows)


def progress_of(connection: Connection, account: str) -> list[ProgressRow]:
    """Return a member's standing in every campaign in which it has one, by the campaign's number."""
    return list(_progress(connection, number_of(connection, account)))


def all_progress(connection: Connection) -> Iterator[ProgressRow]:
    """Yield every member's standing in every campaign."""
    return _progress(connection, None)


def taking_part(connection: Connection, campaign: int) -> list[str]:
    """Return the accounts for which something counted in a campaign, in their order."""
    members = campaign_members.c
    question = select(accounts.c.address).join(campaign_members, members.account == accounts.c.id)
    return list(connection.execute(question.where(members.campaign == campaign).order_by(accounts.c.address)).scalars())


def badges_of(connection: Connection, account: str) -> list[BadgeRow]:
    """Return the badges that a member has, by number."""
    return list(_badges(connection, number_of(connection, account)))


def all_badges(connection: Connection) -> Iterator[BadgeRow]:
    """Yield every badge that a member has."""
    return _badges(connection, None)


def programme_rows(connection: Connection) -> list[ProgrammeRow]:
    """Return the programmes of tiers by version, without those that were replaced before they counted."""
    found = {row[1]: ProgrammeRow(*row[1:]) for row in programmes_announced(connection)}
    return [found[version] for version in sorted(found)]


def tier_of(connection: Connection, account: str, timestamp: int) -> TierRow | None:
    """Return a member's tier at a Unix time in seconds; None if there is no programme, or no such member."""
    schedule = schedule_of(connection)
    question = (
        select(accounts.c.id, blocks.c.timestamp)
        .join_from(accounts, blocks, blocks.c.number == accounts.c.enrolled_block)
        .where(accounts.c.address == account)
    )
    member = connection.execute(question).first()
    if member is None or not schedule or schedule[0][0] > timestamp:
        return None
    number, since = member
    state = tier_words(connection, [number]).get(number, TierState())
    programme = programme_at(schedule, timestamp)
    floor = (state.floor, state.floor_until) if timestamp < state.floor_until else (0, 0)
    return TierRow(
        account,
        tier_at(schedule, state, since, timestamp),
        qualification_at(schedule, state, since, timestamp),
        missing_to_next(schedule, state, since, timestamp),
        programme,
        *floor,
    )


def all_tiers(connection: Connection) -> dict[str, TierState]:
    """Return how members' tiers stood after their latest purchases, of all that have a state."""
    t = tier_states.c
    place = func.row_number().over(partition_by=t.account, order_by=t.block.desc()).label("place")
    newest = select(t.account, t.word, place).subquery()
    question = (
        select(accounts.c.address, newest.c.word)
        .join_from(newest, accounts, accounts.c.id == newest.c.account)
        .where(newest.c.place == 1)
    )
    return {address: TierState.from_word(int.from_bytes(word)) for address, word in connection.execute(question)}


def award_rows() -> Select[Any]:
    """Ask for what campaigns did, for `award_of`."""
    return (
        select(
            a.campaign,
            accounts.c.address,
            a.kind,
            a.partner,
            a.receipt,
            a.points,
            a.progress,
            a.terms_hash,
            other.c.address,
            a.block,
            a.log,
            blocks.c.timestamp,
            transactions.c.hash,
        )
        .join_from(awards, accounts, accounts.c.id == a.account)
        .join(blocks, blocks.c.number == a.block)
        .join(transactions, (transactions.c.block == a.block) & (transactions.c.first_log == a.first_log))
        .join(other, other.c.id == a.other, isouter=True)
    )


def award_of(row: Any) -> AwardRecord:
    """Return what a row of `award_rows` tells; columns beside its own are passed over."""
    campaign, member, kind, partner, receipt, points, progress, terms_hash, named, block, log, at, hash_ = row[
        :OWN_COLUMNS
    ]
    kept = None if progress is None else int.from_bytes(progress)
    purchase = partner, receipt_of(receipt), points, kept, terms_hash or b"", named
    return AwardRecord(campaign, member, KINDS[kind], *purchase, block, log, at, hash_text(hash_))


def _progress(connection: Connection, account: int | None) -> Iterator[ProgressRow]:
    """From the sums, the newest entry with progress, and how members came to take part."""
    standings: dict[tuple[int, int], list[Any]] = {}
    m, p = campaign_members.c, participants.c
    sums = select(m.campaign, m.account, m.points)
    newest = (
        select(
            a.campaign,
            a.account,
            a.progress,
            func.row_number()
            .over(partition_by=(a.account, a.campaign), order_by=(a.block.desc(), a.log.desc()))
            .label("place"),
        )
        .where(a.progress.is_not(None))
        .where(*() if account is None else (a.account == account,))
        .subquery()
    )
    last = select(newest.c.campaign, newest.c.account, newest.c.progress).where(newest.c.place == 1)
    parts = select(p.campaign, p.account, p.referrer)
    if account is not None:
        sums, parts = sums.where(m.account == account), parts.where(p.account == account)
    for campaign, member, points in connection.execute(sums):
        standings[campaign, member] = [0, int(points), False, None]
    for campaign, member, progress in connection.execute(last):
        standings[campaign, member][0] = int.from_bytes(progress)
    for campaign, member, referrer in connection.execute(parts):
        found = standings.setdefault((campaign, member), [0, 0, False, None])
        if referrer is None:
            found[2] = True
        else:
            found[3] = referrer
    yield from _named(connection, standings, account)


def _named(
    connection: Connection, standings: dict[tuple[int, int], list[Any]], account: int | None
) -> Iterator[ProgressRow]:
    """Rows with addresses, by campaign and the number of the account."""
    question = select(accounts.c.id, accounts.c.address)
    if account is not None:
        wanted = {account, *(found[3] for found in standings.values() if found[3] is not None)}
        question = question.where(accounts.c.id.in_(wanted))
    names: dict[int, str] = dict(connection.execute(question).tuples().all())
    for (campaign, member), (progress, points, joined, referrer) in sorted(standings.items()):
        named = None if referrer is None else names[referrer]
        yield ProgressRow(campaign, names[member], progress, points, joined, named)


def _badges(connection: Connection, account: int | None) -> Iterator[BadgeRow]:
    b = badges.c
    place = func.row_number().over(partition_by=(b.account, b.badge), order_by=(b.block.desc(), b.log.desc()))
    newest = select(b.account, b.badge, b.campaign, b.block, b.given, place.label("place"))
    if account is not None:
        newest = newest.where(b.account == account)
    last = newest.subquery()
    question = (
        select(accounts.c.address, last.c.badge, last.c.campaign, blocks.c.timestamp)
        .join_from(last, accounts, accounts.c.id == last.c.account)
        .join(blocks, blocks.c.number == last.c.block)
        .where(last.c.place == 1, last.c.given == 1)
        .order_by(last.c.account, last.c.badge)
    )
    return (BadgeRow(*row) for row in connection.execute(question))
