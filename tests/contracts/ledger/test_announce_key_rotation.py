"""`PointLedger.announceKeyRotation`."""

import pytest
from support import DAY, KEY_ROTATION, ZERO, next_block_at, now, plain, reverts, signature, told, travel


@pytest.fixture
def rotate(ledger, member, relayer):
    """Announce `next_key` for an account, signed by `signer`; `says` changes what is signed."""

    def sent(next_key, *, account=member, signer=member, nonce=None, deadline=None, says=None):
        nonce = ledger.nonces(account) if nonce is None else nonce
        deadline = now() + DAY if deadline is None else deadline
        message = {"account": account, "next": next_key, "nonce": nonce, "deadline": deadline} | (says or {})
        signed = signature(signer, ledger, KEY_ROTATION, message)
        return ledger.announceKeyRotation(account, next_key, deadline, signed, {"from": relayer})

    return sent


@pytest.fixture
def redeems(ledger, spend, redeeming_partner, member):
    """Whether a redemption of one point signed by a key is accepted."""
    receipts = iter(range(100))

    def tried(signer):
        payment = spend(redeeming_partner, member, next(receipts), 1, signer=signer)
        return told(ledger.redeem([payment], {"from": redeeming_partner.key}))[-1][0] == "Redeemed"

    return tried


def test_the_deadline_must_not_have_passed(rotate, next_key):
    deadline = next_block_at(now() + 50) - 1
    with reverts("SignatureExpired", deadline):
        rotate(next_key, deadline=deadline)


@pytest.mark.parametrize("says", [{"next": ZERO}, {"account": ZERO}, {"nonce": 1}, {"deadline": 2**40}], ids=str)
def test_a_signature_over_something_else_is_not_valid(rotate, next_key, member, says):
    with reverts("SignatureNotValid", member):
        rotate(next_key, says=says)


def test_a_forged_signature_is_not_valid(rotate, next_key, member, stranger):
    for signer in (stranger, next_key):
        with reverts("SignatureNotValid", member):
            rotate(next_key, signer=signer)


def test_a_signature_counts_once(rotate, next_key, member):
    rotate(next_key)
    with reverts("SignatureNotValid", member):
        rotate(next_key, nonce=0)


def test_the_account_must_be_a_members(rotate, next_key, stranger):
    with reverts("MemberNotEnrolled", stranger):
        rotate(next_key, account=stranger, signer=stranger)


def test_the_next_key_must_not_be_zero(rotate):
    with reverts("SignerZero"):
        rotate(ZERO)


def test_the_next_key_signs_after_the_delay(rotate, redeems, ledger, issue, member, next_key, lots):
    issue(member, 100)
    tx = rotate(next_key)

    effective = tx.timestamp + DAY
    assert ledger.rotationDelay() == DAY
    assert told(tx) == [("KeyChangeAnnounced", member, next_key, effective, False)]
    assert plain(ledger.accountKeyOf(member)) == (member.address, effective, next_key.address)
    assert ledger.nonces(member) == 1
    assert redeems(member) and not redeems(next_key)
    next_block_at(effective - 1)
    assert redeems(member)
    next_block_at(effective)
    assert redeems(next_key)
    assert not redeems(member)
    assert ledger.signerOf(member) == next_key
    assert lots(member) == (97, 0, 0, 0)


def test_a_second_announcement_replaces_the_first(rotate, ledger, member, next_key, stranger):
    rotate(next_key)
    second = rotate(stranger)
    travel(second.timestamp + DAY)

    assert ledger.signerOf(member) == stranger
    assert ledger.accountKeyOf(member)[0] == member


def test_a_key_that_took_over_announces_the_next(rotate, ledger, member, next_key, other_member):
    rotate(next_key)
    travel(now() + DAY)
    with reverts("SignatureNotValid", member):
        rotate(other_member)
    tx = rotate(other_member, signer=next_key)

    assert ledger.signerOf(member) == next_key
    assert plain(ledger.accountKeyOf(member)) == (
        next_key.address,
        tx.timestamp + DAY,
        other_member.address,
    )
    travel(now() + DAY)
    assert ledger.signerOf(member) == other_member


def test_a_contract_account_may_take_over(rotate, redeems, contract_account, ledger, issue, member, next_key):
    issue(member, 1)
    rotate(contract_account(next_key))
    travel(now() + DAY)

    assert redeems(next_key)


def test_points_and_membership_stay(rotate, ledger, issue, member, next_key, lots, go_to_epoch):
    issue(member, 100)
    go_to_epoch(1)
    rotate(next_key)
    issue(member, 1)

    assert lots(member) == (1, 100, 0, 0)
    assert ledger.isMember(member)
    assert not ledger.isMember(next_key)


def test_a_paused_ledger_still_changes_keys(rotate, ledger, operator, member, next_key):
    ledger.pause({"from": operator})
    rotate(next_key)
    travel(now() + DAY)

    assert ledger.signerOf(member) == next_key
