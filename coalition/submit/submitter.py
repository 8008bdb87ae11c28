"""The write path: an operation is recorded, signed, recorded as signed, sent, and looked after until it is decided."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from sqlalchemy import Engine

from coalition.chain.deployment import Deployment
from coalition.chain.rpc import Rpc
from coalition.chain.signer import Signer
from coalition.errors import OutcomePending
from coalition.ledger.campaign_events import CampaignStarted
from coalition.ledger.events import Event, Position
from coalition.ledger.operations import Kind
from coalition.ledger.programme_events import ProgrammeAnnounced
from coalition.ledger.records import OperationRecord
from coalition.submit.board import Board, Checkpoint, Delivery, deliver
from coalition.submit.clock import Clock
from coalition.submit.dispatcher import Dispatcher
from coalition.submit.figures import Figures
from coalition.submit.intake import Intake
from coalition.submit.outbox import Outbox, Row
from coalition.submit.outcomes import Bulk, FutureSink, records_of
from coalition.submit.relay import Relay
from coalition.submit.sender import Sender
from coalition.submit.storage import Slots, Storage
from coalition.submit.submission import Submission
from coalition.submit.waiting import DAY_SECONDS
from coalition.submit.watch import Watch

__all__ = ["Bulk", "Row", "Status", "Submission", "Submitter"]

PENDING_MAX = 50_000
FULL_SHARE = 0.9
WINDOW = 16
JOIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Status:
    """How the write path is doing.

    `pending` operations have no outcome yet, as far as they are in memory; `unsigned` of them are in no transaction. At
    `is_full` no more should be handed in, at `pending_max` posting waits. `in_flight` counts transactions, `nonce_gaps` nonces
    without a transaction below one of ours. `waits_seconds` is how long the oldest of the operations has been here. `is_idle` is
    True if nothing at all is left to do. `trouble` says in words what does not work, empty if all does.
    """

    pending: int
    unsigned: int
    pending_max: int
    is_full: bool
    in_flight: int
    nonce_gaps: int
    waits_seconds: float
    is_idle: bool
    trouble: Mapping[str, str]


class Submitter:
    """Posts operations of partners whose keys it has. Its tables are made by `migrations.migrate`.

    Several submitters, in one process or many, may share a database or a key: nothing is lost, and receipts count once. Safe
    for use from several threads.
    """

    def __init__(
        self,
        engine: Engine,
        rpc: Rpc,
        deployment: Deployment,
        lanes: Mapping[int, Sequence[Signer]],
        clock_follows: bool = False,
        durable_block: Callable[[], int | None] | None = None,
        pending_max: int = PENDING_MAX,
        window: int = WINDOW,
        checkpoint: Checkpoint = lambda _name: None,
        day_seconds: int = DAY_SECONDS,
        sent: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; nothing happens before `start`.

        Args:
            lanes: signing keys by partner; several keys of one are used in parallel.
            clock_follows: move a development chain's clock to `Submission.not_before`.
            durable_block: the newest block that the chain cannot lose any more. Transactions are kept up to there. None:
                a block is durable as soon as it is settled, as on a chain with finality; so it is where that answers None.
            pending_max: operations in memory; `post` waits while there are more.
            window: transactions of one key on their way at a time.
            day_seconds: how far the clock moves at a time where `clock_follows`.
            sent: called when transactions were sent: a block with them is about to come.
            checkpoint: called with the name of each step when it is done; for tests.
        """
        self._rpc = rpc
        self._storage = Storage(engine)
        self._outbox = Outbox(self._storage)
        self._slots = Slots(self._storage.engine)
        self._board = Board(
            deployment, lanes, by_day=clock_follows, day_seconds=day_seconds, window=window, checkpoint=checkpoint
        )
        self._pending_max = pending_max
        self._intake = Intake(self._board, self._outbox, pending_max)
        self._relay = Relay(self._board, self._outbox)
        self._watch = Watch(self._board, self._outbox, rpc)
        clock = Clock(rpc) if clock_follows else None
        self._sender = Sender(
            self._board, self._outbox, rpc, self._watch, durable_block, self._adopt_orphans, sent, clock
        )
        self._dispatcher = Dispatcher(self._board, self._outbox, rpc)
        self._is_recovered = False
        self._recovering = threading.Lock()

    # ---- life

    def recover(self) -> int:
        """Take up what a former process left, and return how many operations wait to be signed.

        Recorded transactions are then looked up on the chain, and sent as they are where they are not there.

        Raises:
            Unavailable: the database does not answer. The chain is not needed here.
        """
        with self._recovering:
            if self._is_recovered:
                return 0
            return self._recover()

    def _recover(self) -> int:
        self._board.slot = self._slots.take_free()
        found = self._adopt(self._board.slot)
        self._intake.begin(self._outbox.last_id(self._board.slot) + 1)
        found += self._adopt_orphans()
        self._is_recovered = True
        return found

    def start(self) -> None:
        """Recover, then sign and send from now on."""
        self.recover()
        self._dispatcher.thread.start()
        self._sender.thread.start()

    def close(self) -> None:
        """Stop. What is pending stays recorded; whoever waits for it gets `OutcomePending`."""
        board = self._board
        board.closing.set()
        with board.lock:
            board.lock.notify_all()
        for thread in (self._dispatcher.thread, self._sender.thread):
            if thread.is_alive():
                thread.join(JOIN_SECONDS)
        try:
            self._sender.clear(at_once=True)
        except Exception as error:
            board.failed("closing", error)
        pending = OutcomePending("The outcome is not known: this process stops. The operation stays recorded.")
        deliver([(entry.waiters, pending) for entry in board.pending.values()])
        relayed = [bulk for sent in board.by_hash.values() for bulk in sent.bulks]
        deliver([([(bulk, place) for place in range(len(bulk))], pending) for bulk in relayed])
        self._slots.release()
        self._storage.close()

    # ---- callers

    def post(self, submissions: Sequence[Submission]) -> list[Future[OperationRecord]]:
        """Record operations, and return a future for each; see `outcomes.outcome` for waiting with a timeout.

        They are durable when this returns. A receipt that is pending with the same content shares its outcome. A future
        gets a record, also of a rejection; or `ReceiptConflict` where the receipt is pending with other content; or the
        reason for which a whole transaction was refused.

        Raises:
            StorageFull, Unavailable: nothing was recorded, nothing is sent.
        """
        self.recover()
        sinks = [FutureSink() for _ in submissions]
        self._intake.take_in(submissions, lambda place: (sinks[place], 0))
        return [sink.future for sink in sinks]

    def post_many(self, submissions: Sequence[Submission]) -> Bulk:
        """As `post`, with one handle for all outcomes: for thousands at a time.

        Raises:
            StorageFull, Unavailable: nothing was recorded, nothing is sent.
        """
        self.recover()
        bulk = Bulk(len(submissions))
        self._intake.take_in(submissions, lambda place: (bulk, place))
        return bulk

    def dismiss(self) -> None:
        """Let nobody wait any longer: all get `OutcomePending`. What is recorded goes on its way."""
        board = self._board
        with board.lock:
            waiters = [entry.waiters for entry in board.pending.values()]
            for entry in board.pending.values():
                entry.waiters = []
        pending = OutcomePending(
            "Recorded, but not confirmed yet, and this process stops. Ask again with the same receipt."
        )
        deliver([(those, pending) for those in waiters])

    @property
    def is_full(self) -> bool:
        """True if no further operations should be handed in: `post` would soon wait."""
        return self._board.pending_count >= self._pending_max * FULL_SHARE

    @property
    def relay(self) -> Relay:
        """The way in for transactions that a partner signed itself; see `Relay.take_in`."""
        self.recover()
        return self._relay

    @property
    def pending_count(self) -> int:
        """Operations whose outcome is not known yet."""
        return self._board.pending_count

    def is_pending(self, partner: int, receipt: int) -> bool:
        """True if an operation under that receipt number is on its way in this process."""
        with self._board.lock:
            return any((partner, receipt, kind) in self._board.pending for kind in (0, Kind.CAPTURE, Kind.RELEASE))

    @property
    def status(self) -> Status:
        """How the write path is doing."""
        board = self._board
        with board.lock:
            is_idle = not (board.is_busy or self._watch.verifies)
            signed = sum(len(sent.entries) for sent in board.by_hash.values())
            oldest = next((entry.taken_at for entry in board.pending.values() if entry.taken_at is not None), None)
            return Status(
                pending=board.pending_count,
                unsigned=max(0, board.pending_count - signed),
                pending_max=self._pending_max,
                is_full=self.is_full,
                in_flight=len(board.by_hash),
                nonce_gaps=sum(len(lane.holes) for lane in board.lanes.values()),
                waits_seconds=0.0 if oldest is None else time.monotonic() - oldest,
                is_idle=is_idle,
                trouble=dict(board.trouble),
            )

    @property
    def figures(self) -> Figures:
        """What was counted since the start of this process."""
        with self._board.lock:
            return self._board.figures.copy()

    # ---- keys

    def signs_with(self, key: str) -> bool:
        """True if the signer of a key is here."""
        with self._board.lock:
            lane = self._board.lanes.get(key)
            return lane is not None and lane.signer is not None

    def add_lane(self, partner: int, signer: Signer) -> None:
        """Use another signing key of a partner from now on."""
        with self._board.lock:
            self._board.add_lane(partner, signer.address, signer)
            self._board.lock.notify_all()

    def look_for_nonces(self) -> None:
        """Ask the chain for nonces again, of keys with nothing on its way: another sender has used them."""
        with self._board.lock:
            for lane in self._board.lanes.values():
                if not lane.in_flight and not lane.reserved:
                    lane.next_nonce = None

    # ---- the follower

    def applied(self, events: Sequence[tuple[Position, Event]], head_block: int) -> None:
        """As `settle`: what a listener of the follower is called with."""
        self.settle(events)
        with self._board.lock:
            self._board.block_told = head_block

    def rolled_back(self, from_block: int) -> None:
        """As `unsettle`: what a listener of the follower is called with."""
        self.unsettle(from_block)

    def settle(self, events: Sequence[tuple[Position, Event]]) -> None:
        """Tell callers what the chain decided. Called once the read model has these events, with whole transactions.

        Raises:
            IntegrityError: the outcomes of a transaction are not those of the operations that it carried.
        """
        board = self._board
        deliveries: list[Delivery] = []
        with board.lock:
            if any(isinstance(event, CampaignStarted | ProgrammeAnnounced) for _, event in events):
                board.open_campaigns.clear()
            for hash_, records in records_of(events, board.by_hash).items():
                deliveries += board.settled(board.by_hash[hash_], records[0].block, records)
        deliver(deliveries)

    def unsettle(self, from_block: int) -> None:
        """Blocks from this one on may be gone: what they decided is undecided again. The threads look, and send what is gone."""
        board = self._board
        with board.lock:
            board.block_told = min(board.block_told, from_block - 1)
            board.rolled_back_from = min(from_block, board.rolled_back_from or from_block)
            for sent in board.by_hash.values():
                sent.mined_at = None
            board.lock.notify_all()

    # ---- inside

    def _adopt_orphans(self) -> int:
        """Take over what processes left that are no more."""
        return sum(self._adopt(slot) for slot in self._outbox.slots() if self._slots.take(slot))

    def _adopt(self, slot: int) -> int:
        board = self._board
        entries = self._outbox.waiting(slot)
        keys = self._outbox.keys([slot])
        with board.lock:
            board.slots.add(slot)
            for key, partner in keys.items():
                if key not in board.lanes:
                    board.add_lane(partner, key)
            board.enter(entries)
            board.waiting.add(entries)
            board.page_again()
        self._watch.verifies = True
        return len(entries)
