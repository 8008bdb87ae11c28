"""`CampaignAgreements.agreed`."""

import pytest
from campaign import NO_HASH
from support import DAY, now, reverts, travel


@pytest.fixture
def proposal(world):
    terms = world.terms(draws=True)
    campaign = world.propose(terms)
    return campaign, bytes(world.agreements.termsHashOf(campaign, 1)), terms


@pytest.fixture
def asked(world, proposal):
    campaign, terms_hash, terms = proposal
    return lambda draws=True: world.agreements.agreed(campaign, 1, terms_hash, terms.rule, draws)


def test_terms_that_were_never_proposed_are_not(world, proposal):
    campaign, terms_hash, terms = proposal
    for known in ((campaign, 2, terms_hash), (2, 1, terms_hash), (campaign, 1, b"\1" * 32), (campaign, 2, NO_HASH)):
        with pytest.raises(Exception, match="TermsUnknown"):
            world.agreements.agreed(*known, terms.rule, True)


def test_the_rule_must_still_be_listed(world, proposal, asked, operator):
    _, _, terms = proposal
    world.agreements.delistRule(terms.rule, {"from": operator})
    with reverts("RuleNotListed", terms.rule):
        asked()


def test_every_sponsor_must_have_approved(world, proposal, asked, earning_partner, redeeming_partner):
    campaign, terms_hash, _ = proposal
    with reverts("ApprovalMissing", earning_partner.id):
        asked(False)
    world.agreements.approve(campaign, 1, terms_hash, now() + DAY, {"from": earning_partner.key})
    with reverts("ApprovalMissing", redeeming_partner.id):
        asked(False)


def test_and_must_still_stand_by_it(world, proposal, asked, earning_partner, redeeming_partner):
    campaign, terms_hash, terms = proposal
    until = now() + 100
    world.agreements.approve(campaign, 1, terms_hash, now() + DAY, {"from": earning_partner.key})
    world.agreements.approve(campaign, 1, terms_hash, until, {"from": redeeming_partner.key})
    travel(until)
    assert asked(False) == world.agreements.ruleCodeHashOf(terms.rule)
    travel(until + 1)
    with reverts("ApprovalExpired", redeeming_partner.id, until):
        asked(False)


def test_where_it_draws_every_sponsor_must_have_committed(world, proposal, asked, earning_partner, redeeming_partner):
    campaign, _, terms = proposal
    world.approve(campaign, 1, terms)
    code_hash = world.agreements.ruleCodeHashOf(terms.rule)

    assert asked(False) == code_hash
    world.agreements.commitSeed(campaign, b"\1" * 32, {"from": earning_partner.key})
    with reverts("SeedMissing", campaign, redeeming_partner.id):
        asked()
    world.agreements.commitSeed(campaign, b"\2" * 32, {"from": redeeming_partner.key})
    assert asked() == code_hash
