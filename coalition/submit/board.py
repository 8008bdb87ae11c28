"""What the threads of a submitter share: lanes, what waits, what is in flight, and who waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TypeAlias

from coalition.chain.deployment import Deployment
from coalition.chain.signer import Signer
from coalition.chain.transactions import gas_limit
from coalition.errors import ChainUnavailable, CoalitionError, IntegrityError, Unavailable
from coalition.ledger.operations import BATCH_MAX, Kind
from coalition.ledger.records import OperationRecord
from coalition.submit.figures import Figures
from coalition.submit.outcomes import Outcome, Waiter
from coalition.submit.sequencer import InFlight, Lane
from coalition.submit.submission import Entry, PendingKey, pending_key
from coalition.submit.waiting import DAY_SECONDS, Group, Waiting, award_count

__all__ = ["Board", "Checkpoint", "Delivery", "deliver"]

log = logging.getLogger("coalition.submit")

Checkpoint: TypeAlias = Callable[[str], None]
Delivery: TypeAlias = tuple[Sequence[Waiter], Outcome]


class Board:
    """Shared state. Methods are called with `lock` held, unless they say otherwise."""

    def __init__(
        self,
        deployment: Deployment,
        lanes: Mapping[int, Sequence[Signer]],
        *,
        by_day: bool,
        day_seconds: int = DAY_SECONDS,
        window: int,
        checkpoint: Checkpoint,
    ) -> None:
        self.lock = threading.Condition()
        self.deployment = deployment
        self.window = window
        self.checkpoint = checkpoint
        self.slot = 0
        self.gas_block: int | None = None
        self.open_campaigns: dict[int, int] = {}
        self.slots: set[int] = set()
        self.lanes: dict[str, Lane] = {}
        self.of_partner: dict[int, list[Lane]] = {}
        self.waiting = Waiting(self.largest, self.open_campaigns, by_day, day_seconds)
        self.pending: dict[PendingKey, Entry] = {}
        self.pending_count = 0
        self.by_hash: dict[str, InFlight] = {}
        self.done: list[tuple[str, int, Sequence[int]]] = []
        self.refused: list[tuple[str, Sequence[int]]] = []
        self.clearing = threading.Lock()
        self.rolled_back_from: int | None = None
        self.block_told = -1
        self.trouble: dict[str, str] = {}
        self.figures = Figures()
        self.closing = threading.Event()
        for partner, signers in lanes.items():
            for signer in signers:
                self.add_lane(partner, signer.address, signer)

    def add_lane(self, partner: int, key: str, signer: Signer | None = None) -> None:
        """A lane for a key; without `signer` it only sees recorded transactions through."""
        known = self.lanes.get(key)
        if known is not None:
            known.signer = signer or known.signer
            return
        lane = Lane(partner, key, signer, self.deployment, self.window)
        self.lanes[key] = lane
        self.of_partner.setdefault(partner, []).append(lane)

    def lane_with_room(self, partner: int) -> Lane | None:
        """The emptiest lane of a partner that can take another transaction."""
        now = time.monotonic()
        free = [lane for lane in self.of_partner.get(partner, ()) if lane.has_room()]
        awake = [lane for lane in free if lane.rests_until <= now]
        return min(awake or free, key=lambda lane: lane.unmined, default=None)

    def largest(self, kind: Kind, campaigns: int) -> int:
        """How many operations of a kind a transaction carries: what fits into a block's gas, at most 500."""
        base = gas_limit(kind, 0)
        each = gas_limit(kind, 1, campaigns) - base
        room = BATCH_MAX if self.gas_block is None else (self.gas_block - base) // each
        return max(1, min(BATCH_MAX, room))

    def campaigns_of(self, group: Group) -> int:
        """How many campaigns one operation of a group deals with at most."""
        if group.kind is Kind.EARN:
            return self.open_campaigns.get(group.partner, 0)
        return max(map(award_count, group.entries), default=0)

    def enter(self, entries: Iterable[Entry]) -> None:
        """Count operations as pending, so that the same ones join them."""
        for entry in entries:
            place = pending_key(entry.submission.partner, entry.submission.operation, entry.kind)
            self.pending.setdefault(place, entry)
            self.pending_count += 1

    def leave(self, entries: Iterable[Entry]) -> None:
        """The outcome of operations is known."""
        for entry in entries:
            place = pending_key(entry.submission.partner, entry.submission.operation, entry.kind)
            if self.pending.get(place) is entry:
                del self.pending[place]
            self.pending_count -= 1
        self.lock.notify_all()

    def launch(self, sent: InFlight) -> None:
        """A recorded transaction is to be sent."""
        self.register(sent)
        sent.launched_at = time.monotonic()
        sent.is_queued = True
        sent.lane.outgoing.append(sent)

    def register(self, sent: InFlight) -> None:
        """A recorded transaction is to be watched."""
        self.by_hash[sent.row.hash] = sent
        sent.lane.in_flight[sent.row.nonce] = sent

    def land(self, sent: InFlight) -> None:
        """A transaction needs no more watching."""
        self.by_hash.pop(sent.row.hash, None)
        if sent.lane.in_flight.get(sent.row.nonce) is sent:
            del sent.lane.in_flight[sent.row.nonce]

    def settled(self, sent: InFlight, block: int, records: Sequence[OperationRecord] | None) -> list[Delivery]:
        """A transaction was decided in `block`: return who is to be told what.

        Raises:
            IntegrityError: the outcomes are not those of the transaction's operations.
        """
        deliveries: list[Delivery] = []
        if records is not None and sent.entries:
            _compare(sent, records)
            deliveries = [
                (entry.waiters, record) for entry, record in zip(sent.entries, records, strict=True) if entry.waiters
            ]
        for bulk in sent.bulks:
            deliveries += [([(bulk, place)], record) for place, record in enumerate(records or ())]
        self.figures.settled(sent.entries, records)
        sent.tell_trails(block)
        self.land(sent)
        sent.lane.mined = max(sent.lane.mined, sent.row.nonce + 1)
        self.done.append((sent.row.hash, block, sent.row.ids))
        self.leave(sent.entries)
        return deliveries

    def rejected(self, entries: Sequence[Entry], error: CoalitionError, hash_: str = "") -> list[Delivery]:
        """Operations will never be decided by the ledger: return who is to be told so."""
        self.figures.rejected(entries, error.code)
        self.refused.append((hash_, [entry.id for entry in entries]))
        self.leave(entries)
        return [(entry.waiters, error) for entry in entries if entry.waiters]

    def given_up(self, sent: InFlight, error: CoalitionError) -> list[Delivery]:
        """A transaction will never count: return who is to be told so."""
        self.land(sent)
        told = [([(bulk, place) for place in range(len(bulk))], error) for bulk in sent.bulks]
        return [*told, *self.rejected(sent.entries, error, sent.row.hash)]

    def again(self, sent: InFlight, *, size: int | None = None) -> None:
        """Have the operations of a transaction signed anew, in groups of at most `size`."""
        self.land(sent)
        row, entries = sent.row, sent.entries
        if not entries:
            self.waiting.put_back(
                Group(row.partner, row.kind, [], row.size, call_data(row.raw), row.hash, gas=gas_of(row.raw))
            )
        size = size or len(entries)
        for start in range(0, len(entries), size or 1):
            part = entries[start : start + size]
            self.waiting.put_back(Group(row.partner, row.kind, part, len(part), None, "" if start else row.hash))
        self.lock.notify_all()

    @property
    def is_busy(self) -> bool:
        """True if something is left to do, also if it is still in the database."""
        if self.pending_count or self.by_hash or self.done or self.refused or self.rolled_back_from is not None:
            return True
        return any(lane.page is not None for lane in self.lanes.values())

    def page_again(self) -> None:
        """Recorded transactions are undecided that were not: the lanes have to look for them."""
        for lane in self.lanes.values():
            lane.page = -1
            lane.next_nonce = None
        self.lock.notify_all()

    def troubled(self, what: str, error: Exception | None) -> None:
        """Say once that something does not work, and once that it does again."""
        if error is None:
            if self.trouble.pop(what, None) is not None:
                log.warning("The %s works again; sending goes on.", what)
        elif what not in self.trouble:
            log.warning("The %s does not work; operations stay recorded and are sent later. %s", what, error)
            self.trouble[what] = str(error)

    def failed(self, work: str, error: Exception) -> None:
        """A thread could not do its `work`, and tries again later. Called without the lock."""
        if not isinstance(error, Unavailable):
            log.error("The %s met a fault of the program and tries again.", work, exc_info=error)
        part = "chain" if isinstance(error, ChainUnavailable) else "outbox"
        with self.lock:
            self.troubled(part if isinstance(error, Unavailable) else work, error)

    def works(self, work: str) -> None:
        """What failed before works. Called without the lock."""
        if work in self.trouble:
            with self.lock:
                self.troubled(work, None)

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond `close`. Called without the lock."""
        self.closing.wait(seconds)


def deliver(deliveries: Iterable[Delivery]) -> None:
    """Tell those who wait. Called without the lock: they may call back."""
    for waiters, outcome in deliveries:
        for sink, place in waiters:
            sink.deliver(place, outcome)


def call_data(raw: bytes) -> bytes:
    """The call data of a signed transaction."""
    data: bytes = import_module("rlp").decode(raw)[5]
    return data


def gas_of(raw: bytes) -> int:
    """The gas limit of a signed transaction."""
    return int.from_bytes(import_module("rlp").decode(raw)[2])


def _compare(sent: InFlight, records: Sequence[OperationRecord]) -> None:
    wanted = [(entry.submission.operation.receipt, entry.kind) for entry in sent.entries]
    if wanted != [(record.receipt, record.kind) for record in records]:
        raise IntegrityError(
            f"The outcomes of transaction {sent.row.hash} are not those of its {len(wanted)} operations. Audit.",
            transaction=sent.row.hash,
        )
