"""What is handed in, and what is kept of it in memory until its outcome is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from coalition.chain.codec import kind_of
from coalition.ledger.operations import Capture, Earn, Hold, Kind, Operation, Redeem, Refund, Release
from coalition.submit.outcomes import Waiter

__all__ = ["Entry", "PendingKey", "Submission", "kind_of", "latest", "pending_key", "same_content"]

PendingKey: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Submission:
    """One operation of a partner, for the ledger.

    `receipt_text` is the partner's own text for the operation's receipt number. `not_before` is the block time wanted, in
    Unix seconds, on a development chain whose clock follows the data; None elsewhere.
    """

    partner: int
    operation: Operation
    receipt_text: str = ""
    not_before: int | None = None


class Entry:
    """An operation in the outbox whose outcome is not known yet, and who waits for it."""

    __slots__ = ("attempts", "id", "kind", "submission", "waiters")

    def __init__(self, id: int, kind: Kind, submission: Submission, waiters: list[Waiter]) -> None:
        self.id = id
        self.kind = kind
        self.submission = submission
        self.waiters = waiters
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


def same_content(one: Operation, other: Operation) -> bool:
    """True if the two, under one receipt, ask for the same.

    Compared is what the ledger's event tells of an operation. How it is shown to be allowed (signature, deadline of a
    redemption, proof of an original) may differ from one attempt to the next.
    """
    return _content(one) == _content(other)


def _content(operation: Operation) -> tuple[object, ...]:  # noqa: PLR0911
    match operation:
        case Earn():
            return Kind.EARN, operation.member.lower(), operation.spend_minor
        case Redeem():
            return Kind.REDEEM, operation.member.lower(), operation.points
        case Hold():
            return Kind.HOLD, operation.member.lower(), operation.points, operation.deadline
        case Capture():
            return Kind.CAPTURE, operation.points
        case Release():
            return (Kind.RELEASE,)
        case Refund():
            return Kind.REFUND, operation.points, operation.original.receipt
        case _:
            return Kind.REVERSE, operation.spend_minor, operation.original.receipt
