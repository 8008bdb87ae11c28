"""Transactions that a partner signed itself: relayed, seen through, and never signed again."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from coalition.chain.codec import encode_batch
from coalition.chain.signed import read_transaction
from coalition.chain.signer import KeySigner
from coalition.chain.tester import TesterRpc
from coalition.chain.transactions import gas_limit, sign_transaction
from coalition.errors import AccessDenied, CoalitionError, InputError, OutcomePending
from coalition.ledger.operations import Earn, Kind
from coalition.submit import outcome
from coalition.submit.submitter import Row
from coalition.submit.tables import transactions
from tests.submit.world import Desk, World, earn, member

Make = Callable[..., Desk]
OWN = KeySigner(bytes(31) + b"\x33")


@pytest.fixture(scope="module")
def deployed() -> World:
    """With a third partner, which keeps its key."""
    world = World(TesterRpc(start_timestamp=1_700_000_000))
    assert world.operator.add_partner("Own", f"0x{0xDEF003:040x}", OWN.address, "EUR", 10_000) == 3
    return world


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    """The same chain for every test, back at its start."""
    snapshot = deployed.rpc.call("evm_snapshot", [])
    yield deployed
    deployed.rpc.call("evm_revert", [snapshot])


@pytest.fixture
def engine(either_engine: Engine) -> Engine:
    return either_engine


def signed(world: World, nonce: int, *receipts: int, signer: KeySigner = OWN, partner: int = 3, gas: int = 0) -> Row:
    data = encode_batch(Kind.EARN, [Earn(member(1), receipt, 100, True) for receipt in receipts])
    limit = gas or gas_limit(Kind.EARN, len(receipts))
    raw, hash_ = sign_transaction(signer, world.deployment.chain_id, nonce, world.deployment.ledger, data, limit)
    return Row(hash_, signer.address, nonce, 0, partner, Kind.EARN, len(receipts), array("q"), raw, relayed=True)


def take_in(desk: Desk, row: Row) -> Any:
    bulk = desk.submitter.relay.take_in(row)
    assert bulk is not None
    return bulk


def rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(transactions)).scalar_one())


def test_each_operation_has_its_outcome(desk: Make, world: World, engine: Engine, eventually: Any) -> None:
    one = desk()
    records = take_in(one, signed(world, 0, 7, 8, 7)).wait(20)
    assert [(record.receipt, record.accepted) for record in records] == [(7, True), (8, True), (7, False)]
    assert records[2].code.code == "receipt_used"
    eventually(lambda: one.submitter.status.is_idle and rows(engine) == 0)


def test_two_callers_share_one_transaction(desk: Make, world: World) -> None:
    one = desk(follows=False)
    row = signed(world, 0, 7)
    first, second = take_in(one, row), take_in(one, row)
    one.follows = True
    assert first.wait(20) == second.wait(20)
    assert world.counted() == {(3, 7): 1}


def test_two_processes_of_one_outbox_share_it_too(desk: Make, world: World) -> None:
    one, two = desk(follows=False), desk(follows=False)
    row = signed(world, 0, 7)
    first = take_in(one, row)
    assert two.submitter.relay.take_in(row) is None
    found = two.submitter.relay.recorded(row.hash)
    assert found is not None and found.raw == row.raw
    one.follows = True
    assert first.wait(20)[0].accepted


def test_another_transaction_with_the_nonce_is_refused(desk: Make, world: World) -> None:
    one = desk(follows=False)
    take_in(one, signed(world, 0, 7))
    with pytest.raises(InputError) as raised:
        one.submitter.relay.take_in(signed(world, 0, 8))
    assert raised.value.code == "nonce_used"


def test_a_gap_is_the_partners_to_fill(desk: Make, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coalition.submit.watch.HOLE_SECONDS", 0.05)
    monkeypatch.setattr("coalition.submit.watch.RESEND_SECONDS", 0.05)
    one = desk()
    later = take_in(one, signed(world, 1, 8))
    with pytest.raises(OutcomePending):
        later.wait(1)
    assert world.rpc.call("eth_getTransactionCount", [OWN.address, "latest"]) == "0x0", "nobody here has the key"

    assert take_in(one, signed(world, 0, 7)).wait(20)[0].accepted
    assert later.wait(20)[0].accepted
    assert world.counted() == {(3, 7): 1, (3, 8): 1}


def test_it_is_sent_again_after_a_restart(desk: Make, world: World, engine: Engine, eventually: Any) -> None:
    row = signed(world, 0, 7, 8)
    gone = Desk(world, engine, starts=False)
    gone.submitter.relay.take_in(row)
    gone.submitter.close()
    assert world.counted() == {}

    one = desk()
    eventually(lambda: world.counted() == {(3, 7): 1, (3, 8): 1})
    eventually(lambda: one.submitter.status.is_idle and rows(engine) == 0)


def test_what_the_partner_overtook_itself_is_told_and_not_signed_again(
    desk: Make, world: World, monkeypatch: pytest.MonkeyPatch, engine: Engine, eventually: Any
) -> None:
    """The partner has a key with the coalition too: its operations do not go over to that one."""
    monkeypatch.setattr("coalition.submit.watch.RELAYED_MISSING_SECONDS", 0.1)
    other = KeySigner(bytes(31) + b"\x34")
    world.operator.add_key(3, other.address)
    world.rpc.call(
        "evm_mine", [hex(int(world.rpc.call("eth_getBlockByNumber", ["latest", False])["timestamp"], 16) + 90)]
    )
    one = desk(lanes=world.keys | {3: [other]}, starts=False)
    bulk = take_in(one, signed(world, 0, 7))
    world.rpc.call("eth_sendRawTransaction", ["0x" + signed(world, 0, 9).raw.hex()])
    one.start()

    (error,) = bulk.wait(20)
    assert isinstance(error, InputError) and error.code == "nonce_used"
    eventually(lambda: rows(engine) == 0)
    assert outcome(one.post(earn(10, partner=3))[0], 20).accepted
    assert world.counted() == {(3, 9): 1, (3, 10): 1}


def test_a_refusal_of_the_whole_is_told_to_all(desk: Make, world: World, engine: Engine, eventually: Any) -> None:
    one = desk()
    world.operator.suspend_partner(3)
    errors = take_in(one, signed(world, 0, 7, 8)).wait(20)
    assert [(type(error), error.code) for error in errors] == [(AccessDenied, "partner_not_active")] * 2
    eventually(lambda: one.submitter.status.is_idle and rows(engine) == 0)
    assert world.counted() == {}


def test_a_key_that_is_kept_here_is_not_relayed_for(desk: Make, world: World) -> None:
    one = desk()
    with pytest.raises(InputError) as raised:
        one.submitter.relay.take_in(signed(world, 0, 7, signer=world.keys[1][0], partner=1))
    assert raised.value.code == "key_kept_here"
    assert one.submitter.signs_with(world.keys[1][0].address) and not one.submitter.signs_with(OWN.address)


def test_who_waits_at_the_end_is_told_so(desk: Make, world: World) -> None:
    one = Desk(world, desk(starts=False).submitter._storage.engine, follows=False)
    bulk = take_in(one, signed(world, 5, 7))
    one.close()
    (error,) = bulk.wait(1)
    assert isinstance(error, CoalitionError) and error.code == "outcome_pending"


def test_a_block_that_was_lost_is_made_up_for(desk: Make, world: World, eventually: Any) -> None:
    one = desk(durable_block=lambda: 0)
    before = world.rpc.call("evm_snapshot", [])
    row = signed(world, 0, 7)
    assert take_in(one, row).wait(20)[0].accepted
    eventually(lambda: not one.submitter.status.in_flight)
    world.rpc.call("evm_revert", [before])
    assert world.counted() == {}

    eventually(lambda: world.counted() == {(3, 7): 1})
    assert read_transaction(row.raw).hash == row.hash
