"""Every invariant notices what breaks it."""

from __future__ import annotations

import pytest

from coalition.ledger.events import (
    Captured,
    DebtRepaid,
    Earned,
    Event,
    Held,
    LotsTransferred,
    PointsExpired,
    Redeemed,
    Released,
)
from coalition.ledger.invariants import INVARIANTS, violations
from coalition.ledger.lots import Lots
from coalition.ledger.state import apply
from tests.ledger.actors import EARNING_PARTNER, LEDGER, MEMBER, OTHER_MEMBER, STRANGER, at, opened

P = EARNING_PARTNER
EARNED = Earned(P, MEMBER, 1, 10_000, 100)
HELD = Held(P, MEMBER, 2, 60, Lots.single(0, 60), at(1).timestamp)
CAPTURED = Captured(P, MEMBER, 2, 60, Lots.single(0, 60))
RELEASED = Released(P, MEMBER, 2, 60, Lots.single(0, 60))


@pytest.mark.parametrize(
    ("invariant", "events"),
    [
        ("supply_is_issued_minus_gone", [Redeemed(P, MEMBER, 2, 101, Lots.single(0, 101))]),
        ("supply_is_issued_minus_gone", [PointsExpired(MEMBER, Lots.single(0, 5))]),
        ("supply_is_issued_minus_gone", [DebtRepaid(MEMBER, 5)]),
        ("supply_is_issued_minus_gone", [Redeemed(P, MEMBER, 2, 7, Lots.single(0, 6))]),
        ("receipt_counts_once", [EARNED]),
        ("receipt_counts_once", [Redeemed(P, MEMBER, 1, 5, Lots.single(0, 5))]),
        ("no_spend_without_member_key", [Redeemed(P, STRANGER, 2, 5, Lots.single(0, 5))]),
        ("no_spend_without_member_key", [LotsTransferred(MEMBER, STRANGER, Lots.single(0, 5))]),
        ("hold_is_captured_or_released_never_both", [CAPTURED]),
        ("hold_is_captured_or_released_never_both", [HELD, CAPTURED, RELEASED]),
        ("hold_is_captured_or_released_never_both", [HELD, RELEASED, RELEASED]),
        ("hold_is_captured_or_released_never_both", [HELD, Captured(P, OTHER_MEMBER, 2, 60, Lots.single(0, 60))]),
        ("hold_is_captured_or_released_never_both", [HELD, Captured(P, MEMBER, 2, 61, Lots.single(0, 61))]),
        ("hold_is_captured_or_released_never_both", [HELD, LotsTransferred(LEDGER, MEMBER, Lots.single(0, 60))]),
    ],
)
def test_what_breaks_it_is_noticed(invariant: str, events: list[Event]) -> None:
    state = opened((at(0), EARNED))
    assert violations(state) == []

    for log, event in enumerate(events):
        apply(state, at(0, log=log), event)

    assert invariant in {violation.invariant for violation in violations(state)}
    assert INVARIANTS[invariant](state)


def test_a_violation_names_its_event() -> None:
    state = opened((at(0), EARNED), (at(0, log=5), EARNED))

    (violation,) = state.violations
    assert violation.position == at(0, log=5)
    assert violation.sentence == "receipt 1 of partner 1 counted twice"


def test_a_missing_point_is_noticed() -> None:
    state = opened((at(0), EARNED))
    state.accounts[MEMBER].lots[0] -= 1

    (violation,) = violations(state)
    assert violation.sentence == "accounts hold 99 points of epoch 0, the supply is 100"
