"""What the outbox keeps of an operation is all of it."""

from __future__ import annotations

import pytest

from coalition.chain.codec import kind_of
from coalition.ledger.lots import Lots
from coalition.ledger.operations import (
    Capture,
    Earn,
    Hold,
    Kind,
    Operation,
    Outcome,
    Redeem,
    Refund,
    Release,
    Reverse,
)
from coalition.submit.content import from_content, to_content
from coalition.submit.submission import differences, pending_key
from tests.submit.world import member

LARGE = (1 << 256) - 1
EARNED = Outcome(Kind.EARN, member(1), LARGE, 1 << 47, 7, Lots(5, (1, 2, 3, 4)), bytes(range(32)))
SPENT = Outcome(Kind.REDEEM, member(1), 3, 0, (1 << 48) - 1, Lots((1 << 24) - 1, (1, 0, 0, 4)))
OPERATIONS: list[Operation] = [
    Earn(member(1), 0, 1),
    Earn(member(2), LARGE, LARGE, True),
    Redeem(member(1), 1 << 53, (1 << 53) - 1, 1 << 63),
    Redeem(member(1), 5, 6, 7, bytes(range(65))),
    Hold(member(1), LARGE, 6, 7, b"\0"),
    Capture(LARGE, 4),
    Release(LARGE),
    Reverse(1, 2, EARNED),
    Reverse(1, 2, EARNED, bytes(range(28)), (bytes(32), b"\xff" * 32)),
    Reverse(1, 2, EARNED, bytes(28), (), (0, 7, (1 << 256) - 1)),
    Refund(LARGE, 2, SPENT, bytes(28), (b"\1" * 32,)),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: type(operation).__name__)
def test_what_is_read_is_what_was_written(operation: Operation) -> None:
    assert from_content(kind_of(operation), to_content(operation)) == operation


def test_a_capture_is_not_the_hold_that_it_names() -> None:
    hold, capture, release = Hold(member(1), 9, 5, 6), Capture(9, 5), Release(9)
    assert len({pending_key(1, one, kind_of(one)) for one in (hold, capture, release)}) == 3
    assert pending_key(1, hold, Kind.HOLD) == pending_key(1, Earn(member(2), 9, 5), Kind.EARN)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Earn(member(1), 1, 5), Earn(member(1).upper().replace("X", "x"), 1, 5, True), True),
        (Earn(member(1), 1, 5), Earn(member(1), 1, 6), False),
        (Earn(member(1), 1, 5), Earn(member(2), 1, 5), False),
        (Redeem(member(1), 1, 5, 6, b"a"), Redeem(member(1), 1, 5, 7, b"b"), True),
        (Redeem(member(1), 1, 5, 6), Hold(member(1), 1, 5, 6), False),
        (Hold(member(1), 1, 5, 6), Hold(member(1), 1, 5, 7), False),
        (Capture(1, 5), Capture(1, 6), False),
        (Release(1), Release(1), True),
        (Reverse(1, 2, EARNED), Reverse(1, 2, EARNED, bytes(28), (bytes(32),)), True),
        (Reverse(1, 2, EARNED), Reverse(1, 3, EARNED), False),
        (Refund(1, 2, SPENT), Refund(1, 2, EARNED), False),
    ],
)
def test_what_counts_as_the_same(one: Operation, other: Operation, same: bool) -> None:
    assert (not differences(one, other)) is same
