"""The journal: whole lines only, whatever became of the last one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from coalition.till import Journal, JournalDamaged


def written(path: Path, *records: dict[str, object]) -> bytes:
    journal = Journal(path)
    with journal.open() as appender:
        for record in records:
            appender.append(record)
    return path.read_bytes()


def read(path: Path) -> list[dict[str, object]]:
    journal = Journal(path)
    with journal.open():
        return [dict(record) for record in journal.records]


def test_what_is_appended_is_read(tmp_path: Path) -> None:
    records = [{"n": number, "text": "ä\n"} for number in range(20)]
    written(tmp_path / "journal", *records)
    assert read(tmp_path / "journal") == records


def test_a_line_torn_at_any_byte_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = written(path, {"n": 1}, {"n": 2})
    first = whole.index(b"\n") + 1
    for length in range(first, len(whole)):
        path.write_bytes(whole[:length])
        assert read(path) == [{"n": 1}], length
        assert path.read_bytes() == whole[:first], "it is gone from the disk too"
        assert written(path, {"n": 3}).count(b"\n") == 2
        assert read(path) == [{"n": 1}, {"n": 3}]


@pytest.mark.parametrize("damage", [b"\0" * 9, b"11111111 ", b""])
def test_a_last_line_whose_beginning_never_reached_the_disk_is_cut_off(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "journal"
    whole = written(path, {"n": 1}, {"n": 2})
    first = whole.index(b"\n") + 1
    path.write_bytes(whole[:first] + damage + whole[first + 9 :])
    assert read(path) == [{"n": 1}]


def test_damage_elsewhere_stops_the_till(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    whole = bytearray(written(path, {"n": 1}, {"n": 2}, {"n": 3}))
    whole[whole.index(b"\n") + 14] ^= 1
    path.write_bytes(whole)
    with pytest.raises(JournalDamaged, match="at byte"):
        read(path)
    assert path.read_bytes() == whole, "nothing was changed"


def test_writers_take_turns_and_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "journal"

    def write(who: int) -> None:
        journal = Journal(path)
        for _ in range(25):
            with journal.open() as appender:
                appender.append({"n": len(journal.records) + 1, "who": who})

    writers = [threading.Thread(target=write, args=(who,)) for who in range(3)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert [record["n"] for record in read(path)] == list(range(1, 76))
