"""What listeners are told where several followers share a read model, blocks are replaced, and the node fails meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from coalition.chain.rpc import Rpc
from coalition.errors import ChainUnavailable
from coalition.index import rebuild, telling
from coalition.index.follower import Follower
from tests.index.support import Books
from tests.index.witnesses import Heard


class Cut:
    """A node that fails at the batches of these numbers, after doing something."""

    def __init__(self, rpc: Rpc, *fails_at: int, and_then: Callable[[], object] = lambda: None) -> None:
        self._rpc = rpc
        self._fails_at = fails_at
        self._and_then = and_then
        self.batches = 0

    def call(self, method: str, params: list[Any]) -> Any:
        return self._rpc.call(method, params)

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        self.batches += 1
        if self.batches in self._fails_at:
            self._and_then()
            raise ChainUnavailable("The node is gone.")
        return self._rpc.batch(calls)


def head(books: Books) -> int:
    return int(books.rpc.call("eth_blockNumber", []), 16)


def following(books: Books, engine: Engine, rpc: Rpc | None = None) -> tuple[Follower, Heard]:
    """A follower that has reached the head."""
    heard = Heard()
    follower = Follower(engine, rpc or books.rpc, books.deployment, [heard])
    follower.catch_up()
    return follower, heard


def replace_blocks(books: Books, snapshot: str, blocks: int) -> None:
    """Go back, and on by so many blocks that are others than those before."""
    assert books.rpc.call("evm_revert", [snapshot])
    books.wait(9)
    for receipt in range(900, 900 + blocks - 1):
        books.earn(2, 1, receipt)


@pytest.mark.parametrize("beyond", [-3, 0, 1, 4])
def test_blocks_that_another_follower_took_back_and_replaced_are_told(
    fresh: Books, engine: Engine, beyond: int
) -> None:
    """Also where it is as far again as before, or further."""
    quick, _ = following(fresh, engine)
    slow, heard = following(fresh, engine)
    heard.events.clear()
    fresh.earn(1, 0, 1)
    slow.catch_up()
    kept = head(fresh)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    for receipt in range(2, 8):
        fresh.earn(1, 0, receipt)
        slow.catch_up()
    assert [found for found in fresh.events() if found[0].block >= kept] == heard.events

    replace_blocks(fresh, snapshot, 6 + beyond)
    quick.catch_up()
    slow.catch_up()

    assert heard.rolled_back_from == [kept + 1]
    assert heard.heads[-1] == head(fresh) == kept + 6 + beyond
    assert heard.events == [found for found in fresh.events() if found[0].block >= kept]


def test_what_a_failing_node_kept_from_being_told_is_told_later(fresh: Books, engine: Engine) -> None:
    quick, _ = following(fresh, engine)
    cut = Cut(fresh.rpc)
    slow, heard = following(fresh, engine, cut)
    before = head(fresh)
    for receipt in range(1, 7):
        fresh.earn(1, 0, receipt)
    quick.catch_up()
    slow._source._span = 2
    cut._fails_at = (cut.batches + 6, cut.batches + 8)
    failures = 0
    while failures < 2:
        try:
            slow.catch_up()
        except ChainUnavailable:
            failures += 1
    assert heard.heads[-1] < head(fresh)

    slow.catch_up()

    assert heard.rolled_back_from == []
    assert heard.events == [found for found in fresh.events() if found[0].block > before]


def test_blocks_that_are_replaced_while_they_are_told_are_told_anew(fresh: Books, engine: Engine) -> None:
    quick, _ = following(fresh, engine)
    cut = Cut(fresh.rpc)
    slow, heard = following(fresh, engine, cut)
    before = head(fresh)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    for receipt in range(1, 7):
        fresh.earn(1, 0, receipt)
    quick.catch_up()
    slow._source._span = 2

    class Switching(Cut):
        def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
            found = super().batch(calls)
            if self.batches == 5:
                replace_blocks(fresh, snapshot, 8)
            return found

    slow._source._rpc = Switching(fresh.rpc)
    with pytest.raises(ChainUnavailable) as caught:
        slow.poll()
    assert caught.value.code == "chain_reorganised"
    slow.catch_up()
    assert heard.events == [found for found in fresh.events() if found[0].block > before]


def test_a_follower_knows_what_came_before_its_start(fresh: Books, engine: Engine) -> None:
    """Blocks that were told to nobody here are told, too, once they are replaced: listeners may hold something of them."""
    for _ in range(60):
        fresh.rpc.call("evm_mine", [])
    quick, _ = following(fresh, engine)
    kept = head(fresh)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    for receipt in range(1, 40):
        fresh.earn(1, 0, receipt)
    quick.catch_up()
    late, heard = following(fresh, engine)
    assert heard.events == []

    replace_blocks(fresh, snapshot, 50)
    quick.catch_up()
    late.catch_up()

    (from_block,) = heard.rolled_back_from
    assert kept - 40 <= from_block <= kept + 1
    assert heard.events == [found for found in fresh.events() if found[0].block >= from_block]


def test_a_read_model_that_is_built_anew_is_told_again(fresh: Books, engine: Engine) -> None:
    follower, heard = following(fresh, engine)
    fresh.earn(1, 0, 1)
    follower.catch_up()
    rebuild.rebuild(engine, fresh.rpc, fresh.deployment)
    fresh.earn(1, 0, 2)
    follower.catch_up()
    assert heard.events[-2:] == fresh.events()[-2:]
    assert heard.heads[-1] == head(fresh)


def test_of_a_long_way_few_marks_are_kept_and_one_is_near_wherever_it_goes_back_to(
    fresh: Books, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "MARKS_MAX", 40)
    quick, _ = following(fresh, engine)
    slow, heard = following(fresh, engine)
    heard.events.clear()
    snapshots = {}
    for at in range(120):
        if at in (60, 100):
            snapshots[at] = (head(fresh), fresh.rpc.call("evm_snapshot", []))
        fresh.earn(1, 0, at)
        slow.catch_up()
    assert len(slow._telling._marks) <= 41

    for at, steps in ((100, 20), (60, 60)):
        kept, snapshot = snapshots[at]
        replace_blocks(fresh, snapshot, steps + 2)
        quick.catch_up()
        slow.catch_up()
        assert kept + 1 - steps // 4 <= heard.rolled_back_from[-1] <= kept + 1
        assert heard.events == fresh.events()[-len(heard.events) :]
        assert heard.heads[-1] == head(fresh)
