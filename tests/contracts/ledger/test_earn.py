"""`PointLedger.earn`."""

import pytest
from support import (
    BATCH_MAX,
    LOT_MAX,
    ZERO,
    Code,
    Kind,
    Partner,
    chain_of,
    correction,
    outcome,
    refused,
    reverts,
    told,
    word,
)


@pytest.fixture
def earn(ledger, earning_partner):
    """Post purchases of the earning partner."""
    return lambda *purchases, enrolling=(): ledger.earn(purchases, enrolling, {"from": earning_partner.key})


@pytest.fixture
def minting_partner(registry, operator, accounts):
    """A point for every minor unit, to reach the largest lot."""
    partner = Partner(id=3, key=accounts[8], account=accounts[8], rate_bps=10_000)
    registry.addPartner("Mint", partner.account, partner.key, b"EUR", partner.rate_bps, {"from": operator})
    return partner


@pytest.mark.parametrize("size", [0, BATCH_MAX + 1])
def test_a_batch_has_1_to_500_operations(ledger, member, size, stranger):
    with reverts("BatchSizeInvalid", size, BATCH_MAX):
        ledger.earn([(member, n, 10) for n in range(size)], [], {"from": stranger})


def test_a_paused_ledger_takes_nothing(ledger, operator, member, stranger):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        ledger.earn([(member, 1, 10)], [], {"from": stranger})


def test_the_sender_must_be_a_partners_key(ledger, member, stranger, earning_partner):
    for sender in (stranger, earning_partner.account):
        with reverts("KeyUnknown", sender):
            ledger.earn([(member, 1, 10)], [], {"from": sender})


def test_a_receipt_counts_once_in_a_batch(earn, member, earning_partner, lots):
    tx = earn((member, 1, 1_000), (member, 1, 1_000), (member, 2, 1_000))

    assert refused(earning_partner, 1, Kind.EARN, Code.RECEIPT_USED) in told(tx)
    assert len(told(tx)) == 5
    assert lots(member) == (200, 0, 0, 0)


def test_a_receipt_counts_once_for_ever(earn, member, other_member, earning_partner, lots, go_to_epoch):
    earn((member, 2**256 - 1, 1_000))
    go_to_epoch(9)
    tx = earn((other_member, 2**256 - 1, 7_000), (member, 2**256 - 2, 1_000))

    assert told(tx)[0] == refused(earning_partner, 2**256 - 1, Kind.EARN, Code.RECEIPT_USED)
    assert lots(other_member) == (0, 0, 0, 0)
    assert lots(member) == (100, 0, 0, 0)


def test_partners_number_their_receipts_independently(ledger, earn, redeeming_partner, member, lots):
    earn((member, 1, 1_000))
    ledger.earn([(member, 1, 1_000)], [], {"from": redeeming_partner.key})

    assert lots(member) == (110, 0, 0, 0)


@pytest.mark.parametrize(
    ("spend_minor", "code"),
    [
        (0, Code.AMOUNT_ZERO),
        (2**48, Code.AMOUNT_TOO_LARGE),
        (2**64, Code.AMOUNT_TOO_LARGE),
        (2**256 - 1, Code.AMOUNT_TOO_LARGE),
    ],
)
def test_an_amount_out_of_bounds_is_refused(earn, ledger, earning_partner, member, lots, spend_minor, code):
    tx = earn((member, 1, 1_000), (member, 2, spend_minor), (member, 3, 1_000))

    assert told(tx)[2] == refused(earning_partner, 2, Kind.EARN, code)
    assert lots(member) == (200, 0, 0, 0)
    assert not ledger.isReceiptUsed(earning_partner.id, 2)


def test_only_members_earn(earn, ledger, earning_partner, member, stranger, lots):
    tx = earn((member, 1, 1_000), (stranger, 2, 1_000), (ZERO, 3, 1_000), (ledger, 4, 1_000), (member, 5, 1_000))

    assert told(tx)[2:5] == [refused(earning_partner, receipt, Kind.EARN, Code.MEMBER_UNKNOWN) for receipt in (2, 3, 4)]
    assert lots(member) == (200, 0, 0, 0)


def test_neither_nobody_nor_the_ledger_is_enrolled(earn, ledger, earning_partner, member):
    tx = earn((ZERO, 1, 1_000), (ledger, 2, 1_000), (member, 3, 1_000), enrolling=[0b111])

    assert told(tx)[:2] == [refused(earning_partner, receipt, Kind.EARN, Code.MEMBER_UNKNOWN) for receipt in (1, 2)]
    assert not ledger.isMember(ZERO)
    assert not ledger.isMember(ledger)


def test_a_lot_of_the_coalition_never_overflows(ledger, minting_partner, member, other_member, lots, supply):
    post = {"from": minting_partner.key}
    ledger.earn([(member, 1, LOT_MAX - 5)], [], post)
    tx = ledger.earn([(member, 2, 6), (other_member, 3, 5), (other_member, 4, 1)], [], post)

    assert told(tx)[0] == refused(minting_partner, 2, Kind.EARN, Code.AMOUNT_TOO_LARGE)
    assert told(tx)[-1] == refused(minting_partner, 4, Kind.EARN, Code.AMOUNT_TOO_LARGE)
    assert lots(member) == (LOT_MAX - 5, 0, 0, 0)
    assert supply() == (LOT_MAX, 0, 0, 0)


def test_each_epoch_has_its_own_bound(ledger, minting_partner, member, go_to_epoch, supply):
    for epoch in range(4):
        go_to_epoch(epoch)
        ledger.earn([(member, epoch, LOT_MAX)], [], {"from": minting_partner.key})

    assert supply() == (LOT_MAX,) * 4
    assert ledger.totalSupply() == ledger.balanceOf(member) == 4 * LOT_MAX


def test_points_are_rounded_down(earn, member, earning_partner, lots, supply):
    tx = earn((member, 7, 5_009))

    assert told(tx) == [
        ("Transfer", ZERO, member, 500),
        ("Earned", earning_partner.id, member, 7, 5_009, 500),
    ]
    assert lots(member) == supply() == (500, 0, 0, 0)


def test_a_purchase_too_small_for_a_point_counts(earn, ledger, member, earning_partner):
    tx = earn((member, 7, 9))

    assert told(tx)[-1] == ("Earned", earning_partner.id, member, 7, 9, 0)
    assert ledger.isReceiptUsed(earning_partner.id, 7)
    assert ledger.balanceOf(member) == 0


def test_500_purchases_fit_into_a_batch(earn, member, lots):
    earn(*((member, n, 10) for n in range(BATCH_MAX)))

    assert lots(member) == (BATCH_MAX, 0, 0, 0)


def test_enrols_where_its_bit_is_set(earn, ledger, stranger, member, lots, known_accounts):
    known_accounts.append(stranger)
    tx = earn((member, 1, 10), (stranger, 2, 1_000), (stranger, 3, 1_000), enrolling=[0b110])

    assert told(tx)[2] == ("MemberEnrolled", stranger)
    assert [event[0] for event in told(tx)].count("MemberEnrolled") == 1
    assert ledger.isMember(stranger)
    assert lots(stranger) == (200, 0, 0, 0)


def test_the_257th_purchase_has_its_bit_in_the_second_word(earn, ledger, stranger, member, known_accounts):
    known_accounts.append(stranger)
    others = [(member, n, 10) for n in range(256)]
    earn(*others, (stranger, 256, 10), enrolling=[2**256 - 1])
    assert not ledger.isMember(stranger)

    earn(*((member, 1_000 + n, 10) for n in range(256)), (stranger, 1_256, 10), enrolling=[0, 1])
    assert ledger.isMember(stranger)


def test_older_lots_move_on_and_expire(earn, ledger, member, lots, supply, go_to_epoch):
    earn((member, 1, 1_000))
    go_to_epoch(1)
    earn((member, 2, 2_000))
    go_to_epoch(3)
    earn((member, 3, 3_000))
    assert lots(member) == supply() == (300, 0, 200, 100)

    go_to_epoch(4)
    assert lots(member) == supply() == (0, 300, 0, 200)
    tx = earn((member, 4, 4_000))
    assert told(tx)[:3] == [
        ("PointsExpired", member, word(3, 0, 0, 0, 100)),
        ("Transfer", member, ZERO, 100),
        ("Transfer", ZERO, member, 400),
    ]
    assert lots(member) == supply() == (400, 300, 0, 200)


def test_a_long_absence_expires_everything(earn, member, lots, supply, go_to_epoch):
    earn((member, 1, 1_000))
    go_to_epoch(40)
    tx = earn((member, 2, 10))

    assert told(tx)[0] == ("PointsExpired", member, word(0, 100))
    assert lots(member) == supply() == (1, 0, 0, 0)


def test_commits_to_the_outcomes_of_a_word_in_order(earn, ledger, earning_partner, member, other_member):
    earn((member, 3, 1_000), (member, 40, 10), (other_member, 1, 2_000))
    earn((member, 31, 5))

    decided = (
        outcome(Kind.EARN, member, 3, 1_000, 100, word(0, 100)),
        outcome(Kind.EARN, other_member, 1, 2_000, 200, word(0, 200)),
        outcome(Kind.EARN, member, 31, 5, 0, word(0, 0)),
    )
    chain, used = ledger.receiptWordOf(earning_partner.id, 0)
    assert bytes(chain) == chain_of(*decided)
    assert used == 1 << 3 | 1 << 1 | 1 << 31
    assert ledger.receiptWordOf(earning_partner.id, 31) == ledger.receiptWordOf(earning_partner.id, 0)
    chain, used = ledger.receiptWordOf(earning_partner.id, 32)
    assert bytes(chain) == chain_of(outcome(Kind.EARN, member, 40, 10, 1, word(0, 1)))
    assert used == 1 << 8


def test_pays_a_debt_before_anything_else(earn, ledger, earning_partner, member, other_member, lots, supply):
    earn((member, 1, 5_000))
    ledger.transfer(other_member, 500, {"from": member})
    earned = outcome(Kind.EARN, member, 1, 5_000, 500, word(0, 500))
    ledger.reverse([correction(2, 5_000, earned)], {"from": earning_partner.key})
    assert ledger.debtOf(member) == 500

    tx = earn((member, 3, 3_000))
    assert told(tx) == [
        ("Transfer", ZERO, member, 300),
        ("Earned", earning_partner.id, member, 3, 3_000, 300),
        ("Transfer", member, ZERO, 300),
        ("DebtRepaid", member, 300),
    ]
    assert ledger.debtOf(member) == 200
    assert lots(member) == (0, 0, 0, 0)

    assert len(told(earn((member, 4, 9)))) == 2
    assert told(earn((member, 5, 5_000)))[-1] == ("DebtRepaid", member, 200)
    assert ledger.debtOf(member) == 0
    assert lots(member) == (300, 0, 0, 0)
    assert supply() == (800, 0, 0, 0)

    assert len(told(earn((member, 6, 1_000)))) == 2
    assert lots(member) == (400, 0, 0, 0)
