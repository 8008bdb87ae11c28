"""`PointLedger.cancelKeyChange`."""

import pytest
from support import DAY, KEY_CANCELLATION, ZERO, next_block_at, now, plain, reverts, signature, told, travel


@pytest.fixture
def announced(ledger, recovery, member, next_key):
    """A recovery of the member's key; the time at which it counts."""
    return ledger.announceKeyRecovery(member, next_key, {"from": recovery}).timestamp + 7 * DAY


@pytest.fixture
def cancel(ledger, member, relayer):
    def sent(*, signer=member, deadline=None, says=None):
        deadline = now() + DAY if deadline is None else deadline
        message = {"account": member, "nonce": ledger.nonces(member), "deadline": deadline} | (says or {})
        signed = signature(signer, ledger, KEY_CANCELLATION, message)
        return ledger.cancelKeyChange(member, deadline, signed, {"from": relayer})

    return sent


def test_something_must_be_announced(cancel, member):
    with reverts("KeyChangeNone", member):
        cancel()


def test_a_change_that_counts_already_cannot_be_cancelled(cancel, announced, member, next_key):
    next_block_at(announced)
    for signer in (member, next_key):
        with reverts("KeyChangeNone", member):
            cancel(signer=signer)


def test_the_deadline_must_not_have_passed(cancel, announced):
    deadline = next_block_at(now() + 50) - 1
    with reverts("SignatureExpired", deadline):
        cancel(deadline=deadline)


@pytest.mark.parametrize("says", [{"account": ZERO}, {"nonce": 1}, {"deadline": 2**40}], ids=str)
def test_a_signature_over_something_else_is_not_valid(cancel, announced, member, says):
    with reverts("SignatureNotValid", member):
        cancel(says=says)


def test_the_next_key_cannot_cancel(cancel, announced, member, next_key, stranger):
    for signer in (next_key, stranger):
        with reverts("SignatureNotValid", member):
            cancel(signer=signer)


def test_cancels_the_change(cancel, announced, ledger, member):
    next_block_at(announced - 1)
    tx = cancel(deadline=announced)

    assert told(tx) == [("KeyChangeCancelled", member)]
    assert plain(ledger.accountKeyOf(member)) == (member.address, 0, ZERO)
    assert ledger.nonces(member) == 1
    travel(announced + 1)
    assert ledger.signerOf(member) == member
    with reverts("KeyChangeNone", member):
        cancel()


def test_keeps_a_key_that_took_over_earlier(cancel, announced, ledger, recovery, member, next_key, stranger):
    travel(announced)
    ledger.announceKeyRecovery(member, stranger, {"from": recovery})
    cancel(signer=next_key)
    travel(now() + 8 * DAY)

    assert ledger.signerOf(member) == next_key
