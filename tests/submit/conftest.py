"""A chain, a ledger on it with two partners, and a submitter with a follower of a few lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from coalition.chain.tester import TesterRpc
from coalition.submit import migrate
from tests.submit.world import Desk, World


@pytest.fixture
def world() -> World:
    return World(TesterRpc(start_timestamp=1_700_000_000))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'outbox.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def either_engine(either_server: str | None, tmp_path: Path) -> Iterator[Engine]:
    """The tables in an SQLite file, and then in PostgreSQL."""
    engine = create_engine(either_server or f"sqlite:///{tmp_path / 'outbox.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(world: World, engine: Engine) -> Iterator[Callable[..., Desk]]:
    """Makes submitters with their followers, and stops them in the end."""
    made: list[Desk] = []

    def make(**options: object) -> Desk:
        made.append(Desk(world, options.pop("engine", engine), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Waits until something is true."""

    def wait(is_so: Callable[[], bool], seconds: float = 90.0) -> None:
        give_up = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < give_up, "it never came to be"
            time.sleep(0.01)

    return wait
