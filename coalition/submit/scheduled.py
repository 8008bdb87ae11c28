"""Purchases that earn later: written down at once, posted when they are due, reduced until then.

Rows stay when they are settled: they say that a receipt was scheduled, so that a retry is answered and other content is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, bindparam, insert, select, text, union_all, update
from sqlalchemy.exc import DBAPIError

from coalition.errors import OutcomePending, Unavailable
from coalition.submit.storage import Storage
from coalition.submit.tables import reductions, scheduled_earns

__all__ = ["CLAIM_SECONDS", "Reduction", "Scheduled", "ScheduledEarns", "State"]

CLAIM_SECONDS = 60
CLAIMED_AT_ONCE = 500
ROWS_A_QUERY = 400
_ADD = text(
    f"INSERT INTO {scheduled_earns.name} "
    "(partner, receipt, receipt_text, member, spend_minor, enrols, due_at, taken_minor, state, code, claimed_until) "
    "VALUES (:partner, :receipt, :receipt_text, :member, :spend_minor, :enrols, :due_at, 0, 0, '', 0) ON CONFLICT DO NOTHING"
)
e = scheduled_earns.c
_KNOWN = union_all(
    *(
        select(table.c.partner, table.c.receipt).where(
            table.c.partner.in_(bindparam("partners", expanding=True)),
            table.c.receipt.in_(bindparam("receipts", expanding=True)),
        )
        for table in (scheduled_earns, reductions)
    )
)


class State(IntEnum):
    """Where a scheduled purchase stands."""

    WAITING = 0
    POSTED = 1
    CANCELLED = 2
    REFUSED = 3


_WAITING = select(scheduled_earns).where(e.member == bindparam("member"), e.state == int(State.WAITING))


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A purchase that earns from `due_at` on (Unix seconds). `taken_minor` of its spend was taken back before."""

    partner: int
    receipt: int
    receipt_text: str
    member: str
    spend_minor: int
    enrols: bool
    due_at: int
    taken_minor: int = 0
    state: State = State.WAITING
    code: str = ""

    @property
    def left_minor(self) -> int:
        """What will earn, in minor units."""
        return self.spend_minor - self.taken_minor


@dataclass(frozen=True, slots=True)
class Reduction:
    """What was taken back of a purchase before it counted, under a receipt of its own."""

    partner: int
    receipt: int
    receipt_text: str
    original: int
    spend_minor: int


class ScheduledEarns:
    """Scheduled purchases beside the outbox, shared by the nodes of one database. `clock` tells Unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._storage = Storage(engine)
        self.clock = clock

    def add(self, wanted: Scheduled) -> tuple[Scheduled, bool]:
        """Write a purchase down, and return what is known under its receipt, and whether that is new.

        Raises:
            StorageFull, Unavailable: nothing was written down.
        """
        row = {
            "partner": wanted.partner,
            "receipt": _key(wanted.receipt),
            "receipt_text": wanted.receipt_text,
            "member": wanted.member,
            "spend_minor": wanted.spend_minor,
            "enrols": wanted.enrols,
            "due_at": wanted.due_at,
        }
        with self._storage.transaction() as connection:
            is_new = connection.execute(_ADD, row).rowcount == 1
            known = _one(connection, wanted.partner, wanted.receipt)
        assert known is not None
        return known, is_new

    def take_back(self, partner: int, original: int, receipt: int, receipt_text: str, spend_minor: int | None) -> bool:
        """Take `spend_minor` of a waiting purchase, all that is left if None; False if that is more than is left of it, or it
        does not wait any more.

        Raises:
            OutcomePending: it is being posted just now.
        """
        with self._storage.transaction() as connection:
            known = _one(connection, partner, original)
            if known is None or known.state is not State.WAITING:
                return False
            amount = known.left_minor if spend_minor is None else spend_minor
            taken = known.taken_minor + amount
            if amount < 1 or taken > known.spend_minor:
                return False
            state = State.CANCELLED if taken == known.spend_minor else State.WAITING
            free = _is(partner, original), e.claimed_until <= int(self.clock()), e.taken_minor == known.taken_minor
            change = update(scheduled_earns).where(*free).values(taken_minor=taken, state=int(state))
            if connection.execute(change).rowcount != 1:
                raise OutcomePending("The purchase is being posted just now. Send this again.")
            row = {"partner": partner, "receipt": _key(receipt), "receipt_text": receipt_text}
            connection.execute(insert(reductions), row | {"original": _key(original), "spend_minor": amount})
        return True

    def known(self, places: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return which of these (partner, receipt) stand for a purchase that was scheduled, or for a reversal of one."""
        wanted = {(partner, _key(receipt)) for partner, receipt in places}
        found: set[tuple[int, int]] = set()
        keys = sorted(wanted)
        for start in range(0, len(keys), ROWS_A_QUERY):
            some = keys[start : start + ROWS_A_QUERY]
            named = {"partners": list({key[0] for key in some}), "receipts": [key[1] for key in some]}
            rows = self._read(_KNOWN, named)
            found.update(
                (row.partner, int.from_bytes(row.receipt)) for row in rows if (row.partner, row.receipt) in wanted
            )
        return found

    def find(self, partner: int, receipts: Iterable[int]) -> dict[int, Scheduled]:
        """Return what is scheduled, or was, under a partner's receipts."""
        return {one.receipt: one for one in map(_scheduled, self._rows(scheduled_earns, partner, receipts))}

    def reductions(self, partner: int, receipts: Iterable[int]) -> dict[int, Reduction]:
        """Return what was taken back before it counted, by the receipts of the reversals."""
        return {one.receipt: one for one in map(_reduction, self._rows(reductions, partner, receipts))}

    def waiting_for(self, member: str) -> list[Scheduled]:
        """Return the purchases of an account that wait."""
        return [_scheduled(row) for row in self._read(_WAITING, {"member": member})]

    def claim(self) -> list[Scheduled]:
        """Return purchases that are due, which no other node posts for a minute."""
        now = int(self.clock())
        due = e.state == int(State.WAITING), e.due_at <= now, e.claimed_until <= now
        if not self._read(select(e.partner).where(*due).limit(1)):
            return []
        with self._storage.transaction() as connection:
            rows = connection.execute(
                select(scheduled_earns).where(*due).order_by(e.due_at).limit(CLAIMED_AT_ONCE)
            ).all()
            ours = []
            for one in map(_scheduled, rows):
                taken = update(scheduled_earns).where(_is(one.partner, one.receipt), *due)
                if connection.execute(taken.values(claimed_until=now + CLAIM_SECONDS)).rowcount == 1:
                    ours.append(one)
        return ours

    def settle(self, settled: Iterable[tuple[Scheduled, State, str]]) -> None:
        """Write down what became of purchases: their state, and the code of a refusal."""
        with self._storage.transaction() as connection:
            for one, state, code in settled:
                where = _is(one.partner, one.receipt)
                connection.execute(update(scheduled_earns).where(where).values(state=int(state), code=code))

    def close(self) -> None:
        """Close the database."""
        self._storage.close()

    def _rows(self, table: Any, partner: int, receipts: Iterable[int]) -> list[Row[Any]]:
        keys = sorted({_key(receipt) for receipt in receipts})
        found: list[Row[Any]] = []
        for start in range(0, len(keys), ROWS_A_QUERY):
            some = table.c.receipt.in_(keys[start : start + ROWS_A_QUERY])
            found += self._read(select(table).where(table.c.partner == partner, some))
        return found

    def _read(self, question: Any, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """On a connection that waits for no writer."""
        try:
            with self._engine.connect() as connection:
                return connection.execute(question, values).all()
        except DBAPIError as error:
            raise Unavailable(
                f"The database of the outbox does not answer: {error.orig}.", code="storage_unavailable"
            ) from error


def _one(connection: Connection, partner: int, receipt: int) -> Scheduled | None:
    row = connection.execute(select(scheduled_earns).where(_is(partner, receipt))).first()
    return None if row is None else _scheduled(row)


def _is(partner: int, receipt: int) -> ColumnElement[bool]:
    return (e.partner == partner) & (e.receipt == _key(receipt))


def _scheduled(row: Row[Any]) -> Scheduled:
    amounts = row.spend_minor, bool(row.enrols), row.due_at, row.taken_minor
    named = row.partner, int.from_bytes(row.receipt), row.receipt_text, row.member
    return Scheduled(*named, *amounts, State(row.state), row.code)


def _reduction(row: Row[Any]) -> Reduction:
    named = row.partner, int.from_bytes(row.receipt), row.receipt_text
    return Reduction(*named, int.from_bytes(row.original), row.spend_minor)


def _key(receipt: int) -> bytes:
    return receipt.to_bytes(32)
