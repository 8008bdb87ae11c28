"""What was at a past block or time: equal to what the contracts told then; and what a partner did in a period."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from itertools import pairwise

import pytest
from sqlalchemy import Engine

from coalition.chain import history, views
from coalition.index.database import reading
from coalition.index.past import block_until
from coalition.index.queries import Queries
from coalition.ledger.operations import Kind
from coalition.ledger.records import OperationRecord
from tests.index.support import DAY, EPOCH, Books

HOLDS = ((1, 200), (1, 201), (1, 202), (2, 203), (2, 401))
SUMS = ("purchases", "redemptions", "points_issued", "points_redeemed", "points_refunded", "points_reversed")


@pytest.fixture
def queries(read_model: Engine) -> Queries:
    return Queries(read_model)


@pytest.fixture(scope="module")
def times(books: Books) -> dict[int, int]:
    """Unix times of all blocks of the ledger."""
    head = history.head(books.rpc).number
    found = history.headers(books.rpc, range(books.deployment.block, head + 1))
    return {number: header.timestamp for number, header in found.items()}


def held(books: Books, account: str, block: int, timestamp: int) -> int:
    """Points of an account in open holds after a block, by the contract."""
    epoch = books.deployment.epoch_at(timestamp)
    open_ = views.read_all(books.rpc, [views.hold_of(books.deployment, *hold) for hold in HOLDS], block)
    return sum(hold.lots.rolled(epoch, books.validity).total for hold in open_ if hold and hold.member == account)


def test_every_balance_of_every_block_is_that_of_the_contract(
    books: Books, queries: Queries, times: dict[int, int]
) -> None:
    seen, expired, holding = 0, 0, 0
    for key, blocks in ((books.members[1], list(times)), (books.members[2], list(times)[::4])):
        last = 0
        for block in blocks:
            timestamp = times[block]
            found = queries.balance_after(key.address, block, timestamp)
            if books.rpc.call("eth_getCode", [books.deployment.ledger, hex(block)]) == "0x":
                assert not found.member
                continue
            asked = [view(books.deployment, key.address) for view in (views.balance_of, views.debt_of, views.is_member)]
            assert [found.points, found.debt, found.member] == views.read_all(books.rpc, asked, block), block
            lots = views.read(books.rpc, views.lots_of(books.deployment, key.address), block)
            assert {lot.epoch: lot.points for lot in found.lots} == lots.by_epoch()
            assert found.held == held(books, key.address, block, timestamp)
            if found.points and timestamp > found.lots[0].expires_at - EPOCH:
                expired += 1
            seen, holding, last = seen + (found.points != last), holding + (found.held > 0), found.points
    assert seen > 10 and expired > 3 and holding > 5


def test_a_time_between_two_blocks_is_that_of_the_block_before_and_expires_by_itself(
    books: Books, queries: Queries, times: dict[int, int]
) -> None:
    member = books.members[1].address
    numbers = sorted(times)
    changed = 0
    for block, following in pairwise(numbers):
        if times[following] - times[block] < 2 or not queries.balance_after(member, block, times[block]).member:
            continue
        for at in {times[block], times[block] + 1, times[following] - 1}:
            found, _ = queries.balance_at(member, at)
            lots = views.read(books.rpc, views.lots_of(books.deployment, member), block)
            live = lots.rolled(books.deployment.epoch_at(at), books.validity)
            assert {lot.epoch: lot.points for lot in found.lots} == live.by_epoch()
            changed += live.total != lots.total
    assert changed, "points expired between two blocks"


def test_before_there_was_anything(books: Books, queries: Queries, times: dict[int, int]) -> None:
    member = books.members[0].address
    found, block = queries.balance_at(member, min(times.values()) - DAY)
    assert (found.member, found.points, block) == (False, 0, -1)
    assert not queries.balance_after(books.operator.address, max(times), max(times.values())).member


def test_the_last_block_until_a_time(read_model: Engine, queries: Queries, times: dict[int, int]) -> None:
    with reading(read_model) as connection:
        for at in {time + step for time in times.values() for step in (-1, 0, 1)}:
            expected = max((number for number, time in times.items() if time <= at), default=-1)
            assert block_until(connection, at) == expected
    kept = {block: queries.time_of(block) for block in times}
    assert kept == times
    assert queries.time_of(max(times) + 1) is None


@pytest.mark.parametrize(("kind", "accepted"), [(None, None), (Kind.EARN, True)])
def test_history_of_a_period_is_what_was_decided_in_it(
    queries: Queries, times: dict[int, int], kind: Kind | None, accepted: bool | None
) -> None:
    everything = queries.history(partner=1, kind=kind, accepted=accepted, limit=1_000).items
    inner = sorted({record.timestamp for record in everything})
    bounds = [None, inner[0], inner[len(inner) // 2], inner[-1] + 1]
    for since in bounds:
        for until in bounds:
            expected = [
                record
                for record in everything
                if (since is None or record.timestamp >= since) and (until is None or record.timestamp < until)
            ]
            found, cursor = [], None
            while True:  # in pages of two
                page = queries.history(
                    partner=1, kind=kind, accepted=accepted, since=since, until=until, limit=2, cursor=cursor
                )
                found += page.items
                cursor = page.cursor
                if cursor is None:
                    break
            assert found == expected
            place, last = (-1, -1), queries.head().number
            onward: list[OperationRecord] = []
            while some := queries.operations_after(
                place, last, 2, partner=1, kind=kind, accepted=accepted, since=since, until=until
            ):
                onward += some
                place = some[-1].block, some[-1].log
            assert onward == expected[::-1]


@pytest.mark.parametrize("partner", [1, 2])
def test_statements_tie_to_the_totals(queries: Queries, times: dict[int, int], partner: int) -> None:
    first, last = min(times.values()), max(times.values()) + 1
    cuts = [None, *range(first + 7 * DAY, last, 11 * DAY), None]
    before, sums = None, Counter[str]()
    for since, until in pairwise(cuts):
        statement = queries.statement(partner, since, until)
        opening, period, closing = (asdict(one) for one in (statement.opening, statement.period, statement.closing))
        for name in (*SUMS, "points_awarded", "points_awarded_reversed", "points_outstanding"):
            assert opening[name] + period[name] == closing[name]
        if before is not None:
            assert opening == before, "a period opens as the one before closed"
        records = queries.history(partner=partner, since=since, until=until, limit=1_000).items
        counted = Counter(record.kind for record in records if record.accepted)
        assert statement.operations == counted
        assert statement.period.rejected == Counter(record.code.code for record in records if record.code)
        assert statement.period.points_issued == sum(
            record.points for record in records if record.accepted and record.kind == Kind.EARN
        )
        sums.update({name: period[name] for name in SUMS})
        before = closing
    (whole,) = queries.partner_totals(partner)
    assert before == asdict(whole), "the last one closes with the totals"
    assert dict(sums) == {name: asdict(whole)[name] for name in SUMS}
    assert sums["points_issued"] and sums["points_redeemed"]
