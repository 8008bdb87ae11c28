"""Blocks that go away: what they decided is sent again, and counts once on the chain that stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, func, select

from coalition.chain.rpc import HttpRpc
from coalition.submit import outcome
from coalition.submit.tables import transactions
from tests.submit.node import anvil_binary, running
from tests.submit.test_nonces import foreign
from tests.submit.world import Desk, World, earn

Make = Callable[..., Desk]


@pytest.fixture
def durable() -> Iterator[list[int]]:
    """The block that the chain cannot lose."""
    return [0]


def kept(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(transactions)).scalar() or 0


def back_to(world: World, snapshot: str) -> None:
    assert world.rpc.call("evm_revert", [snapshot])


def test_what_was_rolled_back_is_sent_again(desk: Make, world: World, durable: list[int], eventually: Callable) -> None:
    one = desk(durable_block=lambda: durable[0])
    assert outcome(one.post(earn(1))[0], 10).accepted
    eventually(lambda: one.submitter.status.is_idle)
    snapshot = world.rpc.call("evm_snapshot", [])
    assert all(outcome(future, 60).accepted for future in one.post(earn(2), earn(3, partner=2)))
    assert outcome(one.post(earn(4))[0], 10).accepted
    eventually(lambda: one.submitter.status.is_idle)

    back_to(world, snapshot)
    assert world.counted() == {(1, 1): 1}

    eventually(lambda: world.counted() == {(1, 1): 1, (1, 2): 1, (2, 3): 1, (1, 4): 1})
    eventually(lambda: one.submitter.status.is_idle)
    assert world.nonce() == 3 and world.rejected() == 0
    assert outcome(one.post(earn(5))[0], 10).accepted


def test_rolled_back_operations_are_signed_again_where_the_nonce_was_taken(
    desk: Make, world: World, durable: list[int], eventually: Callable
) -> None:
    one = desk(durable_block=lambda: durable[0])
    snapshot = world.rpc.call("evm_snapshot", [])
    assert outcome(one.post(earn(1, spend_minor=5))[0], 10).accepted
    eventually(lambda: one.submitter.status.is_idle)
    one.follows = False

    back_to(world, snapshot)
    foreign(world, 0)
    one.submitter.unsettle(one.next_block - 1)

    eventually(lambda: world.counted() == {(1, 1): 1})
    assert world.nonce() == 2 and world.balance(1) == 5


def test_a_submitter_that_was_away_notices_that_blocks_were_lost(
    desk: Make, world: World, durable: list[int], eventually: Callable
) -> None:
    one = desk(durable_block=lambda: durable[0])
    snapshot = world.rpc.call("evm_snapshot", [])
    bulk = one.submitter.post_many([earn(receipt) for receipt in range(20)])
    assert len(bulk.wait(20)) == 20
    eventually(lambda: one.submitter.status.is_idle)
    one.close()
    back_to(world, snapshot)

    two = desk(durable_block=lambda: durable[0])
    eventually(lambda: two.submitter.status.is_idle)
    assert world.counted() == {(1, receipt): 1 for receipt in range(20)}


def test_transactions_are_kept_until_their_block_is_durable(
    desk: Make, world: World, engine: Engine, durable: list[int], eventually: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coalition.submit.sender.FORGET_SECONDS", 0.05)
    one = desk(durable_block=lambda: durable[0])
    record = outcome(one.post(earn(1))[0], 10)
    eventually(lambda: one.submitter.status.is_idle)
    assert kept(engine) == 1

    durable[0] = record.block
    eventually(lambda: kept(engine) == 0)


def test_a_refused_transaction_that_is_rolled_back_leaves_no_gap(
    desk: Make, world: World, durable: list[int], eventually: Callable
) -> None:
    one = desk(durable_block=lambda: durable[0])
    world.operator.suspend_partner(1)
    snapshot = world.rpc.call("evm_snapshot", [])
    with pytest.raises(Exception, match="suspended"):
        outcome(one.post(earn(1))[0], 20)
    world.reinstate(1)
    assert outcome(one.post(earn(2))[0], 20).accepted
    eventually(lambda: one.submitter.status.is_idle)
    back_to(world, snapshot)
    world.reinstate(1)
    one.submitter.unsettle(0)

    eventually(lambda: world.counted() == {(1, 2): 1})
    assert world.nonce() == 2


@pytest.mark.skipif(anvil_binary() is None, reason="anvil is not installed")
def test_a_killed_chain_that_comes_back_older_gets_everything_again(
    engine: Engine, tmp_path: object, durable: list[int], eventually: Callable
) -> None:
    state = f"{tmp_path}/state.json"
    with running("--state", state, "--state-interval", "3600") as anvil:
        world = World(HttpRpc(anvil.url))
        anvil.stop()
        anvil.start("--state", state, "--state-interval", "3600")
        one = Desk(world, engine, durable_block=lambda: durable[0])
        for at in range(0, 300, 30):
            assert len(one.submitter.post_many([earn(at + i) for i in range(30)]).wait(30)) == 30
        before = world.counted()
        assert len(before) == 300

        anvil.kill()
        pending = one.submitter.post_many([earn(1000 + i) for i in range(30)])
        anvil.start("--state", state, "--state-interval", "3600")

        assert all(record.accepted for record in pending.wait(60))
        eventually(lambda: len(world.counted()) == 330, 60)
        eventually(lambda: one.submitter.status.is_idle, 60)
        assert set(world.counted().values()) == {1}
        one.close()
        world.rpc.close()


def test_what_the_follower_never_told_is_found_out(
    desk: Make, world: World, eventually: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where blocks were replaced between two of its looks."""
    monkeypatch.setattr("coalition.submit.watch.TOLD_SECONDS", 0.2)
    one = desk(follows=False)
    (future,) = one.post(earn(1))
    eventually(lambda: world.counted() == {(1, 1): 1})
    eventually(lambda: all(sent.mined_at for sent in one.submitter._board.by_hash.values()))
    one.submitter.applied([], 10_000)
    assert outcome(future, 10).accepted
    eventually(lambda: one.submitter.status.is_idle)


def test_nothing_is_forgotten_that_left_the_chain_before_anybody_noticed(
    desk: Make, world: World, engine: Engine, durable: list[int], eventually: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that slept while its chain was killed, restored, and stored again."""
    monkeypatch.setattr("coalition.submit.sender.FORGET_SECONDS", 0.05)
    one = desk(durable_block=lambda: durable[0])
    snapshot = world.rpc.call("evm_snapshot", [])
    record = outcome(one.post(earn(1))[0], 10)
    eventually(lambda: one.submitter.status.is_idle)
    assert kept(engine) == 1
    one.follows = False

    back_to(world, snapshot)
    for _ in range(5):
        world.rpc.call("evm_mine", [])
    durable[0] = record.block + 3

    eventually(lambda: world.counted() == {(1, 1): 1}, 20)
    assert kept(engine) == 1
