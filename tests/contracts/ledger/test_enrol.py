"""`PointLedger.enrol`."""

import brownie
import pytest
from support import BATCH_MAX, DAY, ZERO, reverts, told


def addresses(count):
    return [f"0x{n:040x}" for n in range(1, count + 1)]


@pytest.mark.parametrize("size", [0, BATCH_MAX + 1])
def test_a_batch_has_1_to_500_members(ledger, stranger, size):
    with reverts("BatchSizeInvalid", size, BATCH_MAX):
        ledger.enrol(addresses(size), {"from": stranger})


def test_a_paused_ledger_enrols_nobody(ledger, operator, stranger):
    ledger.pause({"from": operator})
    for sender in (stranger, operator):
        with reverts("LedgerPaused"):
            ledger.enrol([stranger], {"from": sender})


def test_only_partners_keys_and_the_operator_may(ledger, stranger, governor, earning_partner):
    for sender in (stranger, governor, earning_partner.account):
        with reverts("AccessManagedUnauthorized", sender):
            ledger.enrol([stranger], {"from": sender})


def test_a_revoked_key_may_not(ledger, registry, operator, stranger, earning_partner):
    tx = registry.revokeKey(earning_partner.key, {"from": operator})
    with reverts("KeyRevoked", earning_partner.key, tx.timestamp):
        ledger.enrol([stranger], {"from": earning_partner.key})


def test_a_key_that_is_not_yet_active_may_not(ledger, registry, operator, stranger, earning_partner, accounts):
    tx = registry.addKey(earning_partner.id, accounts[8], {"from": operator})
    with reverts("KeyNotYetActive", accounts[8], tx.timestamp + DAY):
        ledger.enrol([stranger], {"from": accounts[8]})


def test_a_suspended_partner_may_not(ledger, registry, operator, stranger, earning_partner):
    registry.suspendPartner(earning_partner.id, {"from": operator})
    with reverts("PartnerNotActive", earning_partner.id):
        ledger.enrol([stranger], {"from": earning_partner.key})


def test_neither_nobody_nor_the_ledger_can_be_a_member(ledger, operator, stranger):
    for wrong in (ZERO, ledger):
        with reverts("MemberInvalid", wrong):
            ledger.enrol([stranger, wrong], {"from": operator})
    assert not ledger.isMember(stranger)


@pytest.mark.parametrize("by", ["operator", "partner"])
def test_makes_accounts_members(ledger, operator, earning_partner, stranger, relayer, by, lots):
    tx = ledger.enrol([stranger, relayer], {"from": operator if by == "operator" else earning_partner.key})

    assert told(tx) == [("MemberEnrolled", stranger), ("MemberEnrolled", relayer)]
    assert ledger.isMember(stranger) and ledger.isMember(relayer)
    assert lots(stranger) == (0, 0, 0, 0)
    assert ledger.signerOf(stranger) == stranger


def test_a_member_stays_as_it_is(ledger, operator, member, stranger, issue, lots):
    issue(member, 100)
    tx = ledger.enrol([member, stranger, stranger], {"from": operator})

    assert told(tx) == [("MemberEnrolled", stranger)]
    assert lots(member) == (100, 0, 0, 0)


def test_remembers_since_when(ledger, operator, stranger, issue, member, go_to_epoch, recovery, next_key, other_member):
    assert ledger.memberSinceOf(stranger) == 0
    brownie.chain.sleep(10)
    tx = ledger.enrol([stranger], {"from": operator})
    since = ledger.memberSinceOf(member)
    assert ledger.memberSinceOf(stranger) == tx.timestamp > since

    issue(member, 100)
    ledger.announceKeyRecovery(member, next_key, {"from": recovery})
    go_to_epoch(2)
    issue(member, 1)
    go_to_epoch(9)
    issue(member, 5)
    ledger.enrol([member], {"from": operator})
    assert ledger.memberSinceOf(member) == since
    assert ledger.lotsOf(member) >> 216 == since << 8 | 0b101


def test_500_members_fit_into_a_batch(ledger, operator):
    tx = ledger.enrol(addresses(BATCH_MAX), {"from": operator})

    assert len(tx.events) == BATCH_MAX
