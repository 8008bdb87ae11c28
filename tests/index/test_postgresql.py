"""The read model on PostgreSQL; most tests of this folder ask it too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from coalition.audit.run import audit
from coalition.errors import Unavailable
from coalition.index.database import open_database
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from tests.index.support import Books, contents, opened


@pytest.fixture
def database(empty_server: str, tmp_path: Path) -> Iterator[Engine]:
    engine = opened(tmp_path, empty_server.replace("postgresql+psycopg://", "postgresql://"))
    yield engine
    engine.dispose()


def test_replaced_blocks_are_rolled_back(fresh: Books, database: Engine, tmp_path: Path) -> None:
    fresh.earn(1, 0, 1)
    fresh.hold(1, 0, 10, 300)
    follower = Follower(database, fresh.rpc, fresh.deployment)
    follower.catch_up()
    before = contents(database)
    snapshot = fresh.rpc.call("evm_snapshot", [])
    fresh.redeem(1, 0, 2, 100)
    fresh.earn(2, 1, 3)
    follower.catch_up()
    assert contents(database) != before
    fresh.rpc.call("evm_revert", [snapshot])
    follower.catch_up()
    assert contents(database) == before


def test_the_audit_reads_it(books: Books, database: Engine) -> None:
    Follower(database, books.rpc, books.deployment).catch_up()
    assert audit(books.rpc, books.deployment, Queries(database)).verdict == "match"


def test_a_server_that_is_gone_is_an_error_of_its_own() -> None:
    engine = open_database("postgresql://postgres@127.0.0.1:9/none")
    with pytest.raises(Unavailable) as caught:
        Queries(engine).head()
    assert caught.value.code == "database_unavailable"
    engine.dispose()
