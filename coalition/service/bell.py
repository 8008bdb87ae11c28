"""Wakes whoever waits for events of a partner."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from coalition.ledger.events import Event, Position

__all__ = ["Bell"]

Ring = Callable[[], None]


class Bell:
    """Told by the follower (`index.follower.Listener`), rings those who listen. Rings are quick, and may be for nothing.

    With `everyone`, each block rings all: for those who wait until other blocks follow one.
    """

    def __init__(self, everyone: bool = False) -> None:
        self._everyone = everyone
        self._listening: dict[int, list[Ring]] = defaultdict(list)
        self._lock = threading.RLock()  # a signal may close it in the middle of anything
        self.closed = False

    @contextmanager
    def listen(self, partner: int, ring: Ring) -> Iterator[None]:
        """Have `ring` called, in any thread, when something happened to a partner, and when the bell is closed."""
        with self._lock:
            self._listening[partner].append(ring)
        try:
            yield
        finally:
            with self._lock:
                self._listening[partner].remove(ring)

    def applied(self, events: Sequence[tuple[Position, Event]], head_block: int) -> None:
        """See `Listener`."""
        if self._listening:
            self._ring(None if self._everyone else {getattr(event, "partner", 0) for _, event in events})

    def rolled_back(self, from_block: int) -> None:
        """Nothing to tell: a reader finds out where it reads."""

    def close(self) -> None:
        """Wake everybody for the last time: the service ends."""
        self.closed = True
        self._ring(None)

    def _ring(self, partners: set[int] | None) -> None:
        with self._lock:
            wanted = self._listening if partners is None else partners & self._listening.keys()
            rings = [ring for partner in wanted for ring in self._listening[partner]]
        for ring in rings:
            with suppress(RuntimeError):  # whose event loop was closed does not listen any more
                ring()
