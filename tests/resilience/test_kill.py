"""Processes that die while a file is loaded: loaded again, every row counts once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.cli.process import TIMEOUT, coalition, left_running, spawn, wait_until
from tests.resilience.conftest import check_book, write_purchases

ROWS = 3_000


def kill_loads(home: Path, file: Path, chance: random.Random, times: int, longest: float) -> int:
    """Kill so many loads at random moments; return how many were still running."""
    killed = 0
    for _ in range(times):
        load = spawn(home, "load", file)
        time.sleep(chance.uniform(0.5, longest))
        killed += load.poll() is None
        load.kill()
        load.communicate()
    return killed


def loaded_to_the_end(home: Path, file: Path) -> dict[str, int]:
    result: dict[str, int] = coalition(home, "load", file, "--json").json
    return result


def test_a_load_that_is_killed_counts_each_row_once(home: Path, tmp_path: Path) -> None:
    purchases = write_purchases(tmp_path / "purchases.csv", ROWS)
    kill_loads(home, purchases.path, random.Random(20_261), 3, 6.0)
    last = loaded_to_the_end(home, purchases.path)
    assert last["accepted"] + last["replayed"] == ROWS == last["rows"] and last["refused"] == 0
    again = loaded_to_the_end(home, purchases.path)
    assert (again["accepted"], again["replayed"]) == (0, ROWS)
    check_book(home, purchases)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(10))
def test_loads_that_are_killed_over_and_over(template: Path, tmp_path: Path, seed: int) -> None:
    """50 kills in all: five of a file each, with the file growing in between."""
    home = shutil.copytree(template, tmp_path / "home")
    purchases = write_purchases(tmp_path / "purchases.csv", 20_000, seed)
    kill_loads(home, purchases.path, random.Random(seed), 5, 10.0)
    last = loaded_to_the_end(home, purchases.path)
    assert last["accepted"] + last["replayed"] == purchases.rows
    check_book(home, purchases)


def anvils(home: Path) -> list[int]:
    return [int(line.split()[0]) for line in left_running(home) if "anvil" in "".join(line.split()[1:2])]


def test_a_load_goes_on_by_itself_when_its_chain_is_killed(home: Path, tmp_path: Path) -> None:
    purchases = write_purchases(tmp_path / "purchases.csv", 10_000)
    load = spawn(home, "load", purchases.path, "--json")
    wait_until(lambda: bool(anvils(home)))
    outbox = home / "outbox.db-wal"
    wait_until(lambda: outbox.exists() and outbox.stat().st_size > 2_000_000)
    for process in anvils(home):
        os.kill(process, signal.SIGKILL)
    out, err = load.communicate(timeout=TIMEOUT)
    assert load.returncode == 0, out + err
    assert "Traceback" not in err
    first = json.loads(out.splitlines()[-1])
    assert first["accepted"] + first["replayed"] == purchases.rows and first["refused"] == 0
    again = loaded_to_the_end(home, purchases.path)
    assert (again["accepted"], again["replayed"]) == (0, purchases.rows)
    check_book(home, purchases)
