"""`CampaignBook.resumeCampaign`."""

from support import reverts, told


def test_it_must_have_started(world, earning_partner):
    with reverts("CampaignNotStarted", 1):
        world.book.resumeCampaign(1, {"from": earning_partner.key})


def test_only_a_sponsor_may(world, third_partner):
    campaign, _ = world.started()
    with reverts("NotSponsor", campaign, third_partner.id):
        world.book.resumeCampaign(campaign, {"from": third_partner.key})


def test_only_what_was_paused(world, earning_partner):
    campaign, _ = world.started()
    with reverts("CampaignPauseUnchanged", campaign, False):
        world.book.resumeCampaign(campaign, {"from": earning_partner.key})


def test_purchases_count_again(world, member, earning_partner, redeeming_partner):
    campaign, _ = world.opened()
    world.book.pauseCampaign(campaign, {"from": redeeming_partner.key})
    tx = world.book.resumeCampaign(campaign, {"from": earning_partner.key})

    assert told(tx) == [("CampaignResumed", campaign, earning_partner.id)]
    assert world.buy(member, 40).awarded == 40
