"""The questions, against what the scenario did."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from coalition.chain import views
from coalition.chain.keccak import keccak
from coalition.errors import InputError, SetupError, Unavailable
from coalition.index.database import open_database
from coalition.index.queries import Queries
from coalition.ledger.chain_word import proof_for, proves
from coalition.ledger.events import Earned, Held, OperationRejected, Redeemed
from coalition.ledger.operations import Kind, Outcome, Rejection
from tests.index.support import DAY, EPOCH, NOTICE, Books, followed, signer


@pytest.fixture
def queries(read_model: Engine) -> Queries:
    return Queries(read_model)


# ---- one operation


def test_the_operation_that_counted_a_receipt(books: Books, queries: Queries) -> None:
    found = queries.operation(1, 4)
    assert found is not None
    assert (found.kind, found.member, found.spend_minor, found.points) == (
        Kind.EARN,
        books.members[1].address,
        10_004,
        1_000,
    )
    assert found.accepted
    assert queries.operation(1, 99) is None
    assert queries.operation(3, 4) is None


def test_a_hold_and_its_end_stand_under_one_receipt(queries: Queries) -> None:
    assert [record.kind for record in queries.operations_of(1, 200)] == [Kind.HOLD, Kind.CAPTURE]
    assert [record.kind for record in queries.operations_of(1, 201)] == [Kind.HOLD, Kind.RELEASE]
    hold, capture = queries.operation(1, 200), queries.operation(1, 200, Kind.CAPTURE)
    assert hold is not None
    assert capture is not None
    assert (hold.kind, hold.points, capture.points) == (Kind.HOLD, 300, 120)
    assert queries.operation(1, 200, Kind.RELEASE) is None


def test_many_receipts_at_once(queries: Queries) -> None:
    found = queries.operations(1, [*range(1_000), 2**256 - 1])
    assert sorted(found) == [1, 2, 3, 4, 5, 6, 8, 200, 201, 202, 300, 301, 302, 400, 402, 403, 404]
    assert queries.operations(1, []) == {}


def test_a_receipt_of_256_bits(books: Books, queries: Queries) -> None:
    found = queries.operation(2, 2**255 + 5)
    assert found is not None
    assert found.receipt == 2**255 + 5


@pytest.mark.parametrize(
    ("partner", "receipt"), [(1, 1), (1, 4), (1, 6), (2, 100), (2, 102), (1, 200), (2, 2**255 + 5)]
)
def test_an_original_comes_with_a_proof_that_the_contract_takes(
    books: Books, queries: Queries, partner: int, receipt: int
) -> None:
    found = queries.original(partner, receipt)
    assert found is not None
    outcome, outcomes, position, awards = found
    assert awards == ()
    assert outcomes[position] == outcome
    assert outcome.receipt == receipt
    before, later = proof_for(outcomes, position, keccak)
    chain, _ = views.read(books.rpc, views.receipt_word_of(books.deployment, partner, receipt))
    assert proves(chain, outcome, before, later, keccak)
    assert isinstance(outcome, Outcome)


def test_outcomes_of_a_word_stand_in_the_order_of_the_chain(fresh: Books, engine: Engine) -> None:
    for receipt in (70, 66, 90, 64):
        fresh.earn(1, 0, receipt)
    fresh.redeem(1, 0, 65, 10)
    followed(engine, fresh)
    found = Queries(engine).original(1, 90)
    assert found is not None
    assert [outcome.receipt for outcome in found.outcomes] == [70, 66, 90, 64, 65]
    assert found.position == 2
    before, later = proof_for(found.outcomes, found.position, keccak)
    chain, _ = views.read(fresh.rpc, views.receipt_word_of(fresh.deployment, 1, 90))
    assert proves(chain, found.outcome, before, later, keccak)


def test_what_cannot_be_corrected_has_no_original(queries: Queries) -> None:
    assert queries.original(1, 201) is None  # released
    assert queries.original(1, 300) is None  # itself a correction
    assert queries.original(1, 99) is None  # rejected
    assert queries.original(1, 5_000) is None


def test_how_much_was_taken_back(books: Books, queries: Queries) -> None:
    for partner, receipt in [(1, 4), (1, 5), (1, 2), (2, 100), (1, 200), (1, 1), (1, 777)]:
        amount = views.read(books.rpc, views.corrected_of(books.deployment, partner, receipt))
        assert queries.corrected(partner, receipt) == amount
    assert queries.corrected(1, 4) == 4_000
    assert queries.corrected(2, 100) == 250


# ---- history


def test_pages_are_stable_while_operations_come(fresh: Books, engine: Engine) -> None:
    for receipt in range(7):
        fresh.earn(1, receipt % 2, receipt)
    follower = followed(engine, fresh)
    queries = Queries(engine)
    seen = []
    page = queries.history(partner=1, limit=3)
    while True:
        seen += [record.receipt for record in page.items]
        if page.cursor is None:
            break
        fresh.earn(1, 0, 100 + len(seen))
        follower.catch_up()
        page = queries.history(partner=1, limit=3, cursor=page.cursor)
    assert seen == [6, 5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("kind", [None, Kind.EARN, Kind.REDEEM, Kind.HOLD, Kind.RELEASE])
@pytest.mark.parametrize("accepted", [None, True, False])
@pytest.mark.parametrize("partner", [None, 1, 2])
@pytest.mark.parametrize("member", [None, 1])
def test_every_filter_alone_and_with_the_others(
    books: Books, queries: Queries, kind: Kind | None, accepted: bool | None, partner: int | None, member: int | None
) -> None:
    account = None if member is None else books.members[member].address
    expected = [
        record
        for record in queries.history(limit=1_000).items
        if (kind is None or record.kind == kind)
        and (accepted is None or record.accepted == accepted)
        and (partner is None or record.partner == partner)
        and (account is None or record.member == account)
    ]
    found, cursor = [], None
    while True:
        page = queries.history(account, partner, kind, accepted, cursor, 2)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert found == expected


def test_an_account_that_was_never_seen_has_no_history(queries: Queries) -> None:
    assert queries.history(account=signer("nobody").address).items == []


@pytest.mark.parametrize("cursor", ["", "x", "!!", "MS4y.", "LTEuMg", "ä", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ", "MQ"])
def test_a_cursor_that_no_page_gave_is_refused(queries: Queries, cursor: str) -> None:
    with pytest.raises(InputError) as caught:
        queries.history(cursor=cursor)
    assert caught.value.code == "cursor_invalid"


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_page_has_a_size(queries: Queries, limit: int) -> None:
    with pytest.raises(InputError) as caught:
        queries.history(limit=limit)
    assert caught.value.code == "limit_invalid"


# ---- balances and holds


def test_a_balance_before_and_after_its_lots_expire(fresh: Books, engine: Engine) -> None:
    fresh.earn(1, 0, 1, 5_000)
    fresh.wait(EPOCH)
    fresh.earn(1, 0, 2, 3_000)
    fresh.hold(1, 0, 3, 100, DAY)
    followed(engine, fresh)
    queries, member = Queries(engine), fresh.members[0].address
    found = queries.balance(member, fresh.now)
    assert (found.points, found.held, found.debt, found.member) == (700, 100, 0, True)
    old, new = found.lots
    assert (old.points, new.points, new.epoch - old.epoch) == (400, 300, 1)
    assert queries.balance(member, old.expires_at - 1).points == 700
    after = queries.balance(member, old.expires_at)
    assert (after.points, after.held) == (300, 0)
    assert queries.balance(member, new.expires_at).points == 0


def test_an_unknown_account_has_nothing(queries: Queries) -> None:
    found = queries.balance(signer("nobody").address, 0)
    assert (found.points, found.lots, found.held, found.debt, found.member) == (0, (), 0, 0, False)


def test_members_are_those_enrolled(books: Books, queries: Queries) -> None:
    addresses = [key.address for key in books.members] + [signer("stranger").address, books.deployment.ledger]
    assert [queries.is_member(address) for address in addresses] == [True, True, True, False, False, False]
    assert queries.members(addresses) == set(addresses[:3])


def test_holds_open_and_closed(fresh: Books, engine: Engine) -> None:
    fresh.earn(1, 0, 1)
    fresh.hold(1, 0, 10, 300)
    fresh.hold(1, 0, 11, 100)
    follower = followed(engine, fresh)
    queries, member = Queries(engine), fresh.members[0].address
    assert [hold.receipt for hold in queries.open_holds()] == [10, 11]
    fresh.post_end_of_holds()
    follower.catch_up()
    hold = queries.hold(1, 10)
    assert hold is not None
    assert (hold.member, hold.points, hold.open) == (member, 300, False)
    assert queries.open_holds(member) == []
    assert queries.hold(2, 10) is None


# ---- sums


def test_partner_totals_are_the_sums_of_its_own_operations(books: Books, queries: Queries) -> None:
    history = queries.history(limit=1_000).items
    for row in queries.partner_totals():
        own = [record for record in history if record.partner == row.partner]
        points = {
            kind: sum(record.points for record in own if record.accepted and record.kind == kind) for kind in Kind
        }
        earns = [record for record in own if record.accepted and record.kind == Kind.EARN]
        assert row.purchases == len(earns)
        assert row.members == len({record.member for record in earns})
        assert row.points_issued == points[Kind.EARN]
        assert row.points_redeemed == points[Kind.REDEEM] + points[Kind.CAPTURE]
        assert row.points_refunded == points[Kind.REFUND]
        assert row.points_reversed == points[Kind.REVERSE]
        assert row.points_outstanding == (
            row.points_issued - row.points_reversed - row.points_redeemed + row.points_refunded
        )
        assert sum(row.rejected.values()) == sum(not record.accepted for record in own)
    assert queries.partner_totals(2)[0] == queries.partner_totals()[1]
    assert queries.partner_totals(1)[0].rejected == {
        "receipt_used": 1,
        "amount_zero": 1,
        "member_unknown": 1,
        "hold_unknown": 1,
        "original_exceeded": 1,
    }


def test_points_issued_by_member_and_partner(books: Books, queries: Queries) -> None:
    by_member: dict[str, int] = {}
    by_partner: dict[int, int] = {}
    for _, event in books.events():
        if isinstance(event, Earned):
            by_member[event.member] = by_member.get(event.member, 0) + event.points
            by_partner[event.partner] = by_partner.get(event.partner, 0) + event.points
    assert queries.issued_by_member() == by_member
    assert queries.issued_by_partner() == by_partner


def test_what_expires_later_is_outstanding_now_and_expired_then(books: Books, queries: Queries) -> None:
    head = queries.head()
    now, later = queries.totals(head.timestamp), queries.totals(head.timestamp + 3 * EPOCH)
    assert queries.totals() == now
    assert now.points_outstanding > 0
    assert later.points_outstanding == 0
    assert later.points_expired == now.points_expired + now.points_outstanding
    assert (now.members, now.purchases) == (3, sum(isinstance(event, Earned) for _, event in books.events()))
    assert now.redemptions == sum(isinstance(event, Redeemed) for _, event in books.events()) + 1


# ---- partners


def test_partners_are_as_the_registry_has_them(books: Books, queries: Queries) -> None:
    rows = queries.partners()
    assert [row.name for row in rows] == ["florist", "grocer"]
    for row in rows:
        known = views.read(books.rpc, views.partner_of(books.deployment, row.partner))
        rate = views.read(books.rpc, views.earn_rate_of(books.deployment, row.partner))
        assert (row.account, row.currency, row.active) == (known.account, known.currency, known.status == 1)
        assert row.earn_rate_bps == rate
        assert (row.next_earn_rate_bps, row.next_earn_rate_from) == (
            known.next_earn_rate_bps,
            known.next_earn_rate_from,
        )
        assert row.issue_price_micros == known.issue_price_micros
        assert row.reimbursement_micros == known.reimbursement_micros
        assert row.credit_limit_points == known.credit_limit_points
        for key in row.keys:
            found = views.read(books.rpc, views.key_of(books.deployment, key.key))
            assert (key.active_from, key.revoked_at) == (found.active_from, found.revoked_at)
    assert [len(row.keys) for row in rows] == [2, 1]


def test_a_rate_announced_after_another_took_effect(fresh: Books, engine: Engine) -> None:
    fresh.admin.announce_earn_rate(1, 2_000, fresh.now + NOTICE + 60)
    fresh.wait(2 * NOTICE)
    fresh.admin.announce_earn_rate(1, 3_000, fresh.now + NOTICE + 60)
    followed(engine, fresh)
    row = Queries(engine).partners()[0]
    known = views.read(fresh.rpc, views.partner_of(fresh.deployment, 1))
    assert (
        (row.earn_rate_bps, row.next_earn_rate_bps) == (known.earn_rate_bps, known.next_earn_rate_bps) == (2_000, 3_000)
    )
    assert row.at(row.next_earn_rate_from).earn_rate_bps == 3_000


def test_a_suspended_partner_and_a_pause_show(fresh: Books, engine: Engine) -> None:
    follower = followed(engine, fresh)
    queries = Queries(engine)
    assert not queries.paused()
    fresh.admin.suspend_partner(2)
    fresh.admin.pause()
    follower.catch_up()
    assert [row.active for row in queries.partners()] == [True, False]
    assert queries.paused()


def test_questions_from_many_threads(queries: Queries) -> None:
    expected, failures = queries.totals(), []

    def ask() -> None:
        for _ in range(20):
            if queries.totals() != expected:
                failures.append(1)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_rejections_keep_their_codes(books: Books, queries: Queries, tmp_path: Path) -> None:
    told = [(event.receipt, event.code) for _, event in books.events() if isinstance(event, OperationRejected)]
    found = queries.history(accepted=False, limit=1_000).items[::-1]
    assert [(record.receipt, record.code) for record in found] == told
    assert Rejection.RECEIPT_USED in {record.code for record in found}
    assert any(isinstance(event, Held) for _, event in books.events())


# ---- nothing to ask


def test_nothing_was_read_yet(engine: Engine) -> None:
    with pytest.raises(SetupError) as refused:
        Queries(engine).head()
    assert refused.value.code == "read_model_empty"


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/index.db", "postgresql://ledger@127.0.0.1:1/points"])
def test_a_database_that_is_not_there(url: str) -> None:
    with pytest.raises(Unavailable) as refused:
        Queries(open_database(url)).head()
    assert refused.value.code == "database_unavailable"


def test_a_database_whose_driver_is_not_installed() -> None:
    with pytest.raises(SetupError, match="oracle") as refused:
        open_database("oracle://ledger@db.example/points")
    assert refused.value.code == "database_driver_missing"
