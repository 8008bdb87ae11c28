"""Writes log lines from a thread of its own, so that whoever reads them slowly does not hold up the service."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Self

__all__ = ["Lines"]

LINES_MAX = 10_000
PAUSE_SECONDS = 0.05
CLOSE_SECONDS = 2.0


class Lines:
    """A context manager that takes lines and writes them to `stream`; a file for those who want one.

    At most `lines_max` wait; what comes beyond that is left out, and counted in `dropped`.
    """

    def __init__(self, stream: BinaryIO, lines_max: int = LINES_MAX) -> None:
        self.dropped = 0
        self._stream = stream
        self._lines_max = lines_max
        self._waiting: deque[bytes] = deque()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join(CLOSE_SECONDS)

    def write(self, line: bytes | str) -> None:
        """Take a line with its end."""
        if len(self._waiting) >= self._lines_max:
            self.dropped += 1
            return
        self._waiting.append(line if isinstance(line, bytes) else line.encode(errors="replace"))

    def flush(self) -> None:
        """Lines are written soon by themselves."""

    def _run(self) -> None:
        while not self._closing.wait(PAUSE_SECONDS):
            self._drain()
        self._drain()

    def _drain(self) -> None:
        while self._waiting:
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            with suppress(OSError, ValueError):  # nobody reads any more
                self._stream.write(b"".join(lines))
                self._stream.flush()
