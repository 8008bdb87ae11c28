"""What is said of an invariant that does not hold."""

from __future__ import annotations

from dataclasses import dataclass

from coalition.ledger.events import Position

__all__ = ["Violation"]


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold: its name, a sentence, and the event that broke it where that is known."""

    invariant: str
    sentence: str
    position: Position | None = None
