"""`PointLedger.transferWithAuthorization`."""

import pytest
from support import (
    DAY,
    TRANSFER_WITH_AUTHORIZATION,
    ZERO,
    Behaviour,
    next_block_at,
    now,
    reverts,
    signature,
    told,
    travel,
    word,
)

NONCE = b"\x07" * 32


@pytest.fixture(autouse=True)
def earlier_points(issue, member):
    issue(member, 500)


@pytest.fixture
def send(ledger, member, other_member, relayer):
    """Send a transfer that the member signed; `says` changes what is signed."""

    def sent(
        value=200, after=0, before=2**256 - 1, nonce=NONCE, *, to=other_member, account=member, signer=member, says=None
    ):
        message = {
            "from": account,
            "to": to,
            "value": value,
            "validAfter": after,
            "validBefore": before,
            "nonce": nonce,
        }
        signed = signature(signer, ledger, TRANSFER_WITH_AUTHORIZATION, message | (says or {}))
        return ledger.transferWithAuthorization(account, to, value, after, before, nonce, signed, {"from": relayer})

    return sent


def test_it_counts_only_after_its_first_time(send):
    time = next_block_at(now() + 50)
    with reverts("AuthorizationNotYetValid", time):
        send(after=time)
    next_block_at(time + 1)
    send(after=time)


def test_it_counts_only_before_its_last_time(send):
    time = next_block_at(now() + 50)
    with reverts("AuthorizationExpired", time):
        send(before=time)
    next_block_at(time + 1)
    send(before=time + 2)


def test_it_counts_once(send, member, other_member, lots):
    send()
    with reverts("AuthorizationUsedOrCanceled", member, NONCE):
        send()
    with reverts("AuthorizationUsedOrCanceled", member, NONCE):
        send(value=1)
    assert lots(other_member) == (200, 0, 0, 0)


@pytest.mark.parametrize(
    "says", [{"value": 201}, {"to": ZERO}, {"validAfter": 1}, {"validBefore": 2**255}, {"nonce": b"\x08" * 32}], ids=str
)
def test_a_signature_over_something_else_is_not_valid(send, member, says):
    with reverts("SignatureNotValid", member):
        send(says=says)


def test_a_forged_signature_is_not_valid(send, member, stranger):
    with reverts("SignatureNotValid", member):
        send(signer=stranger)


def test_the_ledgers_own_points_cannot_be_moved(send, ledger):
    with reverts("SignatureNotValid", ledger):
        send(account=ledger)


@pytest.mark.parametrize("behaviour", [b for b in Behaviour if b != Behaviour.HONEST], ids=lambda b: b.name)
def test_a_contract_account_must_say_yes(send, contract_account, issue, member, behaviour):
    account = contract_account(member, behaviour)
    issue(account, 100)
    with reverts("SignatureNotValid", account):
        send(value=1, account=account)


def test_a_paused_ledger_moves_nothing(send, ledger, operator, member):
    ledger.pause({"from": operator})
    with reverts("LedgerPaused"):
        send()
    assert not ledger.authorizationState(member, NONCE)


def test_only_members_receive(send, stranger):
    with reverts("ERC20InvalidReceiver", stranger):
        send(to=stranger)


def test_the_balance_must_suffice(send, member):
    with reverts("ERC20InsufficientBalance", member, 500, 501):
        send(value=501)


def test_moves_the_points(send, ledger, member, other_member, lots):
    tx = send()

    assert told(tx) == [
        ("AuthorizationUsed", member, f"0x{NONCE.hex()}"),
        ("Transfer", member, other_member, 200),
        ("LotsTransferred", member, other_member, word(0, 200)),
    ]
    assert lots(member) == (300, 0, 0, 0)
    assert lots(other_member) == (200, 0, 0, 0)
    assert ledger.authorizationState(member, NONCE)
    assert not ledger.authorizationState(other_member, NONCE)


def test_a_contract_account_may_sign(send, contract_account, issue, member, lots):
    account = contract_account(member)
    issue(account, 100)
    send(value=30, account=account)

    assert lots(account) == (70, 0, 0, 0)


def test_the_key_that_took_over_signs(send, ledger, member, recovery, next_key, other_member, lots):
    ledger.announceKeyRecovery(member, next_key, {"from": recovery})
    travel(now() + 7 * DAY)
    with reverts("SignatureNotValid", member):
        send()
    send(signer=next_key)

    assert lots(other_member) == (200, 0, 0, 0)
