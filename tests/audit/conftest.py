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
def engine(books: Books, tmp_path: Path) -> Iterator[Engine]:
    """The read model of `books`, for tampering with."""
    engine = opened(tmp_path / "index.db")
    followed(engine, books)
    yield engine
    engine.dispose()
