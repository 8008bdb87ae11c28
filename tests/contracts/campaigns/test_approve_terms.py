"""`CampaignAgreements.approve`."""

import pytest
from campaign import NO_HASH
from support import DAY, now, reverts, told, travel


@pytest.fixture
def proposal(world):
    terms = world.terms()
    campaign = world.propose(terms)
    return campaign, bytes(world.agreements.termsHashOf(campaign, 1)), terms


def test_the_terms_must_be_those_proposed(world, proposal, earning_partner):
    campaign, terms_hash, _ = proposal
    for known in ((campaign, 1, b"\1" * 32), (campaign, 2, terms_hash), (campaign + 1, 1, terms_hash)):
        with pytest.raises(Exception, match="TermsUnknown"):
            world.agreements.approve(*known, now() + DAY, {"from": earning_partner.key})
    with pytest.raises(Exception, match="TermsUnknown"):
        world.agreements.approve(campaign, 2, NO_HASH, now() + DAY, {"from": earning_partner.key})


def test_only_a_sponsor_may(world, proposal, stranger, third_partner):
    campaign, terms_hash, _ = proposal
    with reverts("KeyUnknown", stranger):
        world.agreements.approve(campaign, 1, terms_hash, now() + DAY, {"from": stranger})
    with reverts("NotSponsor", campaign, third_partner.id):
        world.agreements.approve(campaign, 1, terms_hash, now() + DAY, {"from": third_partner.key})


def test_a_suspended_sponsor_may_not(world, proposal, own_registry, deployer, earning_partner):
    campaign, terms_hash, _ = proposal
    own_registry.suspendPartner(earning_partner.id, {"from": deployer})
    with reverts("PartnerNotActive", earning_partner.id):
        world.agreements.approve(campaign, 1, terms_hash, now() + DAY, {"from": earning_partner.key})


def test_it_counts_for_some_time(world, proposal, earning_partner):
    campaign, terms_hash, _ = proposal
    past = now() - 1
    with reverts("ApprovalTooShort", past):
        world.agreements.approve(campaign, 1, terms_hash, past, {"from": earning_partner.key})


def test_tells_who_agreed_and_until_when(world, proposal, earning_partner, redeeming_partner):
    campaign, terms_hash, _ = proposal
    until = now() + DAY
    tx = world.agreements.approve(campaign, 1, terms_hash, until, {"from": earning_partner.key})

    assert told(tx) == [("TermsApproved", campaign, "0x" + terms_hash.hex(), earning_partner.id, until)]
    assert world.agreements.approvedUntil(terms_hash, earning_partner.id) == until
    assert world.agreements.approvedUntil(terms_hash, redeeming_partner.id) == 0


def test_a_sponsor_can_think_again(world, proposal, earning_partner):
    campaign, terms_hash, terms = proposal
    world.approve(campaign, 1, terms)
    soon = now() + 10
    world.agreements.approve(campaign, 1, terms_hash, soon, {"from": earning_partner.key})
    travel(soon + 1)

    with reverts("ApprovalExpired", earning_partner.id, soon):
        world.book.start(campaign, 1, terms.abi)
