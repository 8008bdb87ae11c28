"""`PointLedger.capture`."""

import pytest
from support import (
    BATCH_MAX,
    DAY,
    ZERO,
    Code,
    Kind,
    Purpose,
    chain_of,
    next_block_at,
    now,
    outcome,
    plain,
    refused,
    reverts,
    told,
    travel,
    word,
)


@pytest.fixture
def deadline():
    return now() + 2 * DAY


@pytest.fixture(autouse=True)
def held(ledger, issue, spend, redeeming_partner, member, deadline):
    """Receipts 1 and 2 hold 300 and 100 of 1,000 points of epoch 0."""
    issue(member, 1_000)
    holds = [
        spend(redeeming_partner, member, receipt, points, purpose=Purpose.HOLD, deadline=deadline)
        for receipt, points in ((1, 300), (2, 100))
    ]
    ledger.hold(holds, {"from": redeeming_partner.key})


@pytest.fixture
def capture(ledger, redeeming_partner):
    return lambda *captures: ledger.capture(captures, {"from": redeeming_partner.key})


@pytest.fixture
def code_alone(capture, redeeming_partner):
    """Post a capture before a good one, check that it alone is refused, and return the code."""

    def checked(wrong):
        tx = capture(wrong, (2, 100))

        rejected = told(tx)[0]
        assert rejected == refused(redeeming_partner, wrong[0], Kind.CAPTURE, rejected[-1])
        assert told(tx)[-1][0] == "Captured"
        return rejected[-1]

    return checked


@pytest.mark.parametrize("size", [0, BATCH_MAX + 1])
def test_a_batch_has_1_to_500_operations(ledger, redeeming_partner, size):
    with reverts("BatchSizeInvalid", size, BATCH_MAX):
        ledger.capture([(n, 1) for n in range(size)], {"from": redeeming_partner.key})


def test_a_paused_ledger_takes_nothing(ledger, operator, capture):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        capture((1, 300))


def test_the_sender_must_be_a_partners_key(ledger, member):
    with reverts("KeyUnknown", member):
        ledger.capture([(1, 300)], {"from": member})


def test_the_hold_must_be_open(code_alone):
    assert code_alone((3, 10)) == Code.HOLD_UNKNOWN


def test_a_hold_of_another_partner_is_unknown(ledger, earning_partner, redeeming_partner):
    tx = ledger.capture([(1, 300)], {"from": earning_partner.key})

    assert told(tx) == [refused(earning_partner, 1, Kind.CAPTURE, Code.HOLD_UNKNOWN)]
    assert ledger.holdOf(redeeming_partner.id, 1)[0] != ZERO


def test_a_hold_is_captured_once(capture, code_alone, member, lots):
    capture((1, 200))
    assert code_alone((1, 100)) == Code.HOLD_UNKNOWN
    assert lots(member) == (700, 0, 0, 0)


def test_a_released_hold_cannot_be_captured(ledger, code_alone, redeeming_partner):
    ledger.release([1], {"from": redeeming_partner.key})
    assert code_alone((1, 100)) == Code.HOLD_UNKNOWN


def test_a_hold_can_be_captured_until_its_deadline(capture, redeeming_partner, deadline):
    next_block_at(deadline)
    assert told(capture((1, 300)))[-1][0] == "Captured"
    next_block_at(deadline + 1)
    assert told(capture((2, 100))) == [refused(redeeming_partner, 2, Kind.CAPTURE, Code.DEADLINE_PASSED)]


@pytest.mark.parametrize(
    ("points", "code"),
    [
        (0, Code.AMOUNT_ZERO),
        (301, Code.HOLD_EXCEEDED),
        (2**48, Code.HOLD_EXCEEDED),
        (2**48 + 1, Code.HOLD_EXCEEDED),
        (2**256 - 1, Code.HOLD_EXCEEDED),
    ],
)
def test_an_amount_out_of_bounds_is_refused(code_alone, ledger, redeeming_partner, points, code):
    assert code_alone((1, points)) == code
    assert ledger.holdOf(redeeming_partner.id, 1)[2] == word(0, 300)


def test_captures_all_of_a_hold(capture, ledger, redeeming_partner, member, lots, supply):
    tx = capture((1, 300))

    assert told(tx) == [
        ("Transfer", ledger, ZERO, 300),
        ("Captured", redeeming_partner.id, member, 1, 300, word(0, 300)),
    ]
    assert lots(member) == (600, 0, 0, 0)
    assert lots(ledger) == (100, 0, 0, 0)
    assert supply() == (700, 0, 0, 0)
    assert plain(ledger.holdOf(redeeming_partner.id, 1)) == (ZERO, 0, 0)
    assert ledger.isReceiptUsed(redeeming_partner.id, 1)


def test_gives_the_rest_back(capture, ledger, redeeming_partner, member, lots, supply):
    tx = capture((1, 1))

    assert told(tx) == [
        ("Transfer", ledger, ZERO, 1),
        ("Transfer", ledger, member, 299),
        ("Captured", redeeming_partner.id, member, 1, 1, word(0, 1)),
    ]
    assert lots(member) == (899, 0, 0, 0)
    assert lots(ledger) == (100, 0, 0, 0)
    assert supply() == (999, 0, 0, 0)


def test_commits_to_captures_in_order(capture, ledger, redeeming_partner, member):
    capture((2, 100), (1, 250))

    chain, used = ledger.receiptWordOf(redeeming_partner.id, 1)
    assert used == 1 << 1 | 1 << 2
    assert bytes(chain) == chain_of(
        outcome(Kind.CAPTURE, member, 2, 0, 100, word(0, 100)),
        outcome(Kind.CAPTURE, member, 1, 0, 250, word(0, 250)),
    )


def test_takes_the_lot_nearest_to_expiry_first(
    capture, ledger, spend, issue, redeeming_partner, member, lots, supply, go_to_epoch, epoch_start
):
    travel(epoch_start(2) + DAY)
    issue(member, 500)
    payment = spend(redeeming_partner, member, 9, 900, purpose=Purpose.HOLD, deadline=epoch_start(3) + 10)
    ledger.hold([payment], {"from": redeeming_partner.key})
    assert lots(member) == (200, 0, 0, 0)
    assert lots(ledger) == (300, 0, 1_000, 0)

    go_to_epoch(3)
    tx = capture((9, 650))
    assert told(tx)[-1] == ("Captured", redeeming_partner.id, member, 9, 650, word(3, 0, 50, 0, 600))
    assert lots(member) == (0, 450, 0, 0)
    assert lots(ledger) == (0, 0, 0, 400)
    assert supply() == (0, 450, 0, 400)
