"""`CampaignBook.attest`."""

import pytest
from campaign import Refusal, credited, to
from support import BATCH_MAX, DAY, reverts, told, travel

REVIEW = (7, 20, 2, DAY, 0, 0)
"""20 points for a review, at most two a day."""


@pytest.fixture
def review(world, attestor):
    return {"rule": world.rules.ActionRule, "rule_terms": REVIEW, "attestor": attestor}


def test_the_campaign_must_run(world, review, member, attestor):
    with reverts("CampaignNotStarted", 1):
        world.book.attest(1, [(member, 7, 1)], {"from": attestor})
    campaign, terms = world.started(**review)
    travel(terms.closes_at)
    with reverts("CampaignOver", campaign, terms.closes_at):
        world.book.attest(campaign, [(member, 7, 1)], {"from": attestor})


def test_only_the_attestor_may(world, review, member, earning_partner):
    for campaign, _ in (world.opened(**review), world.opened()):
        with reverts("AttestorInvalid", campaign, earning_partner.key):
            world.book.attest(campaign, [(member, 7, 1)], {"from": earning_partner.key})


def test_1_to_500_at_once(world, review, member, attestor):
    campaign, _ = world.opened(**review)
    for size in (0, BATCH_MAX + 1):
        with reverts("ListSizeInvalid", size, BATCH_MAX):
            world.book.attest(campaign, [(member, 7, 1)] * size, {"from": attestor})


def test_before_it_opens_and_in_a_pause_nothing_counts(world, review, member, attestor, earning_partner):
    campaign, terms = world.started(**review)
    early = world.book.attest(campaign, [(member, 7, 1)], {"from": attestor})
    travel(terms.opens_at)
    world.book.pauseCampaign(campaign, {"from": earning_partner.key})
    paused = world.book.attest(campaign, [(member, 7, 1)], {"from": attestor})

    for tx in (early, paused):
        assert told(tx) == [("OccasionRefused", campaign, member, 1, Refusal.NOT_OPEN)]
    assert not world.book.isAttested(campaign, 1)


def test_each_entry_stands_for_itself(world, review, member, other_member, stranger, attestor):
    campaign, _ = world.opened(**review)
    said = [(stranger, 7, 1), (member, 7, 1), (member, 7, 1), (member, 8, 2), (other_member, 7, 2**256 - 1)]
    tx = world.book.attest(campaign, said, {"from": attestor})

    terms_hash = str(world.agreements.termsHashOf(campaign, 1))
    progress = world.standing(campaign, member)[0]
    assert told(tx)[:-1] == [
        ("OccasionRefused", campaign, stranger, 1, Refusal.MEMBER_UNKNOWN),
        ("Awarded", campaign, member, terms_hash, 0, 1, 20, progress),
        ("Attested", campaign, member, 7, 1),
        ("OccasionRefused", campaign, member, 1, Refusal.ID_USED),
        ("OccasionRefused", campaign, member, 2, Refusal.NOT_ELIGIBLE),
        ("Awarded", campaign, other_member, terms_hash, 0, 2**256 - 1, 20, progress),
        ("Attested", campaign, other_member, 7, 2**256 - 1),
    ]
    assert credited(tx) == [to(member, 20), to(other_member, 20)]
    assert [world.book.isAttested(campaign, number) for number in (1, 2, 2**256 - 1)] == [True, False, True]
    assert world.standing(campaign, member)[1] == 20
    assert world.paid(campaign) == 40


def test_what_the_terms_limit_is_refused_and_its_number_stays_free(world, review, member, attestor):
    campaign, _ = world.opened(**review)
    tx = world.book.attest(campaign, [(member, 7, n) for n in range(3)], {"from": attestor})

    assert ("OccasionRefused", campaign, member, 2, Refusal.NOT_ELIGIBLE) in told(tx)
    assert not world.book.isAttested(campaign, 2)
    assert world.paid(campaign) == 40


def test_a_number_is_used_in_one_campaign_alone(world, review, member, attestor):
    for campaign in (world.opened(**review)[0], world.opened(**review)[0]):
        world.book.attest(campaign, [(member, 7, 5)], {"from": attestor})
        assert world.paid(campaign) == 20


def test_where_the_budget_is_spent_it_still_counts(world, review, member, other_member, attestor):
    campaign, _ = world.opened(budget=30, **review)
    tx = world.book.attest(campaign, [(member, 7, 1), (other_member, 7, 2), (other_member, 7, 3)], {"from": attestor})

    assert ("AwardCut", campaign, other_member, 20, 10) in told(tx)
    assert ("AwardCut", campaign, other_member, 20, 0) in told(tx)
    assert credited(tx) == [to(member, 20), to(other_member, 10)]
    assert world.book.isAttested(campaign, 3)
    assert world.paid(campaign) == 30
