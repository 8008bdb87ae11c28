"""`PointLedger.unpause`."""

from support import reverts, told


def test_the_operator_may_not(ledger, operator):
    ledger.pause({"from": operator})
    with reverts("AccessManagedUnauthorized", operator):
        ledger.unpause({"from": operator})


def test_the_governor_may_not_at_once(ledger, operator, governor, manager):
    ledger.pause({"from": operator})
    operation = manager.hashOperation(governor, ledger, ledger.unpause.encode_input())
    with reverts("AccessManagerNotScheduled", operation):
        ledger.unpause({"from": governor})


def test_the_ledger_must_be_paused(ledger, as_governor):
    with reverts("LedgerNotPaused"):
        as_governor(ledger.unpause)


def test_lets_operations_happen_again(
    ledger, operator, governor, as_governor, issue, member, lots, supply, go_to_epoch
):
    issue(member, 100)
    ledger.pause({"from": operator})
    go_to_epoch(1)
    tx = as_governor(ledger.unpause)

    assert told(tx)[-1] == ("Unpaused", governor)
    assert not ledger.paused()
    assert lots(member) == supply() == (0, 100, 0, 0)
    issue(member, 1)
    assert lots(member) == supply() == (1, 100, 0, 0)
