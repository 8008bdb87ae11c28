"""`PointLedger.permit`."""

import pytest
from support import DAY, PERMIT, ZERO, malleable, next_block_at, now, reverts, signature, split, told, travel


@pytest.fixture
def permit(ledger, member, relayer):
    """Send a permit that the member signed; `says` changes what is signed."""

    def sent(spender=relayer, value=500, deadline=None, nonce=0, signer=member, says=None, change=lambda s: s):
        deadline = now() + DAY if deadline is None else deadline
        message = {"owner": member, "spender": spender, "value": value, "nonce": nonce, "deadline": deadline}
        signed = change(signature(signer, ledger, PERMIT, message | (says or {})))
        return ledger.permit(member, spender, value, deadline, *split(signed), {"from": relayer})

    return sent


def test_the_deadline_must_not_have_passed(permit):
    deadline = next_block_at(now() + 50) - 1
    with reverts("SignatureExpired", deadline):
        permit(deadline=deadline)


@pytest.mark.parametrize("says", [{"value": 501}, {"nonce": 1}, {"spender": ZERO}, {"owner": ZERO}], ids=str)
def test_a_signature_over_something_else_is_not_valid(permit, member, says):
    with reverts("SignatureNotValid", member):
        permit(says=says)


def test_a_forged_signature_is_not_valid(permit, member, stranger):
    with reverts("SignatureNotValid", member):
        permit(signer=stranger)


def test_a_malleable_signature_is_not_valid(permit, member):
    with reverts("SignatureNotValid", member):
        permit(change=malleable)


def test_a_signature_counts_once(permit, ledger, member, relayer):
    permit()
    ledger.approve(relayer, 0, {"from": member})
    with reverts("SignatureNotValid", member):
        permit()


def test_nobody_cannot_be_an_owner(ledger, relayer):
    with reverts("SignatureNotValid", ZERO):
        ledger.permit(ZERO, relayer, 1, now() + DAY, 27, bytes(32), bytes(32), {"from": relayer})


def test_nobody_cannot_be_allowed(permit):
    with reverts("ERC20InvalidSpender", ZERO):
        permit(spender=ZERO)


def test_sets_the_allowance(permit, ledger, member, relayer):
    deadline = next_block_at(now() + 50)
    tx = permit(deadline=deadline)

    assert told(tx) == [("Approval", member, relayer, 500)]
    assert ledger.allowance(member, relayer) == 500
    assert ledger.nonces(member) == 1
    permit(value=7, nonce=1)
    assert ledger.allowance(member, relayer) == 7


def test_the_key_that_took_over_signs(permit, ledger, member, recovery, next_key, relayer):
    ledger.announceKeyRecovery(member, next_key, {"from": recovery})
    travel(now() + 7 * DAY)
    with reverts("SignatureNotValid", member):
        permit()
    permit(signer=next_key)

    assert ledger.allowance(member, relayer) == 500
