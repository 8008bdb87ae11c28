"""What holds for every test."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres
from tests.webhooks.receiver import Receiver, receiving

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes that tests start, also where the tests themselves run in a shell's background; and let a
    machine that is busy with something else fail no property.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def server() -> Iterator[str | None]:
    """The URL of a PostgreSQL; None where it is not installed."""
    if postgres.binaries() is None:
        yield None
        return
    with postgres.running() as url:
        yield url


@pytest.fixture(scope="session")
def installed_server(server: str | None) -> str:
    """As `server`; skips where it is not installed."""
    if server is None:
        pytest.skip("PostgreSQL is neither on PATH nor in /usr/lib/postgresql (Debian: apt-get install postgresql)")
    return server


@pytest.fixture
def empty_server(installed_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL without tables."""
    yield installed_server
    postgres.empty(installed_server)


@pytest.fixture(params=["sqlite", "postgresql"])
def either_server(request: pytest.FixtureRequest) -> str | None:
    """None for files of SQLite; and then the URL of a PostgreSQL without tables."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("empty_server")
    return url


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A partner's receiver of webhooks."""
    with receiving() as found:
        yield found
