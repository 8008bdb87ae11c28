"""Databases that are lost, shared, or full: the chain still decides, and each purchase counts once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import TIMEOUT, coalition, left_running, spawn
from tests.resilience.conftest import check_book, write_purchases

ROWS = 400


def forget(home: Path, *names: str) -> None:
    for name in names:
        for file in home.glob(f"{name}.db*"):
            file.unlink()


def test_databases_that_are_lost_are_made_again_from_the_chain(home: Path, tmp_path: Path) -> None:
    purchases = write_purchases(tmp_path / "purchases.csv", ROWS)
    assert coalition(home, "load", purchases.path, "--json").json["accepted"] == ROWS
    for lost in (["index"], ["outbox"], ["index", "outbox"]):
        forget(home, *lost)
        again = coalition(home, "load", purchases.path, "--json").json
        assert (again["accepted"], again["replayed"], again["refused"]) == (0, ROWS, 0), lost
    check_book(home, purchases)


def test_two_processes_load_the_same_file_into_one_ledger(home: Path, tmp_path: Path) -> None:
    purchases = write_purchases(tmp_path / "purchases.csv", 2_000)
    copy = Path(shutil.copy(purchases.path, tmp_path / "copy.csv"))
    both = [spawn(home, "load", file, "--json") for file in (purchases.path, copy)]
    ended = [(process, *process.communicate(timeout=TIMEOUT)) for process in both]
    reports = []
    for process, out, err in ended:
        assert process.returncode == 0, out + err
        reports.append(json.loads(out))
    assert all(report["rows"] == purchases.rows and report["refused"] == 0 for report in reports)
    assert sum(report["accepted"] for report in reports) <= purchases.rows
    check_book(home, purchases)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may make a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_to_be_full_and_the_load_goes_on_after_it(
    template: Path, small_disk: Path, tmp_path: Path
) -> None:
    home = shutil.copytree(template, small_disk / "home")
    purchases = write_purchases(tmp_path / "purchases.csv", 25_000)
    full = coalition(home, "load", purchases.path, "--json", status=1)
    assert full.json["error"]["code"] == "storage_full"
    assert "room" in full.err or "space" in full.err
    assert left_running(home) == []

    subprocess.run(["mount", "-o", "remount,size=400m", str(small_disk)], check=True)
    last = coalition(home, "load", purchases.path, "--json").json
    assert last["accepted"] + last["replayed"] == purchases.rows
    check_book(home, purchases)
