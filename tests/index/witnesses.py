"""What tests of the follower have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from coalition.index.rebuild import rebuild
from coalition.ledger.events import Event, Position
from tests.index.support import Books, contents, opened


class Heard:
    """A listener that remembers the events that count."""

    def __init__(self) -> None:
        self.events: list[tuple[Position, Event]] = []
        self.heads: list[int] = []
        self.rolled_back_from: list[int] = []

    def applied(self, events: Sequence[tuple[Position, Event]], head_block: int) -> None:
        self.events += events
        self.heads.append(head_block)

    def rolled_back(self, from_block: int) -> None:
        self.rolled_back_from.append(from_block)
        self.events = [(at, told) for at, told in self.events if at.block < from_block]


class Stopped(Exception):
    """As if the process had been killed here."""


def statements(engine: Engine) -> list[str]:
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    return seen


def rebuilt(books: Books, path: Path) -> dict[str, list[tuple[Any, ...]]]:
    engine = opened(path / "rebuilt.db")
    rebuild(engine, books.rpc, books.deployment)
    rows = contents(engine)
    engine.dispose()
    return rows


def busy(books: Books) -> None:
    """A little of everything that a roll-back has to undo."""
    books.earn(1, 0, 1)
    books.earn(2, 1, 2)
    books.hold(1, 0, 10, 300)
    books.hold(1, 0, 11, 100)
    books.redeem(2, 0, 12, 200)
    books.rpc.call("evm_mine", [])
