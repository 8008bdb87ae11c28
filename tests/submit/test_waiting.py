"""The queue: groups, turns, days."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from coalition.chain.rpc import Rpc
from coalition.errors import ChainUnavailable
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Capture, Earn, Kind, Operation, Outcome, Reverse
from coalition.submit import Submission, outcome
from coalition.submit.submission import Entry, kind_of
from coalition.submit.waiting import DATA_BYTES_MAX, Group, Waiting
from tests.submit.world import Desk, Faulty, World, earn, member

DAY = 86_400


def entry(number: int, partner: int = 1, not_before: int | None = None, operation: Operation | None = None) -> Entry:
    operation = operation or Earn(member(1), number, 100)
    return Entry(number, kind_of(operation), Submission(partner, operation, "", not_before), [])


def waiting(by_day: bool = False, largest: int = 500) -> Waiting:
    return Waiting(lambda kind, campaigns: largest, {}, by_day)


def always(_partner: int) -> bool:
    return True


def everything(queue: Waiting) -> list[Group]:
    found = []
    while (group := queue.take(always)) is not None:
        found.append(group)
    return found


def test_a_lone_operation_is_a_group() -> None:
    queue = waiting()
    queue.add([entry(1)])
    assert [group.size for group in everything(queue)] == [1]
    assert queue.take(always) is None and not queue.can_take(always)


def test_groups_have_one_partner_and_one_kind_and_at_most_what_fits() -> None:
    queue = waiting(largest=3)
    queue.add(entry(number, partner=number % 2, operation=None) for number in range(10))
    queue.add([entry(20, operation=Capture(1, 2))])
    groups = everything(queue)

    assert sorted((group.partner, group.kind, group.size) for group in groups) == [
        (0, Kind.EARN, 2),
        (0, Kind.EARN, 3),
        (1, Kind.EARN, 2),
        (1, Kind.EARN, 3),
        (1, Kind.CAPTURE, 1),
    ]
    assert all({e.submission.partner for e in group.entries} == {group.partner} for group in groups)


def test_partners_take_turns() -> None:
    queue = waiting(largest=5)
    queue.add(entry(number) for number in range(50))
    queue.add([entry(99, partner=2)])

    assert [group.partner for group in everything(queue)][:3] == [1, 2, 1]


def test_a_partner_whose_lanes_are_full_is_passed_over() -> None:
    queue = waiting()
    queue.add([entry(1), entry(2, partner=2)])
    group = queue.take(lambda partner: partner == 2)

    assert group is not None and group.partner == 2
    assert queue.take(lambda partner: partner == 2) is None and queue.can_take(lambda partner: partner == 1)


def test_operations_of_a_kind_keep_their_order() -> None:
    queue = waiting(largest=4)
    queue.add(entry(number) for number in range(10))
    assert [e.id for group in everything(queue) for e in group.entries] == list(range(10))


def test_corrections_with_long_proofs_make_smaller_groups() -> None:
    original = Outcome(Kind.EARN, member(1), 1, 100, 100, Lots(0))
    proof = tuple(bytes(32) for _ in range(31))
    queue = waiting()
    queue.add(entry(number, operation=Reverse(number, 1, original, bytes(28), proof)) for number in range(300))
    sizes = [group.size for group in everything(queue)]

    assert sum(sizes) == 300 and max(sizes) * (448 + 31 * 32) <= DATA_BYTES_MAX


def test_campaigns_at_a_partner_make_groups_smaller() -> None:
    queue = Waiting(lambda kind, campaigns: 12 // (1 + campaigns), {1: 2, 2: 0})
    queue.add(entry(number, partner=1 + number % 2) for number in range(24))
    queue.add([entry(30, operation=Capture(1, 2)), entry(31, operation=Capture(2, 2))])

    sizes = [(group.partner, group.kind, group.size) for group in everything(queue)]
    assert sorted(sizes) == [(1, Kind.EARN, 4)] * 3 + [(1, Kind.CAPTURE, 2), (2, Kind.EARN, 12)]


def test_awards_of_what_is_reversed_make_groups_smaller() -> None:
    queue = Waiting(lambda kind, campaigns: 12 // (1 + campaigns), {1: 5})
    original = Outcome(Kind.EARN, member(1), 0, 100, 1, Lots(0, (1,)))
    queue.add(entry(n, operation=Reverse(n, 1, original, b"", (), (7,) * (n % 3))) for n in range(12))

    assert [group.size for group in everything(queue)] == [4, 4, 4]


def test_days_go_in_order_where_the_clock_follows() -> None:
    queue = waiting(by_day=True)
    queue.add([entry(1, not_before=9 * DAY), entry(2, not_before=3 * DAY + 5), entry(3, not_before=3 * DAY + 9)])
    queue.add([entry(4)])

    assert [[e.id for e in group.entries] for group in everything(queue)] == [[4], [2, 3], [1]]


def test_what_is_put_back_goes_first_and_stays_a_group() -> None:
    queue = waiting()
    queue.add([entry(1), entry(2)])
    group = queue.take(always)
    queue.add([entry(3)])
    assert group is not None
    queue.put_back(group)

    assert [[e.id for e in one.entries] for one in everything(queue)] == [[1, 2], [3]]


def test_a_large_partner_does_not_hold_up_a_small_one(desk: Callable[..., Desk], world: World) -> None:
    one = desk(window=1)
    bulk = one.submitter.post_many([earn(receipt) for receipt in range(3000)])

    (lone,) = one.post(earn(1, partner=2))
    assert outcome(lone, 30).accepted
    assert bulk.open >= 1000


def test_post_waits_while_too_much_is_pending(desk: Callable[..., Desk]) -> None:
    one = desk(starts=False, pending_max=1000)
    one.submitter.post_many([earn(receipt) for receipt in range(800)])
    second = threading.Thread(target=one.submitter.post_many, args=([earn(2000 + receipt) for receipt in range(400)],))
    second.start()
    second.join(0.3)
    assert second.is_alive() and one.submitter.pending_count == 800
    (small,) = one.post(earn(5000))

    one.start()
    assert outcome(small, 30).accepted
    second.join(30)
    assert not second.is_alive()


@pytest.mark.parametrize("days", [(1, 3, 9), (9, 3, 1)])
def test_the_clock_follows_the_data_and_never_goes_back(
    desk: Callable[..., Desk], world: World, days: tuple[int, ...]
) -> None:
    first = 1_700_000_000 - 1_700_000_000 % DAY
    one = desk(starts=False, clock_follows=True)
    wanted = [
        earn(day * 100 + i, partner=1 + i % 2, not_before=first + day * DAY + i * 60) for day in days for i in range(20)
    ]
    bulk = one.submitter.post_many(wanted)
    one.start()

    records = bulk.wait(60)
    for submission, record in zip(wanted, records, strict=True):
        assert record.timestamp // DAY == submission.not_before // DAY
    times = [record.timestamp for record in sorted(records, key=lambda record: (record.block, record.log))]
    assert times == sorted(times)
    (late,) = one.post(earn(9999, not_before=first))
    assert outcome(late, 60).timestamp >= times[-1]
    one.close()
    (later,) = desk(clock_follows=True).post(earn(9998, not_before=first + DAY))
    assert outcome(later, 60).timestamp >= times[-1]


class Absent(Faulty):
    """Is gone for half a second when it is sent something for the first time."""

    def __init__(self, rpc: Rpc) -> None:
        super().__init__(rpc)
        self.asked = threading.Event()

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        if calls[0][0] == "eth_sendRawTransaction" and not self.asked.is_set():
            self.asked.set()
            time.sleep(0.5)
            raise ChainUnavailable("The node is gone.")
        return super().batch(calls)


def test_days_stay_apart_where_one_has_to_be_sent_again(desk: Callable[..., Desk], world: World) -> None:
    first = 1_700_000_000 - 1_700_000_000 % DAY
    node = Absent(world.rpc)
    one = desk(starts=False, clock_follows=True, rpc=node)
    wanted = [
        earn(day * 100 + i, partner=1 + i % 2, not_before=first + day * DAY) for day in range(1, 7) for i in range(6)
    ]
    bulk = one.submitter.post_many(wanted)
    one.start()
    assert node.asked.wait(20)
    time.sleep(0.3)
    late = earn(999, not_before=first + 4 * DAY)
    (told,) = one.post(late)

    for submission, record in zip([*wanted, late], [*bulk.wait(60), outcome(told, 60)], strict=True):
        assert record.timestamp // DAY == submission.not_before // DAY
