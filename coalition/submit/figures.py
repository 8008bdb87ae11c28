"""What the write path counts of itself, for whoever watches it. Everything counts from the start of this process."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from itertools import accumulate
from typing import Self

from coalition.ledger.operations import Kind
from coalition.ledger.records import OperationRecord
from coalition.submit.submission import Entry

__all__ = ["Distribution", "Figures"]

BATCH_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
SECONDS_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
ACCEPTED = ""


class Distribution:
    """How many values lie at or below each of `bounds`, and the sum of all."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.total = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def add(self, value: float, times: int = 1) -> None:
        """Count a value that occurred so many times."""
        self._counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    @property
    def count(self) -> int:
        """How many values there are."""
        return sum(self._counts)

    def up_to(self) -> list[tuple[float, int]]:
        """Each bound, and infinity at the end, with the number of values at or below it."""
        return list(zip((*self.bounds, float("inf")), accumulate(self._counts), strict=True))


class Figures:
    """Not safe for threads: its owner has a lock.

    `batch_operations` are operations a transaction; `confirm_seconds` how long operations took from the call that handed them in
    until their outcome was read from the chain; `outcomes` how many had which one, by kind and code of the rejection (empty if
    accepted); `gaps_filled` the nonces that empty transactions used up.
    """

    def __init__(self) -> None:
        self.batch_operations = Distribution(BATCH_BOUNDS)
        self.confirm_seconds = Distribution(SECONDS_BOUNDS)
        self.outcomes: Counter[tuple[Kind, str]] = Counter()
        self.gaps_filled = 0

    def settled(self, entries: Sequence[Entry], records: Sequence[OperationRecord] | None) -> None:
        """Operations were decided; without `records` it is not known how."""
        now = time.monotonic()
        for taken_at, times in Counter(entry.taken_at for entry in entries).items():
            if taken_at is not None:
                self.confirm_seconds.add(now - taken_at, times)
        self.outcomes.update((one.kind, ACCEPTED if one.code is None else one.code.code) for one in records or ())

    def rejected(self, entries: Sequence[Entry], code: str) -> None:
        """Operations were refused without an outcome on the chain."""
        self.outcomes.update((entry.kind, code) for entry in entries)

    def copy(self) -> Self:
        """Return the figures of this moment."""
        return deepcopy(self)
