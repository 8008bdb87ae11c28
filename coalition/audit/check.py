"""A question to a contract beside what the fold says to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coalition.chain.views import View
from coalition.ledger.state import State

__all__ = ["Check"]


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a contract, and what the fold says to it at a time. `account` or `place` say what it is about."""

    kind: str
    what: str
    view: View[Any]
    expected: Callable[[State, int], Any]
    account: str | None = None
    place: tuple[int, int] | None = None
