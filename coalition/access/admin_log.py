"""The log of administrative calls: only added to, and chained, so that a row that was changed or taken out is seen.

A row's hash is SHA-256 over the hash of the row before and the row's own content. Number and hash of the last row are kept
apart; whoever notes them elsewhere sees later whether rows were taken off the end, too.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update

from coalition.errors import IntegrityError
from coalition.submit.storage import Storage
from coalition.submit.tables import access_heads, access_log

__all__ = ["DONE", "PAGE_MAX", "AdminLog", "AdminRow", "Head"]

DONE = "done"
PAGE_MAX = 200
TARGET_MAX = 200
START = bytes(32)
w = access_log.c
h = access_heads.c


@dataclass(frozen=True, slots=True)
class AdminRow:
    """One administrative call. `actor` is a key's id or whoever ran a command; `outcome` is `done` or the code of the error.

    `at` in Unix seconds; `partner` is whose affairs it was about, None for the coalition's.
    """

    number: int
    at: int
    actor: str
    partner: int | None
    action: str
    target: str
    outcome: str
    source: str

    def chained(self, before: bytes) -> bytes:
        """Return the row's hash after that of the row before."""
        return hashlib.sha256(before + json.dumps(astuple(self)).encode()).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """Number and hash of a row, 32 bytes: as much of the log as up to it is the one that this was told of."""

    number: int
    hash: bytes


class AdminLog:
    """The log in the database of the outbox, shared by its nodes and the commands. `clock` tells Unix seconds."""

    def __init__(self, storage: Storage, clock: Callable[[], float] = time.time) -> None:
        self._storage = storage
        self._clock = clock

    def add(self, actor: str, partner: int | None, action: str, target: str, outcome: str, source: str) -> None:
        """Write a call down.

        Raises:
            StorageFull, Unavailable: it was not written down.
        """
        with self._storage.transaction() as connection:
            last = connection.execute(select(access_heads).where(h.name == "log").with_for_update()).one()
            row = AdminRow(
                last.number + 1, int(self._clock()), actor, partner, action, target[:TARGET_MAX], outcome, source
            )
            hashed = row.chained(bytes(last.hash))
            connection.execute(insert(access_log).values(**_fields(row), hash=hashed))
            head = update(access_heads).where(h.name == "log")
            connection.execute(head.values(number=row.number, hash=hashed))

    def page(self, *, partner: int | None = None, before: int | None = None, limit: int = PAGE_MAX) -> list[AdminRow]:
        """Return rows, newest first: of one partner, or all; those with numbers below `before`."""
        wanted = select(access_log).order_by(w.number.desc()).limit(limit)
        if partner is not None:
            wanted = wanted.where(w.partner == partner)
        if before is not None:
            wanted = wanted.where(w.number < before)
        with self._storage.reading() as connection:
            return [_row(one) for one in connection.execute(wanted)]

    def verify(self, known: Head | None = None) -> Head:
        """Follow the chain from its first row to its last and return that; `known` is a head that was noted earlier.

        Raises:
            IntegrityError: `admin_log_broken`, with the `number` of the row where it is.
        """
        before = Head(0, START)
        with self._storage.reading() as connection:
            end = connection.execute(select(access_heads).where(h.name == "log")).one()
            for one in connection.execute(
                select(access_log).where(w.number <= end.number).order_by(w.number),
                execution_options={"yield_per": 1_000},
            ):
                row = _row(one)
                if row.number != before.number + 1:
                    raise _broken(before.number + 1, "is missing")
                before = Head(row.number, row.chained(before.hash))
                if before.hash != bytes(one.hash):
                    raise _broken(row.number, "is not as it was written")
                if known is not None and known.number == row.number and known.hash != before.hash:
                    raise _broken(row.number, "is not the one that was noted")
        if before != Head(end.number, bytes(end.hash)) or (known is not None and known.number > before.number):
            raise _broken(before.number + 1, "is missing")
        return before


def _fields(row: AdminRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def _row(one: Row[Any]) -> AdminRow:
    return AdminRow(one.number, one.at, one.actor, one.partner, one.action, one.target, one.outcome, one.source)


def _broken(number: int, what: str) -> IntegrityError:
    return IntegrityError(f"The log is broken: row {number} {what}.", code="admin_log_broken", number=number)
