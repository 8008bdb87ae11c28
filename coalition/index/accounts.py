"""Numbers of accounts: an address stands once in the tables, everything else names its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from sqlalchemy import Connection, func, select

from coalition.index.stored import portions
from coalition.index.tables import accounts
from coalition.ledger.events import Event, Position

__all__ = ["AccountIds", "account_ids"]

NAMES = ("member", "account", "from_", "to", "companion", "referrer")


class AccountIds(dict[str, int]):
    """Numbers of accounts by address. One that is asked for the first time gets the next number."""

    def __init__(self, known: Mapping[str, int], last: int) -> None:
        super().__init__(known)
        self.last = last
        self.first_seen: dict[int, tuple[str, int]] = {}
        self.block = 0

    def __missing__(self, address: str) -> int:
        self.last += 1
        self[address] = self.last
        self.first_seen[self.last] = (address, self.block)
        return self.last


def account_ids(connection: Connection, events: Sequence[tuple[Position, Event]]) -> AccountIds:
    """Return the numbers of all accounts that `events` name, as far as they have one."""
    names = {kind: _names(kind) for kind in {type(event) for _, event in events}}
    wanted: set[str] = set()
    for _, event in events:
        for name in names[type(event)]:
            wanted.add(getattr(event, name))
    known: dict[str, int] = {}
    for some in portions(sorted(wanted)):
        question = select(accounts.c.address, accounts.c.id).where(accounts.c.address.in_(some))
        known |= dict(connection.execute(question).tuples().all())
    last = connection.execute(select(func.max(accounts.c.id))).scalar()
    return AccountIds(known, last or 0)


def _names(kind: type[Event]) -> tuple[str, ...]:
    """The fields of a kind of events that name accounts."""
    return tuple(field.name for field in fields(kind) if field.name in NAMES and field.type == "str")
