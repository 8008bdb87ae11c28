from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from coalition.chain.tester import TesterRpc
from tests import postgres
from tests.index.support import START, Books, everything, followed, opened


def kept(request: pytest.FixtureRequest, folders: pytest.TempPathFactory, name: str) -> Engine:
    """A new database of the kind that the fixture's parameter names, which lasts."""
    if request.param == "sqlite":
        return opened(folders.mktemp(name) / "index.db")
    return opened(Path(), postgres.another(request.getfixturevalue("installed_server"), name))


@pytest.fixture(scope="session")
def books() -> Books:
    """Books in which everything happened. Not to be changed: tests share them."""
    books = Books(TesterRpc(START))
    everything(books)
    return books


@pytest.fixture
def fresh() -> Books:
    """Books of one's own, with nothing in them yet."""
    return Books(TesterRpc(START))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def read_model(
    request: pytest.FixtureRequest, books: Books, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """The read model of `books`, for reading only: in a file, and then in PostgreSQL."""
    engine = kept(request, tmp_path_factory, "read_model")
    followed(engine, books)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty read model."""
    engine = opened(tmp_path / "index.db")
    yield engine
    engine.dispose()
