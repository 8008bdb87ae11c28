"""`PointLedger.transferFromAtEpoch`."""

import pytest
from support import reverts, told, word


@pytest.fixture(autouse=True)
def allowed(ledger, issue, member, relayer, go_to_epoch):
    """The relayer may move 150 of the member's 100 and 200 points of epochs 0 and 1."""
    issue(member, 100)
    go_to_epoch(1)
    issue(member, 200)
    ledger.approve(relayer, 150, {"from": member})


def test_the_allowance_must_suffice(ledger, member, other_member, relayer):
    with reverts("ERC20InsufficientAllowance", relayer, 150, 151):
        ledger.transferFromAtEpoch(1, member, other_member, 151, {"from": relayer})


def test_the_epoch_must_not_have_expired(ledger, member, other_member, relayer, go_to_epoch):
    go_to_epoch(4)
    with reverts("ERC7818TransferredExpiredToken", member, 0):
        ledger.transferFromAtEpoch(0, member, other_member, 1, {"from": relayer})


def test_a_paused_ledger_moves_nothing(ledger, operator, member, other_member, relayer):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        ledger.transferFromAtEpoch(1, member, other_member, 1, {"from": relayer})


def test_only_members_receive(ledger, member, relayer):
    with reverts("ERC20InvalidReceiver", relayer):
        ledger.transferFromAtEpoch(1, member, relayer, 1, {"from": relayer})


def test_the_lot_must_suffice(ledger, member, other_member, relayer):
    with reverts("ERC20InsufficientBalance", member, 100, 101):
        ledger.transferFromAtEpoch(0, member, other_member, 101, {"from": relayer})
    assert ledger.allowance(member, relayer) == 150


def test_moves_points_of_that_epoch_and_reduces_the_allowance(ledger, member, other_member, relayer, lots):
    tx = ledger.transferFromAtEpoch(0, member, other_member, 60, {"from": relayer})

    assert tx.return_value is True
    assert told(tx) == [
        ("Approval", member, relayer, 90),
        ("Transfer", member, other_member, 60),
        ("LotsTransferred", member, other_member, word(1, 0, 60)),
    ]
    assert ledger.allowance(member, relayer) == 90
    assert lots(member) == (200, 40, 0, 0)
    assert lots(other_member) == (0, 60, 0, 0)
