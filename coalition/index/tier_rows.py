"""Members' tiers as purchases and reversals leave them: facts by block, because time changes tiers without an event."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select, tuple_

from coalition.chain.addresses import ZERO_ADDRESS
from coalition.index.accounts import AccountIds
from coalition.index.stored import portions, receipt_key, receipt_of, words_of
from coalition.index.tables import accounts, blocks, changes, operations, tier_states
from coalition.ledger.campaigns.award_words import AwardWord
from coalition.ledger.events import Earned, Event, Position, Reversed
from coalition.ledger.operations import Kind
from coalition.ledger.programme_events import FloorSet, ProgrammeAnnounced
from coalition.ledger.tiers import (
    Downgrade,
    Programme,
    QualifyBy,
    Tier,
    TierState,
    announced,
    disqualified,
    qualified,
    tier_at,
    with_floor,
)

__all__ = ["TierRows", "programmes_announced", "schedule_of", "tier_rows", "tier_words"]

Row = tuple[Any, ...]
Place = tuple[int, int]
LINKS = ("CampaignBookSet", "ProgrammeAnnounced", "TierKeeperSet")


@dataclass(slots=True)
class Bought:
    """A purchase that a reversal of the range takes back: `left` of its spend, in minor units."""

    spend_minor: int
    points: int
    words: tuple[int, ...]
    left: int


@dataclass(slots=True)
class TierRows:
    """Tiers in one range of whole blocks: programmes with the Unix time from which each counts, states and times of
    enrolment by the number of the account, and the purchases that the range takes back.

    `campaign_book` hears of purchases, `keeper` may tell the book of tiers, and does so if it is among `hearing`, the
    keepers that heard of a programme when it was announced.
    """

    schedule: list[tuple[int, Programme]] = field(default_factory=list)
    campaign_book: str = ZERO_ADDRESS
    keeper: str = ZERO_ADDRESS
    hearing: set[str] = field(default_factory=set)
    states: dict[int, TierState] = field(default_factory=dict)
    since: dict[int, int] = field(default_factory=dict)
    bought: dict[Place, Bought] = field(default_factory=dict)
    wanted: frozenset[Place] = frozenset()
    changed: dict[tuple[int, int], TierState] = field(default_factory=dict)

    @property
    def rows(self) -> Iterable[Row]:
        """Rows of the facts."""
        return ((account, block, state.to_word().to_bytes(32)) for (account, block), state in self.changed.items())

    @property
    def count_reversals(self) -> bool:
        """True if a purchase that is taken back may have counted for a tier."""
        return bool(self.schedule) and self._is_told()

    def count(self, at: Position) -> bool:
        """True if a purchase counts for the member's tier: there is a programme, and its book hears of purchases."""
        return bool(self.schedule) and self.schedule[0][0] <= at.timestamp and self._is_told()

    def enrolled(self, at: Position, account: int) -> None:
        """Membership years begin."""
        self.since[account] = at.timestamp

    def purchased(self, at: Position, account: int, event: Earned) -> int:
        """Count a purchase; return the member's tier just before."""
        state, since = self.states.get(account, TierState()), self.since[account]
        tier = tier_at(self.schedule, state, since, at.timestamp)
        amounts = {"points": event.points, "spend_minor": event.spend_minor}
        self._set(at, account, qualified(self.schedule, state, since, at.timestamp, **amounts))
        return tier

    def remember(self, event: Earned, words: Sequence[int]) -> None:
        """Keep a purchase that the same range takes back."""
        place = event.partner, event.receipt
        if place in self.wanted:
            self.bought[place] = Bought(event.spend_minor, event.points, tuple(words), event.spend_minor)

    def taken_back(self, at: Position, account: int, event: Reversed) -> None:
        """Let a purchase count less, if it counted."""
        bought = self.bought.get((event.partner, event.original_receipt))
        if bought is None:
            return
        before, after = bought.left, bought.left - event.spend_minor
        bought.left = after
        own = next((word for word in map(AwardWord.from_word, bought.words) if word.campaign == 0), None)
        if own is None:
            return
        points = bought.points * before // bought.spend_minor - bought.points * after // bought.spend_minor
        state = self.states.get(account, TierState())
        amounts = {"points": points, "spend_minor": event.spend_minor}
        self._set(at, account, disqualified(self.schedule, state, self.since[account], own.time, **amounts))

    def floor_set(self, at: Position, account: int, event: FloorSet) -> None:
        """A paid tier began or ended."""
        self._set(at, account, with_floor(self.states.get(account, TierState()), event.tier, event.until))

    def announced(self, at: Position, event: ProgrammeAnnounced) -> None:
        """Another programme counts from a later time on."""
        self.schedule = announced(self.schedule, event.programme, event.effective_from, at.timestamp)
        self.hearing.add(self.keeper)

    def _set(self, at: Position, account: int, state: TierState) -> None:
        self.states[account] = self.changed[account, at.block] = state

    def _is_told(self) -> bool:
        return self.campaign_book == self.keeper and self.keeper in self.hearing


def tier_rows(connection: Connection, events: Sequence[tuple[Position, Event]], ids: AccountIds) -> TierRows:
    """Return what is known of tiers before `events`, as far as these need it."""
    schedule = schedule_of(connection)
    if not schedule and not any(type(event) is ProgrammeAnnounced for _, event in events):
        return TierRows()
    tiers = TierRows(schedule, *_links(connection))
    reversals = [(event.partner, event.original_receipt) for _, event in events if type(event) is Reversed]
    members = {event.member for _, event in events if isinstance(event, Earned | Reversed | FloorSet)}
    numbers = [number for member in sorted(members) if (number := ids.get(member)) is not None]
    for some in portions(numbers):
        tiers.states |= tier_words(connection, some)
        tiers.since |= _since(connection, some)
    tiers.wanted = frozenset(reversals)
    for places in portions(sorted(tiers.wanted)):
        tiers.bought |= _bought(connection, places)
    return tiers


def programmes_announced(connection: Connection) -> list[tuple[int, int, int, Programme]]:
    """Return (time told, version, time from which it counts, programme) of all programmes in order; times are Unix
    seconds."""
    question = (
        select(changes.c.details, blocks.c.timestamp)
        .join_from(changes, blocks, blocks.c.number == changes.c.block)
        .where(changes.c.event == "ProgrammeAnnounced")
        .order_by(changes.c.block, changes.c.log)
    )
    found = []
    for text, told_at in connection.execute(question):
        details = json.loads(text)
        found.append((told_at, details["version"], details["effective_from"], _programme(details["programme"])))
    return found


def schedule_of(connection: Connection) -> list[tuple[int, Programme]]:
    """Return the programmes in the order of their versions, each with the Unix time from which it counts."""
    schedule: list[tuple[int, Programme]] = []
    for told_at, _, effective_from, programme in programmes_announced(connection):
        schedule = announced(schedule, programme, effective_from, told_at)
    return schedule


def tier_words(connection: Connection, numbers: Sequence[int]) -> dict[int, TierState]:
    """Return how members' tiers stood after their latest purchases, by the number of the account."""
    t = tier_states.c
    newest = select(t.account, func.max(t.block).label("block")).where(t.account.in_(numbers)).group_by(t.account)
    last = newest.subquery()
    question = select(t.account, t.word).join_from(
        tier_states, last, (last.c.account == t.account) & (last.c.block == t.block)
    )
    return {account: TierState.from_word(int.from_bytes(word)) for account, word in connection.execute(question)}


def _links(connection: Connection) -> tuple[str, str, set[str]]:
    """The book that hears of purchases, the one that may tell the book of tiers, and those that heard of a programme."""
    question = select(changes.c.event, changes.c.subject).where(changes.c.event.in_(LINKS))
    last = dict.fromkeys(LINKS, ZERO_ADDRESS)
    hearing = set()
    for event, subject in connection.execute(question.order_by(changes.c.block, changes.c.log)):
        last[event] = subject
        if event == "ProgrammeAnnounced":
            hearing.add(last["TierKeeperSet"])
    return last["CampaignBookSet"], last["TierKeeperSet"], hearing


def _since(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    question = (
        select(accounts.c.id, blocks.c.timestamp)
        .join_from(accounts, blocks, blocks.c.number == accounts.c.enrolled_block)
        .where(accounts.c.id.in_(numbers))
    )
    return dict(connection.execute(question).tuples().all())


def _bought(connection: Connection, places: Sequence[Place]) -> dict[Place, Bought]:
    o = operations.c
    keys = [(partner, receipt_key(receipt)) for partner, receipt in places]
    taken = (
        select(o.partner, o.original, func.sum(o.spend_minor))
        .where(tuple_(o.partner, o.original).in_(keys), o.code == 0)
        .group_by(o.partner, o.original)
    )
    before = {(partner, original): int(spend) for partner, original, spend in connection.execute(taken)}
    question = select(o.partner, o.receipt, o.spend_minor, o.points, o.awards).where(
        tuple_(o.partner, o.receipt).in_(keys), o.code == 0, o.kind == int(Kind.EARN)
    )
    found = {}
    for partner, receipt, spend_minor, points, words in connection.execute(question):
        left = spend_minor - before.get((partner, receipt), 0)
        found[partner, receipt_of(receipt)] = Bought(spend_minor, points, words_of(words), left)
    return found


def _programme(details: dict[str, Any]) -> Programme:
    """A programme as `changes` keeps it."""
    return Programme(
        tiers=tuple(Tier(**tier) for tier in details["tiers"]),
        qualify_by=QualifyBy(details["qualify_by"]),
        downgrade=Downgrade(details["downgrade"]),
        soft_landing_days=details["soft_landing_days"],
        inactivity_days=details["inactivity_days"],
        inactivity_tiers=details["inactivity_tiers"],
    )
