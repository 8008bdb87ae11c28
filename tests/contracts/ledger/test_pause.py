"""`PointLedger.pause`. What a paused ledger refuses is in the file of each function."""

from support import reverts, told, word


def test_only_the_operator_may(ledger, governor, stranger, earning_partner):
    for sender in (governor, stranger, earning_partner.key):
        with reverts("AccessManagedUnauthorized", sender):
            ledger.pause({"from": sender})


def test_a_paused_ledger_is_not_paused_again(ledger, operator):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        ledger.pause({"from": operator})


def test_pauses_and_touches_no_points(ledger, operator, issue, member, lots, supply, go_to_epoch):
    issue(member, 100)
    go_to_epoch(1)
    tx = ledger.pause({"from": operator})

    assert told(tx) == [("Paused", operator)]
    assert ledger.paused()
    assert lots(member) == supply() == (0, 100, 0, 0)
    assert ledger.supplyLots() == word(1, 0, 100)
    assert ledger.totalSupply() == 100


def test_points_expire_while_paused(ledger, operator, issue, member, lots, supply, go_to_epoch):
    issue(member, 100)
    ledger.pause({"from": operator})
    go_to_epoch(4)

    assert lots(member) == supply() == (0, 0, 0, 0)
    assert ledger.paused()
