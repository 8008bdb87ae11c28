"""What events mean for the tables, held against the contracts block by block."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from coalition.chain import views
from coalition.errors import IntegrityError
from coalition.index import projection
from coalition.index.database import reading, writing
from coalition.index.epochs import Epochs
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from coalition.index.rebuild import rebuild
from coalition.index.tables import metadata
from coalition.ledger.events import Captured, Position
from coalition.ledger.lots import Lots
from coalition.ledger.records import record_of
from tests.index.support import Books, contents, signer

OF_CAMPAIGNS = {"awards", "badges", "bonuses", "campaign_members", "participants", "tier_states"}


def test_every_balance_debt_and_supply_is_the_contracts_after_every_block(books: Books, engine: Engine) -> None:
    follower = Follower(engine, books.rpc, books.deployment)
    queries, deployment = Queries(engine), books.deployment
    accounts = [key.address for key in books.members] + [deployment.ledger, signer("stranger").address]
    steps = 0
    while True:
        follower._source._span = 1
        if not follower.poll():
            break
        head = queries.head()
        if books.rpc.call("eth_getCode", [deployment.ledger, hex(head.number)]) == "0x":
            continue
        for account in accounts:
            balance = queries.balance(account, head.timestamp)
            lots, debt, member = views.read_all(
                books.rpc,
                [f(deployment, account) for f in (views.lots_of, views.debt_of, views.is_member)],  # type: ignore[operator]
                head.number,
            )
            assert {lot.epoch: lot.points for lot in balance.lots} == lots.by_epoch(), (head.number, account)
            assert (balance.points, balance.debt, balance.member) == (lots.total, debt, member)
        totals = queries.totals(head.timestamp)
        assert totals.points_outstanding == views.read(books.rpc, views.supply(deployment), head.number)
        assert totals.points_held == views.read(books.rpc, views.balance_of(deployment, deployment.ledger), head.number)
        came = totals.points_issued + totals.points_refunded + totals.points_restored
        gone = totals.points_redeemed + totals.points_reversed - totals.debts + totals.points_expired
        assert totals.points_outstanding == came - gone
        steps += 1
    assert steps > 40


def test_every_operation_is_the_record_of_its_event(books: Books, read_model: Engine) -> None:
    expected = [record for at, event in books.events() if (record := record_of(at, event)) is not None]
    page = Queries(read_model).history(limit=1_000)
    assert page.items == expected[::-1]
    assert page.cursor is None


def test_a_rebuild_gives_the_same_rows(books: Books, engine: Engine, read_model: Engine) -> None:
    follower = Follower(engine, books.rpc, books.deployment)
    while True:
        follower._source._span = 3
        if not follower.poll():
            break
    piecewise = contents(engine)
    assert rebuild(engine, books.rpc, books.deployment) == Queries(read_model).head().number
    assert contents(engine) == piecewise == contents(read_model)
    assert {name for name, rows in piecewise.items() if not rows} <= {"debts", *OF_CAMPAIGNS}


def test_forgetting_everything_leaves_nothing(books: Books, engine: Engine) -> None:
    follower = Follower(engine, books.rpc, books.deployment)
    follower.catch_up()
    last = Queries(engine).head().number
    with writing(engine) as connection:
        projection.roll_back(connection, books.deployment.block - 1, last)
    rows = contents(engine)
    assert [name for name, found in rows.items() if found] == ["accounts", "blocks", "book"]
    assert rows["accounts"] == [(projection.OWN_ACCOUNT, books.deployment.ledger, -1, None)]


def test_the_end_of_a_hold_that_was_never_made_is_refused(engine: Engine, books: Books) -> None:
    event = Captured(1, books.members[0].address, 5, 10, Lots.single(0, 10))
    with (
        pytest.raises(IntegrityError, match="never made") as caught,
        writing(engine) as connection,
    ):
        projection.project(connection, Epochs(0, 1, 4), [(Position(9, 0, 1, "0x" + "0" * 64), event)], 9, 9)
    assert caught.value.code == "read_model_contradicts"


def test_the_migrations_make_the_tables_of_this_version(engine: Engine) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "alembic_version_index"})
        assert compare_metadata(context, metadata) == []
