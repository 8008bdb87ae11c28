"""One operation with its outcome: what "the operation under this receipt" means everywhere off the chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coalition.ledger.events import (
    Captured,
    Earned,
    Event,
    Held,
    OperationRejected,
    Position,
    Redeemed,
    Refunded,
    Released,
    Reversed,
)
from coalition.ledger.lots import Lots
from coalition.ledger.operations import NO_AWARDS, Kind, Outcome, Rejection

__all__ = ["OperationRecord", "outcome_of", "record_of"]


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One operation of a partner and what the ledger decided.

    `member` is "" where the event does not tell it (rejections). `spend_minor` in minor units, of earns and
    reversals. `points` are by the base rate, `awarded` what campaigns gave an earn, or a reversal took back of that,
    beside. `lots` are those of the event, None where it has none (earns and rejections). `deadline` in Unix
    seconds, of holds. `original_receipt` is that of a reversal or refund. `code` is None if the operation was accepted.
    """

    partner: int
    receipt: int
    kind: Kind
    member: str
    spend_minor: int
    points: int
    lots: Lots | None
    deadline: int
    original_receipt: int | None
    code: Rejection | None
    block: int
    log: int
    timestamp: int
    transaction: str
    awarded: int = 0

    @property
    def accepted(self) -> bool:
        """True if the operation counts."""
        return self.code is None


def record_of(position: Position, event: Event) -> OperationRecord | None:
    """The record that `event` tells, or None if it is not the outcome of an operation."""
    fields = FIELDS.get(type(event))
    return None if fields is None else _record(position, event, **fields(event))


def outcome_of(event: Event, epoch: int, awards: bytes = NO_AWARDS) -> Outcome | None:
    """What the ledger committed to in the receipt's word, or None if `event` is not an earn, redemption or capture.

    `epoch` is the one of the event's block: the lot of an earn; `awards` the hash of its award words.
    """
    match event:
        case Earned():
            lots = Lots.single(epoch, event.points + event.awarded)
            return Outcome(Kind.EARN, event.member, event.receipt, event.spend_minor, event.points, lots, awards)
        case Redeemed():
            return Outcome(Kind.REDEEM, event.member, event.receipt, 0, event.points, event.lots)
        case Captured():
            return Outcome(Kind.CAPTURE, event.member, event.receipt, 0, event.points, event.lots)
        case _:
            return None


def _record(
    position: Position,
    event: Any,
    *,
    kind: Kind,
    member: str = "",
    spend_minor: int = 0,
    points: int = 0,
    lots: Lots | None = None,
    deadline: int = 0,
    original_receipt: int | None = None,
    code: Rejection | None = None,
    awarded: int = 0,
) -> OperationRecord:
    return OperationRecord(
        event.partner,
        event.receipt,
        kind,
        member,
        spend_minor,
        points,
        lots,
        deadline,
        original_receipt,
        code,
        position.block,
        position.log,
        position.timestamp,
        position.transaction,
        awarded,
    )


def _earned(event: Earned) -> dict[str, Any]:
    return {
        "kind": Kind.EARN,
        "member": event.member,
        "spend_minor": event.spend_minor,
        "points": event.points,
        "awarded": event.awarded,
    }


def _moved(kind: Kind) -> Callable[[Redeemed | Captured | Released], dict[str, Any]]:
    return lambda event: {
        "kind": kind,
        "member": event.member,
        "points": event.points,
        "lots": event.lots,
    }


def _held(event: Held) -> dict[str, Any]:
    return {
        "kind": Kind.HOLD,
        "member": event.member,
        "points": event.points,
        "lots": event.lots,
        "deadline": event.deadline,
    }


def _reversed(event: Reversed) -> dict[str, Any]:
    return {
        "kind": Kind.REVERSE,
        "awarded": event.awarded,
        "member": event.member,
        "spend_minor": event.spend_minor,
        "points": event.points,
        "lots": event.lots,
        "original_receipt": event.original_receipt,
    }


def _refunded(event: Refunded) -> dict[str, Any]:
    return {
        "kind": Kind.REFUND,
        "member": event.member,
        "points": event.points,
        "lots": event.lots,
        "original_receipt": event.original_receipt,
    }


def _rejected(event: OperationRejected) -> dict[str, Any]:
    return {"kind": event.kind, "code": event.code}


FIELDS: dict[type[Event], Callable[[Any], dict[str, Any]]] = {
    Earned: _earned,
    Redeemed: _moved(Kind.REDEEM),
    Held: _held,
    Captured: _moved(Kind.CAPTURE),
    Released: _moved(Kind.RELEASE),
    Reversed: _reversed,
    Refunded: _refunded,
    OperationRejected: _rejected,
}
