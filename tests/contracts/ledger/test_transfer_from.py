"""`PointLedger.transferFrom`."""

import pytest
from support import UNLIMITED, reverts, told, word


@pytest.fixture(autouse=True)
def allowed(ledger, issue, member, relayer, go_to_epoch):
    """The relayer may move 150 of the member's 100 and 200 points of epochs 0 and 1."""
    issue(member, 100)
    go_to_epoch(1)
    issue(member, 200)
    ledger.approve(relayer, 150, {"from": member})


@pytest.mark.parametrize("value", [151, 2**48, 2**256 - 1])
def test_the_allowance_must_suffice(ledger, member, other_member, relayer, value):
    with reverts("ERC20InsufficientAllowance", relayer, 150, value):
        ledger.transferFrom(member, other_member, value, {"from": relayer})


def test_a_member_is_not_allowed_for_itself(ledger, member, other_member):
    with reverts("ERC20InsufficientAllowance", member, 0, 1):
        ledger.transferFrom(member, other_member, 1, {"from": member})


def test_the_ledgers_own_points_cannot_be_moved(ledger, member, relayer):
    with reverts("ERC20InsufficientAllowance", relayer, 0, 1):
        ledger.transferFrom(ledger, member, 1, {"from": relayer})


def test_a_paused_ledger_moves_nothing(ledger, operator, member, other_member, relayer):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        ledger.transferFrom(member, other_member, 1, {"from": relayer})


def test_only_members_receive(ledger, member, relayer):
    with reverts("ERC20InvalidReceiver", relayer):
        ledger.transferFrom(member, relayer, 1, {"from": relayer})


def test_the_balance_must_suffice(ledger, member, other_member, relayer):
    ledger.approve(relayer, UNLIMITED, {"from": member})
    with reverts("ERC20InsufficientBalance", member, 300, 301):
        ledger.transferFrom(member, other_member, 301, {"from": relayer})


def test_reduces_the_allowance(ledger, member, other_member, relayer, lots):
    tx = ledger.transferFrom(member, other_member, 140, {"from": relayer})

    assert tx.return_value is True
    assert told(tx) == [
        ("Approval", member, relayer, 10),
        ("Transfer", member, other_member, 140),
        ("LotsTransferred", member, other_member, word(1, 40, 100)),
    ]
    assert ledger.allowance(member, relayer) == 10
    assert lots(member) == (160, 0, 0, 0)
    assert lots(other_member) == (40, 100, 0, 0)


def test_an_unlimited_allowance_does_not_shrink(ledger, member, other_member, relayer):
    ledger.approve(relayer, UNLIMITED, {"from": member})
    tx = ledger.transferFrom(member, other_member, 140, {"from": relayer})

    assert len(told(tx)) == 2
    assert ledger.allowance(member, relayer) == UNLIMITED
