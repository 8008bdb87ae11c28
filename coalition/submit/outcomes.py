"""How callers wait: one future for each operation, or one handle for thousands."""

from __future__ import annotations

import threading
from collections.abc import Container, Iterable
from concurrent.futures import Future
from typing import Protocol, TypeAlias

from coalition.errors import CoalitionError, OutcomePending
from coalition.ledger.events import Event, Position
from coalition.ledger.records import OperationRecord, record_of

__all__ = ["Bulk", "FutureSink", "Outcome", "Sink", "Waiter", "outcome", "records_of"]

Outcome: TypeAlias = OperationRecord | CoalitionError


class Sink(Protocol):
    """Somebody who waits for the outcomes of one or more operations, by place."""

    def deliver(self, place: int, outcome: Outcome) -> None:
        """Take the outcome of the operation at `place`."""
        ...


Waiter: TypeAlias = tuple[Sink, int]


class FutureSink:
    """One operation's outcome as a future."""

    __slots__ = ("future",)

    def __init__(self) -> None:
        self.future: Future[OperationRecord] = Future()
        # A running future cannot be cancelled: the operation is recorded, and forgetting it would not stop it.
        self.future.set_running_or_notify_cancel()

    def deliver(self, place: int, outcome: Outcome) -> None:
        """See `Sink.deliver`."""
        if self.future.done():
            return
        if isinstance(outcome, CoalitionError):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class Bulk:
    """The outcomes of many operations, in the order in which they were posted."""

    def __init__(self, size: int) -> None:
        self._outcomes: list[Outcome | None] = [None] * size
        self._open = size
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._outcomes)

    @property
    def open(self) -> int:
        """Operations whose outcome is not known yet."""
        return self._open

    @property
    def outcomes(self) -> list[Outcome | None]:
        """The outcomes as far as they are known, in order."""
        with self._changed:
            return list(self._outcomes)

    def deliver(self, place: int, outcome: Outcome) -> None:
        """See `Sink.deliver`."""
        with self._changed:
            if self._outcomes[place] is not None:
                return
            self._outcomes[place] = outcome
            self._open -= 1
            if self._open == 0:
                self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        """Return a record or an error for each operation, in order; `timeout` in seconds.

        Raises:
            OutcomePending: not all outcomes are known yet. They stay recorded and are sent; wait again.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._open == 0, timeout):
                raise _pending(self._open)
            return [outcome for outcome in self._outcomes if outcome is not None]


def outcome(future: Future[OperationRecord], timeout: float | None = None) -> OperationRecord:
    """Return the record of an operation posted with `Submitter.post`; `timeout` in seconds.

    Raises:
        OutcomePending: the outcome is not known yet. The operation stays recorded and is sent; ask again.
        CoalitionError: the whole transaction was refused, or the receipt waits with other content.
    """
    try:
        return future.result(timeout)
    except TimeoutError:
        raise _pending(1) from None


def records_of(
    told: Iterable[tuple[Position, Event]], transactions: Container[str]
) -> dict[str, list[OperationRecord]]:
    """The records that events tell, by transaction and in order, of these transactions only."""
    found: dict[str, list[OperationRecord]] = {}
    for position, event in told:
        if position.transaction in transactions:
            record = record_of(position, event)
            if record is not None:
                found.setdefault(position.transaction, []).append(record)
    return found


def _pending(operations: int) -> OutcomePending:
    return OutcomePending(
        f"{operations} operation(s) are recorded and will be sent, but their outcome is not known yet. Ask again.",
        operations=operations,
    )
