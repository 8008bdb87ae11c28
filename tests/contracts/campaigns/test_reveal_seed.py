"""`CampaignBook.revealSeed`."""

import pytest
from campaign import REVEAL_SECONDS, commitment, entropy_of
from support import next_block_at, reverts, told, travel

SEEDS = {1: b"\1" * 32, 2: b"\2" * 32}


@pytest.fixture
def raffle(world):
    terms = world.terms(rule=world.rules.SurpriseRule, rule_terms=(5_000, 100, 10, 0), draws=True)
    campaign = world.propose(terms)
    world.approve(campaign, 1, terms)
    for sponsor, seed in SEEDS.items():
        sent = {"from": world.sponsors[sponsor].key}
        world.agreements.commitSeed(campaign, commitment(campaign, sponsor, seed), sent)
    world.book.start(campaign, 1, terms.abi)
    return campaign, terms


def test_the_campaign_must_have_started(world, earning_partner):
    with reverts("CampaignNotStarted", 1):
        world.book.revealSeed(1, SEEDS[1], {"from": earning_partner.key})


def test_only_a_sponsor_may(world, raffle, third_partner):
    with reverts("NotSponsor", raffle[0], third_partner.id):
        world.book.revealSeed(raffle[0], SEEDS[1], {"from": third_partner.key})


def test_not_before_the_end(world, raffle, earning_partner):
    campaign, terms = raffle
    next_block_at(terms.closes_at - 1)
    with reverts("CampaignNotOver", campaign, terms.closes_at):
        world.book.revealSeed(campaign, SEEDS[1], {"from": earning_partner.key})


def test_within_seven_days(world, raffle, earning_partner):
    campaign, terms = raffle
    next_block_at(terms.closes_at + REVEAL_SECONDS)
    with reverts("SeedTooLate", campaign, terms.closes_at + REVEAL_SECONDS):
        world.book.revealSeed(campaign, SEEDS[1], {"from": earning_partner.key})


def test_only_once(world, raffle, earning_partner):
    campaign, terms = raffle
    travel(terms.closes_at)
    world.book.revealSeed(campaign, SEEDS[1], {"from": earning_partner.key})
    with reverts("SeedShown", campaign, earning_partner.id):
        world.book.revealSeed(campaign, SEEDS[1], {"from": earning_partner.key})


def test_only_what_was_committed_to(world, raffle, earning_partner, redeeming_partner):
    campaign, terms = raffle
    travel(terms.closes_at)
    with reverts("SeedInvalid", campaign, redeeming_partner.id):
        world.book.revealSeed(campaign, SEEDS[1], {"from": redeeming_partner.key})


def test_seeds_come_together_in_any_order(world, raffle, earning_partner, redeeming_partner):
    campaign, terms = raffle
    travel(terms.closes_at)
    tx = world.book.revealSeed(campaign, SEEDS[2], {"from": redeeming_partner.key})

    assert told(tx) == [("SeedRevealed", campaign, 2, "0x" + SEEDS[2].hex())]
    assert (world.book.hasRevealed(campaign, 1), world.book.hasRevealed(campaign, 2)) == (False, True)
    assert world.book.seedsOf(campaign)[0] == 1
    world.book.revealSeed(campaign, SEEDS[1], {"from": earning_partner.key})
    revealed, entropy = world.book.seedsOf(campaign)
    assert (revealed, int.from_bytes(entropy)) == (2, entropy_of(SEEDS))
