"""Operations with their outcomes."""

from __future__ import annotations

import pytest

from coalition.ledger.events import (
    Captured,
    Earned,
    Event,
    Held,
    MemberEnrolled,
    OperationRejected,
    Position,
    Redeemed,
    Refunded,
    Released,
    Reversed,
    Transfer,
)
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Kind, Outcome, Rejection
from coalition.ledger.records import OperationRecord, outcome_of, record_of
from tests.ledger.actors import MEMBER, OTHER_MEMBER

PLACE = Position(7, 3, 1_000, "0x01")
LOTS = Lots(5, (1, 2, 0, 0))


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Earned(1, MEMBER, 9, 500, 5), (1, 9, Kind.EARN, MEMBER, 500, 5, None, 0, None, None)),
        (Redeemed(1, MEMBER, 9, 3, LOTS), (1, 9, Kind.REDEEM, MEMBER, 0, 3, LOTS, 0, None, None)),
        (Held(1, MEMBER, 9, 3, LOTS, 77), (1, 9, Kind.HOLD, MEMBER, 0, 3, LOTS, 77, None, None)),
        (Captured(1, MEMBER, 9, 3, LOTS), (1, 9, Kind.CAPTURE, MEMBER, 0, 3, LOTS, 0, None, None)),
        (Released(1, MEMBER, 9, 3, LOTS), (1, 9, Kind.RELEASE, MEMBER, 0, 3, LOTS, 0, None, None)),
        (Reversed(1, MEMBER, 9, 8, 500, 4, LOTS), (1, 9, Kind.REVERSE, MEMBER, 500, 4, LOTS, 0, 8, None)),
        (Refunded(1, MEMBER, 9, 8, 3, LOTS), (1, 9, Kind.REFUND, MEMBER, 0, 3, LOTS, 0, 8, None)),
        (
            OperationRejected(1, 9, Kind.HOLD, Rejection.AMOUNT_ZERO),
            (1, 9, Kind.HOLD, "", 0, 0, None, 0, None, Rejection.AMOUNT_ZERO),
        ),
    ],
)
def test_record_of_each_outcome(event: Event, expected: tuple[object, ...]) -> None:
    record = record_of(PLACE, event)

    assert record == OperationRecord(*expected, 7, 3, 1_000, "0x01")  # type: ignore[arg-type]
    assert record.accepted == (not isinstance(event, OperationRejected))


def test_other_events_are_no_operation() -> None:
    assert record_of(PLACE, Transfer(MEMBER, OTHER_MEMBER, 1)) is None
    assert record_of(PLACE, MemberEnrolled(MEMBER)) is None
    assert outcome_of(MemberEnrolled(MEMBER), 3) is None


def test_outcomes_are_what_was_committed_to() -> None:
    earned = outcome_of(Earned(1, MEMBER, 9, 500, 5), 3)

    assert earned == Outcome(Kind.EARN, MEMBER, 9, 500, 5, Lots.single(3, 5))
    assert outcome_of(Redeemed(1, MEMBER, 9, 3, LOTS), 9) == Outcome(Kind.REDEEM, MEMBER, 9, 0, 3, LOTS)
    assert outcome_of(Captured(1, MEMBER, 9, 3, LOTS), 9) == Outcome(Kind.CAPTURE, MEMBER, 9, 0, 3, LOTS)
