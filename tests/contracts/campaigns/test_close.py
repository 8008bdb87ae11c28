"""`CampaignBook.close`."""

from campaign import CLAIM_SECONDS, CLOSED, PAUSABLE, Refusal, word
from support import DAY, next_block_at, plain, reverts, told, travel


def test_it_must_have_started(world):
    with reverts("CampaignNotStarted", 1):
        world.book.close(1)


def test_only_once(world):
    campaign, terms = world.started()
    travel(terms.closes_at + CLAIM_SECONDS)
    world.book.close(campaign)
    with reverts("CampaignAlreadyClosed", campaign):
        world.book.close(campaign)


def test_not_before_claims_are_over(world):
    campaign, terms = world.started()
    until = terms.closes_at + CLAIM_SECONDS
    next_block_at(until - 1)
    with reverts("CampaignNotOver", campaign, until):
        world.book.close(campaign)


def test_releases_the_budget_and_makes_room(world, member, stranger):
    campaign, terms = world.opened(partners=(1, 2), budget=9_999)
    other, _ = world.started(closes_at=terms.closes_at + 99 * DAY)
    bought = world.buy(member, 300)
    assert world.reserved() == (12_000, 8_000)
    next_block_at(terms.closes_at + CLAIM_SECONDS)
    tx = world.book.close(campaign, {"from": stranger})

    assert told(tx) == [("CampaignClosed", campaign, 300, 9_699)]
    assert world.reserved() == (6_000, 4_000)
    assert [plain(world.book.openAt(partner)) for partner in (1, 2)] == [(other,), ()]
    assert world.book.campaignOf(campaign)[0][4] == CLOSED | PAUSABLE
    with reverts("CampaignOver", campaign, terms.closes_at + CLAIM_SECONDS):
        world.book.claim(campaign, [member])
    back = world.reverse(bought, [word(campaign, 300, bought.time)], 1_000, 0)
    assert (back.taken, world.paid(campaign)) == (300, 0)
    assert world.reserved() == (6_000, 4_000)


def test_the_last_version_that_counted_is_released(world):
    campaign, terms = world.started(budget=1)
    world.changed(campaign, terms.but(opens_at=terms.opens_at + 2 * DAY, budget=10_001))
    assert world.reserved() == (6_001, 4_001)
    travel(terms.closes_at + CLAIM_SECONDS)
    tx = world.book.close(campaign)

    assert [name for name, *_ in told(tx)] == ["CampaignTurnedOver", "CampaignClosed"]
    assert world.reserved() == (0, 0)


def test_until_then_claims_go_on_even_in_a_pause(world, member, earning_partner):
    terms = world.terms()
    campaign, terms = world.opened(rule=world.rules.DividendRule, rule_terms=(1_000, terms.closes_at))
    world.buy(member, spend=5_000)
    world.book.pauseCampaign(campaign, {"from": earning_partner.key})
    paused = world.book.claim(campaign, [member])
    assert told(paused) == [("OccasionRefused", campaign, member, 0, Refusal.NOT_OPEN)]
    next_block_at(terms.closes_at + CLAIM_SECONDS - 1)

    assert world.book.claim(campaign, [member]).events["Awarded"]["points"] == 500
