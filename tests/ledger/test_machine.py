"""The twin's decisions on their own, with signatures that a fake accepts; the fuzz holds them against the contracts."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from coalition.ledger import calls, views
from coalition.ledger.events import Earned, Event, Held, MemberEnrolled, OperationRejected, Released, Transfer
from coalition.ledger.lots import LOT_MAX, Lots
from coalition.ledger.machine import Machine, Revert, execute
from coalition.ledger.operations import Earn, Hold, Kind, Operation, Rejection, Release
from coalition.ledger.signed_content import SignedContent
from coalition.ledger.state import NOBODY
from tests.ledger.actors import (
    EARNING_PARTNER,
    EPOCH_SECONDS,
    LEDGER,
    MEMBER,
    OTHER_MEMBER,
    PARTNER_KEY,
    STRANGER,
    at,
    opened,
)

OPERATOR = "0x" + "0A" * 20
SIGNED, FORGED = b"signed", b"forged"


@pytest.fixture
def machine() -> Machine:
    content = SignedContent(1, LEDGER, keccak)
    permitted = {calls.Enrol: frozenset({OPERATOR}), calls.Pause: frozenset({OPERATOR})}
    return Machine(opened(), content, lambda signer, digest, signature: signature == SIGNED, permitted)


def post(machine: Machine, epoch: int, kind: Kind, *operations: Operation) -> list[Event] | Revert:
    return execute(machine, PARTNER_KEY, calls.Post(kind, operations), at(epoch))


def hold(receipt: int, points: int, seconds: int = EPOCH_SECONDS - 1, signature: bytes = SIGNED) -> Hold:
    return Hold(MEMBER, receipt, points, at(0, seconds).timestamp, signature)


def test_earn_in_a_batch_with_a_bad_one(machine: Machine) -> None:
    told = post(machine, 0, Kind.EARN, Earn(MEMBER, 1, 1_000), Earn(MEMBER, 1, 2_000), Earn(STRANGER, 2, 100, True))

    assert told == [
        Transfer(NOBODY, MEMBER, 10),
        Earned(EARNING_PARTNER, MEMBER, 1, 1_000, 10),
        OperationRejected(EARNING_PARTNER, 1, Kind.EARN, Rejection.RECEIPT_USED),
        MemberEnrolled(STRANGER),
        Transfer(NOBODY, STRANGER, 1),
        Earned(EARNING_PARTNER, STRANGER, 2, 100, 1),
    ]
    assert views.balance_of(machine.state, MEMBER, at(0).timestamp) == 10


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (Earn(MEMBER, 1, 0), Rejection.AMOUNT_ZERO),
        (Earn(MEMBER, 1, 1 << 48), Rejection.AMOUNT_TOO_LARGE),
        (Earn(STRANGER, 1, 100), Rejection.MEMBER_UNKNOWN),
        (Earn(LEDGER, 1, 100, True), Rejection.MEMBER_UNKNOWN),
        (Earn(NOBODY, 1, 100, True), Rejection.MEMBER_UNKNOWN),
    ],
)
def test_refused_earns(machine: Machine, operation: Earn, code: Rejection) -> None:
    told = post(machine, 0, Kind.EARN, operation)

    assert told == [OperationRejected(EARNING_PARTNER, 1, Kind.EARN, code)]
    assert not views.is_receipt_used(machine.state, EARNING_PARTNER, 1)


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (hold(1, 10, seconds=40 * 86_400), Rejection.DEADLINE_TOO_FAR),
        (hold(9, 5), Rejection.RECEIPT_USED),
        (hold(1, 0), Rejection.AMOUNT_ZERO),
        (hold(1, 1 << 48), Rejection.AMOUNT_TOO_LARGE),
        (Hold(STRANGER, 1, 5, at(0).timestamp, SIGNED), Rejection.MEMBER_UNKNOWN),
        (hold(1, 5, seconds=-1), Rejection.DEADLINE_PASSED),
        (hold(1, 11), Rejection.BALANCE_TOO_LOW),
        (hold(1, 5, seconds=3 * EPOCH_SECONDS), Rejection.BALANCE_TOO_LOW),
        (hold(1, 5, signature=FORGED), Rejection.SIGNATURE_INVALID),
        (hold(1, 5, signature=b""), Rejection.ALLOWANCE_TOO_LOW),
    ],
)
def test_refused_holds(machine: Machine, operation: Hold, code: Rejection) -> None:
    post(machine, 0, Kind.EARN, Earn(MEMBER, 9, 1_000))

    told = post(machine, 0, Kind.HOLD, operation)

    assert told == [OperationRejected(EARNING_PARTNER, operation.receipt, Kind.HOLD, code)]
    assert views.balance_of(machine.state, MEMBER, at(0).timestamp) == 10


def test_hold_takes_from_the_account_and_lapses_for_anyone(machine: Machine) -> None:
    post(machine, 0, Kind.EARN, Earn(MEMBER, 9, 1_000))
    deadline = at(0, EPOCH_SECONDS - 1).timestamp
    lots = Lots.single(0, 5)

    assert post(machine, 0, Kind.HOLD, hold(1, 5)) == [
        Transfer(MEMBER, LEDGER, 5),
        Held(EARNING_PARTNER, MEMBER, 1, 5, lots, deadline),
    ]
    lapsed = calls.ReleaseLapsed(EARNING_PARTNER, 1)
    early = execute(machine, STRANGER, lapsed, at(0, EPOCH_SECONDS - 1))
    assert early == Revert("HoldNotLapsed", (EARNING_PARTNER, 1, deadline))
    assert execute(machine, STRANGER, lapsed, at(1)) == [
        Transfer(LEDGER, MEMBER, 5),
        Released(EARNING_PARTNER, MEMBER, 1, 5, Lots(1, (0, 5, 0, 0))),
    ]
    assert execute(machine, STRANGER, lapsed, at(1)) == Revert("HoldNotOpen", (EARNING_PARTNER, 1))


def test_release_waits_while_the_grace_lot_has_no_room(machine: Machine) -> None:
    post(machine, 0, Kind.EARN, Earn(MEMBER, 9, 1_000))
    post(machine, 0, Kind.HOLD, hold(1, 5))
    machine.state.partners[EARNING_PARTNER].earn_rate_bps = 10_000
    post(machine, 2, Kind.EARN, Earn(OTHER_MEMBER, 8, LOT_MAX))

    told = post(machine, 3, Kind.RELEASE, Release(1))

    assert told == [OperationRejected(EARNING_PARTNER, 1, Kind.RELEASE, Rejection.AMOUNT_TOO_LARGE)]
    lapsed = calls.ReleaseLapsed(EARNING_PARTNER, 1)
    assert execute(machine, STRANGER, lapsed, at(3)) == Revert("GraceLotFull", (EARNING_PARTNER, 1))
    assert isinstance(execute(machine, STRANGER, lapsed, at(4)), list)


@pytest.mark.parametrize(
    ("sender", "call", "revert"),
    [
        (PARTNER_KEY, calls.Post(Kind.EARN, ()), Revert("BatchSizeInvalid", (0, 500))),
        (STRANGER, calls.Post(Kind.EARN, (Earn(MEMBER, 1, 1),)), Revert("KeyUnknown", (STRANGER,))),
        (STRANGER, calls.Enrol((STRANGER,)), Revert("AccessManagedUnauthorized", (STRANGER,))),
        (OPERATOR, calls.Enrol((STRANGER, LEDGER)), Revert("MemberInvalid", (LEDGER,))),
        (STRANGER, calls.Pause(), Revert("AccessManagedUnauthorized", (STRANGER,))),
        (MEMBER, calls.Transfer(STRANGER, 0), Revert("ERC20InvalidReceiver", (STRANGER,))),
        (MEMBER, calls.Transfer(OTHER_MEMBER, 1), Revert("ERC20InsufficientBalance", (MEMBER, 0, 1))),
    ],
)
def test_reverts_change_nothing(machine: Machine, sender: str, call: calls.Call, revert: Revert) -> None:
    before = repr(machine.state)

    assert execute(machine, sender, call, at(0)) == revert
    assert repr(machine.state) == before


def test_a_permit_counts_its_nonce_only_when_it_succeeds(machine: Machine) -> None:
    late = calls.Permit(MEMBER, STRANGER, 5, at(0).timestamp - 1, SIGNED)
    good = calls.Permit(MEMBER, STRANGER, 5, at(0).timestamp, SIGNED)

    assert execute(machine, STRANGER, late, at(0)) == Revert("SignatureExpired", (late.deadline,))
    assert machine.nonce_of(MEMBER) == 0
    execute(machine, STRANGER, good, at(0))
    assert machine.nonce_of(MEMBER) == 1
    assert views.allowance(machine.state, MEMBER, STRANGER) == 5


def test_nothing_moves_while_paused(machine: Machine) -> None:
    execute(machine, OPERATOR, calls.Pause(), at(0))

    assert post(machine, 0, Kind.EARN, Earn(MEMBER, 1, 1)) == Revert("LedgerPaused")
    assert execute(machine, MEMBER, calls.Transfer(OTHER_MEMBER, 0), at(0)) == Revert("LedgerPaused")
