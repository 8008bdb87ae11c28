"""What holds for every test."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes that tests start, also where the tests themselves run in a shell's background; and let a
    machine that is busy with something else fail no property.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("unhurried")
