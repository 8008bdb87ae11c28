"""The disk: full, and with room again; one outbox and several processes."""

from __future__ import annotations

import os
import subprocess
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import Engine, create_engine, event, inspect, text

from coalition.errors import SetupError, StorageFull
from coalition.ledger.operations import Kind
from coalition.submit import migrate, outcome, storage
from coalition.submit.outbox import Outbox
from coalition.submit.rows import Row
from coalition.submit.storage import Slots, Storage
from coalition.submit.tables import SLOT_SHIFT
from tests.submit.world import Desk, World, earn

Make = Callable[..., Desk]


def limit(desk: Desk) -> Callable[[int | None], None]:
    """Lets the outbox grow by so many pages; None: without limit."""
    pages: list[int] = [1 << 30]
    engine = desk.submitter._storage.engine

    def used(connection: object, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages[0]}")

    event.listen(engine, "checkout", used)

    def set_limit(more: int | None) -> None:
        with engine.connect() as connection:
            count = connection.execute(text("PRAGMA page_count")).scalar() or 0
            free = connection.execute(text("PRAGMA freelist_count")).scalar() or 0
        pages[0] = 1 << 30 if more is None else count - free + free + more

    return set_limit


def test_a_full_disk_is_said_and_nothing_is_signed(desk: Make, world: World) -> None:
    one = desk()
    assert outcome(one.post(earn(1))[0], 10).accepted
    set_limit = limit(one)
    set_limit(0)
    with pytest.raises(StorageFull):
        one.submitter.post_many([earn(receipt) for receipt in range(100, 5000)])
    assert one.submitter.pending_count == 0

    set_limit(None)
    assert outcome(one.post(earn(2))[0], 20).accepted
    assert outcome(one.post(earn(100))[0], 20).accepted
    assert world.counted() == {(1, 1): 1, (1, 2): 1, (1, 100): 1}


def test_a_disk_that_is_full_for_signed_transactions_sends_nothing_until_there_is_room(
    desk: Make, world: World, eventually: Callable
) -> None:
    one = desk(starts=False)
    set_limit = limit(one)
    bulk = one.submitter.post_many([earn(receipt) for receipt in range(400)])
    set_limit(0)
    one.start()

    eventually(lambda: "outbox" in one.submitter.status.trouble)
    assert world.nonce() == 0 and bulk.open == 400
    set_limit(None)

    assert all(record.accepted for record in bulk.wait(30))
    eventually(lambda: one.submitter.status.is_idle)
    assert not one.submitter.status.trouble
    assert world.nonce() == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("a disk of its own cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(file: IO[bytes]) -> None:
    while True:
        file.write(bytes(4096))


def post_without_end(one: Desk) -> None:
    for start in range(2, 40_000, 50):
        one.submitter.post_many([earn(receipt) for receipt in range(start, start + 50)])


def test_a_disk_that_is_really_full(small_disk: Path, world: World, desk: Make, eventually: Callable) -> None:
    engine = create_engine(f"sqlite:///{small_disk / 'outbox.db'}")
    migrate(engine)
    one = desk(engine=engine)
    assert outcome(one.post(earn(1))[0], 10).accepted
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        fill(file)

    with pytest.raises(StorageFull):
        post_without_end(one)
    ballast.unlink()

    eventually(lambda: one.submitter.status.is_idle, 30)
    assert outcome(one.post(earn(100_000))[0], 20).accepted
    assert set(world.counted().values()) == {1}
    one.close()
    engine.dispose()


def test_migrating_twice_is_harmless_and_has_a_version_table_of_its_own(engine: Engine) -> None:
    migrate(engine)
    tables = inspect(engine).get_table_names()
    assert {"submit_operations", "submit_transactions", "alembic_version_submit"} <= set(tables)


def test_the_tables_are_those_of_the_migrations(engine: Engine, tmp_path: Path) -> None:
    from coalition.submit.tables import metadata

    other = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    metadata.create_all(other)
    for table in metadata.tables:
        wanted, found = inspect(other).get_columns(table), inspect(engine).get_columns(table)
        assert [(c["name"], str(c["type"]), c["nullable"]) for c in found] == [
            (c["name"], str(c["type"]), c["nullable"]) for c in wanted
        ]
        assert inspect(other).get_unique_constraints(table) == inspect(engine).get_unique_constraints(table)
        assert inspect(other).get_indexes(table) == inspect(engine).get_indexes(table)
    other.dispose()


def test_commits_are_durable_against_power_cuts(engine: Engine) -> None:
    storage = Storage(engine)
    with storage.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    storage.close()


def test_a_slot_is_one_process_s_until_it_is_gone(engine: Engine) -> None:
    one, two = Slots(engine), Slots(engine)
    assert (one.take_free(), two.take_free()) == (0, 1)
    assert not two.take(0)
    one.release()
    assert two.take(0)
    two.release()


def test_an_outbox_has_an_end_of_parts(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "SLOTS_MAX", 2)
    others, one = [Slots(engine), Slots(engine)], Slots(engine)
    assert [other.take_free() for other in others] == [0, 1]

    with pytest.raises(SetupError) as refused:
        one.take_free()
    assert refused.value.code == "outbox_in_use"
    others[0].release()
    assert one.take_free() == 0
    one.release()
    others[1].release()


def test_ids_stay_in_their_slot_where_transactions_carry_what_was_taken_over(engine: Engine) -> None:
    taken_over, key = (1 << SLOT_SHIFT) + 41, "0x" + "ab" * 20
    one = Storage(engine)
    outbox = Outbox(one)
    outbox.record([Row("0x" + "cd" * 32, key, 0, 0, 1, Kind.EARN, 2, array("q", [7, taken_over]), b"raw")])
    assert (outbox.last_id(0), outbox.last_id(1), outbox.last_id(2)) == (7, taken_over, 2 << SLOT_SHIFT)
    one.close()


def test_what_a_dead_process_left_is_taken_over_while_others_run(
    desk: Make, world: World, engine: Engine, eventually: Callable
) -> None:
    dead, alive = desk(starts=False), desk()
    dead.submitter.post_many([earn(receipt) for receipt in range(5)])
    assert outcome(alive.post(earn(100))[0], 10).accepted
    dead.close()

    alive.submitter._sender._adopt_at = 0.0
    assert outcome(alive.post(earn(101))[0], 10).accepted
    eventually(lambda: alive.submitter.status.is_idle and len(world.counted()) == 7)
