"""The fold: what each event does to balances, supply, holds, debts, receipts and totals."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from coalition.ledger import views
from coalition.ledger.chain_word import chain_of, leaf_of
from coalition.ledger.events import (
    Approval,
    AuthorizationUsed,
    Captured,
    DebtRepaid,
    Earned,
    EarnRateAnnounced,
    Held,
    KeyChangeAnnounced,
    KeyChangeCancelled,
    LotsTransferred,
    OperationRejected,
    PartnerReinstated,
    PartnerSuspended,
    PartnerTermsSet,
    Paused,
    PointsExpired,
    Redeemed,
    Refunded,
    Released,
    Reversed,
    Transfer,
    Unpaused,
)
from coalition.ledger.invariants import violations
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Kind, Rejection
from coalition.ledger.records import outcome_of
from coalition.ledger.state import NOBODY, AccountKey, OpenHold, PartnerStatus, State, Totals, apply
from tests.ledger.actors import (
    EARNING_PARTNER,
    LEDGER,
    MEMBER,
    OTHER_MEMBER,
    PARTNER_ACCOUNT,
    PARTNER_KEY,
    STRANGER,
    at,
    opened,
)

P = EARNING_PARTNER
EARNED = (at(0), Earned(P, MEMBER, 1, 10_000, 100))
HELD = (at(0), Held(P, MEMBER, 2, 60, Lots.single(0, 60), at(1).timestamp))


def balance(state: State, account: str, epoch: int) -> int:
    return views.balance_of(state, account, at(epoch).timestamp)


def test_opening_tells_the_parameters() -> None:
    state = opened()

    assert (state.epoch_length, state.validity, state.rotation_delay, state.recovery_delay) == (1_000, 3, 100, 200)
    assert views.is_member(state, MEMBER)
    assert not views.is_member(state, STRANGER)


def test_earned_points_are_in_the_lot_of_their_epoch() -> None:
    state = opened(EARNED, (at(1), Earned(P, MEMBER, 33, 500, 5)))
    now = at(1).timestamp

    assert views.lots_of(state, MEMBER, now) == Lots(1, (5, 100, 0, 0))
    assert views.supply_lots(state, now) == Lots(1, (5, 100, 0, 0))
    assert views.is_receipt_used(state, P, 1)
    assert not views.is_receipt_used(state, P, 2)
    totals = state.partner_totals[P]
    assert (totals.purchases, totals.spend_minor, totals.points_issued) == (2, 10_500, 105)
    assert totals.members == {MEMBER}
    assert violations(state) == []


def test_points_leave_the_balance_when_they_expire_and_the_fold_when_that_is_told() -> None:
    state = opened(EARNED)

    assert [balance(state, MEMBER, epoch) for epoch in (2, 3)] == [100, 0]
    assert views.total_supply(state, at(3).timestamp) == 0
    assert state.totals.expired == 0
    assert violations(state) == []

    apply(state, at(3), PointsExpired(MEMBER, Lots.single(0, 100)))

    assert state.totals.expired == 100
    assert state.supply == {}
    assert violations(state) == []


def test_redeemed() -> None:
    state = opened(EARNED, (at(1), Redeemed(P, MEMBER, 2, 30, Lots(1, (0, 30, 0, 0)))))

    assert balance(state, MEMBER, 1) == 70
    assert state.partner_totals[P].points_redeemed == 30
    assert violations(state) == []


def test_held_points_are_the_ledgers_own() -> None:
    state = opened(EARNED, HELD)

    assert (balance(state, MEMBER, 0), balance(state, LEDGER, 0)) == (40, 60)
    assert views.held_of(state, MEMBER, at(0).timestamp) == 60
    assert views.hold_of(state, P, 2) == OpenHold(MEMBER, at(1).timestamp, Lots.single(0, 60))
    assert views.total_supply(state, at(0).timestamp) == 100
    assert violations(state) == []


def test_captured_takes_the_whole_hold_and_gives_the_rest_back() -> None:
    state = opened(EARNED, HELD, (at(1), Captured(P, MEMBER, 2, 25, Lots(1, (0, 25, 0, 0)))))

    assert (balance(state, MEMBER, 1), balance(state, LEDGER, 1)) == (75, 0)
    assert views.hold_of(state, P, 2) is None
    assert state.partner_totals[P].points_redeemed == 25
    assert violations(state) == []


def test_released_gives_back() -> None:
    state = opened(EARNED, HELD, (at(1), Released(P, MEMBER, 2, 60, Lots(1, (0, 60, 0, 0)))))

    assert (balance(state, MEMBER, 1), balance(state, LEDGER, 1)) == (100, 0)
    assert state.totals.restored == 0
    assert violations(state) == []


def test_released_makes_expired_points_anew() -> None:
    state = opened(
        EARNED,
        HELD,
        (at(3), PointsExpired(LEDGER, Lots.single(0, 60))),
        (at(3), Released(P, MEMBER, 2, 60, Lots(3, (0, 60, 0, 0)))),
    )

    assert views.lots_of(state, MEMBER, at(3).timestamp) == Lots(3, (0, 60, 0, 0))
    assert state.totals == Totals(issued=100, restored=60, expired=60)
    assert violations(state) == []


def test_reversal_of_spent_points_leaves_a_debt_that_the_next_earn_pays() -> None:
    state = opened(
        EARNED,
        (at(0), Redeemed(P, MEMBER, 2, 80, Lots.single(0, 80))),
        (at(0), Reversed(P, MEMBER, 3, 1, 10_000, 100, Lots.single(0, 20))),
    )

    assert (balance(state, MEMBER, 0), views.debt_of(state, MEMBER)) == (0, 80)
    assert views.corrected_of(state, P, 1) == 10_000
    assert state.partner_totals[P].points_reversed == 100
    assert views.account_word(state, MEMBER, at(0).timestamp) >> 216 & 0xFF == 1 | 2

    apply(state, at(1), Earned(P, MEMBER, 4, 9_000, 90))
    apply(state, at(1), DebtRepaid(MEMBER, 80))

    assert (balance(state, MEMBER, 1), views.debt_of(state, MEMBER)) == (10, 0)
    assert violations(state) == []


def test_refunded() -> None:
    state = opened(
        EARNED,
        (at(0), Redeemed(P, MEMBER, 2, 80, Lots.single(0, 80))),
        (at(1), Refunded(P, MEMBER, 3, 2, 50, Lots(1, (0, 50, 0, 0)))),
    )

    assert balance(state, MEMBER, 1) == 70
    assert views.corrected_of(state, P, 2) == 50
    assert violations(state) == []


def test_transfers_move_lots_and_erc20_transfers_nothing() -> None:
    state = opened(
        EARNED,
        (at(1), LotsTransferred(MEMBER, OTHER_MEMBER, Lots(1, (0, 30, 0, 0)))),
        (at(1), Transfer(MEMBER, OTHER_MEMBER, 30)),
    )

    assert (balance(state, MEMBER, 1), balance(state, OTHER_MEMBER, 1)) == (70, 30)
    assert violations(state) == []


def test_rejections_are_counted_and_change_nothing_else() -> None:
    state = opened((at(0), OperationRejected(P, 9, Kind.EARN, Rejection.AMOUNT_ZERO)))

    assert state.partner_totals[P].rejected == {Rejection.AMOUNT_ZERO: 1}
    assert not views.is_receipt_used(state, P, 9)


def test_word_chains_outcomes_that_can_be_corrected() -> None:
    redeemed = Redeemed(P, MEMBER, 31, 30, Lots.single(0, 30))
    state = opened(EARNED, HELD, (at(0), redeemed), (at(0), Earned(P, MEMBER, 32, 1, 0)))

    outcomes = [outcome_of(EARNED[1], 0), outcome_of(redeemed, 0)]
    chain = chain_of([leaf_of(outcome, keccak) for outcome in outcomes if outcome], keccak)
    assert views.receipt_word_of(state, P, 0, keccak) == (chain, 1 << 1 | 1 << 2 | 1 << 31)
    assert views.receipt_word_of(state, P, 64, keccak) == (bytes(28), 0)


def test_allowances_authorizations_and_pause() -> None:
    nonce = bytes(31) + b"\1"
    state = opened(
        (at(0), Approval(MEMBER, PARTNER_ACCOUNT, 5)),
        (at(0), AuthorizationUsed(MEMBER, nonce)),
        (at(0), Paused(MEMBER)),
    )

    assert views.allowance(state, MEMBER, PARTNER_ACCOUNT) == 5
    assert views.authorization_state(state, MEMBER, nonce)
    assert state.paused
    apply(state, at(0), Unpaused(MEMBER))
    assert not state.paused


def test_key_change_counts_from_its_time() -> None:
    due = at(1).timestamp
    state = opened((at(0), KeyChangeAnnounced(MEMBER, STRANGER, due, False)))

    assert views.signer_of(state, MEMBER, due - 1) == MEMBER
    assert views.signer_of(state, MEMBER, due) == STRANGER
    assert views.account_key_of(state, MEMBER) == AccountKey(MEMBER, due, STRANGER)

    apply(state, at(2), KeyChangeAnnounced(MEMBER, OTHER_MEMBER, at(3).timestamp, True))
    assert views.signer_of(state, MEMBER, at(2).timestamp) == STRANGER
    apply(state, at(2), KeyChangeCancelled(MEMBER))
    assert views.account_key_of(state, MEMBER) == AccountKey(STRANGER, 0, NOBODY)
    assert views.signer_of(state, MEMBER, at(9).timestamp) == STRANGER


def test_partners() -> None:
    state = opened(
        (at(0), EarnRateAnnounced(P, 200, at(2).timestamp)),
        (at(0), PartnerTermsSet(P, 7, 8, 9)),
        (at(0), PartnerSuspended(P)),
    )
    partner = state.partners[P]

    assert [views.rate_at(partner, at(epoch).timestamp) for epoch in (1, 2)] == [100, 200]
    assert (partner.issue_price_micros, partner.reimbursement_micros, partner.credit_limit_points) == (7, 8, 9)
    assert partner.status is PartnerStatus.SUSPENDED
    apply(state, at(3), EarnRateAnnounced(P, 300, at(9).timestamp))
    assert views.rate_at(partner, at(3).timestamp) == 200
    apply(state, at(3), PartnerReinstated(P))
    assert partner.status is PartnerStatus.ACTIVE
    assert state.keys[PARTNER_KEY].partner == P


def test_unknown_partner_is_a_broken_stream() -> None:
    with pytest.raises(KeyError):
        apply(opened(), at(0), PartnerSuspended(7))
