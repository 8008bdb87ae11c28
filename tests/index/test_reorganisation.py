"""Following back where blocks were replaced or went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from coalition.chain import tester
from coalition.errors import ChainUnavailable, SetupError
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from tests.index.support import EPOCH, START, Books, contents, followed
from tests.index.witnesses import Heard, busy, rebuilt


def test_replaced_blocks_are_rolled_back_to_the_common_ancestor(fresh: Books, engine: Engine, tmp_path: Path) -> None:
    busy(fresh)
    before = followed(engine, fresh)
    ancestor = before.status().block
    at_ancestor = contents(engine)
    heard = Heard()
    follower = Follower(engine, fresh.rpc, fresh.deployment, [heard])
    follower.catch_up()
    snapshot = fresh.rpc.call("evm_snapshot", [])
    fresh.post_end_of_holds()
    fresh.correct(1, 20, 10_000, 1)
    fresh.earn(1, 3, 21)
    fresh.wait(2 * EPOCH)
    fresh.earn(2, 0, 22)
    follower.catch_up()
    old = heard.events[:]
    assert fresh.rpc.call("evm_revert", [snapshot])
    assert old

    fresh.earn(2, 2, 30)
    fresh.redeem(1, 0, 31, 50)
    for _ in range(4):
        fresh.earn(2, 1, 32 + _)
    follower.catch_up()

    assert heard.rolled_back_from == [ancestor + 1]
    assert heard.events == [found for found in fresh.events() if found[0].block > ancestor]
    assert contents(engine) == rebuilt(fresh, tmp_path)
    assert contents(engine) != at_ancestor


def test_a_chain_restored_to_an_older_state_is_followed_back(fresh: Books, engine: Engine) -> None:
    busy(fresh)
    followed(engine, fresh)
    at_ancestor = contents(engine)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    fresh.post_end_of_holds()
    fresh.correct(1, 20, 10_000, 1)
    heard = Heard()
    follower = Follower(engine, fresh.rpc, fresh.deployment, [heard])
    follower.catch_up()
    assert contents(engine) != at_ancestor

    fresh.rpc.call("evm_revert", [snapshot])
    follower.catch_up()

    assert contents(engine) == at_ancestor
    assert len(heard.rolled_back_from) == 1
    assert follower.status().blocks_behind == 0


def test_a_change_far_back_is_found_among_the_blocks_with_events(fresh: Books, engine: Engine, tmp_path: Path) -> None:
    fresh.earn(1, 0, 1)
    kept = int(fresh.rpc.call("eth_blockNumber", []), 16)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    fresh.earn(1, 0, 2)
    for _ in range(300):
        fresh.rpc.call("evm_mine", [])
    heard = Heard()
    follower = Follower(engine, fresh.rpc, fresh.deployment, [heard])
    follower.catch_up()
    fresh.rpc.call("evm_revert", [snapshot])
    fresh.wait(10)
    fresh.earn(1, 1, 3)
    for _ in range(305):
        fresh.rpc.call("evm_mine", [])
    follower.catch_up()
    assert heard.rolled_back_from == [kept + 1]
    assert contents(engine) == rebuilt(fresh, tmp_path)
    assert [record.receipt for record in Queries(engine).history().items] == [3, 1]


def test_a_range_that_does_not_follow_the_cursor_is_not_written(fresh: Books, engine: Engine, tmp_path: Path) -> None:
    class Switching:
        """Another branch from the second question for a header on: after the cursor was found to be on the chain."""

        batches = 0

        def call(self, method: str, params: list[Any]) -> Any:
            return fresh.rpc.call(method, params)

        def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
            self.batches += 1
            if self.batches == 2:
                fresh.rpc.call("evm_revert", [snapshot])
                fresh.wait(7)
                for receipt in range(20, 26):
                    fresh.earn(2, 1, receipt)
            return fresh.rpc.batch(calls)

    fresh.earn(1, 0, 1)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    fresh.earn(1, 0, 2)
    followed(engine, fresh)
    rows = contents(engine)
    for receipt in range(3, 7):
        fresh.earn(1, 0, receipt)
    follower = Follower(engine, Switching(), fresh.deployment)
    follower._source._span = 1
    with pytest.raises(ChainUnavailable) as caught:
        follower.poll()
    assert caught.value.code == "chain_reorganised"
    assert contents(engine) == rows
    follower.catch_up()
    assert contents(engine) == rebuilt(fresh, tmp_path)


def test_another_chain_with_the_same_addresses_is_refused_and_nothing_is_lost(
    fresh: Books, engine: Engine, tmp_path: Path
) -> None:
    busy(fresh)
    followed(engine, fresh)
    other = Books(tester.TesterRpc(START + 1))
    other.earn(1, 0, 77)
    assert other.deployment.ledger == fresh.deployment.ledger
    rows = contents(engine)
    with pytest.raises(SetupError) as caught:
        Follower(engine, other.rpc, other.deployment).catch_up()
    assert caught.value.code == "read_model_foreign"
    with pytest.raises(SetupError) as caught:
        Follower(engine, other.rpc, fresh.deployment).catch_up()
    assert caught.value.code == "deployment_not_on_chain"
    assert contents(engine) == rows


def test_a_chain_that_ends_before_the_deployment_is_refused_and_nothing_is_lost(fresh: Books, engine: Engine) -> None:
    busy(fresh)
    follower = followed(engine, fresh)
    rows = contents(engine)
    follower._source._rpc = tester.TesterRpc(START)
    with pytest.raises(SetupError) as caught:
        follower.poll()
    assert caught.value.code == "deployment_not_on_chain"
    assert contents(engine) == rows


@pytest.mark.parametrize("empty_before", [False, True])
def test_a_chain_that_changes_while_it_is_read_is_read_again(
    fresh: Books, engine: Engine, tmp_path: Path, empty_before: bool
) -> None:
    class Flickering:
        """Answers the first question for logs from a chain that then goes."""

        def __init__(self) -> None:
            self.asked = 0

        def call(self, method: str, params: list[Any]) -> Any:
            answer = fresh.rpc.call(method, params)
            if method == "eth_getLogs":
                self.asked += 1
                if self.asked == 1:
                    fresh.rpc.call("evm_revert", [snapshot])
                    fresh.wait(5)
                    fresh.earn(1, 1, 3)
            return answer

        def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
            return [self.call(method, params) for method, params in calls]

    fresh.earn(1, 0, 1)
    followed(engine, fresh)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    if empty_before:
        fresh.rpc.call("evm_mine", [])
        fresh.rpc.call("evm_mine", [])
    else:
        fresh.earn(1, 0, 2)
    follower = Follower(engine, Flickering(), fresh.deployment)
    with pytest.raises(ChainUnavailable) as caught:
        follower.poll()
    assert caught.value.code == "chain_reorganised"
    follower.catch_up()
    assert contents(engine) == rebuilt(fresh, tmp_path)
