"""How the service ends, within a bound: nobody new is let in, and those who wait get their outcomes or hear that these are open."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from coalition.submit.submitter import Submitter

__all__ = ["LAST_SECONDS", "Server", "flushed"]

LAST_SECONDS = 5.0
LOOK_SECONDS = 0.05


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM, which end the serving and nothing more; a second one ends the waiting at once.

    Those who wait have `seconds`. What they wait for is recorded, so that a 503 then costs them a repetition and nothing else.
    """

    def __init__(
        self, config: uvicorn.Config, closing: Callable[[], None], dismiss: Callable[[], None], seconds: float
    ) -> None:
        """`closing` lets nobody new in and ends what would go on for ever; `dismiss` ends all waiting, `seconds` later."""
        super().__init__(config)
        self._closing = closing
        self._dismiss = dismiss
        self._seconds = seconds

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """In place of uvicorn's, which raises a signal again when it has stopped: that would end the process, and nobody would
        close the ledger."""
        timers: list[threading.Timer] = []

        def stop(*_: object) -> None:
            self._closing()
            self.should_exit = True
            timers.append(threading.Timer(0.0 if timers else self._seconds, self._dismiss))
            timers[-1].start()

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            for timer in timers:
                timer.cancel()


def flushed(submitter: Submitter, seconds: float) -> bool:
    """Wait until nothing is left in the outbox, `seconds` at most and not while a part does not work; return whether it is so."""
    give_up = time.monotonic() + seconds
    while True:
        status = submitter.status
        if status.is_idle or status.trouble or time.monotonic() >= give_up:
            return status.is_idle
        time.sleep(LOOK_SECONDS)
