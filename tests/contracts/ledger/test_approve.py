"""`PointLedger.approve`."""

from support import DAY, UNLIMITED, ZERO, now, reverts, told, travel


def test_the_accounts_own_address_must_still_be_its_key(ledger, recovery, member, next_key, relayer):
    ledger.announceKeyRecovery(member, next_key, {"from": recovery})
    travel(now() + 7 * DAY)
    with reverts("SignerNotCurrent", member):
        ledger.approve(relayer, 1, {"from": member})


def test_nobody_cannot_be_allowed(ledger, member):
    with reverts("ERC20InvalidSpender", ZERO):
        ledger.approve(ZERO, 1, {"from": member})


def test_sets_the_allowance(ledger, member, other_member, relayer):
    for value in (500, UNLIMITED, 0):
        tx = ledger.approve(relayer, value, {"from": member})

        assert tx.return_value is True
        assert told(tx) == [("Approval", member, relayer, value)]
        assert ledger.allowance(member, relayer) == value
    assert ledger.allowance(other_member, relayer) == 0
    assert ledger.allowance(relayer, member) == 0
