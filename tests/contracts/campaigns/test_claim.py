"""`CampaignBook.claim`."""

import pytest
from campaign import CLAIM_SECONDS, Manner, Refusal, credited, to
from support import BATCH_MAX, DAY, next_block_at, now, reverts, told, travel


@pytest.fixture
def dividend(world):
    """10 percent of the spend, payable from the last day on."""
    terms = world.terms()
    return world.opened(rule=world.rules.DividendRule, rule_terms=(1_000, terms.closes_at - DAY))


def test_the_campaign_must_have_started(world, member):
    with reverts("CampaignNotStarted", 1):
        world.book.claim(1, [member])


def test_claims_end_30_days_after_it(world, dividend, member):
    campaign, terms = dividend
    next_block_at(terms.closes_at + CLAIM_SECONDS)
    with reverts("CampaignOver", campaign, terms.closes_at + CLAIM_SECONDS):
        world.book.claim(campaign, [member])


def test_1_to_500_at_once(world, dividend, member):
    campaign, _ = dividend
    for size in (0, BATCH_MAX + 1):
        with reverts("ListSizeInvalid", size, BATCH_MAX):
            world.book.claim(campaign, [member] * size)


def test_each_member_stands_for_itself(world, dividend, member, other_member, stranger):
    campaign, terms = dividend
    world.buy(member, spend=5_005)
    assert told(world.book.claim(campaign, [member])) == [
        ("OccasionRefused", campaign, member, 0, Refusal.NOT_ELIGIBLE)
    ]
    travel(terms.closes_at - DAY)
    tx = world.book.claim(campaign, [stranger, member, member, other_member], {"from": stranger})

    progress, paid, _ = world.standing(campaign, member)
    terms_hash = str(world.agreements.termsHashOf(campaign, 1))
    assert told(tx)[:-1] == [
        ("OccasionRefused", campaign, stranger, 0, Refusal.MEMBER_UNKNOWN),
        ("Awarded", campaign, member, terms_hash, 0, 0, 500, progress),
        ("OccasionRefused", campaign, member, 0, Refusal.NOT_ELIGIBLE),
        ("Progressed", other_member, campaign << 200 | progress - 5_005),
    ]
    assert credited(tx) == [to(member, 500)]
    assert (paid, world.paid(campaign)) == (500, 500)


def test_before_it_opens_there_is_nothing_to_claim(world, member):
    campaign, terms = world.started(**world.script(given=5, progress=1))
    tx = world.book.claim(campaign, [member])

    assert now() < terms.opens_at
    assert told(tx) == [("OccasionRefused", campaign, member, 0, Refusal.NOT_OPEN)]


def test_a_rule_that_fails_is_refused_for_that_member_alone(world, member, other_member):
    campaign, _ = world.opened(**world.script(manner=Manner.LOOPING))
    tx = world.book.claim(campaign, [member, other_member])

    refused = ("OccasionRefused", 0, Refusal.NOT_ELIGIBLE)
    assert [one[0] for one in told(tx)] == ["RuleFailed", refused[0]] * 2
