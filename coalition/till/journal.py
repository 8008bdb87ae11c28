"""A till's journal: lines that are only ever appended, each on the disk before anybody hears of it.

A line is the CRC-32 of a JSON text in eight hexadecimal digits, a space, the text, and a line feed. When the machine goes off in
the middle of a line, that line is not whole: it is cut off at the next start, and nobody had heard of it. A line that is damaged
elsewhere stops the till, since what it said is not known.
"""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Journal", "JournalDamaged"]

Record = Mapping[str, Any]


class JournalDamaged(Exception):
    """A line in the middle of the journal is not what was written."""


class Journal:
    """The file. One process at a time writes; several may take turns, and each sees what the others wrote."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = 0
        self.records: list[Record] = []

    @contextmanager
    def open(self) -> Iterator[Appender]:
        """Hold the journal, with `records` up to date, until the block ends.

        Raises:
            JournalDamaged: a line before the last one is not whole.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._catch_up(descriptor)
            yield Appender(self, descriptor)
        finally:
            os.close(descriptor)  # and gives the lock back

    def append(self, descriptor: int, record: Record) -> None:
        """Write one record; it is on the disk when this returns. See `Appender`."""
        text = json.dumps(record, separators=(",", ":")).encode()
        line = b"%08x %s\n" % (zlib.crc32(text), text)
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
        self._read_to += len(line)
        self.records.append(json.loads(text))

    def _catch_up(self, descriptor: int) -> None:
        """Read what is new, and cut off what was torn."""
        size = os.fstat(descriptor).st_size
        content = os.pread(descriptor, size - self._read_to, self._read_to)
        if self._read_to == 0 and size == 0:
            _sync_folder(self._path.parent)  # so that the file itself is there after a power cut
        while content:
            line, feed, rest = content.partition(b"\n")
            record = _read(line) if feed else None
            if record is None:
                if rest:
                    raise JournalDamaged(
                        f"{self._path}: the line at byte {self._read_to} is not what was written. Restore the journal, or set "
                        "the till up anew with another number: what this one signed is not known."
                    )
                os.ftruncate(descriptor, self._read_to)
                os.fsync(descriptor)
                return
            self.records.append(record)
            self._read_to += len(line) + 1
            content = rest


class Appender:
    """A journal that is held."""

    def __init__(self, journal: Journal, descriptor: int) -> None:
        self._journal = journal
        self._descriptor = descriptor

    def append(self, record: Record) -> None:
        """Write one record; it is on the disk when this returns."""
        self._journal.append(self._descriptor, record)


def _read(line: bytes) -> Record | None:
    """What a line says; None if it is not whole."""
    sum_, space, text = line.partition(b" ")
    if not space or sum_ != b"%08x" % zlib.crc32(text):
        return None
    record: Record = json.loads(text)
    return record


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
