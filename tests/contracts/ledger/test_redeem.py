"""`PointLedger.redeem`."""

import brownie
import pytest
from support import (
    AUTHORIZATION,
    BATCH_MAX,
    DAY,
    UNLIMITED,
    ZERO,
    Behaviour,
    Code,
    Kind,
    Purpose,
    chain_of,
    malleable,
    next_block_at,
    now,
    outcome,
    refused,
    reverts,
    signature,
    told,
    word,
)


@pytest.fixture(autouse=True)
def earlier_points(issue, member, other_member):
    """Both members have points of epoch 0."""
    issue(member, 1_000)
    issue(other_member, 1_000)


@pytest.fixture
def redeem(ledger, redeeming_partner):
    return lambda *payments: ledger.redeem(payments, {"from": redeeming_partner.key})


@pytest.fixture
def code_alone(redeem, ledger, spend, redeeming_partner, other_member, lots):
    """Post a payment between two good ones, check that it alone is refused, and return the code."""

    def checked(payment):
        first = spend(redeeming_partner, other_member, 100, 10)
        last = spend(redeeming_partner, other_member, 101, 20)
        before = ledger.balanceOf(payment[0])
        tx = redeem(first, payment, last)

        (rejected,) = [event for event in told(tx) if event[0] == "OperationRejected"]
        assert rejected == refused(redeeming_partner, payment[1], Kind.REDEEM, rejected[-1])
        assert lots(other_member)[0] == 970
        if payment[0] != other_member:
            assert ledger.balanceOf(payment[0]) == before
        return rejected[-1]

    return checked


@pytest.mark.parametrize("size", [0, BATCH_MAX + 1])
def test_a_batch_has_1_to_500_operations(ledger, member, redeeming_partner, size):
    with reverts("BatchSizeInvalid", size, BATCH_MAX):
        ledger.redeem([(member, n, 1, 0, b"") for n in range(size)], {"from": redeeming_partner.key})


def test_a_paused_ledger_takes_nothing(ledger, operator, spend, redeeming_partner, member, redeem):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        redeem(spend(redeeming_partner, member, 1, 10))


def test_the_sender_must_be_a_partners_key(ledger, spend, redeeming_partner, member):
    with reverts("KeyUnknown", member):
        ledger.redeem([spend(redeeming_partner, member, 1, 10)], {"from": member})


def test_a_receipt_counts_once(redeem, code_alone, spend, redeeming_partner, member, lots):
    payment = spend(redeeming_partner, member, 1, 10)
    redeem(payment)
    assert code_alone(payment) == Code.RECEIPT_USED
    assert lots(member) == (990, 0, 0, 0)


def test_a_receipt_counts_once_in_a_batch(redeem, spend, redeeming_partner, member, lots):
    payment = spend(redeeming_partner, member, 1, 10)
    tx = redeem(payment, payment)

    assert told(tx)[-1] == refused(redeeming_partner, 1, Kind.REDEEM, Code.RECEIPT_USED)
    assert lots(member) == (990, 0, 0, 0)


def test_a_receipt_of_an_earn_is_used(ledger, code_alone, spend, redeeming_partner, member):
    ledger.earn([(member, 1, 100)], [], {"from": redeeming_partner.key})
    assert code_alone(spend(redeeming_partner, member, 1, 10)) == Code.RECEIPT_USED


@pytest.mark.parametrize(
    ("points", "code"),
    [
        (0, Code.AMOUNT_ZERO),
        (1_001, Code.BALANCE_TOO_LOW),
        (2**48 - 1, Code.BALANCE_TOO_LOW),
        (2**48, Code.AMOUNT_TOO_LARGE),
        (2**64, Code.AMOUNT_TOO_LARGE),
        (2**256 - 1, Code.AMOUNT_TOO_LARGE),
    ],
)
def test_an_amount_out_of_bounds_is_refused(code_alone, spend, redeeming_partner, member, points, code):
    assert code_alone(spend(redeeming_partner, member, 1, points)) == code


def test_only_members_pay(code_alone, spend, redeeming_partner, stranger):
    assert code_alone(spend(redeeming_partner, stranger, 1, 10)) == Code.MEMBER_UNKNOWN


def test_the_ledgers_own_account_cannot_pay(code_alone, ledger):
    assert code_alone((ledger.address, 1, 10, 2**40, b"")) == Code.MEMBER_UNKNOWN


def test_a_signature_counts_until_its_deadline(redeem, spend, redeeming_partner, member, lots):
    deadline = now() + 100
    payments = [spend(redeeming_partner, member, receipt, 10, deadline=deadline) for receipt in (1, 2)]
    next_block_at(deadline)
    redeem(payments[0])
    assert lots(member) == (990, 0, 0, 0)
    next_block_at(deadline + 1)
    tx = redeem(payments[1])

    assert told(tx) == [refused(redeeming_partner, 2, Kind.REDEEM, Code.DEADLINE_PASSED)]


def test_an_allowance_does_not_outlive_the_deadline_either(ledger, code_alone, redeeming_partner, member):
    ledger.approve(redeeming_partner.account, 500, {"from": member})
    assert code_alone((member.address, 1, 10, now() - 1, b"")) == Code.DEADLINE_PASSED


@pytest.mark.parametrize(
    "says",
    [
        {"points": 11},
        {"receipt": 2},
        {"partner": 1},
        {"purpose": int(Purpose.HOLD)},
        {"purpose": int(Purpose.NONE)},
        {"deadline": 2**256 - 1},
        {"member": ZERO},
    ],
    ids=lambda says: next(iter(says)),
)
def test_a_signature_over_something_else_is_refused(code_alone, spend, redeeming_partner, member, says):
    assert code_alone(spend(redeeming_partner, member, 1, 10, says=says)) == Code.SIGNATURE_INVALID


def test_a_signature_of_another_key_is_refused(code_alone, spend, redeeming_partner, member, stranger):
    assert code_alone(spend(redeeming_partner, member, 1, 10, signer=stranger)) == Code.SIGNATURE_INVALID


def test_a_signature_for_another_partner_is_refused(ledger, spend, redeeming_partner, earning_partner, member, lots):
    payment = spend(redeeming_partner, member, 1, 10)
    tx = ledger.redeem([payment], {"from": earning_partner.key})

    assert told(tx) == [refused(earning_partner, 1, Kind.REDEEM, Code.SIGNATURE_INVALID)]
    assert lots(member) == (1_000, 0, 0, 0)


def test_a_signature_for_another_ledger_is_refused(code_alone, spend, redeeming_partner, member, registry):
    *payment, _ = spend(redeeming_partner, member, 1, 10)
    message = {
        "member": member,
        "partner": redeeming_partner.id,
        "points": 10,
        "receipt": 1,
        "purpose": int(Purpose.REDEEM),
        "deadline": payment[3],
    }
    assert code_alone((*payment, signature(member, registry, AUTHORIZATION, message))) == Code.SIGNATURE_INVALID


@pytest.mark.parametrize(
    "change",
    [
        malleable,
        lambda signed: signed[:64],
        lambda signed: signed + b"\0",
        lambda signed: b"\x1b",
        lambda signed: bytes(65),
        lambda signed: bytes(64) + b"\x1b",
        lambda signed: b"\xff" * 65,
    ],
    ids=["high s", "64 bytes", "66 bytes", "1 byte", "zeros", "zeros but v", "ones"],
)
def test_a_malformed_signature_is_refused(code_alone, spend, redeeming_partner, member, change):
    *payment, signed = spend(redeeming_partner, member, 1, 10)
    assert code_alone((*payment, change(signed))) == Code.SIGNATURE_INVALID


@pytest.mark.parametrize("behaviour", [b for b in Behaviour if b != Behaviour.HONEST], ids=lambda b: b.name)
def test_a_hostile_contract_account_harms_only_itself(
    code_alone, contract_account, issue, spend, redeeming_partner, member, behaviour
):
    account = contract_account(member, behaviour)
    issue(account, 100)
    assert code_alone(spend(redeeming_partner, account, 1, 10, signer=member)) == Code.SIGNATURE_INVALID
    assert brownie.history[-1].gas_used < 300_000  # of which the account may have burnt 100,000


def test_little_gas_does_not_make_a_contract_account_refuse(
    ledger, contract_account, issue, spend, redeeming_partner, member, lots
):
    account = contract_account(member)
    issue(account, 100)
    payment = spend(redeeming_partner, account, 1, 10, signer=member)
    with brownie.reverts(revert_pattern="GasTooLow: .*"):
        ledger.redeem([payment], {"from": redeeming_partner.key, "gas_limit": 140_000})
    assert lots(account) == (100, 0, 0, 0)


def test_without_a_signature_the_allowance_must_suffice(ledger, code_alone, redeeming_partner, member):
    ledger.approve(redeeming_partner.account, 9, {"from": member})
    assert code_alone((member.address, 1, 10, now() + DAY, b"")) == Code.ALLOWANCE_TOO_LOW
    assert ledger.allowance(member, redeeming_partner.account) == 9


def test_an_allowance_of_another_partner_does_not_count(ledger, code_alone, earning_partner, redeeming_partner, member):
    ledger.approve(earning_partner.account, 10, {"from": member})
    ledger.approve(redeeming_partner.key, 10, {"from": member})
    assert code_alone((member.address, 1, 10, now() + DAY, b"")) == Code.ALLOWANCE_TOO_LOW


def test_a_balance_is_spent_once_within_a_batch(redeem, spend, redeeming_partner, member, lots):
    tx = redeem(
        spend(redeeming_partner, member, 1, 600),
        spend(redeeming_partner, member, 2, 600),
        spend(redeeming_partner, member, 3, 400),
    )

    assert told(tx)[2] == refused(redeeming_partner, 2, Kind.REDEEM, Code.BALANCE_TOO_LOW)
    assert lots(member) == (0, 0, 0, 0)


def test_a_refused_payment_can_be_sent_again(redeem, ledger, spend, issue, redeeming_partner, member, lots):
    payment = spend(redeeming_partner, member, 1, 1_500)
    redeem(payment)
    assert not ledger.isReceiptUsed(redeeming_partner.id, 1)
    issue(member, 500)
    redeem(payment)

    assert lots(member) == (0, 0, 0, 0)


def test_redeems_by_signature(redeem, ledger, spend, redeeming_partner, member, lots, supply):
    tx = redeem(spend(redeeming_partner, member, 1, 300))

    assert told(tx) == [
        ("Transfer", member, ZERO, 300),
        ("Redeemed", redeeming_partner.id, member, 1, 300, word(0, 300)),
    ]
    assert lots(member) == (700, 0, 0, 0)
    assert supply() == (1_700, 0, 0, 0)
    assert ledger.isReceiptUsed(redeeming_partner.id, 1)
    chain, used = ledger.receiptWordOf(redeeming_partner.id, 1)
    assert bytes(chain) == chain_of(outcome(Kind.REDEEM, member, 1, 0, 300, word(0, 300)))
    assert used == 1 << 1


def test_redeems_by_allowance(redeem, ledger, redeeming_partner, member, lots):
    ledger.approve(redeeming_partner.account, 500, {"from": member})
    tx = redeem((member, 1, 300, now() + DAY, b""))

    assert told(tx) == [
        ("Approval", member, redeeming_partner.account, 200),
        ("Transfer", member, ZERO, 300),
        ("Redeemed", redeeming_partner.id, member, 1, 300, word(0, 300)),
    ]
    assert ledger.allowance(member, redeeming_partner.account) == 200
    assert lots(member) == (700, 0, 0, 0)


def test_an_unlimited_allowance_does_not_shrink(redeem, ledger, redeeming_partner, member):
    ledger.approve(redeeming_partner.account, UNLIMITED, {"from": member})
    tx = redeem((member, 1, 300, now() + DAY, b""))

    assert told(tx)[0] == ("Transfer", member, ZERO, 300)
    assert ledger.allowance(member, redeeming_partner.account) == UNLIMITED


def test_a_signature_leaves_the_allowance_alone(redeem, ledger, spend, redeeming_partner, member):
    ledger.approve(redeeming_partner.account, 500, {"from": member})
    redeem(spend(redeeming_partner, member, 1, 300))

    assert ledger.allowance(member, redeeming_partner.account) == 500


def test_redeems_for_a_contract_account(redeem, contract_account, issue, spend, redeeming_partner, member, lots):
    account = contract_account(member)
    issue(account, 100)
    redeem(spend(redeeming_partner, account, 1, 30, signer=member))

    assert lots(account) == (70, 0, 0, 0)


def test_takes_the_lot_nearest_to_expiry_first(
    redeem, spend, issue, redeeming_partner, member, lots, supply, go_to_epoch
):
    for epoch, count in ((1, 200), (3, 300)):
        go_to_epoch(epoch)
        issue(member, count)
    tx = redeem(spend(redeeming_partner, member, 1, 1_050))

    assert told(tx)[-1] == ("Redeemed", redeeming_partner.id, member, 1, 1_050, word(3, 0, 0, 50, 1_000))
    assert lots(member) == (300, 0, 150, 0)
    redeem(spend(redeeming_partner, member, 2, 450))
    assert lots(member) == (0, 0, 0, 0)
    assert supply() == (0, 0, 0, 1_000)


def test_expired_points_are_told_and_not_spent(redeem, spend, issue, redeeming_partner, member, lots, go_to_epoch):
    go_to_epoch(1)
    issue(member, 200)
    go_to_epoch(4)
    tx = redeem(spend(redeeming_partner, member, 1, 201), spend(redeeming_partner, member, 2, 200))

    assert told(tx) == [
        ("PointsExpired", member, word(1, 0, 1_000)),
        ("Transfer", member, ZERO, 1_000),
        refused(redeeming_partner, 1, Kind.REDEEM, Code.BALANCE_TOO_LOW),
        ("Transfer", member, ZERO, 200),
        ("Redeemed", redeeming_partner.id, member, 2, 200, word(4, 0, 0, 0, 200)),
    ]
    assert lots(member) == (0, 0, 0, 0)
