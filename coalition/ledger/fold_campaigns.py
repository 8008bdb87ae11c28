"""Fold of what campaigns and tiers tell, beside the ledger's own events, and the words that they give a purchase."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coalition.ledger import tiers
from coalition.ledger.book import State
from coalition.ledger.campaigns import fold
from coalition.ledger.campaigns.award_words import with_tier
from coalition.ledger.events import Earned, Event, Position, Reversed
from coalition.ledger.programme_events import (
    FloorSet,
    ProgrammeAnnounced,
    TierBookOpened,
    TierChanged,
    TierKeeperSet,
)

__all__ = ["HANDLERS", "taken_back", "words_of"]


def words_of(state: State, position: Position, event: Earned) -> list[int]:
    """Return what a purchase counted for, which was told before it."""
    words = [*state.pending_awards, *state.campaigns.take_awards(position)]
    state.pending_awards.clear()
    if not state.tiers.is_running(position.timestamp) or not state.tiers.is_told_by(state.campaign_book):
        return words
    since = state.accounts[event.member].member_since
    place, time = (event.partner, event.receipt), position.timestamp
    tier, awarded = state.tiers.purchased(place, event.member, since, time, event.spend_minor, event.points)
    return with_tier(words, tier, awarded, time)


def taken_back(state: State, position: Position, event: Reversed) -> None:
    """A purchase is about to count less: what went back is no word of another purchase, and its tier hears of it."""
    state.pending_awards.clear()
    state.campaigns.take_awards(position)
    place = event.partner, event.original_receipt
    bought = state.tiers.bought.get(place)
    if bought is None or not state.tiers.is_told_by(state.campaign_book):
        return
    before = bought.spend_minor - state.corrected.get(place, 0)
    words, since = state.awards.get(place, ()), state.accounts[event.member].member_since
    state.tiers.taken_back(place, event.member, since, words, before, before - event.spend_minor)


def _of_campaigns(state: State, position: Position, event: Event) -> None:
    fold.HANDLERS[type(event)](state.campaigns, position, event)


def _tiers_opened(state: State, position: Position, event: TierBookOpened) -> None:
    state.tiers.notice_seconds = event.notice_seconds


def _keeper_set(state: State, position: Position, event: TierKeeperSet) -> None:
    state.tiers.keeper = event.campaign_book


def _announced(state: State, position: Position, event: ProgrammeAnnounced) -> None:
    schedule, now = state.tiers.schedule, position.timestamp
    state.tiers.schedule = tiers.announced(schedule, event.programme, event.effective_from, now)
    state.tiers.hearing.add(state.tiers.keeper)


def _floor_set(state: State, position: Position, event: FloorSet) -> None:
    member = event.member
    state.tiers.states[member] = tiers.with_floor(state.tiers.state_of(member), event.tier, event.until)


def _tells_no_change(state: State, position: Position, event: Event) -> None:
    """Nothing: the change follows from the purchase or the reversal."""


HANDLERS: dict[type[Event], Callable[[State, Position, Any], None]] = {
    **dict.fromkeys(fold.HANDLERS, _of_campaigns),
    FloorSet: _floor_set,
    ProgrammeAnnounced: _announced,
    TierBookOpened: _tiers_opened,
    TierChanged: _tells_no_change,
    TierKeeperSet: _keeper_set,
}
