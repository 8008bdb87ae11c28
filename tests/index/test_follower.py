"""Following with others, with listeners, and through faults."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from coalition.chain.rpc import RpcError
from coalition.errors import ChainUnavailable, IntegrityError, SetupError, StorageFull, Unavailable
from coalition.index.database import open_database, writing
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from coalition.index.rebuild import rebuild
from coalition.ledger.events import Event, Position
from tests.index.support import DAY, Books, contents, followed, opened
from tests.index.witnesses import Heard, busy, rebuilt

# ---- several followers, and listeners


def test_two_followers_of_one_database_write_everything_once_and_both_tell_it(
    fresh: Books, engine: Engine, tmp_path: Path
) -> None:
    opened = int(fresh.rpc.call("eth_blockNumber", []), 16)
    heard = [Heard(), Heard()]
    followers = [Follower(engine, fresh.rpc, fresh.deployment, [one], poll_seconds=0.01) for one in heard]
    for follower in followers:
        follower.poll()
        follower.start()
    busy(fresh)
    fresh.post_end_of_holds()
    last = fresh.rpc.call("eth_blockNumber", [])
    deadline = time.monotonic() + 20
    while any(one.heads[-1:] != [int(last, 16)] for one in heard) and time.monotonic() < deadline:
        time.sleep(0.02)
    for follower in followers:
        follower.stop()
        assert follower.status().error is None
        assert not follower.status().running
    assert contents(engine) == rebuilt(fresh, tmp_path)
    both = [[found for found in one.events if found[0].block > opened] for one in heard]
    assert both[0] == both[1] != []


def test_a_range_that_another_follower_wrote_meanwhile_is_not_written_again(fresh: Books, engine: Engine) -> None:
    busy(fresh)
    slow, quick = (Follower(engine, fresh.rpc, fresh.deployment) for _ in range(2))
    read = slow._source.read

    def overtaken(*given: Any) -> Any:
        found = read(*given)
        quick.catch_up()
        return found

    slow._source.read = overtaken  # type: ignore[method-assign]
    assert slow.poll() == 0
    assert slow.status().error is None
    assert slow.poll() == 0
    assert slow.status().block == quick.status().block == Queries(engine).head().number


def test_a_listener_is_told_after_the_commit_and_its_error_stays_its_own(fresh: Books, engine: Engine) -> None:
    class Curious(Heard):
        def applied(self, events: Sequence[tuple[Position, Event]], head_block: int) -> None:
            super().applied(events, head_block)
            assert Queries(engine).head().number == head_block
            raise ValueError("not my day")

    heard = Heard()
    follower = Follower(engine, fresh.rpc, fresh.deployment, [Curious(), heard])
    fresh.earn(1, 0, 1)
    indexed = follower.poll()
    assert indexed
    assert heard.events == fresh.events()
    error = follower.status().listener_error
    assert isinstance(error, ValueError)
    assert str(error) == "not my day"


# ---- faults


def test_the_run_loop_reports_a_fault_and_goes_on_when_it_is_over(fresh: Books, engine: Engine) -> None:
    class Cut:
        down = True

        def call(self, method: str, params: list[Any]) -> Any:
            if self.down:
                raise ChainUnavailable("The node does not answer.")
            return fresh.rpc.call(method, params)

        def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
            return fresh.rpc.batch(calls)

    rpc = Cut()
    follower = Follower(engine, rpc, fresh.deployment, poll_seconds=0.01)
    follower.start()
    until(lambda: isinstance(follower.status().error, ChainUnavailable))
    assert follower.status().running
    rpc.down = False
    follower.wake()
    until(lambda: follower.status().error is None and follower.status().block == Queries(engine).head().number)
    follower.stop()
    assert Queries(engine).head().number == int(fresh.rpc.call("eth_blockNumber", []), 16)


def test_a_block_that_comes_a_moment_after_the_wake_is_not_left_for_the_interval(fresh: Books, engine: Engine) -> None:
    follower = Follower(engine, fresh.rpc, fresh.deployment, poll_seconds=3_600)
    follower.catch_up()
    follower.start()
    follower.wake()
    time.sleep(0.02)
    fresh.earn(1, 0, 1)
    head = fresh.rpc.call("eth_getBlockByNumber", ["latest", False])
    until(lambda: follower.status().block == int(head["number"], 16))
    assert follower.status().time_seen == int(head["timestamp"], 16)
    follower.stop()


def until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_node_that_refuses_long_ranges_gets_shorter_ones(fresh: Books, engine: Engine) -> None:
    class Narrow:
        def call(self, method: str, params: list[Any]) -> Any:
            if method == "eth_getLogs" and int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) > 3:
                raise RpcError(-32_005, "query returned more than 10000 results")
            return fresh.rpc.call(method, params)

        def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
            return fresh.rpc.batch(calls)

    busy(fresh)
    followed(engine, fresh)
    expected = contents(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("DELETE FROM book")
    rebuild(engine, Narrow(), fresh.deployment)
    assert contents(engine) == expected


def test_a_full_disk_is_an_error_of_its_own_and_writes_nothing(fresh: Books, tmp_path: Path) -> None:
    engine = opened(tmp_path / "small.db")
    follower = followed(engine, fresh)
    rows = contents(engine)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1"))
    for receipt in range(3):
        fresh.post_many(receipt)
    with pytest.raises(StorageFull):
        follower.catch_up()
    assert contents(engine) == rows


def test_a_locked_database_is_an_error_of_its_own(fresh: Books, tmp_path: Path) -> None:
    opened(tmp_path / "index.db").dispose()
    engine = open_database(f"sqlite:///{tmp_path / 'index.db'}", busy_seconds=0)
    follower = Follower(engine, fresh.rpc, fresh.deployment)
    other = sqlite3.connect(tmp_path / "index.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE").close()
    with pytest.raises(Unavailable) as caught:
        follower.poll()
    assert caught.value.code == "database_locked"
    other.execute("ROLLBACK").close()
    other.close()
    assert follower.catch_up() > 0
    engine.dispose()


def test_a_writer_keeps_others_out_from_its_beginning(engine: Engine, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "index.db", isolation_level=None, timeout=0)
    with writing(engine), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_database_without_tables_says_what_to_do(fresh: Books, tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(SetupError, match="migrations"):
        Follower(engine, fresh.rpc, fresh.deployment).poll()
    with pytest.raises(SetupError) as caught:
        Queries(engine).head()
    assert caught.value.code == "database_not_migrated"
    engine.dispose()


def test_readers_never_wait_for_the_follower(fresh: Books, engine: Engine) -> None:
    followed(engine, fresh)
    with writing(engine) as connection:
        connection.exec_driver_sql("DELETE FROM operations")
        assert Queries(engine).head().number > 0


def test_a_deployment_file_with_other_epochs_is_refused(fresh: Books, engine: Engine) -> None:
    from dataclasses import replace

    with pytest.raises(IntegrityError) as caught:
        Follower(engine, fresh.rpc, replace(fresh.deployment, epoch_length=DAY)).catch_up()
    assert caught.value.code == "deployment_contradicts"
