"""`PointLedger.announceKeyRecovery`."""

from support import DAY, ZERO, now, plain, reverts, told, travel


def test_only_the_recovery_role_may(ledger, operator, governor, stranger, member, next_key):
    for sender in (operator, governor, stranger, member):
        with reverts("AccessManagedUnauthorized", sender):
            ledger.announceKeyRecovery(member, next_key, {"from": sender})


def test_the_account_must_be_a_members(ledger, recovery, stranger, next_key):
    with reverts("MemberNotEnrolled", stranger):
        ledger.announceKeyRecovery(stranger, next_key, {"from": recovery})


def test_the_next_key_must_not_be_zero(ledger, recovery, member):
    with reverts("SignerZero"):
        ledger.announceKeyRecovery(member, ZERO, {"from": recovery})


def test_the_next_key_signs_after_the_delay(ledger, recovery, member, next_key):
    tx = ledger.announceKeyRecovery(member, next_key, {"from": recovery})

    effective = tx.timestamp + 7 * DAY
    assert ledger.recoveryDelay() == 7 * DAY
    assert told(tx) == [("KeyChangeAnnounced", member, next_key, effective, True)]
    assert plain(ledger.accountKeyOf(member)) == (member.address, effective, next_key.address)
    travel(effective - 1)
    assert ledger.signerOf(member) == member
    travel(effective)
    assert ledger.signerOf(member) == next_key
    assert ledger.nonces(member) == 0


def test_a_second_recovery_starts_from_the_first_once_due(ledger, recovery, member, next_key, stranger):
    ledger.announceKeyRecovery(member, next_key, {"from": recovery})
    travel(now() + 7 * DAY)
    ledger.announceKeyRecovery(member, stranger, {"from": recovery})

    assert ledger.signerOf(member) == next_key
    travel(now() + 7 * DAY)
    assert ledger.signerOf(member) == stranger
