"""Nonces: two senders with one key, gaps, a chain and an outbox that disagree."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, func, select

from coalition.chain.signer import KeySigner
from coalition.chain.transactions import sign_transaction
from coalition.ledger.operations import Kind
from coalition.submit import migrate, outcome
from coalition.submit.outbox import Outbox, Row
from coalition.submit.sequencer import Lane
from coalition.submit.storage import Storage
from coalition.submit.tables import transactions
from tests.submit.node import anvil_binary, running
from tests.submit.world import Desk, World, earn

Make = Callable[..., Desk]


@pytest.fixture
def other_engine(tmp_path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    migrate(engine)
    return engine


def foreign(world: World, nonce: int) -> None:
    """Somebody else uses a nonce of partner 1's key."""
    key = world.keys[1][0]
    raw, _ = sign_transaction(key, world.deployment.chain_id, nonce, key.address, b"", 30_000)
    world.rpc.call("eth_sendRawTransaction", ["0x" + raw.hex()])


def drain(desk: Desk, posted: list[object]) -> list[object]:
    return [outcome(future, 60) for future in posted]


def test_nonces_are_contiguous(desk: Make, world: World) -> None:
    one = desk()
    for receipt in range(12):
        assert outcome(one.post(earn(receipt))[0], 10).accepted

    assert world.nonce() == 12


def test_a_nonce_that_is_to_be_asked_again_while_it_is_used(
    desk: Make, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The thread that watches may find, between asking and signing, that a nonce was taken or that blocks are gone."""
    one = desk(starts=False)
    dispatcher, disturbed = one.submitter._dispatcher, []
    ask = dispatcher._ask_nonces

    def ask_and_be_disturbed(lanes: Sequence[Lane]) -> None:
        ask(lanes)
        if lanes and not disturbed:
            disturbed.extend(lanes)
            for lane in lanes:
                lane.next_nonce = None

    monkeypatch.setattr(dispatcher, "_ask_nonces", ask_and_be_disturbed)
    one.start()
    assert all(outcome(future, 60).accepted for future in one.post(earn(1), earn(2, partner=2)))

    assert disturbed and (world.nonce(1), world.nonce(2)) == (1, 1)
    assert not [record for record in caplog.records if "fault of the program" in record.message]


@pytest.mark.parametrize("same_outbox", [True, False])
def test_two_senders_with_one_key_lose_nothing_and_count_once(
    world: World, engine: Engine, other_engine: Engine, desk: Make, same_outbox: bool
) -> None:
    one, two = desk(), desk(engine=engine if same_outbox else other_engine)
    first, second = [], []
    for receipt in range(25):
        first += one.post(earn(receipt), earn(receipt, partner=2))
        second += two.post(earn(1000 + receipt), earn(receipt, partner=2))

    records = drain(one, first) + drain(two, second)

    counted = world.counted()
    wanted = {(1, receipt) for receipt in (*range(25), *range(1000, 1025))} | {(2, receipt) for receipt in range(25)}
    assert set(counted) == wanted and set(counted.values()) == {1}
    # Both may have signed the very same transaction: then both are told of the one outcome.
    assert len({(record.block, record.log) for record in records if record.accepted}) == len(wanted)
    assert {record.code.code for record in records if record.code} <= {"receipt_used"}


@pytest.mark.skipif(anvil_binary() is None, reason="anvil is not installed")
def test_two_homes_with_one_key_on_a_node_with_a_pool(other_engine: Engine, engine: Engine, desk: Make) -> None:
    from coalition.chain.rpc import HttpRpc

    with running() as anvil:
        world = World(HttpRpc(anvil.url))
        one, two = Desk(world, engine), Desk(world, other_engine)
        bulks = [one.submitter.post_many([earn(receipt) for receipt in range(at, at + 20)]) for at in range(0, 400, 20)]
        bulks += [
            two.submitter.post_many([earn(receipt) for receipt in range(at, at + 20)]) for at in range(200, 600, 20)
        ]
        records = [record for bulk in bulks for record in bulk.wait(60)]
        one.close()
        two.close()

        counted = world.counted()
        assert counted == {(1, receipt): 1 for receipt in range(600)}
        assert sum(record.accepted for record in records) == 600
        world.rpc.close()


def test_a_nonce_that_another_sender_took_is_noticed(desk: Make, world: World) -> None:
    one = desk()
    assert outcome(one.post(earn(1))[0], 10).accepted
    foreign(world, 1)

    assert outcome(one.post(earn(2))[0], 20).accepted
    assert outcome(one.post(earn(3))[0], 20).accepted
    assert world.counted() == {(1, 1): 1, (1, 2): 1, (1, 3): 1}


def recorded(world: World, engine: Engine, nonce: int) -> None:
    """A transaction without operations in the outbox, as a former process left it."""
    key = world.keys[1][0]
    raw, hash_ = sign_transaction(key, world.deployment.chain_id, nonce, key.address, b"", 30_000)
    storage = Storage(engine)
    Outbox(storage).record([Row(hash_, key.address, nonce, 0, 1, None, 0, array("q"), raw)])
    storage.close()


def test_a_gap_in_the_outbox_is_filled(desk: Make, world: World, engine: Engine, eventually: Callable) -> None:
    recorded(world, engine, 3)

    one = desk()
    assert outcome(one.post(earn(1))[0], 30).accepted

    eventually(lambda: one.submitter.status.is_idle)
    assert world.nonce() == 5


def test_a_gap_that_another_process_recorded_is_filled_with_its_transaction(
    desk: Make, world: World, engine: Engine, eventually: Callable
) -> None:
    one = desk()
    recorded(world, engine, 0)
    assert one.submitter._slots.held == {0}
    storage = Storage(engine)
    key = world.keys[1][0]
    raw, hash_ = sign_transaction(key, world.deployment.chain_id, 1, key.address, b"", 30_000)
    Outbox(storage).record([Row(hash_, key.address, 1, 5, 1, None, 0, array("q"), raw)])
    storage.close()

    assert outcome(one.post(earn(1))[0], 30).accepted
    assert world.nonce() == 3
    assert world.rpc.call("eth_getTransactionReceipt", [hash_]) is not None


def test_a_recorded_transaction_whose_nonce_was_taken_is_signed_again(
    desk: Make, world: World, engine: Engine, eventually: Callable
) -> None:
    one = desk(starts=False)
    one.submitter.post_many([earn(receipt) for receipt in range(3)])
    lane = one.submitter._board.lanes[world.keys[1][0].address]
    lane.page = None
    one.submitter._dispatcher.round()
    assert [sent.row.kind for sent in lane.in_flight.values()] == [Kind.EARN]
    one.close()
    foreign(world, 0)

    two = desk()
    eventually(lambda: two.submitter.status.is_idle)
    assert world.counted() == {(1, receipt): 1 for receipt in range(3)}
    assert world.nonce() == 2
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(transactions)).scalar() == 0


def test_several_keys_of_a_partner_are_lanes(world: World, desk: Make, eventually: Callable) -> None:
    """What the window of one key has no room for goes with the other."""
    second = KeySigner.random()
    world.operator.add_key(1, second.address)
    head = int(world.rpc.call("eth_getBlockByNumber", ["latest", False])["timestamp"], 16)
    world.rpc.call("evm_mine", [head + 3600])
    one = desk(lanes={1: [*world.keys[1], second]}, window=1, follows=False)

    bulks = []
    for at in range(2):
        bulks.append(one.submitter.post_many([earn(at * 10 + i) for i in range(10)]))
        eventually(lambda sent=at + 1: one.submitter.status.in_flight == sent)
    one.follows = True

    assert all(record.accepted for bulk in bulks for record in bulk.wait(30))
    nonces = world.nonce(), int(world.rpc.call("eth_getTransactionCount", [second.address, "latest"]), 16)
    assert nonces == (1, 1)


def test_a_key_that_may_not_post_yet_is_left_out(world: World, desk: Make) -> None:
    early = KeySigner.random()
    world.operator.add_key(1, early.address)
    one = desk(lanes={1: [early, *world.keys[1]]})

    for receipt in range(4):
        assert outcome(one.post(earn(receipt))[0], 20).accepted
    assert world.counted() == {(1, receipt): 1 for receipt in range(4)}


def test_a_key_that_comes_later_takes_up_what_waits(
    desk: Make, world: World, engine: Engine, eventually: Callable
) -> None:
    one = desk(starts=False)
    one.submitter.post_many([earn(receipt) for receipt in range(3)])
    one.close()
    two = desk(lanes={2: world.keys[2]})
    assert outcome(two.post(earn(1, partner=2))[0], 20).accepted
    assert two.submitter.pending_count == 3

    two.submitter.add_lane(1, world.keys[1][0])
    eventually(lambda: two.submitter.status.is_idle)
    assert len(world.counted()) == 4
