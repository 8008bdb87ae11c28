"""Corners that random calls reach rarely, by hand."""

from __future__ import annotations

import pytest

from coalition.ledger import calls
from coalition.ledger.chain_word import proof_for
from coalition.ledger.events import Earned, OperationRejected
from coalition.ledger.lots import LOT_MAX, Lots
from coalition.ledger.machine import Revert
from coalition.ledger.operations import (
    Earn,
    Hold,
    Kind,
    Operation,
    Outcome,
    Purpose,
    Redeem,
    Refund,
    Rejection,
    Release,
)
from tests.fuzz.actors import keys
from tests.fuzz.encoding import keccak
from tests.fuzz.getters import compare, everything
from tests.fuzz.world import DAY, GENESIS, Parameters, Roles, World

OPERATOR, PARTNER_KEY, PARTNER_ACCOUNT, MEMBER = keys()[1], keys()[4], keys()[20], keys()[30]
PARTNER = 1
RATE_ONE_TO_ONE = 10_000


def world_of(validity: int = 2, epoch_length: int = DAY) -> World:
    roles = Roles(*(key.address for key in keys()[:4]))
    world = World(Parameters(epoch_length, validity, 0, 0, 0, 0), roles)
    partner = calls.AddPartner("Grocery", PARTNER_ACCOUNT.address, PARTNER_KEY.address, "EUR", RATE_ONE_TO_ONE)
    world.send(GENESIS, OPERATOR.address, partner)
    return world


def post(world: World, timestamp: int, kind: Kind, operation: Operation) -> list[Rejection]:
    """Post an operation to both, and return why they refuse it, if they do."""
    told = world.send(timestamp, PARTNER_KEY.address, calls.Post(kind, (operation,)))
    compare(world, everything(world))
    assert isinstance(told, list)
    return [event.code for event in told if isinstance(event, OperationRejected)]


def hold_of_100(world: World) -> None:
    deadline = GENESIS + 3_600
    post(world, GENESIS, Kind.EARN, Earn(MEMBER.address, 1, 100, True))
    digest = world.machine.content.authorization(MEMBER.address, PARTNER, 100, 2, Purpose.HOLD, deadline)
    post(world, GENESIS, Kind.HOLD, Hold(MEMBER.address, 2, 100, deadline, MEMBER.sign(digest)))


def test_full_lot_earns_no_more() -> None:
    world = world_of()

    assert post(world, GENESIS, Kind.EARN, Earn(MEMBER.address, 1, LOT_MAX, True)) == []
    assert post(world, GENESIS, Kind.EARN, Earn(MEMBER.address, 2, 1)) == [Rejection.AMOUNT_TOO_LARGE]
    assert post(world, GENESIS + DAY, Kind.EARN, Earn(MEMBER.address, 2, 1)) == []


def test_released_points_find_a_full_grace_lot() -> None:
    world = world_of(validity=2)
    hold_of_100(world)
    later = GENESIS + 2 * DAY

    assert post(world, later, Kind.EARN, Earn(MEMBER.address, 3, LOT_MAX)) == []
    assert post(world, later, Kind.RELEASE, Release(2)) == [Rejection.AMOUNT_TOO_LARGE]


def test_lapsed_hold_finds_a_full_grace_lot() -> None:
    world = world_of(validity=2)
    hold_of_100(world)
    later = GENESIS + 2 * DAY
    post(world, later, Kind.EARN, Earn(MEMBER.address, 3, LOT_MAX))

    answer = world.send(later, MEMBER.address, calls.ReleaseLapsed(PARTNER, 2))

    assert answer == Revert("GraceLotFull", (PARTNER, 2))


def test_refund_finds_a_full_lot() -> None:
    world = world_of()
    post(world, GENESIS, Kind.EARN, Earn(MEMBER.address, 1, 100, True))
    digest = world.machine.content.authorization(MEMBER.address, PARTNER, 60, 2, Purpose.REDEEM, GENESIS)
    post(world, GENESIS, Kind.REDEEM, Redeem(MEMBER.address, 2, 60, GENESIS, MEMBER.sign(digest)))
    post(world, GENESIS, Kind.EARN, Earn(MEMBER.address, 3, LOT_MAX - 40))
    earned = Outcome(Kind.EARN, MEMBER.address, 1, 100, 100, Lots.single(0, 100))
    redeemed = Outcome(Kind.REDEEM, MEMBER.address, 2, 0, 60, Lots.single(0, 60))
    filling = Outcome(Kind.EARN, MEMBER.address, 3, LOT_MAX - 40, LOT_MAX - 40, Lots.single(0, LOT_MAX - 40))
    proof = proof_for([earned, redeemed, filling], 1, keccak)

    answer = world.send(GENESIS, PARTNER_KEY.address, calls.Post(Kind.REFUND, (Refund(4, 60, redeemed, *proof),)))

    assert answer == [OperationRejected(PARTNER, 4, Kind.REFUND, Rejection.AMOUNT_TOO_LARGE)]
    compare(world, everything(world))


@pytest.mark.parametrize("epoch", [1, 2**256 - 1])
def test_nothing_of_a_future_epoch_moves_nothing(epoch: int) -> None:
    world = world_of()
    post(world, GENESIS, Kind.EARN, Earn(MEMBER.address, 1, 100, True))

    answer = world.send(GENESIS, MEMBER.address, calls.TransferAtEpoch(epoch, MEMBER.address, 0))

    assert not isinstance(answer, Revert)


def test_largest_batch_and_one_more() -> None:
    world = world_of()
    answers = []
    for size in (500, 501):
        earns = tuple(Earn(MEMBER.address, 1_000 * size + at, 100, True) for at in range(size))
        answers.append(world.send(GENESIS, PARTNER_KEY.address, calls.Post(Kind.EARN, earns)))

    most, more = answers
    assert isinstance(most, list) and sum(isinstance(event, Earned) for event in most) == 500
    assert more == Revert("BatchSizeInvalid", (501, 500))
    compare(world, everything(world))
