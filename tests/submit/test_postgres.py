"""The same outbox on PostgreSQL, shared by two nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, func, select, text

from coalition.submit import migrate, outcome
from coalition.submit.storage import Slots
from coalition.submit.tables import operations, transactions
from tests.submit.world import Desk, World, earn

Make = Callable[..., Desk]


@pytest.fixture
def engine(empty_server: str) -> Iterator[Engine]:
    engine = create_engine(empty_server)
    migrate(engine)
    migrate(engine)
    yield engine
    engine.dispose()


def rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return sum(connection.execute(select(func.count()).select_from(t)).scalar() for t in (operations, transactions))


def test_operations_are_counted_and_the_outbox_is_empty(
    desk: Make, world: World, engine: Engine, eventually: Callable
) -> None:
    one = desk()
    bulk = one.submitter.post_many([earn(receipt, of=receipt) for receipt in range(30)])

    assert all(record.accepted for record in bulk.wait(20))
    eventually(lambda: one.submitter.status.is_idle and rows(engine) == 0)


def test_two_nodes_with_one_key_and_one_database(desk: Make, world: World) -> None:
    one, two = desk(), desk()
    posted = []
    for receipt in range(20):
        posted += one.post(earn(receipt), earn(receipt, partner=2))
        posted += two.post(earn(1000 + receipt), earn(receipt, partner=2))
    records = [outcome(future, 60) for future in posted]

    counted = world.counted()
    assert len(counted) == 60 and set(counted.values()) == {1}
    assert sum(record.accepted for record in records) == 60


def test_a_dead_node_s_operations_are_taken_over(desk: Make, world: World, eventually: Callable) -> None:
    dead = desk(starts=False)
    dead.submitter.post_many([earn(receipt) for receipt in range(5)])
    dead.close()

    alive = desk()
    eventually(lambda: alive.submitter.status.is_idle)
    assert world.counted() == {(1, receipt): 1 for receipt in range(5)}


def test_a_slot_is_one_node_s(engine: Engine) -> None:
    one, two = Slots(engine), Slots(engine)
    assert (one.take_free(), two.take_free()) == (0, 1)
    assert not two.take(0)
    one.release()
    assert two.take(0)
    two.release()


def test_rolled_back_operations_are_sent_again(desk: Make, world: World, eventually: Callable) -> None:
    one = desk(durable_block=lambda: 0)
    snapshot = world.rpc.call("evm_snapshot", [])
    assert outcome(one.post(earn(1))[0], 20).accepted
    eventually(lambda: one.submitter.status.is_idle)
    assert world.rpc.call("evm_revert", [snapshot])

    eventually(lambda: world.counted() == {(1, 1): 1})


def test_a_database_that_is_gone_and_back(desk: Make, world: World, engine: Engine, eventually: Callable) -> None:
    one = desk()
    assert outcome(one.post(earn(1))[0], 20).accepted
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as other:
        other.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"))
    engine.dispose()
    for receipt in range(2, 6):
        eventually(lambda receipt=receipt: _posts(one, receipt))
    assert set(world.counted().values()) == {1} and len(world.counted()) == 5


def _posts(one: Desk, receipt: int) -> bool:
    from coalition.errors import Unavailable

    try:
        record = outcome(one.post(earn(receipt))[0], 20)
    except Unavailable:
        return False
    return record.accepted or record.code.code == "receipt_used"
