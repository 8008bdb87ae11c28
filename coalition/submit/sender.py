"""The thread that sends, looks after what was sent, and clears the outbox of what is decided.

Transactions travel in JSON-RPC batches, the lanes taking turns; where the chain's clock follows the data, those of one day at a
time, and the clock is set before. What the node answers is only a hint: whether a transaction
counts is read from the chain (`Watch`), so a lost answer, a node that forgot, and "already known" need no cases of their own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext

from coalition.chain.rpc import Rpc, RpcError
from coalition.submit.board import Board
from coalition.submit.clock import Clock
from coalition.submit.outbox import Outbox
from coalition.submit.sequencer import InFlight, Lane
from coalition.submit.watch import EVERY_BLOCK, Watch

__all__ = ["Sender"]

log = logging.getLogger("coalition.submit")

ADOPT_SECONDS = 30.0
BATCH_TRANSACTIONS = 32
BATCH_BYTES = 8_000_000
CHECK_SECONDS = 0.05
CHECK_SECONDS_MAX = 1.0
CLEAR_SECONDS = 0.1
CLEAR_FAILED_SECONDS = 5.0
FORGET_SECONDS = 5.0
PAUSE_SECONDS = 0.1
PAUSE_SECONDS_MAX = 5.0
KNOWN_WORDS = ("already known", "already imported", "known transaction", "already exists")


class Sender:
    """See the module. `durable_block` says up to which block nothing will be lost; None: nothing ever is."""

    def __init__(
        self,
        board: Board,
        outbox: Outbox,
        rpc: Rpc,
        watch: Watch,
        durable_block: Callable[[], int | None] | None,
        adopt: Callable[[], object],
        sent: Callable[[], None],
        clock: Clock | None = None,
    ) -> None:
        self._board = board
        self._outbox = outbox
        self._rpc = rpc
        self._watch = watch
        self._durable_block = durable_block
        self._adopt = adopt
        self._sent = sent
        self._clock = clock
        self._adopt_at = time.monotonic() + ADOPT_SECONDS
        self._turn = 0
        self._pause = PAUSE_SECONDS
        self._check_pause = CHECK_SECONDS
        self._check_at = 0.0
        self._clear_at = 0.0
        self._forget_at = 0.0
        self.thread = threading.Thread(target=self._run, name="submit-send", daemon=True)

    def _run(self) -> None:
        board = self._board
        while not board.closing.is_set():
            try:
                with board.lock:
                    board.lock.wait_for(self._has_outgoing, self._idle_seconds())
                self.round()
                self._pause = PAUSE_SECONDS
                board.works("sending")
            except Exception as error:
                board.failed("sending", error)
                board.sleep(self._pause)
                self._pause = min(PAUSE_SECONDS_MAX, self._pause * 2)

    def round(self) -> None:
        """Send a batch, look after what was sent if it is time, and clear the outbox.

        Raises:
            Unavailable: what could not be sent waits again.
        """
        self._unsettle()
        batch = self._batch()
        if batch:
            self._send(batch)
        if self._is_check_due():
            changed = self._watch.look()
            self._board.works("chain")
            self._check_pause = CHECK_SECONDS if changed else min(CHECK_SECONDS_MAX, self._check_pause * 1.5)
            self._check_at = time.monotonic() + self._check_pause
        if time.monotonic() >= self._adopt_at:
            self._adopt_at = time.monotonic() + ADOPT_SECONDS
            self._adopt()
        self.clear()
        if self._durable_block is not None and time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + FORGET_SECONDS
            self._forget()

    def clear(self, *, at_once: bool = False) -> None:
        """Drop what is decided from the outbox.

        Raises:
            Unavailable: it is dropped later. A row too many does no harm: it is looked up on the chain.
        """
        board, now = self._board, time.monotonic()
        if not at_once and now < self._clear_at:
            return
        self._clear_at = now + CLEAR_FAILED_SECONDS
        with board.clearing:
            with board.lock:
                done, refused = list(board.done), list(board.refused)
            if done or refused:
                board.checkpoint("settled")
                if refused:
                    hashes = [hash_ for hash_, _ in refused if hash_]
                    self._outbox.unrecord(hashes, [id_ for _, ids in refused for id_ in ids])
                if done:
                    self._outbox.settle(done, keeps=self._durable() != EVERY_BLOCK)
                with board.lock:
                    del board.done[: len(done)], board.refused[: len(refused)]
                board.works("outbox")
                board.checkpoint("cleared")
        self._clear_at = now + CLEAR_SECONDS

    # ---- inside

    def _unsettle(self) -> None:
        """Blocks were rolled back: what they decided is to be sent again."""
        board = self._board
        first = board.rolled_back_from
        if first is None:
            return
        self.clear(at_once=True)
        count = self._outbox.unsettle(board.slots, first)
        with board.lock:
            if board.rolled_back_from == first:
                board.rolled_back_from = None
            board.page_again()
        log.warning("Blocks from %d on were rolled back; %d transactions are sent again.", first, count)

    def _forget(self) -> None:
        """Drop transactions that cannot be lost any more, unless they were lost already and nobody has told so yet."""
        durable = self._durable()
        self._watch.verify(durable)
        self._outbox.forget(self._board.slots, durable)

    def _durable(self) -> int:
        answer = None if self._durable_block is None else self._durable_block()
        return EVERY_BLOCK if answer is None else answer

    def _has_outgoing(self) -> bool:
        board = self._board
        return (
            board.closing.is_set()
            or board.rolled_back_from is not None
            or any(lane.outgoing for lane in board.lanes.values())
        )

    def _idle_seconds(self) -> float:
        wait = self._check_at - time.monotonic() if self._board.by_hash else CHECK_SECONDS_MAX
        return max(0.0, min(CLEAR_SECONDS if self._board.done or self._board.refused else wait, wait))

    def _is_check_due(self) -> bool:
        return time.monotonic() >= self._check_at and self._watch.is_needed()

    def _batch(self) -> list[InFlight]:
        board = self._board
        batch: list[InFlight] = []
        size = 0
        with board.lock:
            lanes = list(board.lanes.values())
            self._turn += 1
            lanes = lanes[self._turn % len(lanes) :] + lanes[: self._turn % len(lanes)] if lanes else []
            day = min((self._day_of(lane) for lane in lanes if lane.outgoing), default=None)
            while len(batch) < BATCH_TRANSACTIONS and size < BATCH_BYTES:
                ready = [lane for lane in lanes if lane.outgoing and self._day_of(lane) == day]
                if not ready:
                    break
                for lane in ready[: BATCH_TRANSACTIONS - len(batch)]:
                    sent = lane.outgoing.popleft()
                    if sent.row.hash in board.by_hash:
                        size += len(sent.row.raw)
                        batch.append(sent)
            if batch:
                board.lock.notify_all()  # another day may be signed
        return batch

    def _day_of(self, lane: Lane) -> int:
        return self._board.waiting.day_of(lane.outgoing[0].not_before)

    def _send(self, batch: list[InFlight]) -> None:
        try:
            wanted = max((sent.not_before for sent in batch if sent.not_before is not None), default=None)
            with nullcontext() if self._clock is None else self._clock.one_block(wanted):
                answers = self._rpc.batch([("eth_sendRawTransaction", ["0x" + sent.row.raw.hex()]) for sent in batch])
        except Exception:
            with self._board.lock:
                for sent in reversed(batch):
                    sent.lane.outgoing.appendleft(sent)
            raise
        self._sent()
        self._board.checkpoint("sent")
        now = time.monotonic()
        with self._board.lock:
            self._board.troubled("chain", None)
            for sent, answer in zip(batch, answers, strict=True):
                sent.is_queued = False
                sent.sent_at = now
                sent.attempts += 1
                if isinstance(answer, RpcError):
                    self._note(sent, answer)
        self._check_pause = CHECK_SECONDS
        self._check_at = min(self._check_at, now + CHECK_SECONDS)

    def _note(self, sent: InFlight, answer: RpcError) -> None:
        text = answer.message.lower()
        if any(word in text for word in KNOWN_WORDS):
            return
        level = logging.WARNING if sent.attempts > 1 else logging.INFO
        place = (sent.row.hash, sent.row.key, sent.row.nonce)
        log.log(level, "The node does not take transaction %s (key %s, nonce %d): %s", *place, answer.message)
