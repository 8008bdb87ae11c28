"""`CampaignBook.pauseCampaign`."""

from campaign import word
from support import reverts, told


def test_it_must_have_started(world, earning_partner):
    with reverts("CampaignNotStarted", 1):
        world.book.pauseCampaign(1, {"from": earning_partner.key})


def test_only_a_sponsor_may(world, stranger, third_partner):
    campaign, _ = world.started()
    with reverts("KeyUnknown", stranger):
        world.book.pauseCampaign(campaign, {"from": stranger})
    with reverts("NotSponsor", campaign, third_partner.id):
        world.book.pauseCampaign(campaign, {"from": third_partner.key})


def test_only_where_the_terms_allow_it(world, earning_partner):
    campaign, _ = world.started(pausable=False)
    with reverts("CampaignNotPausable", campaign):
        world.book.pauseCampaign(campaign, {"from": earning_partner.key})


def test_only_once(world, earning_partner):
    campaign, _ = world.started()
    world.book.pauseCampaign(campaign, {"from": earning_partner.key})
    with reverts("CampaignPauseUnchanged", campaign, True):
        world.book.pauseCampaign(campaign, {"from": earning_partner.key})


def test_nothing_counts(world, member, redeeming_partner):
    campaign, _ = world.opened()
    tx = world.book.pauseCampaign(campaign, {"from": redeeming_partner.key})
    bought = world.buy(member)

    assert told(tx) == [("CampaignPaused", campaign, redeeming_partner.id)]
    assert (bought.awarded, int(bought.awards, 16)) == (0, 0)
    assert world.standing(campaign, member) == (0, 0, 0)


def test_purchases_from_before_are_still_taken_back(world, member, earning_partner):
    campaign, _ = world.opened()
    bought = world.buy(member)
    world.book.pauseCampaign(campaign, {"from": earning_partner.key})

    assert world.reverse(bought, [word(campaign, 100, bought.time)], 1_000, 0).taken == 100
    assert world.paid(campaign) == 0
