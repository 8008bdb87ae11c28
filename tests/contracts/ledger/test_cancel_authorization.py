"""`PointLedger.cancelAuthorization`."""

import pytest
from support import CANCEL_AUTHORIZATION, TRANSFER_WITH_AUTHORIZATION, reverts, signature, told

NONCE = b"\x07" * 32


@pytest.fixture
def cancel(ledger, member, relayer):
    def sent(nonce=NONCE, signer=member, says=None):
        message = {"authorizer": member, "nonce": nonce} | (says or {})
        signed = signature(signer, ledger, CANCEL_AUTHORIZATION, message)
        return ledger.cancelAuthorization(member, nonce, signed, {"from": relayer})

    return sent


def test_a_used_or_cancelled_authorization_cannot_be_cancelled(cancel, member):
    cancel()
    with reverts("AuthorizationUsedOrCanceled", member, NONCE):
        cancel()


def test_a_forged_signature_is_not_valid(cancel, member, stranger):
    with reverts("SignatureNotValid", member):
        cancel(signer=stranger)


def test_a_signature_over_another_nonce_is_not_valid(cancel, member):
    with reverts("SignatureNotValid", member):
        cancel(says={"nonce": bytes(32)})


def test_makes_the_authorization_useless(cancel, ledger, issue, member, other_member, relayer, lots):
    issue(member, 10)
    message = {
        "from": member,
        "to": other_member,
        "value": 10,
        "validAfter": 0,
        "validBefore": 2**40,
        "nonce": NONCE,
    }
    signed = signature(member, ledger, TRANSFER_WITH_AUTHORIZATION, message)
    tx = cancel()

    assert told(tx) == [("AuthorizationCanceled", member, f"0x{NONCE.hex()}")]
    assert ledger.authorizationState(member, NONCE)
    with reverts("AuthorizationUsedOrCanceled", member, NONCE):
        ledger.transferWithAuthorization(member, other_member, 10, 0, 2**40, NONCE, signed, {"from": relayer})
    assert lots(member) == (10, 0, 0, 0)
