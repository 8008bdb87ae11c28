from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from coalition.chain.tester import TesterRpc
from tests.index.support import START, Books, everything, followed, opened


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


@pytest.fixture(scope="session")
def read_model(books: Books, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The read model of `books`, for reading only."""
    engine = opened(tmp_path_factory.mktemp("read model") / "index.db")
    followed(engine, books)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty read model."""
    engine = opened(tmp_path / "index.db")
    yield engine
    engine.dispose()
