"""Nodes that share one database, and a clock that tests set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from coalition.access import Access
from coalition.submit import migrate

START = 1_772_366_400


@dataclass
class Clock:
    """Unix seconds."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'outbox.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def node(url: str, engine: Engine, clock: Clock) -> Iterator[Callable[[], Access]]:
    """Makes nodes, each with connections of its own."""
    with ExitStack() as stack:

        def make() -> Access:
            own = create_engine(url)
            stack.callback(own.dispose)
            access = Access(own, clock=clock)
            stack.callback(access.close)
            return access

        yield make


@pytest.fixture
def access(node: Callable[[], Access]) -> Access:
    return node()
