"""Posting: outcomes, duplicates, conflicts, neighbours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future

import pytest
from sqlalchemy import Engine, func, select

from coalition.errors import AccessDenied, InputError, OutcomePending, ReceiptConflict
from coalition.ledger.operations import Earn, Kind, Redeem, Rejection
from coalition.ledger.records import OperationRecord
from coalition.submit import Submission, outcome
from coalition.submit.submission import Entry
from coalition.submit.tables import operations, transactions
from tests.submit.world import Desk, World, earn, member

Make = Callable[..., Desk]


def rows(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        counts = [connection.execute(select(func.count()).select_from(t)).scalar() for t in (operations, transactions)]
    return counts[0] or 0, counts[1] or 0


def test_a_lone_operation_gets_its_record(desk: Make, world: World) -> None:
    (future,) = desk().post(earn(7, spend_minor=1234))

    record = outcome(future, 60)

    assert (record.partner, record.receipt, record.kind, record.code) == (1, 7, Kind.EARN, None)
    assert (record.spend_minor, record.points, world.balance(1)) == (1234, 1234, 1234)


def test_the_outbox_is_empty_once_everything_is_settled(desk: Make, engine: Engine, eventually: Callable) -> None:
    one = desk()
    bulk = one.submitter.post_many([earn(receipt, of=receipt) for receipt in range(30)])

    assert all(record.accepted for record in bulk.wait(20))
    eventually(lambda: rows(engine) == (0, 0))
    assert one.submitter.pending_count == 0 and one.submitter.status.in_flight == 0


def test_what_waits_together_shares_a_transaction(desk: Make, world: World) -> None:
    one = desk(starts=False)
    bulk = one.submitter.post_many([earn(receipt) for receipt in range(20)])
    bulk2 = one.submitter.post_many([earn(receipt, partner=2) for receipt in range(20)])
    one.start()

    hashes = {record.transaction for record in bulk.wait(20) + bulk2.wait(20)}

    assert len(hashes) == 2 and (world.nonce(1), world.nonce(2)) == (1, 1)


def test_outcomes_come_in_the_order_of_the_post(desk: Make) -> None:
    receipts = [5, 3, 9, 1, 7]
    bulk = desk().submitter.post_many([earn(receipt, spend_minor=receipt) for receipt in receipts])

    assert [record.receipt for record in bulk.wait(20)] == receipts


def test_a_rejection_is_a_record(desk: Make) -> None:
    known, unknown = desk().post(earn(1), Submission(1, Earn(member(9), 2, 100), "2"))

    assert outcome(known, 60).accepted
    assert outcome(unknown, 60).code is Rejection.MEMBER_UNKNOWN


def test_the_same_operation_twice_at_once_shares_one_outcome(desk: Make, world: World) -> None:
    one = desk(starts=False)
    first, second = one.post(earn(4), earn(4))
    (third,) = one.post(earn(4))
    one.start()

    assert outcome(first, 60) == outcome(second, 60) == outcome(third, 60)
    assert world.counted() == {(1, 4): 1} and world.rejected() == 0


def test_another_amount_under_a_pending_receipt_is_a_conflict(desk: Make, world: World) -> None:
    one = desk(starts=False)
    first, second = one.post(earn(4, spend_minor=10), earn(4, spend_minor=11))
    (third,) = one.post(Submission(1, Redeem(member(1), 4, 10, 2_000_000_000), "4"))
    one.start()

    assert outcome(first, 60).spend_minor == 10
    for conflicting, differences in (
        (second, {"spend_minor": {"recorded": 10, "requested": 11}}),
        (
            third,
            {"kind": {"recorded": "earn", "requested": "redeem"}, "points": {"recorded": None, "requested": 10}},
        ),
    ):
        with pytest.raises(ReceiptConflict, match="Receipt 4") as conflict:
            outcome(conflicting, 60)
        assert conflict.value.details["differences"] == differences


def test_the_same_receipt_later_is_rejected_as_used(desk: Make, world: World) -> None:
    one = desk()
    assert outcome(one.post(earn(4))[0], 10).accepted
    assert outcome(one.post(earn(4))[0], 10).code is Rejection.RECEIPT_USED
    assert world.counted() == {(1, 4): 1}


def test_two_partners_may_use_one_receipt(desk: Make, world: World) -> None:
    for future in desk().post(earn(4), earn(4, partner=2)):
        assert outcome(future, 60).accepted


def test_what_cannot_be_encoded_does_not_stop_its_neighbours(desk: Make, world: World) -> None:
    one = desk(starts=False)
    good, bad, fine = one.post(earn(1), Submission(1, Earn("0x12", 2, 100), "2"), earn(3))
    (alone,) = one.post(Submission(2, Earn("0x12", 2, 100), "2"))
    one.start()

    assert outcome(good, 60).accepted and outcome(fine, 60).accepted
    for broken in (bad, alone):
        with pytest.raises(InputError):
            outcome(broken, 60)
    assert one.submitter.pending_count == 0
    assert outcome(one.post(earn(5, partner=2))[0], 10).accepted


def test_a_partner_without_a_key_here_is_told_so(desk: Make) -> None:
    strange, known = desk().post(earn(1, partner=3), earn(1))

    with pytest.raises(AccessDenied) as caught:
        outcome(strange, 60)
    assert caught.value.code == "partner_key_missing"
    assert outcome(known, 60).accepted


def test_a_caller_who_cannot_wait_is_told_that_it_is_pending(desk: Make) -> None:
    one = desk(starts=False)
    bulk = one.submitter.post_many([earn(1)])
    (future,) = one.post(earn(2))

    for wait in (lambda: outcome(future, 0.01), lambda: bulk.wait(0.01)):
        with pytest.raises(OutcomePending):
            wait()
    one.start()
    assert outcome(future, 60).accepted and bulk.wait(60)[0].accepted


def test_closing_tells_those_who_wait(desk: Make) -> None:
    one = desk(starts=False)
    (future,) = one.post(earn(1))
    one.submitter.close()

    with pytest.raises(OutcomePending):
        outcome(future, 1)


def test_who_joins_an_operation_waits_until_it_is_durable(desk: Make) -> None:
    go_on = threading.Event()
    one = desk(starts=False, checkpoint=lambda name: go_on.wait(10) if name == "operations_recorded" else None)
    threads = [threading.Thread(target=one.post, args=(earn(1),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(0.3)
    assert all(thread.is_alive() for thread in threads)

    go_on.set()
    for thread in threads:
        thread.join(60)
    assert one.submitter.pending_count == 1


def test_callers_share_commits(desk: Make, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one = desk()
    commits, add = [], one.submitter._outbox.add

    def slow(entries: Iterable[Entry]) -> None:
        commits.append(1)
        time.sleep(0.05)
        add(entries)

    monkeypatch.setattr(one.submitter._outbox, "add", slow)
    futures: list[Future[OperationRecord]] = []
    threads = [threading.Thread(target=lambda at=at: futures.extend(one.post(earn(at)))) for at in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(outcome(future, 60).accepted for future in futures)
    assert len(futures) == 30 and len(commits) < 15


def test_an_old_process_s_operation_is_joined(desk: Make, world: World, engine: Engine) -> None:
    one = desk(starts=False)
    one.post(earn(1, spend_minor=5))
    one.close()
    two = desk(starts=False)
    same, other = two.post(earn(1, spend_minor=5), earn(1, spend_minor=6))
    two.start()

    assert outcome(same, 60).accepted
    with pytest.raises(ReceiptConflict):
        outcome(other, 60)
    assert world.rejected() == 0
