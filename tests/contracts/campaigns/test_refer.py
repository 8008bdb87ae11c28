"""`CampaignBook.refer`."""

import pytest
from campaign import REFERRED, to, word
from support import now, reverts, told, travel


@pytest.fixture
def campaign(world):
    return world.opened(rule=world.rules.ReferralRule, rule_terms=(100, 50, 500))[0]


@pytest.fixture
def newcomer(world, campaign, new_member, stranger):
    return new_member(stranger)


def test_the_campaign_must_run(world, member, other_member, earning_partner):
    with reverts("CampaignNotStarted", 1):
        world.book.refer(1, member, other_member, {"from": earning_partner.key})
    campaign, terms = world.started()
    travel(terms.closes_at)
    with reverts("CampaignOver", campaign, terms.closes_at):
        world.book.refer(campaign, member, other_member, {"from": earning_partner.key})


def test_only_a_partner_that_takes_part_may(world, campaign, newcomer, member, relayer, redeeming_partner):
    with reverts("KeyUnknown", relayer):
        world.book.refer(campaign, newcomer, member, {"from": relayer})
    with reverts("ReferralRefused", campaign, newcomer, member):
        world.book.refer(campaign, newcomer, member, {"from": redeeming_partner.key})


def test_the_referrer_is_a_member(world, campaign, newcomer, next_key, earning_partner):
    with reverts("ReferralRefused", campaign, newcomer, next_key):
        world.book.refer(campaign, newcomer, next_key, {"from": earning_partner.key})


def test_nobody_refers_itself_or_in_a_ring(world, campaign, newcomer, next_key, earning_partner):
    with reverts("ReferralRefused", campaign, newcomer, newcomer):
        world.book.refer(campaign, newcomer, newcomer, {"from": earning_partner.key})
    world.ledger.setMemberSince(next_key, now() + 100)
    world.book.refer(campaign, next_key, newcomer, {"from": earning_partner.key})
    with reverts("ReferralRefused", campaign, newcomer, next_key):
        world.book.refer(campaign, newcomer, next_key, {"from": earning_partner.key})


def test_those_enrolled_in_the_same_second_do_not(world, campaign, newcomer, next_key, earning_partner):
    world.ledger.setMemberSince(next_key, world.ledger.memberSinceOf(newcomer))
    with reverts("ReferralRefused", campaign, newcomer, next_key):
        world.book.refer(campaign, newcomer, next_key, {"from": earning_partner.key})


def test_the_referred_is_new(world, campaign, next_key, member, other_member, earning_partner):
    with reverts("ReferralRefused", campaign, next_key, member):
        world.book.refer(campaign, next_key, member, {"from": earning_partner.key})
    world.ledger.setMemberSince(other_member, world.book.campaignOf(campaign)[0][1] - 1)
    with reverts("ReferralRefused", campaign, other_member, member):
        world.book.refer(campaign, other_member, member, {"from": earning_partner.key})


def test_the_referred_has_no_progress(world, newcomer, member, earning_partner):
    campaign, _ = world.opened(rule=world.rules.StampRule, rule_terms=(5, 0, 1, 0, 0))
    world.ledger.setMemberSince(newcomer, now())
    world.buy(newcomer)
    with reverts("ReferralRefused", campaign, newcomer, member):
        world.book.refer(campaign, newcomer, member, {"from": earning_partner.key})


def test_only_once(world, campaign, newcomer, member, other_member, earning_partner):
    world.book.refer(campaign, newcomer, member, {"from": earning_partner.key})
    with reverts("ReferralRefused", campaign, newcomer, other_member):
        world.book.refer(campaign, newcomer, other_member, {"from": earning_partner.key})


def test_both_are_paid_at_the_first_purchase_that_qualifies(world, campaign, newcomer, member, earning_partner):
    tx = world.book.refer(campaign, newcomer, member, {"from": earning_partner.key})
    assert told(tx) == [("MemberReferred", campaign, newcomer, member)]
    assert world.book.referrerOf(campaign, newcomer) == member
    assert world.standing(campaign, newcomer) == (0, 0, REFERRED)

    assert world.buy(newcomer, spend=499).awarded == 0
    bought = world.buy(newcomer, spend=500)
    terms_hash = str(world.agreements.termsHashOf(campaign, 1))
    assert (bought.awarded, bought.others) == (100, [to(member, 50)])
    assert told(bought.tx)[:2] == [
        ("CompanionAwarded", campaign, member, newcomer, terms_hash, 50),
        ("Awarded", campaign, newcomer, terms_hash, 1, bought.receipt, 100, bought.time),
    ]
    assert world.standing(campaign, newcomer) == (bought.time, 100, REFERRED)
    assert world.standing(campaign, member) == (0, 50, 0)
    assert world.paid(campaign) == 150
    assert world.buy(newcomer).awarded == 0

    back = world.reverse(bought, [word(campaign, 100, bought.time, companion=50)], 500, 0)
    assert (back.taken, back.others, world.paid(campaign)) == (100, [to(member, 50)], 0)
    assert world.standing(campaign, member) == (0, 0, 0)


def test_a_referrers_cap_counts_and_no_more_goes_back_than_came(
    world, newcomer, next_key, new_member, member, earning_partner
):
    campaign, _ = world.opened(rule=world.rules.ReferralRule, rule_terms=(10, 50, 1), cap=70)
    bought = []
    for account in (newcomer, next_key):
        new_member(account)
        world.book.refer(campaign, account, member, {"from": earning_partner.key})
        bought.append(world.buy(account))
    first, second = bought
    assert (first.others, second.others) == ([to(member, 50)], [to(member, 20)])
    assert ("AwardCut", campaign, member, 50, 20) in told(second.tx)

    words = [word(campaign, 10, second.time, companion=20)]
    assert world.reverse(second, words, 1_000, 500).others == [to(member, 10)]
    assert world.reverse(second, words, 500, 0).others == [to(member, 10)]
    assert world.standing(campaign, member) == (0, 50, 0)


def test_a_rule_gives_nothing_to_a_referrer_that_is_none(world, member):
    campaign, _ = world.opened(**world.script(given=100 | 50 << 48, back=100 | 50 << 48))
    bought = world.buy(member)

    assert (bought.awarded, bought.others) == (100, [])
    back = world.reverse(bought, [word(campaign, 100, bought.time)], 1_000, 0)
    assert (back.taken, back.others, world.paid(campaign)) == (100, [], 0)
