"""`PointLedger.hold`."""

import pytest
from support import (
    BATCH_MAX,
    DAY,
    HOLD_SECONDS_MAX,
    Behaviour,
    Code,
    Kind,
    Purpose,
    next_block_at,
    now,
    plain,
    refused,
    reverts,
    told,
    travel,
    word,
)


@pytest.fixture(autouse=True)
def earlier_points(issue, member, other_member):
    """Both members have points of epoch 0."""
    issue(member, 1_000)
    issue(other_member, 1_000)


@pytest.fixture
def hold(ledger, redeeming_partner):
    return lambda *holds: ledger.hold(holds, {"from": redeeming_partner.key})


@pytest.fixture
def wish(spend, redeeming_partner):
    """A signed hold for the redeeming partner."""

    def signed(account, receipt, points, **more):
        return spend(redeeming_partner, account, receipt, points, **({"purpose": Purpose.HOLD} | more))

    return signed


@pytest.fixture
def code_alone(hold, wish, ledger, redeeming_partner, other_member, lots):
    """Post a hold between two good ones, check that it alone is refused, and return the code."""

    def checked(payment):
        before = ledger.balanceOf(payment[0])
        tx = hold(wish(other_member, 100, 10), payment, wish(other_member, 101, 20))

        (rejected,) = [event for event in told(tx) if event[0] == "OperationRejected"]
        assert rejected == refused(redeeming_partner, payment[1], Kind.HOLD, rejected[-1])
        assert lots(other_member)[0] == 970
        assert ledger.balanceOf(payment[0]) == before
        return rejected[-1]

    return checked


@pytest.mark.parametrize("size", [0, BATCH_MAX + 1])
def test_a_batch_has_1_to_500_operations(ledger, member, redeeming_partner, size):
    with reverts("BatchSizeInvalid", size, BATCH_MAX):
        ledger.hold([(member, n, 1, 0, b"") for n in range(size)], {"from": redeeming_partner.key})


def test_a_paused_ledger_takes_nothing(ledger, operator, wish, member, hold):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        hold(wish(member, 1, 10))


def test_the_sender_must_be_a_partners_key(ledger, wish, member):
    with reverts("KeyUnknown", member):
        ledger.hold([wish(member, 1, 10)], {"from": member})


def test_a_hold_lasts_thirty_days_at_most(hold, wish, ledger, redeeming_partner, member, issue, go_to_epoch):
    go_to_epoch(1)
    issue(member, 100)
    time = next_block_at(now() + 100)
    longest = wish(member, 1, 10, deadline=time + HOLD_SECONDS_MAX)
    longer = wish(member, 2, 10, deadline=time + HOLD_SECONDS_MAX + 1)
    for_ever = wish(member, 3, 10, deadline=2**256 - 1)
    tx = hold(longest, longer, for_ever)

    assert told(tx)[-2:] == [
        refused(redeeming_partner, receipt, Kind.HOLD, Code.DEADLINE_TOO_FAR) for receipt in (2, 3)
    ]
    assert ledger.holdOf(redeeming_partner.id, 1)[1] == time + HOLD_SECONDS_MAX


def test_a_receipt_counts_once(hold, wish, code_alone, member, lots):
    payment = wish(member, 1, 10)
    hold(payment)
    assert code_alone(payment) == Code.RECEIPT_USED
    assert lots(member) == (990, 0, 0, 0)


@pytest.mark.parametrize(
    ("points", "code"),
    [
        (0, Code.AMOUNT_ZERO),
        (1_001, Code.BALANCE_TOO_LOW),
        (2**48, Code.AMOUNT_TOO_LARGE),
        (2**64, Code.AMOUNT_TOO_LARGE),
        (2**256 - 1, Code.AMOUNT_TOO_LARGE),
    ],
)
def test_an_amount_out_of_bounds_is_refused(code_alone, wish, member, points, code):
    assert code_alone(wish(member, 1, points)) == code


def test_only_members_pay(code_alone, wish, stranger):
    assert code_alone(wish(stranger, 1, 10)) == Code.MEMBER_UNKNOWN


def test_the_deadline_must_not_have_passed(code_alone, wish, member):
    assert code_alone(wish(member, 1, 10, deadline=now() - 1)) == Code.DEADLINE_PASSED


def test_a_deadline_before_the_first_epoch_is_only_passed(hold, wish, redeeming_partner, member):
    tx = hold(wish(member, 1, 10, deadline=0))

    assert told(tx) == [refused(redeeming_partner, 1, Kind.HOLD, Code.DEADLINE_PASSED)]


def test_a_signature_for_a_redemption_does_not_hold(code_alone, wish, member):
    assert code_alone(wish(member, 1, 10, purpose=Purpose.REDEEM)) == Code.SIGNATURE_INVALID


def test_a_forged_signature_is_refused(code_alone, wish, member, stranger):
    assert code_alone(wish(member, 1, 10, signer=stranger)) == Code.SIGNATURE_INVALID


def test_a_signature_for_another_deadline_is_refused(code_alone, wish, member):
    assert code_alone(wish(member, 1, 10, says={"deadline": now() + 2 * DAY})) == Code.SIGNATURE_INVALID


def test_a_signature_for_another_partner_is_refused(ledger, wish, earning_partner, member):
    tx = ledger.hold([wish(member, 1, 10)], {"from": earning_partner.key})

    assert told(tx) == [refused(earning_partner, 1, Kind.HOLD, Code.SIGNATURE_INVALID)]


@pytest.mark.parametrize("behaviour", [Behaviour.GAS_BURNING, Behaviour.HUGE_RETURNING], ids=lambda b: b.name)
def test_a_hostile_contract_account_harms_only_itself(code_alone, contract_account, issue, wish, member, behaviour):
    account = contract_account(member, behaviour)
    issue(account, 100)
    assert code_alone(wish(account, 1, 10, signer=member)) == Code.SIGNATURE_INVALID


def test_without_a_signature_the_allowance_must_suffice(ledger, code_alone, redeeming_partner, member):
    ledger.approve(redeeming_partner.account, 9, {"from": member})
    assert code_alone((member.address, 1, 10, now() + DAY, b"")) == Code.ALLOWANCE_TOO_LOW


def test_points_that_expire_before_the_deadline_cannot_be_held(
    hold, wish, redeeming_partner, member, issue, lots, go_to_epoch, epoch_start
):
    go_to_epoch(3)
    issue(member, 50)
    last_second = epoch_start(4) - 1
    tx = hold(
        wish(member, 1, 51, deadline=last_second + 1),
        wish(member, 2, 50, deadline=last_second + 1),
        wish(member, 3, 400, deadline=last_second),
    )

    assert told(tx)[0] == refused(redeeming_partner, 1, Kind.HOLD, Code.BALANCE_TOO_LOW)
    assert told(tx)[2][-2] == word(3, 50)
    assert told(tx)[4][-2] == word(3, 0, 0, 0, 400)
    assert lots(member) == (0, 0, 0, 600)


def test_holds_by_signature(hold, wish, ledger, redeeming_partner, member, lots, supply):
    deadline = now() + DAY
    tx = hold(wish(member, 1, 300, deadline=deadline))

    assert told(tx) == [
        ("Transfer", member, ledger, 300),
        ("Held", redeeming_partner.id, member, 1, 300, word(0, 300), deadline),
    ]
    assert lots(member) == (700, 0, 0, 0)
    assert lots(ledger) == (300, 0, 0, 0)
    assert supply() == (2_000, 0, 0, 0)
    assert plain(ledger.holdOf(redeeming_partner.id, 1)) == (member.address, deadline, word(0, 300))
    assert ledger.isReceiptUsed(redeeming_partner.id, 1)
    chain, used = ledger.receiptWordOf(redeeming_partner.id, 1)
    assert bytes(chain) == bytes(28)
    assert used == 1 << 1


def test_holds_by_allowance(hold, ledger, redeeming_partner, member, lots):
    ledger.approve(redeeming_partner.account, 500, {"from": member})
    hold((member, 1, 300, now() + DAY, b""))

    assert ledger.allowance(member, redeeming_partner.account) == 200
    assert lots(ledger) == (300, 0, 0, 0)


def test_holds_the_lot_nearest_to_expiry_that_lasts(hold, wish, issue, member, lots, go_to_epoch, epoch_start):
    go_to_epoch(1)
    issue(member, 200)
    travel(epoch_start(3) + DAY)
    hold(wish(member, 1, 1_100))
    assert lots(member) == (0, 0, 100, 0)

    issue(member, 10)
    tx = hold(wish(member, 2, 105, deadline=epoch_start(4) + 1))
    assert told(tx)[-1][-2] == word(3, 5, 0, 100)
    assert lots(member) == (5, 0, 0, 0)
