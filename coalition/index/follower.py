"""Following the chain: range after range, each in one database transaction, and back where blocks were replaced.

A range is its events, what they mean for every table, and the cursor, all or nothing: stopping anywhere, even by a
power cut, leaves a read model that is right as of its cursor, and the next start goes on from there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

from coalition.chain.deployment import Deployment
from coalition.chain.history import BlockHeader
from coalition.chain.rpc import Rpc
from coalition.index import book, projection
from coalition.index.database import reading, writing
from coalition.index.epochs import Epochs
from coalition.index.source import Mark, Range, Source
from coalition.index.telling import Listener, Telling

__all__ = ["Follower", "FollowerStatus", "Listener"]

POLL_SECONDS = 0.25
EAGER_SECONDS = 0.002
BACK_OFF_SECONDS_MAX = 10.0
KNOWN_BLOCKS = 64

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FollowerStatus:
    """How far the follower is. `block` was indexed last, `block_seen` is the chain's last as far as known, of the Unix time
    `time_seen`: never before that of what this follower has indexed.

    `current_at` is when the read model was last known to be at the head, on the monotonic clock; None if it never was.
    `error` is the fault of the last poll, None if it had none; `listener_error` the last that a listener raised.
    """

    running: bool
    block: int
    block_seen: int
    time_seen: int = 0
    current_at: float | None = None
    error: Exception | None = None
    listener_error: Exception | None = None

    @property
    def blocks_behind(self) -> int:
        """Blocks that are on the chain and not yet in the read model."""
        return max(0, self.block_seen - self.block)


class Follower:
    """Keeps the read model of `deployment` up to the head of the chain.

    Several followers may share a database: one of them writes a range, the others see that and go on after it.
    """

    def __init__(
        self,
        engine: Engine,
        rpc: Rpc,
        deployment: Deployment,
        listeners: Sequence[Listener] = (),
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._engine = engine
        self._deployment = deployment
        self._poll_seconds = poll_seconds
        self._source = Source(rpc, deployment)
        self._epochs: Epochs | None = None
        self._telling = Telling(self._source, listeners, deployment.block, self._note_listener)
        self._status = FollowerStatus(False, deployment.block - 1, deployment.block - 1)
        self._one_at_a_time = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def add_listener(self, listener: Listener) -> None:
        """Tell `listener` too, from the next range on."""
        self._telling.listeners.append(listener)

    def status(self) -> FollowerStatus:
        """Return how far the follower is, and its last fault."""
        return self._status

    def start(self) -> None:
        """Follow in a thread of its own until `stop`."""
        self._stopping.clear()
        self._thread = thread = threading.Thread(target=self.run, name="coalition-follower", daemon=True)
        thread.start()

    def stop(self) -> None:
        """End the thread after the range in hand."""
        self._stopping.set()
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def wake(self) -> None:
        """Poll now instead of at the next interval: for whoever knows that a block has come, or is about to."""
        self._wake.set()

    def run(self) -> None:
        """Poll until `stop`: at once after a block or a call of `wake`, then ever more slowly down to the interval.

        Faults are kept for `status` and tried again, ever more slowly, for ever.
        """
        self._note(running=True)
        pause = 0.0
        while not self._stopping.is_set():
            if self._wake.wait(pause):
                self._wake.clear()
                pause = 0.0
            try:
                if self._stopping.is_set() or self.poll():  # noqa: SIM108 -- polling is an effect, and stands alone
                    pause = 0.0
                else:
                    pause = min(self._poll_seconds, max(EAGER_SECONDS, 2 * pause))
            except Exception as error:
                if self._status.error is None:
                    log.warning("following failed, will try again: %s", error)
                self._note(error=error)
                pause = min(BACK_OFF_SECONDS_MAX, max(self._poll_seconds, pause * 2))
        self._note(running=False)

    def catch_up(self) -> int:
        """Poll until nothing is left to index; return the number of blocks indexed. Raises as `poll`."""
        total = 0
        while indexed := self.poll():
            total += indexed
        return total

    def poll(self) -> int:
        """Roll back what is no longer on the chain, then index one range; return the number of its blocks.

        0 means that the read model has reached the head.

        Raises:
            ChainUnavailable: the node does not answer, or its chain changed while it was read.
            Unavailable, StorageFull: the database does not take it. Nothing of the range was written.
            SetupError: `read_model_foreign`, `deployment_not_on_chain`, `database_not_migrated`.
            IntegrityError: the chain tells what cannot be. Audit.
        """
        with self._one_at_a_time:
            cursor = self._open()
            head = self._source.head()
            self._note(block_seen=head.number, time_seen=head.timestamp)
            if not self._source.holds(cursor, head):
                cursor = self._roll_back(cursor, head)
            self._telling.catch_up(_mark(cursor))
            indexed = 0
            if cursor.hash == "":
                self._source.check_deployment()
            if cursor.number < head.number:
                found = self._source.read(cursor, head)
                if self._write(cursor, found, head):
                    indexed = found.last.number - found.first + 1
                    cursor = replace(cursor, number=found.last.number)
                    self._telling.tell(found)
            if cursor.number >= head.number:
                self._note(current_at=time.monotonic())
            self._note(block=cursor.number, error=None)
            return indexed

    def _open(self) -> book.Cursor:
        if self._epochs is None:
            with writing(self._engine) as connection:
                book.open_book(connection, self._deployment)
                self._epochs = book.epochs_of(connection)
        with reading(self._engine) as connection:
            cursor = book.cursor_of(connection)
            if not self._telling.has_begun:
                self._telling.begin(_marks(connection, cursor))
        return cursor

    def _write(self, cursor: book.Cursor, found: Range, head: BlockHeader) -> bool:
        """Write a range; False if another follower was quicker."""
        assert self._epochs is not None
        with writing(self._engine) as connection:
            now = book.cursor_of(connection, lock=True)
            if (now.number, now.hash) != (cursor.number, cursor.hash):
                return False
            projection.project(connection, self._epochs, found.events, found.first, found.last.number)
            with_events = {position.block for position, _ in found.events}
            book.advance(connection, found.last, found.headers, with_events, head.number)
        return True

    def _roll_back(self, cursor: book.Cursor, head: BlockHeader) -> book.Cursor:
        ancestor = self._ancestor(cursor, head)
        with writing(self._engine) as connection:
            if (now := book.cursor_of(connection, lock=True)).hash != cursor.hash:
                return now
            projection.roll_back(connection, ancestor.number, cursor.number)
            book.go_back(connection, ancestor)
        log.warning("blocks %d to %d left the chain; rolled back", ancestor.number + 1, cursor.number)
        self._telling.go_back(_mark(cursor), _mark(ancestor))
        return ancestor

    def _ancestor(self, cursor: book.Cursor, head: BlockHeader) -> book.Cursor:
        """The newest block that both the read model and the chain know."""
        below = min(cursor.number, head.number) + 1
        while True:
            with reading(self._engine) as connection:
                known = book.known_blocks(connection, below, KNOWN_BLOCKS)
            if not known:
                self._source.check_deployment()
                return book.Cursor(self._deployment.block - 1, "", 0, head.number)
            hashes = self._source.hashes([number for number, _, _ in known])
            for number, hash_, timestamp in known:
                if hashes[number] == hash_:
                    return book.Cursor(number, hash_, timestamp, head.number)
            below = known[-1][0]

    def _note_listener(self, error: Exception) -> None:
        log.exception("a listener failed; the read model itself is right")
        self._note(listener_error=error)

    def _note(self, **changes: object) -> None:
        self._status = replace(self._status, **changes)  # type: ignore[arg-type]  # its fields, by name


def _mark(cursor: book.Cursor) -> Mark:
    return Mark(cursor.number, cursor.hash)


def _marks(connection: Connection, cursor: book.Cursor) -> list[Mark]:
    """Blocks of the read model up to the cursor, oldest first, ever further apart the older they are."""
    if cursor.hash == "":
        return []
    found = {cursor.number: _mark(cursor)}
    distance = 1
    while known := book.known_blocks(connection, cursor.number + 1 - distance, 1):
        ((number, hash_, _),) = known
        found[number] = Mark(number, hash_)
        distance = 2 * (cursor.number - number) + 1
    return [found[number] for number in sorted(found)]
