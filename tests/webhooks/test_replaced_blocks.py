"""A chain that replaces blocks after their events were told: what is new in them reaches the receiver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from coalition.index.queries import EventRow, Head, Place
from coalition.service.webhook_course import PAUSES_SECONDS
from tests.api.fakes import FakeBook
from tests.webhooks import world as worlds
from tests.webhooks.receiver import Receiver
from tests.webhooks.test_deliveries import LONGEST, settled
from tests.webhooks.world import World, account


class ForkingBook(FakeBook):
    """A book whose blocks are told by their transactions, so that another transaction makes another block."""

    def block_hash(self, block: int) -> str | None:
        return next((one.transaction for one in self.records if one.block == block), None)

    def head(self) -> Head:
        found = super().head()
        return replace(found, hash=self.block_hash(found.number) or found.hash)

    def events_after(self, partner: int, after: Place, depth: int, limit: int) -> list[EventRow] | None:
        if after.block_hash not in ("", self.block_hash(after.block)) and after.block > 0:
            return None
        return self._hashed(super().events_after(partner, after, depth, limit) or [])

    def events_at(self, partner: int, places: Sequence[tuple[int, int]]) -> list[EventRow]:
        return self._hashed(super().events_at(partner, places))

    def _hashed(self, rows: list[EventRow]) -> list[EventRow]:
        return [row._replace(block_hash=row.record.transaction) for row in rows]

    def fork(self, block: int, receipt: int) -> None:
        """Let another purchase of the same member be in that block."""
        before = self.records[block - 1]
        self.records[block - 1] = replace(before, receipt=receipt, transaction=f"0xf{block:063x}")


@pytest.fixture
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    """As elsewhere, over such a book."""
    monkeypatch.setattr(worlds, "FakeBook", ForkingBook)
    found: World = request.getfixturevalue("world")
    return found


@pytest.mark.parametrize("restarts", [False, True])
def test_what_replaces_an_event_that_is_put_aside_is_told(world: World, receiver: Receiver, restarts: bool) -> None:
    assert isinstance(world.book, ForkingBook)
    receiver.behaves = lambda came: 500 if came.member == account(1) else 204
    shown = world.webhooks.add(1, receiver.url)
    for member, receipt in ((1, 1), (2, 2), (1, 3)):
        world.earn(member, receipt)

    def forked() -> None:
        world.book.fork(3, 30)
        receiver.behaves = lambda came: 204
        world.pass_(PAUSES_SECONDS[0] * LONGEST)

    with world.node():
        world.wait(lambda: settled(world, shown, waiting=2))
        if not restarts:
            forked()
            world.wait(lambda: world.ring() is None and settled(world, shown) and "30" in receiver.receipts())
    if restarts:
        forked()
        with world.node():
            world.wait(lambda: world.ring() is None and settled(world, shown) and "30" in receiver.receipts())
    mine = list(dict.fromkeys(receiver.by_member()[account(1)]))
    assert mine == ["1", "30"]
    assert "3" not in receiver.receipts(), "it is not part of the chain any more"
