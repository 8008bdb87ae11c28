"""`PointLedger.transferAtEpoch`."""

import pytest
from support import DAY, now, reverts, told, travel, word


@pytest.fixture(autouse=True)
def earlier_points(issue, member, go_to_epoch):
    """100 and 200 points of epochs 0 and 1; now is epoch 2."""
    issue(member, 100)
    go_to_epoch(1)
    issue(member, 200)
    go_to_epoch(2)


def test_the_accounts_own_address_must_still_be_its_key(ledger, recovery, member, next_key, other_member):
    ledger.announceKeyRecovery(member, next_key, {"from": recovery})
    travel(now() + 7 * DAY)
    with reverts("SignerNotCurrent", member):
        ledger.transferAtEpoch(1, other_member, 1, {"from": member})


def test_the_epoch_must_not_have_expired(ledger, member, other_member, go_to_epoch):
    go_to_epoch(4)
    with reverts("ERC7818TransferredExpiredToken", member, 0):
        ledger.transferAtEpoch(0, other_member, 1, {"from": member})


def test_a_paused_ledger_moves_nothing(ledger, operator, member, other_member):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        ledger.transferAtEpoch(1, other_member, 1, {"from": member})


def test_only_members_receive(ledger, member, stranger):
    with reverts("ERC20InvalidReceiver", stranger):
        ledger.transferAtEpoch(1, stranger, 1, {"from": member})


@pytest.mark.parametrize(
    ("epoch", "held", "value"),
    [(0, 100, 101), (1, 200, 201), (1, 200, 2**48), (1, 200, 2**256 - 1), (2, 0, 1), (3, 0, 1)],
)
def test_the_lot_must_suffice(ledger, member, other_member, epoch, held, value, lots):
    with reverts("ERC20InsufficientBalance", member, held, value):
        ledger.transferAtEpoch(epoch, other_member, value, {"from": member})
    assert lots(member) == (0, 200, 100, 0)


def test_moves_points_of_that_epoch_only(ledger, member, other_member, lots, supply):
    tx = ledger.transferAtEpoch(1, other_member, 150, {"from": member})

    assert tx.return_value is True
    assert told(tx) == [
        ("Transfer", member, other_member, 150),
        ("LotsTransferred", member, other_member, word(2, 0, 150)),
    ]
    assert lots(member) == (0, 50, 100, 0)
    assert lots(other_member) == (0, 150, 0, 0)
    assert supply() == (0, 200, 100, 0)


def test_the_last_epoch_that_counts_is_not_expired(ledger, member, other_member, go_to_epoch, lots):
    go_to_epoch(3)
    ledger.transferAtEpoch(0, other_member, 100, {"from": member})

    assert lots(other_member) == (0, 0, 0, 100)


@pytest.mark.parametrize("epoch", [3, 2**24, 2**256 - 4])
def test_nothing_of_a_future_epoch_does_not_panic(ledger, member, other_member, lots, epoch):
    before = lots(member), lots(other_member)
    tx = ledger.transferAtEpoch(epoch, other_member, 0, {"from": member})

    assert ("Transfer", member, other_member, 0) in told(tx)
    assert (lots(member), lots(other_member)) == before
