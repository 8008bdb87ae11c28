"""What is handed in, and what is kept of it in memory until its outcome is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from coalition.chain.codec import kind_of
from coalition.ledger.operations import Capture, Earn, Hold, Kind, Operation, Redeem, Refund, Release
from coalition.submit.outcomes import Waiter
from coalition.submit.trail import Trail

__all__ = ["Entry", "PendingKey", "Submission", "differences", "kind_of", "latest", "pending_key"]

PendingKey: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Submission:
    """One operation of a partner, for the ledger.

    `receipt_text` is the partner's own text for the operation's receipt number. `not_before` is the block time wanted, in
    Unix seconds, on a development chain whose clock follows the data; None elsewhere. `trail` is told the way of what is traced.
    """

    partner: int
    operation: Operation
    receipt_text: str = ""
    not_before: int | None = None
    trail: Trail | None = field(default=None, compare=False, repr=False)


class Entry:
    """An operation in the outbox whose outcome is not known yet, and who waits for it.

    `taken_at` is when this process was handed it, and `recorded_at` when it was durable, on the monotonic clock; None if it
    comes from the database.
    """

    __slots__ = ("attempts", "id", "kind", "recorded_at", "submission", "taken_at", "waiters")

    def __init__(
        self, id: int, kind: Kind, submission: Submission, waiters: list[Waiter], taken_at: float | None = None
    ) -> None:
        self.id = id
        self.kind = kind
        self.submission = submission
        self.waiters = waiters
        self.taken_at = taken_at
        self.recorded_at: float | None = None
        self.attempts = 0


def latest(entries: Iterable[Entry]) -> int | None:
    """Block time (Unix seconds) wanted by the latest of some operations; None if none of them wants any."""
    wanted = (entry.submission.not_before for entry in entries)
    return max((time for time in wanted if time is not None), default=None)


def pending_key(partner: int, operation: Operation, kind: Kind) -> PendingKey:
    """What two operations share that ask for the same: a receipt counts once over all kinds.

    A capture and a release name the receipt of their hold, so each has a space of its own.
    """
    return partner, operation.receipt, kind if kind is Kind.CAPTURE or kind is Kind.RELEASE else 0


def differences(recorded: Operation, requested: Operation) -> dict[str, dict[str, object]]:
    """What two operations under one receipt do not have in common, by field: `recorded` and `requested`. Empty: the same.

    Compared is what the ledger's event tells of an operation. How it is shown to be allowed (signature, deadline of a
    redemption, proof of an original) may differ from one attempt to the next.
    """
    before, now = _content(recorded), _content(requested)
    return {
        name: {"recorded": before.get(name), "requested": value}
        for name, value in now.items()
        if _compared(before.get(name)) != _compared(value)
    }


def _compared(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _content(operation: Operation) -> dict[str, object]:
    kind = kind_of(operation)
    content: dict[str, object] = {"kind": kind.name.lower()}
    match operation:
        case Earn():
            content |= {"member": operation.member, "spend_minor": operation.spend_minor}
        case Redeem():
            content |= {"member": operation.member, "points": operation.points}
        case Hold():
            content |= {"member": operation.member, "points": operation.points, "deadline": operation.deadline}
        case Capture():
            content |= {"points": operation.points}
        case Release():
            pass
        case Refund():
            content |= {"points": operation.points, "original_receipt": operation.original.receipt}
        case _:
            content |= {"spend_minor": operation.spend_minor, "original_receipt": operation.original.receipt}
    return content
