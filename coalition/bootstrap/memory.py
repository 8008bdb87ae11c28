"""What a process that serves does with its memory.

**Cyclic garbage** is looked for while nobody waits. Python looks after so many new objects, and stops every thread meanwhile. With
two thousand purchases on their way that takes a quarter of a second each time, and finds a few hundred objects: what a request
leaves behind is freed as soon as it is answered.

**What is free** goes back to the system. The C library (glibc) has by itself eight arenas a core for its threads, and keeps in each
what a burst left there; here they share two.
"""

from __future__ import annotations

import ctypes
import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Sweeper", "share_arenas", "swept"]

LOOK_SECONDS = 0.5
IDLE_SECONDS = 10.0
BUSY_SECONDS = 120.0
OBJECTS_MAX = 1_000_000
"""So many more objects than at the last time, and Python looks by itself: whatever makes them, memory stays bounded."""
ARENAS = 2
M_ARENA_MAX = -8  # as in malloc.h
_libc = ctypes.CDLL(None)


def share_arenas() -> None:
    """Have threads that begin from now on share `ARENAS` arenas. Does nothing where the C library is another (mallopt(3))."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(M_ARENA_MAX, ARENAS)


class Sweeper:
    """Looks `IDLE_SECONDS` after the last time if nobody waits, and after `BUSY_SECONDS` in any case. `clock` tells seconds."""

    def __init__(self, is_idle: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._is_idle = is_idle
        self._clock = clock
        self._swept_at = clock()

    def sweep(self) -> bool:
        """Look for garbage if it is time; return whether it was."""
        passed = self._clock() - self._swept_at
        if passed < (IDLE_SECONDS if self._is_idle() else BUSY_SECONDS):
            return False
        gc.collect()
        if hasattr(_libc, "malloc_trim"):
            _libc.malloc_trim(0)
        self._swept_at = self._clock()
        return True


@contextmanager
def swept(is_idle: Callable[[], bool]) -> Iterator[None]:
    """Look for garbage by a `Sweeper` until the block ends, among what comes from now on: to look through all that a process has
    loaded takes a tenth of a second by itself.
    """
    ended = threading.Event()

    def look() -> None:
        sweeper = Sweeper(is_idle)
        while not ended.wait(LOOK_SECONDS):
            sweeper.sweep()

    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_MAX, *before[1:])
    thread = threading.Thread(target=look, name="coalition-sweep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        gc.set_threshold(*before)
        gc.unfreeze()
