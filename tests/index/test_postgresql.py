"""The same read model on PostgreSQL."""

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
from coalition.index.rebuild import rebuild
from tests.index.support import Books, contents, opened
from tests.submit import postgres

pytestmark = pytest.mark.skipif(
    postgres.binaries() is None, reason="PostgreSQL is neither on PATH nor in /usr/lib/postgresql"
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.running() as url:
        yield url


@pytest.fixture
def database(server: str, tmp_path: Path) -> Iterator[Engine]:
    engine = opened(tmp_path, server.replace("postgresql+psycopg://", "postgresql://"))
    yield engine
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()


def test_it_holds_the_rows_that_sqlite_holds(books: Books, database: Engine, read_model: Engine) -> None:
    rebuild(database, books.rpc, books.deployment)
    assert contents(database) == contents(read_model)


def test_it_answers_as_sqlite_does(books: Books, database: Engine, read_model: Engine) -> None:
    rebuild(database, books.rpc, books.deployment)
    one, other = Queries(database), Queries(read_model)
    now = other.head().timestamp
    assert one.head() == other.head()
    assert one.totals() == other.totals()
    assert one.partner_totals() == other.partner_totals()
    assert one.issued_by_member() == other.issued_by_member()
    assert one.partners() == other.partners()
    for member in books.members:
        assert one.balance(member.address, now) == other.balance(member.address, now)
    page = one.history(limit=5)
    assert page == other.history(limit=5)
    assert one.history(limit=5, cursor=page.cursor) == other.history(limit=5, cursor=page.cursor)
    assert one.original(1, 4) == other.original(1, 4)
    assert one.corrected(1, 4) == other.corrected(1, 4)


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
