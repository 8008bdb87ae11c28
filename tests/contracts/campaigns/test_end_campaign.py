"""`CampaignBook.endCampaign`."""

from campaign import CLAIM_SECONDS, NEVER_EARLY, Refusal
from support import DAY, next_block_at, now, reverts, told, travel


def test_it_must_have_started(world, earning_partner):
    with reverts("CampaignNotStarted", 1):
        world.book.endCampaign(1, {"from": earning_partner.key})


def test_only_a_sponsor_may(world, third_partner):
    campaign, _ = world.started()
    with reverts("NotSponsor", campaign, third_partner.id):
        world.book.endCampaign(campaign, {"from": third_partner.key})


def test_only_where_the_terms_allow_it(world, earning_partner):
    campaign, _ = world.started(end_notice=NEVER_EARLY)
    with reverts("CampaignNeverEndsEarly", campaign):
        world.book.endCampaign(campaign, {"from": earning_partner.key})


def test_it_is_no_way_to_last_longer(world, earning_partner):
    campaign, terms = world.opened()
    next_block_at(terms.closes_at - DAY)
    with reverts("CampaignOver", campaign, terms.closes_at):
        world.book.endCampaign(campaign, {"from": earning_partner.key})


def test_not_while_a_version_waits(world, earning_partner):
    campaign, terms = world.started()
    world.changed(campaign, terms.but(opens_at=terms.opens_at + 5 * DAY))
    with reverts("VersionPending", campaign, 2):
        world.book.endCampaign(campaign, {"from": earning_partner.key})


def test_ends_after_the_notice(world, member, redeeming_partner):
    campaign, terms = world.opened()
    tx = world.book.endCampaign(campaign, {"from": redeeming_partner.key})

    closes_at = tx.timestamp + DAY
    assert told(tx) == [("CampaignEnded", campaign, redeeming_partner.id, closes_at)]
    window, purse, *_ = world.book.campaignOf(campaign)
    assert (window[2], purse[5]) == (closes_at, terms.closes_at)
    assert world.buy(member, time=closes_at - 1).awarded == 100
    assert world.buy(member, time=closes_at).awarded == 0
    assert world.reserved() == (6_000, 4_000)


def test_what_was_earned_is_claimed_as_at_the_agreed_end(world, member, earning_partner):
    terms = world.terms()
    dividend = {"rule": world.rules.DividendRule, "rule_terms": (1_000, terms.closes_at)}
    campaign, terms = world.opened(opens_at=terms.opens_at, closes_at=terms.closes_at, **dividend)
    world.buy(member, spend=5_000)
    tx = world.book.endCampaign(campaign, {"from": earning_partner.key})
    early = world.book.claim(campaign, [member])
    assert told(early) == [("OccasionRefused", campaign, member, 0, Refusal.NOT_ELIGIBLE)]
    travel(tx.timestamp + DAY)
    tx = world.book.claim(campaign, [member])

    assert now() < terms.closes_at
    assert tx.events["Awarded"]["points"] == 500
    assert world.paid(campaign) == 500


def test_what_never_opened_owes_nothing(world, member, earning_partner):
    milestone = {"rule": world.rules.ScriptedRule, "rule_terms": (0, 0, 1, 100, 0, 0)}
    campaign, terms = world.started(end_notice=0, **milestone)
    tx = world.book.endCampaign(campaign, {"from": earning_partner.key})
    travel(terms.opens_at + 10)
    claimed = world.book.claim(campaign, [member])

    assert now() < tx.timestamp + CLAIM_SECONDS
    assert told(claimed) == [("OccasionRefused", campaign, member, 0, Refusal.NOT_OPEN)]
