"""Webhooks over a book in memory, a database on the disk, and a clock that goes when told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from coalition.api.event_bodies import event_texts
from coalition.ledger.operations import Kind, Rejection
from coalition.ledger.records import OperationRecord
from coalition.service import LedgerService
from coalition.service.bell import Bell
from coalition.service.deliveries import Deliveries
from coalition.service.events import EventFeed
from coalition.service.sealing import Seal
from coalition.service.webhook_sender import Sender
from coalition.service.webhook_targets import Reach
from coalition.service.webhooks import WebhookService, WebhookShown
from coalition.submit import migrate
from coalition.submit.webhooks import WebhookStore
from tests.api.fakes import FakeBook, FakeTexts

SEAL = Seal(b"\7" * 32)
ATTEMPT_SECONDS = 30.0


class World:
    """One database and one book; nodes are started over them. `started` is the clock's first time."""

    def __init__(self, folder: Path, url: str | None = None, started: float | None = None) -> None:
        self.engine = sa.create_engine(url or f"sqlite:///{folder / 'outbox.db'}")
        migrate(self.engine)
        self.seconds = time.time() if started is None else started
        self.book = FakeBook()
        self.ledger = LedgerService(self.book, self.book, FakeTexts())  # type: ignore[arg-type]
        self.feed = EventFeed(self.book)  # type: ignore[arg-type]
        self.bell = Bell(everyone=True)
        self.store = WebhookStore(self.engine)
        self.webhooks = WebhookService(self.store, self.feed, SEAL, Reach.LOOPBACK, self.clock)
        self.nodes: list[Deliveries] = []
        self.attempt_seconds = ATTEMPT_SECONDS

    def clock(self) -> float:
        return self.seconds

    def earn(self, member: int, receipt: int, partner: int = 1, code: Rejection | None = None) -> None:
        """Let a purchase happen, in a block of its own."""
        block = len(self.book.records) + 1
        who = "" if code else account(member)
        fields = (who, 100, 1, None, 0, None, code, block, 0, 1_772_366_400 + block, f"0x{block:064x}")
        self.book.records.append(OperationRecord(partner, receipt, Kind.EARN, *fields))

    def ring(self) -> None:
        """Tell the nodes that something happened."""
        for node in self.nodes:
            node.wake()
        self.bell.applied([], 0)

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
        self.ring()

    def standing(self, shown: WebhookShown) -> WebhookShown:
        return self.webhooks.find(shown.row.partner, shown.row.id)

    def wait(self, until: Callable[[], bool], seconds: float = 90.0) -> None:
        ends = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < ends
            time.sleep(0.02)

    def deliveries(self) -> Deliveries:
        render = partial(event_texts, self.ledger)
        sender = Sender(Reach.LOOPBACK, self.clock, self.attempt_seconds)
        return Deliveries(self.engine, self.webhooks, self.feed, render, self.bell, sender, self.clock)

    @contextmanager
    def node(self) -> Iterator[Deliveries]:
        """A node that delivers."""
        found = self.deliveries()
        self.nodes.append(found)
        try:
            with found.running():
                yield found
        finally:
            self.nodes.remove(found)

    def close(self) -> None:
        self.store.close()
        self.engine.dispose()


def account(member: int) -> str:
    return f"0x{member:040x}"
