"""What is noted of the request that is being served, wherever in the code that becomes known."""

from __future__ import annotations

import secrets
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field

from coalition.telemetry.tracing import RequestTrace

__all__ = ["SEEN", "Seen", "seen"]


@dataclass(slots=True)
class Seen:
    """One request. `codes` are those of the problems in its answer: one, or one for each line of a bulk that has one.

    `trace` is None where nobody traces it.
    """

    request_id: str = field(default_factory=lambda: secrets.token_hex(8))
    partner: int | None = None
    codes: Counter[str] = field(default_factory=Counter)
    trace: RequestTrace | None = None


SEEN: ContextVar[Seen | None] = ContextVar("coalition_request", default=None)


def seen() -> Seen:
    """Return the notes of the request that is being served; outside of one, notes that nobody reads."""
    return SEEN.get() or Seen("")
