"""The node: gone, back, forgetful, and its answers lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coalition.chain import history
from coalition.errors import IntegrityError, OutcomePending
from coalition.submit import outcome
from tests.submit.world import Desk, Faulty, World, earn

Make = Callable[..., Desk]


def test_operations_wait_for_a_node_that_is_gone(desk: Make, world: World, eventually: Callable) -> None:
    node = Faulty(world.rpc)
    one = desk(rpc=node)
    assert outcome(one.post(earn(1))[0], 10).accepted
    node.is_down = True
    waiting = one.post(*(earn(receipt) for receipt in range(2, 12)))

    with pytest.raises(OutcomePending):
        outcome(waiting[0], 0.3)
    eventually(lambda: "chain" in one.submitter.status.trouble)
    node.is_down = False

    assert all(outcome(future, 60).accepted for future in waiting)
    eventually(lambda: not one.submitter.status.trouble)
    assert set(world.counted().values()) == {1}


def test_a_node_that_is_gone_from_the_start(desk: Make, world: World) -> None:
    node = Faulty(world.rpc)
    node.is_down = True
    one = desk(rpc=node)
    waiting = one.post(earn(1), earn(2, partner=2))
    with pytest.raises(OutcomePending):
        outcome(waiting[0], 0.3)
    node.is_down = False

    assert all(outcome(future, 60).accepted for future in waiting)


def test_a_lost_answer_does_not_count_twice(desk: Make, world: World, eventually: Callable) -> None:
    node = Faulty(world.rpc)
    node.loses = 2
    one = desk(rpc=node)

    assert all(outcome(future, 60).accepted for future in one.post(earn(1), earn(2)))
    eventually(lambda: one.submitter.status.is_idle)
    assert world.counted() == {(1, 1): 1, (1, 2): 1} and world.rejected() == 0


def test_a_transaction_that_the_node_forgot_is_sent_again(desk: Make, world: World) -> None:
    class Forgetful(Faulty):
        forgets = 1

        def batch(self, calls):
            if calls[0][0] == "eth_sendRawTransaction" and self.forgets:
                self.forgets -= 1
                return ["0x"] * len(calls)
            return super().batch(calls)

    one = desk(rpc=Forgetful(world.rpc))

    assert outcome(one.post(earn(1))[0], 20).accepted


def test_a_submitter_closes_while_the_node_is_gone(desk: Make, world: World) -> None:
    node = Faulty(world.rpc)
    node.is_down = True
    one = desk(rpc=node)
    (future,) = one.post(earn(1))
    one.close()
    with pytest.raises(OutcomePending):
        outcome(future, 1)

    assert outcome(desk().post(earn(1))[0], 20).accepted


def test_outcomes_that_are_not_those_of_a_transaction_stop_all(desk: Make, world: World, eventually: Callable) -> None:
    one = desk(follows=False)
    one.post(earn(1), earn(2))
    eventually(lambda: len(world.records()) == 2)
    told = history.events(world.rpc, world.deployment, one.next_block, history.head(world.rpc).number)
    second = next(event for event in told if getattr(event[1], "receipt", None) == 2)

    with pytest.raises(IntegrityError) as stopped:
        one.submitter.settle([event for event in told if event is not second])
    assert stopped.value.code == "integrity_broken"
    one.submitter.settle(told)
    eventually(lambda: one.submitter.status.is_idle)
