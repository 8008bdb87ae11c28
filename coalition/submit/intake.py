"""Taking operations in: joining what is pending already, and one commit for many callers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from coalition.chain.codec import kind_of
from coalition.errors import AccessDenied, CoalitionError, ReceiptConflict, Unavailable
from coalition.submit.board import Board, deliver
from coalition.submit.outbox import Outbox
from coalition.submit.outcomes import Waiter
from coalition.submit.submission import Entry, Submission, differences, pending_key

__all__ = ["Intake"]

BULK_SHARE = 0.8


class _Stage:
    """Operations that are to be written down together."""

    __slots__ = ("entries", "error", "is_done", "taken_at")

    def __init__(self) -> None:
        self.taken_at = time.monotonic()
        self.entries: list[Entry] = []
        self.error: Exception | None = None
        self.is_done = False


class Intake:
    """The way from callers into the outbox.

    Callers that arrive while a commit is under way share the next one: the first of them writes for all.
    """

    def __init__(self, board: Board, outbox: Outbox, pending_max: int) -> None:
        self._board = board
        self._outbox = outbox
        self._pending_max = pending_max
        self._next_id = 0
        self._staged: list[_Stage] = []
        self._unsaved: dict[Entry, _Stage] = {}
        self._commit = threading.Lock()

    def begin(self, next_id: int) -> None:
        """Ids are given out from `next_id` on."""
        self._next_id = next_id

    def take_in(self, submissions: Sequence[Submission], waiter: Callable[[int], Waiter]) -> None:
        """Write operations down, and have `waiter(place)` told the outcome of each.

        Raises:
            StorageFull, Unavailable: none of them was written down.
        """
        board, stage = self._board, _Stage()
        joined: set[_Stage] = set()
        refused: list[tuple[int, CoalitionError]] = []
        with board.lock:
            self._wait_for_room(len(submissions))
            for place, submission in enumerate(submissions):
                error = self._place(submission, waiter(place), stage, joined)
                if error is not None:
                    refused.append((place, error))
            if stage.entries:
                self._staged.append(stage)
        for place, error in refused:
            sink, at = waiter(place)
            sink.deliver(at, error)
        if stage.entries:
            self._save(stage)
        for other in joined:
            self._save(other)
        if stage.error is not None:
            raise stage.error

    def _place(
        self, submission: Submission, waiter: Waiter, stage: _Stage, joined: set[_Stage]
    ) -> CoalitionError | None:
        board, operation = self._board, submission.operation
        if not any(lane.signer for lane in board.of_partner.get(submission.partner, ())):
            return AccessDenied(
                f"There is no signing key of partner {submission.partner} here. Add one to the keystore.",
                code="partner_key_missing",
                partner=submission.partner,
            )
        kind = kind_of(operation)
        key = pending_key(submission.partner, operation, kind)
        pending = board.pending.get(key)
        if pending is not None:
            different = differences(pending.submission.operation, operation)
            if different:
                return _conflict(submission, different)
            pending.waiters.append(waiter)
            if pending in self._unsaved:
                joined.add(self._unsaved[pending])
            return None
        entry = Entry(self._next_id, kind, submission, [waiter], stage.taken_at)
        self._next_id += 1
        board.pending[key] = entry
        board.pending_count += 1
        stage.entries.append(entry)
        self._unsaved[entry] = stage
        return None

    def _wait_for_room(self, size: int) -> None:
        """Back-pressure. Large posts leave some room, so that a file being loaded does not stop the tills."""
        board = self._board
        most = self._pending_max if size < self._pending_max // 100 else int(self._pending_max * BULK_SHARE)

        def has_room() -> bool:
            return board.closing.is_set() or board.pending_count == 0 or board.pending_count + size <= most

        board.lock.wait_for(has_room)
        if board.closing.is_set():
            raise Unavailable("This process is stopping; nothing was recorded.", code="closed")

    def _save(self, stage: _Stage) -> None:
        with self._commit:
            if not stage.is_done:
                with self._board.lock:
                    stages, self._staged = self._staged, []
                self._write(stages)

    def _write(self, stages: list[_Stage]) -> None:
        try:
            self._outbox.add(entry for stage in stages for entry in stage.entries)
        except Exception as error:
            if len(stages) > 1:  # what is too large for the disk does not stop what fits
                for stage in stages:
                    self._write([stage])
                return
            self._finish(stages, error)
            return
        self._board.checkpoint("operations_recorded")
        self._finish(stages, None)

    def _finish(self, stages: list[_Stage], error: Exception | None) -> None:
        board, now = self._board, time.monotonic()
        with board.lock:
            for stage in stages:
                stage.is_done, stage.error = True, error
                for entry in stage.entries:
                    del self._unsaved[entry]
                    entry.recorded_at = now
                if error is None:
                    board.waiting.add(stage.entries)
                else:
                    board.leave(stage.entries)
            board.lock.notify_all()
        if isinstance(error, CoalitionError):
            deliver([(entry.waiters, error) for stage in stages for entry in stage.entries])


def _conflict(submission: Submission, different: dict[str, dict[str, object]]) -> ReceiptConflict:
    name = submission.receipt_text or str(submission.operation.receipt)
    return ReceiptConflict(
        f"Receipt {name} of partner {submission.partner} is being posted with other content "
        f"({', '.join(sorted(different))}). Use a receipt of its own.",
        differences=different,
        receipt=name,
        partner=submission.partner,
    )
