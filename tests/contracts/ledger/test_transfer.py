"""`PointLedger.transfer`."""

import pytest
from support import DAY, ZERO, now, reverts, told, travel, word


@pytest.fixture(autouse=True)
def earlier_points(issue, member, go_to_epoch):
    """100, 200 and 300 points of epochs 0, 1 and 2."""
    issue(member, 100)
    go_to_epoch(1)
    issue(member, 200)
    go_to_epoch(2)
    issue(member, 300)


def test_the_accounts_own_address_must_still_be_its_key(ledger, recovery, member, next_key, other_member):
    ledger.announceKeyRecovery(member, next_key, {"from": recovery})
    ledger.transfer(other_member, 1, {"from": member})
    travel(now() + 7 * DAY)
    with reverts("SignerNotCurrent", member):
        ledger.transfer(other_member, 1, {"from": member})


def test_a_paused_ledger_moves_nothing(ledger, operator, member, other_member):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        ledger.transfer(other_member, 1, {"from": member})


def test_only_members_receive(ledger, member, stranger, earning_partner):
    for receiver in (stranger, ZERO, ledger, earning_partner.account):
        with reverts("ERC20InvalidReceiver", receiver):
            ledger.transfer(receiver, 1, {"from": member})


@pytest.mark.parametrize("value", [601, 2**48, 2**64, 2**256 - 1])
def test_the_balance_must_suffice(ledger, member, other_member, value, lots):
    with reverts("ERC20InsufficientBalance", member, 600, value):
        ledger.transfer(other_member, value, {"from": member})
    assert lots(member) == (300, 200, 100, 0)


def test_a_stranger_has_nothing_to_send(ledger, stranger, member):
    with reverts("ERC20InsufficientBalance", stranger, 0, 1):
        ledger.transfer(member, 1, {"from": stranger})


def test_expired_points_do_not_move(ledger, member, other_member, go_to_epoch):
    go_to_epoch(5)
    with reverts("ERC20InsufficientBalance", member, 300, 301):
        ledger.transfer(other_member, 301, {"from": member})


def test_points_keep_their_expiry(ledger, member, other_member, lots, supply):
    tx = ledger.transfer(other_member, 250, {"from": member})

    assert tx.return_value is True
    assert told(tx) == [
        ("Transfer", member, other_member, 250),
        ("LotsTransferred", member, other_member, word(2, 0, 150, 100)),
    ]
    assert lots(member) == (300, 50, 0, 0)
    assert lots(other_member) == (0, 150, 100, 0)
    assert supply() == (300, 200, 100, 0)


def test_both_accounts_are_brought_to_the_present(ledger, member, other_member, lots, issue, go_to_epoch):
    issue(other_member, 7)
    go_to_epoch(4)
    issue(other_member, 1)
    go_to_epoch(6)
    tx = ledger.transfer(member, 1, {"from": other_member})

    assert told(tx) == [
        ("PointsExpired", other_member, word(4, 0, 0, 7)),
        ("Transfer", other_member, ZERO, 7),
        ("PointsExpired", member, word(2, 300, 200, 100)),
        ("Transfer", member, ZERO, 600),
        ("Transfer", other_member, member, 1),
        ("LotsTransferred", other_member, member, word(6, 0, 0, 1)),
    ]
    assert lots(member) == (0, 0, 1, 0)
    assert lots(other_member) == (0, 0, 0, 0)


def test_a_transfer_to_oneself_changes_nothing(ledger, member, lots, supply):
    tx = ledger.transfer(member, 250, {"from": member})

    assert told(tx)[0] == ("Transfer", member, member, 250)
    assert lots(member) == supply() == (300, 200, 100, 0)


def test_nothing_can_be_transferred(ledger, member, other_member, lots):
    tx = ledger.transfer(other_member, 0, {"from": member})

    assert told(tx)[0] == ("Transfer", member, other_member, 0)
    assert lots(other_member) == (0, 0, 0, 0)
