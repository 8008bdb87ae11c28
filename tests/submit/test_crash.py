"""The process dies at each of its steps: after a restart everything that was recorded is counted, once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, func, select

from coalition.chain.rpc import HttpRpc
from coalition.submit import outcome
from coalition.submit.tables import operations, transactions
from tests.submit.crash_process import CRASHED
from tests.submit.node import ROOT, anvil_binary, running
from tests.submit.world import Desk, Faulty, World, earn

pytestmark = pytest.mark.skipif(anvil_binary() is None, reason="anvil is not installed")

POINTS = [
    ("operations_recorded", 1),
    ("operations_recorded", 2),
    ("signed", 1),
    ("signed", 2),
    ("transactions_recorded", 1),
    ("transactions_recorded", 2),
    ("sent", 1),
    ("sent", 2),
    ("mined", 1),
    ("mined", 2),
    ("settled", 1),
    ("settled", 2),
    ("cleared", 1),
    ("cleared", 2),
]


@pytest.fixture(scope="module")
def deployed() -> Iterator[World]:
    with running() as anvil:
        rpc = HttpRpc(anvil.url)
        yield World(rpc)
        rpc.close()


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    """The same chain for every test, back at its start."""
    snapshot = deployed.rpc.call("evm_snapshot", [])
    yield deployed
    deployed.rpc.call("evm_revert", [snapshot])


def crash(world: World, engine: Engine, point: str, count: int) -> None:
    url = world.rpc.url
    command = [sys.executable, "-m", "tests.submit.crash_process", url, world.deployment.to_json()]
    done = subprocess.run([*command, str(engine.url), point, str(count)], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == CRASHED


@pytest.mark.parametrize(("point", "count"), POINTS)
def test_nothing_is_lost_and_nothing_counts_twice(
    world: World, engine: Engine, desk: Callable[..., Desk], eventually: Callable, point: str, count: int
) -> None:
    crash(world, engine, point, count)

    one = desk()
    eventually(lambda: one.submitter.status.is_idle)

    wanted = {(1, receipt) for receipt in range(6)} | {(2, receipt) for receipt in range(4)}
    second = {(1, receipt) for receipt in range(100, 105)}
    counted = world.counted()
    assert set(counted.values()) == {1}
    if count == 2 and point != "operations_recorded" and second & set(counted):
        wanted |= second
    assert set(counted) in (wanted, wanted | second)
    assert world.rejected() == 0, "something was sent twice"
    eventually(lambda: _rows(engine) == 0)
    for receipt in range(6):
        again = outcome(one.post(earn(receipt, of=receipt % 3))[0], 20)
        assert again.code is not None and again.code.code == "receipt_used"
    assert set(world.counted().values()) == {1}


@pytest.mark.parametrize("point", ["operations_recorded", "transactions_recorded", "sent"])
def test_a_till_that_asks_again_after_the_crash_gets_its_record(
    world: World, engine: Engine, desk: Callable[..., Desk], point: str
) -> None:
    crash(world, engine, point, 1)

    one = desk()
    record = outcome(one.post(earn(3, of=0))[0], 20)

    assert record.accepted or record.code.code == "receipt_used"
    assert world.counted()[1, 3] == 1


def test_a_restart_is_not_stopped_by_a_missing_node(
    world: World, engine: Engine, desk: Callable[..., Desk], eventually: Callable
) -> None:
    crash(world, engine, "transactions_recorded", 1)
    node = Faulty(world.rpc)
    node.is_down = True
    one = desk(rpc=node)
    eventually(lambda: bool(one.submitter.status.trouble))
    eventually(lambda: one.submitter.pending_count == 10)

    node.is_down = False
    eventually(lambda: one.submitter.pending_count == 0)
    assert len(world.counted()) == 10 and not one.submitter.status.trouble


def _rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return sum(connection.execute(select(func.count()).select_from(t)).scalar() for t in (operations, transactions))
