"""The log of administrative calls: only added to, and chained, so that a row that was changed or taken out is seen.

A call is written down before it takes effect, and what came of it in a second row that names the first.

A row's hash is SHA-256 over the hash of the row before and the row's own content. Number and hash of the last row are kept
apart; whoever notes them elsewhere sees later whether rows were taken off the end, too.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from coalition.errors import IntegrityError
from coalition.submit.storage import Storage
from coalition.submit.tables import access_heads, access_log

__all__ = ["BEGUN", "DONE", "PAGE_MAX", "AdminLog", "AdminRow", "Head"]

BEGUN = "begun"
DONE = "done"
PAGE_MAX = 200
TARGET_MAX = 200
START = bytes(32)
w = access_log.c
h = access_heads.c


@dataclass(frozen=True, slots=True)
class AdminRow:
    """One administrative call. `actor` is a key's id or whoever ran a command; `outcome` is `done` or the code of the error.

    It is `begun` before the call takes effect; the row of the outcome has the number of that row as its `begun`. `at` in Unix
    seconds; `partner` is whose affairs it was about, None for the coalition's.
    """

    number: int
    at: int
    actor: str
    partner: int | None
    action: str
    target: str
    outcome: str
    source: str
    begun: int | None = None

    def chained(self, before: bytes) -> bytes:
        """Return the row's hash after that of the row before."""
        *content, begun = astuple(self)
        named = content if begun is None else [*content, begun]
        return hashlib.sha256(before + json.dumps(named).encode()).digest()


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

    def begin(self, actor: str, partner: int | None, action: str, target: str, source: str) -> int:
        """Write a call down before it takes effect, and return its number.

        Raises:
            StorageFull, Unavailable: it was not written down, and may not be done.
        """
        with self._storage.transaction() as connection:
            return self._add(connection, AdminRow(0, 0, actor, partner, action, target, BEGUN, source))

    def end(self, number: int, outcome: str, target: str = "", partner: int | None = None) -> None:
        """Write down what came of the call that began as `number`; `target` and `partner` where they are known only now.

        Raises:
            StorageFull, Unavailable: it was not written down: the call stays `begun`.
        """
        with self._storage.transaction() as connection:
            first = _row(connection.execute(select(access_log).where(w.number == number)).one())
            known = replace(first, target=target or first.target, partner=first.partner if partner is None else partner)
            self._add(connection, replace(known, outcome=outcome, begun=number))

    def add(self, actor: str, partner: int | None, action: str, target: str, outcome: str, source: str) -> None:
        """Write a call down that is over, because it was refused before it could take effect. Raises as `begin`."""
        with self._storage.transaction() as connection:
            self._add(connection, AdminRow(0, 0, actor, partner, action, target, outcome, source))

    def _add(self, connection: Connection, row: AdminRow) -> int:
        last = connection.execute(select(access_heads).where(h.name == "log").with_for_update()).one()
        row = replace(row, number=last.number + 1, at=int(self._clock()), target=row.target[:TARGET_MAX])
        hashed = row.chained(bytes(last.hash))
        connection.execute(insert(access_log).values(**_fields(row), hash=hashed))
        connection.execute(update(access_heads).where(h.name == "log").values(number=row.number, hash=hashed))
        return row.number

    def page(self, *, partner: int | None = None, before: int | None = None, limit: int = PAGE_MAX) -> list[AdminRow]:
        """Return calls with what is known of their outcomes, newest first: of one partner, or all; numbers below `before`."""
        first, last = access_log.alias(), access_log.alias()
        f, e = first.c, last.c
        shown = [func.coalesce(e[name], f[name]).label(name) for name in ("partner", "target", "outcome")]
        wanted = (
            select(f.number, f.at, f.actor, f.action, f.source, f.begun, *shown)
            .join_from(first, last, e.begun == f.number, isouter=True)
            .where(f.begun.is_(None))
            .order_by(f.number.desc())
            .limit(limit)
        )
        if partner is not None:
            wanted = wanted.where(or_(f.partner == partner, e.partner == partner))
        if before is not None:
            wanted = wanted.where(f.number < before)
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
    fields = one.number, one.at, one.actor, one.partner, one.action, one.target, one.outcome, one.source, one.begun
    return AdminRow(*fields)


def _broken(number: int, what: str) -> IntegrityError:
    return IntegrityError(f"The log is broken: row {number} {what}.", code="admin_log_broken", number=number)
