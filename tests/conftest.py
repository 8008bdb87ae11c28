"""What holds for every test."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes that tests start, also where the tests themselves run in a shell's background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
