"""Fold of the events that move points: operations, transfers and expiry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coalition.ledger.book import OpenHold, State
from coalition.ledger.events import (
    BonusIssued,
    BonusTaken,
    Captured,
    DebtRepaid,
    Earned,
    Event,
    Held,
    LotsTransferred,
    MemberEnrolled,
    OperationRejected,
    PointsExpired,
    Position,
    Redeemed,
    Refunded,
    Released,
    Reversed,
)
from coalition.ledger.fold_campaigns import taken_back, words_of
from coalition.ledger.fold_points import (
    HOLD,
    SUPPLY,
    count_receipt,
    create,
    destroy,
    give,
    paying,
    take,
    violated,
    word_at,
    written,
)
from coalition.ledger.operations import Kind

__all__ = ["HANDLERS"]


def _member_enrolled(state: State, position: Position, event: MemberEnrolled) -> None:
    account = state.account(event.member)
    account.enrolled = True
    account.member_since = position.timestamp
    account.head = state.epoch_at(position.timestamp)


def _earned(state: State, position: Position, event: Earned) -> None:
    epoch = (position.timestamp - state.epoch_origin) // state.epoch_length
    member, points = event.member, event.points + event.awarded
    account = state.accounts.get(member) or state.account(member)
    account.head = epoch
    if points:
        account.lots[epoch] = account.lots.get(epoch, 0) + points
        state.supply[epoch] = state.supply.get(epoch, 0) + points
        state.totals.issued += event.points
        state.totals.awarded += event.awarded
    if state.campaigns.pending_awards or state.tiers.schedule or state.pending_awards:
        words = words_of(state, position, event)
        if words:
            state.awards[event.partner, event.receipt] = tuple(words)
    totals = state.totals_of(event.partner)
    totals.spend_minor += event.spend_minor
    totals.points_issued += event.points
    totals.points_awarded += event.awarded
    totals.accepted[Kind.EARN] += 1
    totals.members.add(member)
    count_receipt(state, position, event.partner, event.receipt).pending.append((event, epoch))


def _bonus_issued(state: State, position: Position, event: BonusIssued) -> None:
    epoch = state.epoch_at(position.timestamp)
    create(state, written(state, position, event.member), {epoch: event.points})
    state.totals.awarded += event.points


def _debt_repaid(state: State, position: Position, event: DebtRepaid) -> None:
    account = written(state, position, event.member)
    destroy(state, position, account, {state.epoch_at(position.timestamp): event.points})
    account.debt -= event.points
    state.totals.repaid += event.points
    if account.debt < 0:
        violated(state, position, SUPPLY, f"{event.member} repaid {-account.debt} points more than it owed")


def _redeemed(state: State, position: Position, event: Redeemed) -> None:
    account = paying(state, position, event.member)
    destroy(state, position, account, event.lots.by_epoch())
    state.totals.redeemed += event.points
    totals = state.totals_of(event.partner)
    totals.points_redeemed += event.points
    totals.accepted[Kind.REDEEM] += 1
    totals.members.add(event.member)
    epoch = state.epoch_at(position.timestamp)
    count_receipt(state, position, event.partner, event.receipt).pending.append((event, epoch))


def _held(state: State, position: Position, event: Held) -> None:
    account = paying(state, position, event.member)
    points = event.lots.by_epoch()
    take(state, position, account, points)
    give(written(state, position, state.ledger), points)
    state.holds[event.partner, event.receipt] = OpenHold(event.member, event.deadline, event.lots)
    totals = state.totals_of(event.partner)
    totals.accepted[Kind.HOLD] += 1
    totals.members.add(event.member)
    count_receipt(state, position, event.partner, event.receipt)


def _captured(state: State, position: Position, event: Captured) -> None:
    """The whole hold leaves the ledger's own account; what was not captured goes back to the member."""
    epoch = state.epoch_at(position.timestamp)
    held_points = _closed(state, position, event, Kind.CAPTURE)
    account = written(state, position, event.member)
    taken = event.lots.by_epoch()
    rest = {earned_in: points - taken.get(earned_in, 0) for earned_in, points in held_points.items()}
    take(state, position, written(state, position, state.ledger), held_points)
    give(account, held_points)
    destroy(state, position, account, taken)
    if any(points < 0 for points in rest.values()):
        violated(state, position, HOLD, f"receipt {event.receipt}: more was captured than held")
    state.totals.redeemed += event.points
    totals = state.totals_of(event.partner)
    totals.points_redeemed += event.points
    totals.accepted[Kind.CAPTURE] += 1
    word = word_at(state, event.partner, event.receipt)
    word.pending.append((event, epoch))


def _released(state: State, position: Position, event: Released) -> None:
    """What lives of the hold leaves the ledger's own account; what had expired is made anew."""
    live = _closed(state, position, event, Kind.RELEASE)
    destroy(state, position, written(state, position, state.ledger), live)
    create(state, written(state, position, event.member), event.lots.by_epoch())
    state.totals.restored += event.points - sum(live.values())
    state.totals_of(event.partner).accepted[Kind.RELEASE] += 1


def _reversed(state: State, position: Position, event: Reversed) -> None:
    taken_back(state, position, event)
    _taken_back(state, position, event, event.points + event.awarded)
    _correct(state, position, event, event.spend_minor)
    totals = state.totals_of(event.partner)
    totals.points_reversed += event.points
    totals.points_awarded_reversed += event.awarded
    totals.spend_minor_reversed += event.spend_minor
    totals.accepted[Kind.REVERSE] += 1


def _bonus_taken(state: State, position: Position, event: BonusTaken) -> None:
    _taken_back(state, position, event, event.points)


def _taken_back(state: State, position: Position, event: Reversed | BonusTaken, points: int) -> None:
    """What the lots could not pay is a debt."""
    account = written(state, position, event.member)
    destroy(state, position, account, event.lots.by_epoch())
    account.debt += points - event.lots.total
    state.totals.reversed += event.lots.total


def _refunded(state: State, position: Position, event: Refunded) -> None:
    account = written(state, position, event.member)
    create(state, account, event.lots.by_epoch())
    state.totals.refunded += event.points
    _correct(state, position, event, event.points)
    totals = state.totals_of(event.partner)
    totals.points_refunded += event.points
    totals.accepted[Kind.REFUND] += 1


def _lots_transferred(state: State, position: Position, event: LotsTransferred) -> None:
    points = event.lots.by_epoch()
    take(state, position, written(state, position, event.from_), points)
    give(written(state, position, event.to), points)


def _points_expired(state: State, position: Position, event: PointsExpired) -> None:
    points = event.lots.by_epoch()
    destroy(state, position, written(state, position, event.account), points)
    state.totals.expired += event.lots.total
    epoch = state.epoch_at(position.timestamp)
    for earned_in in points:
        if not state.is_expired(earned_in, epoch):
            violated(state, position, SUPPLY, f"points of epoch {earned_in} expired early, in epoch {epoch}")


def _operation_rejected(state: State, position: Position, event: OperationRejected) -> None:
    state.totals_of(event.partner).rejected[event.code] += 1


def _closed(state: State, position: Position, event: Captured | Released, kind: Kind) -> dict[int, int]:
    """End the hold; return its points that have not expired."""
    place = event.partner, event.receipt
    hold = state.holds.pop(place, None)
    if hold is None:
        before = state.closed.get(place)
        story = "was never opened" if before is None else f"had ended by {before.name.lower()}"
        violated(state, position, HOLD, f"hold {event.receipt} of partner {event.partner} {story}")
        return event.lots.by_epoch()
    if hold.member != event.member:
        violated(state, position, HOLD, f"hold {event.receipt} of partner {event.partner} is not {event.member}'s")
    state.closed[place] = kind
    epoch = state.epoch_at(position.timestamp)
    return {earned: n for earned, n in hold.lots.by_epoch().items() if not state.is_expired(earned, epoch)}


def _correct(state: State, position: Position, event: Reversed | Refunded, amount: int) -> None:
    place = event.partner, event.original_receipt
    state.corrected[place] = state.corrected.get(place, 0) + amount
    state.totals_of(event.partner).members.add(event.member)
    count_receipt(state, position, event.partner, event.receipt)


HANDLERS: dict[type[Event], Callable[[State, Position, Any], None]] = {
    BonusIssued: _bonus_issued,
    BonusTaken: _bonus_taken,
    Captured: _captured,
    DebtRepaid: _debt_repaid,
    Earned: _earned,
    Held: _held,
    LotsTransferred: _lots_transferred,
    MemberEnrolled: _member_enrolled,
    OperationRejected: _operation_rejected,
    PointsExpired: _points_expired,
    Redeemed: _redeemed,
    Refunded: _refunded,
    Released: _released,
    Reversed: _reversed,
}
