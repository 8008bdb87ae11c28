"""`PointLedger.refund`."""

import pytest
from support import (
    BATCH_MAX,
    EPOCH_SECONDS,
    LOT_MAX,
    ZERO,
    Code,
    Kind,
    Purpose,
    correction,
    outcome,
    refused,
    reverts,
    told,
    travel,
    word,
)


@pytest.fixture(autouse=True)
def redeemed(ledger, issue, spend, redeeming_partner, member, go_to_epoch):
    """In epoch 2, receipts 1 and 40 redeemed 900 (600 and 300 of epochs 0 and 1) and 10 points."""
    issue(member, 600)
    go_to_epoch(1)
    issue(member, 400)
    go_to_epoch(2)
    payments = [spend(redeeming_partner, member, 1, 900), spend(redeeming_partner, member, 40, 10)]
    ledger.redeem(payments, {"from": redeeming_partner.key})


@pytest.fixture
def first(member):
    return outcome(Kind.REDEEM, member, 1, 0, 900, word(2, 0, 300, 600))


@pytest.fixture
def distant(member):
    return outcome(Kind.REDEEM, member, 40, 0, 10, word(2, 0, 10))


@pytest.fixture
def refund(ledger, redeeming_partner):
    return lambda *refunds: ledger.refund(refunds, {"from": redeeming_partner.key})


@pytest.fixture
def code_alone(refund, ledger, distant, redeeming_partner, member):
    """Post a refund before a good one, check that it alone is refused, and return the code."""

    def checked(wrong):
        before = ledger.balanceOf(member)
        tx = refund(wrong, correction(150, 1, distant))

        code = told(tx)[0][-1]
        assert told(tx) == [
            refused(redeeming_partner, wrong[0], Kind.REFUND, code),
            ("Transfer", ZERO, member, 1),
            ("Refunded", redeeming_partner.id, member, 150, 40, 1, word(2, 0, 1)),
        ]
        assert ledger.balanceOf(member) == before + 1
        return code

    return checked


@pytest.mark.parametrize("size", [0, BATCH_MAX + 1])
def test_a_batch_has_1_to_500_operations(refund, first, size):
    with reverts("BatchSizeInvalid", size, BATCH_MAX):
        refund(*[correction(50, 1, first)] * size)


def test_a_paused_ledger_takes_nothing(ledger, operator, refund, first):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        refund(correction(50, 900, first))


def test_the_sender_must_be_a_partners_key(ledger, member, first):
    with reverts("KeyUnknown", member):
        ledger.refund([correction(50, 900, first)], {"from": member})


def test_nothing_is_not_given_back(code_alone, first):
    assert code_alone(correction(50, 0, first)) == Code.AMOUNT_ZERO


def test_a_receipt_counts_once(refund, code_alone, first, member, lots):
    refund(correction(50, 300, first))
    assert code_alone(correction(50, 300, first)) == Code.RECEIPT_USED
    assert lots(member) == (0, 391, 0, 0)


@pytest.mark.parametrize(
    ("field", "value"), [(2, 2), (3, 1), (4, 901), (5, word(2, 900)), (5, word(2, 0, 300, 601)), (5, 0)]
)
def test_another_outcome_than_the_decided_one_is_not_proved(code_alone, first, field, value):
    assert code_alone(correction(50, 1, (*first[:field], value, *first[field + 1 :]))) == Code.PROOF_INVALID


def test_another_member_is_not_proved(code_alone, first, other_member):
    assert code_alone(correction(50, 1, (first[0], other_member.address, *first[2:]))) == Code.PROOF_INVALID


def test_a_wrong_proof_is_refused(code_alone, first, distant):
    assert code_alone(correction(50, 1, first, (), (distant,))) == Code.PROOF_INVALID


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.REDEEM], ids=lambda kind: kind.name)
def test_only_what_was_decided_is_refunded(code_alone, first, kind):
    assert code_alone(correction(50, 1, (int(kind), *first[1:]))) == Code.PROOF_INVALID


def test_an_earn_is_not_refunded(ledger, code_alone, redeeming_partner, other_member):
    ledger.earn([(other_member, 64, 1_000)], [], {"from": redeeming_partner.key})
    assert (
        code_alone(correction(50, 1, outcome(Kind.EARN, other_member, 64, 1_000, 10, word(2, 10))))
        == Code.PROOF_INVALID
    )


def test_a_redemption_of_another_partner_is_not_refunded(ledger, earning_partner, first, member, lots):
    tx = ledger.refund([correction(50, 900, first)], {"from": earning_partner.key})

    assert told(tx) == [refused(earning_partner, 50, Kind.REFUND, Code.PROOF_INVALID)]
    assert lots(member) == (0, 90, 0, 0)


def test_an_open_or_released_hold_is_not_refunded(ledger, refund, spend, redeeming_partner, member, lots):
    ledger.hold([spend(redeeming_partner, member, 64, 5, purpose=Purpose.HOLD)], {"from": redeeming_partner.key})
    held = correction(50, 1, outcome(Kind.CAPTURE, member, 64, 0, 5, word(2, 0, 5)))
    assert told(refund(held)) == [refused(redeeming_partner, 50, Kind.REFUND, Code.PROOF_INVALID)]
    ledger.release([64], {"from": redeeming_partner.key})
    assert told(refund(held)) == [refused(redeeming_partner, 50, Kind.REFUND, Code.PROOF_INVALID)]
    assert lots(member) == (0, 90, 0, 0)


@pytest.mark.parametrize("points", [901, 2**48, 2**64, 2**256 - 1])
def test_no_more_than_the_original_is_given_back(code_alone, first, points):
    assert code_alone(correction(50, points, first)) == Code.ORIGINAL_EXCEEDED


def test_parts_together_give_back_no_more_than_the_original(refund, ledger, redeeming_partner, first, member, lots):
    tx = refund(
        correction(50, 500, first), correction(51, 401, first), correction(52, 400, first), correction(53, 1, first)
    )

    assert [event for event in told(tx) if event[0] == "OperationRejected"] == [
        refused(redeeming_partner, receipt, Kind.REFUND, Code.ORIGINAL_EXCEEDED) for receipt in (51, 53)
    ]
    assert ledger.correctedOf(redeeming_partner.id, 1) == 900
    assert lots(member) == (0, 390, 600, 0)


def test_a_lot_of_the_coalition_never_overflows(
    ledger, registry, operator, accounts, refund, redeeming_partner, first, other_member, member, lots
):
    registry.addPartner("Mint", accounts[8], accounts[8], b"EUR", 10_000, {"from": operator})
    ledger.earn([(other_member, 1, LOT_MAX)], [], {"from": accounts[8]})
    travel(ledger.epochOrigin() + 4 * EPOCH_SECONDS)

    tx = refund(correction(50, 900, first), correction(51, 300, first))
    assert told(tx)[0] == refused(redeeming_partner, 50, Kind.REFUND, Code.AMOUNT_TOO_LARGE)
    assert told(tx)[-1][0] == "Refunded"
    assert lots(member) == (0, 0, 0, 390)


def test_gives_points_back_into_the_lots_that_they_came_from(
    refund, ledger, redeeming_partner, first, member, lots, supply
):
    tx = refund(correction(50, 900, first))

    assert told(tx) == [
        ("Transfer", ZERO, member, 900),
        ("Refunded", redeeming_partner.id, member, 50, 1, 900, word(2, 0, 300, 600)),
    ]
    assert lots(member) == supply() == (0, 390, 600, 0)
    assert ledger.isReceiptUsed(redeeming_partner.id, 50)
    assert ledger.correctedOf(redeeming_partner.id, 1) == 900


def test_what_was_spent_last_comes_back_first(refund, first, member, lots):
    events = told(refund(correction(50, 100, first), correction(51, 250, first), correction(52, 550, first)))

    assert [event[-1] for event in events if event[0] == "Refunded"] == [
        word(2, 0, 100),
        word(2, 0, 200, 50),
        word(2, 0, 0, 550),
    ]
    assert lots(member) == (0, 390, 600, 0)


def test_lots_have_grown_older_by_then(refund, first, member, lots, supply, go_to_epoch):
    go_to_epoch(3)
    tx = refund(correction(50, 900, first))

    assert told(tx)[-1][-1] == word(3, 0, 0, 300, 600)
    assert lots(member) == supply() == (0, 0, 390, 600)


def test_what_has_expired_comes_back_for_a_while(refund, first, member, lots, supply, go_to_epoch):
    go_to_epoch(4)
    tx = refund(correction(50, 900, first))

    assert told(tx)[-2:] == [
        ("Transfer", ZERO, member, 900),
        ("Refunded", 2, member, 50, 1, 900, word(4, 0, 0, 600, 300)),
    ]
    assert lots(member) == supply() == (0, 0, 600, 390)
    go_to_epoch(5)
    assert lots(member) == supply() == (0, 0, 0, 600)
    go_to_epoch(6)
    assert lots(member) == supply() == (0, 0, 0, 0)


def test_years_later_all_comes_back_into_the_grace_lot(refund, first, member, lots, go_to_epoch):
    go_to_epoch(50)
    tx = refund(correction(50, 350, first), correction(51, 550, first))

    assert [event[-1] for event in told(tx) if event[0] == "Refunded"] == [
        word(50, 0, 0, 350),
        word(50, 0, 0, 550),
    ]
    assert lots(member) == (0, 0, 900, 0)


def test_refunds_a_capture(ledger, refund, spend, redeeming_partner, member, lots):
    ledger.hold([spend(redeeming_partner, member, 64, 80, purpose=Purpose.HOLD)], {"from": redeeming_partner.key})
    ledger.capture([(64, 30)], {"from": redeeming_partner.key})
    captured = outcome(Kind.CAPTURE, member, 64, 0, 30, word(2, 0, 30))
    tx = refund(correction(50, 31, captured), correction(51, 30, captured))

    assert told(tx)[0] == refused(redeeming_partner, 50, Kind.REFUND, Code.ORIGINAL_EXCEEDED)
    assert told(tx)[-1] == ("Refunded", redeeming_partner.id, member, 51, 64, 30, word(2, 0, 30))
    assert lots(member) == (0, 90, 0, 0)
    assert lots(ledger) == (0, 0, 0, 0)


def test_a_refund_does_not_pay_a_debt(ledger, refund, first, earning_partner, other_member, member, lots):
    ledger.earn([(member, 1, 1_000)], [], {"from": earning_partner.key})
    ledger.transfer(other_member, 190, {"from": member})
    earned = outcome(Kind.EARN, member, 1, 1_000, 100, word(2, 100))
    ledger.reverse([correction(2, 1_000, earned)], {"from": earning_partner.key})
    refund(correction(50, 900, first))

    assert ledger.debtOf(member) == 100
    assert lots(member) == (0, 300, 600, 0)
