"""`CampaignBook.draw`."""

import pytest
from campaign import CLAIM_SECONDS, REVEAL_SECONDS, Refusal, commitment, credited, random_word, to
from eth_abi import encode
from eth_utils import keccak
from support import BATCH_MAX, next_block_at, reverts, told, travel

SEEDS = {1: b"\1" * 32, 2: b"\2" * 32}
CHANCE_BPS, PRIZE, ENTRIES = 5_000, 100, 7


@pytest.fixture
def raffle(world, member):
    """Half of the entries win; the member has seven."""
    terms = world.terms(rule=world.rules.SurpriseRule, rule_terms=(CHANCE_BPS, PRIZE, 10, 0), draws=True)
    campaign = world.propose(terms)
    world.approve(campaign, 1, terms)
    for sponsor, seed in SEEDS.items():
        sent = {"from": world.sponsors[sponsor].key}
        world.agreements.commitSeed(campaign, commitment(campaign, sponsor, seed), sent)
    world.book.start(campaign, 1, terms.abi)
    travel(terms.opens_at)
    for _ in range(ENTRIES):
        assert world.buy(member).awarded == 0
    return campaign, terms


def shown(world, campaign, *sponsors):
    for sponsor in sponsors:
        world.book.revealSeed(campaign, SEEDS[sponsor], {"from": world.sponsors[sponsor].key})


def test_the_campaign_must_have_started(world, member):
    with reverts("CampaignNotStarted", 1):
        world.book.draw(1, [member])


def test_it_must_be_one_that_draws(world, member):
    campaign, _ = world.opened()
    with reverts("DrawNone", campaign):
        world.book.draw(campaign, [member])


def test_draws_end_30_days_after_it(world, raffle, member):
    campaign, terms = raffle
    next_block_at(terms.closes_at + CLAIM_SECONDS)
    with reverts("CampaignOver", campaign, terms.closes_at + CLAIM_SECONDS):
        world.book.draw(campaign, [member])


def test_all_seeds_are_known_or_it_is_too_late_for_them(world, raffle, member):
    campaign, terms = raffle
    for _ in range(2):
        with reverts("SeedsNotReady", campaign, terms.closes_at + REVEAL_SECONDS):
            world.book.draw(campaign, [member])
        travel(terms.closes_at)
    shown(world, campaign, 1)
    next_block_at(terms.closes_at + REVEAL_SECONDS - 1)
    with reverts("SeedsNotReady", campaign, terms.closes_at + REVEAL_SECONDS):
        world.book.draw(campaign, [member])


def test_1_to_500_at_once(world, raffle, member):
    campaign, terms = raffle
    travel(terms.closes_at)
    shown(world, campaign, 1, 2)
    for size in (0, BATCH_MAX + 1):
        with reverts("ListSizeInvalid", size, BATCH_MAX):
            world.book.draw(campaign, [member] * size)


def test_the_seeds_decide(world, raffle, member, other_member):
    campaign, terms = raffle
    travel(terms.closes_at)
    shown(world, campaign, 1, 2)
    tx = world.book.draw(campaign, [member, member])

    random = random_word(SEEDS, campaign, member)
    lots = [int.from_bytes(keccak(encode(["uint256", "uint256"], [random, entry]))) for entry in range(ENTRIES)]
    won = PRIZE * sum(lot % 10_000 < CHANCE_BPS for lot in lots)
    assert 0 < won < PRIZE * ENTRIES
    assert tx.events["Awarded"]["points"] == won == world.paid(campaign)
    assert told(tx)[-2] == ("OccasionRefused", campaign, member, 0, Refusal.NOT_ELIGIBLE)
    assert credited(tx) == [to(member, won)]


def test_where_a_seed_is_withheld_every_entry_is_paid_its_chance(world, raffle, member):
    campaign, terms = raffle
    travel(terms.closes_at)
    shown(world, campaign, 1)
    travel(terms.closes_at + REVEAL_SECONDS)
    tx = world.book.draw(campaign, [member])

    assert credited(tx) == [to(member, ENTRIES * PRIZE * CHANCE_BPS // 10_000)]


def test_a_pause_keeps_nobody_from_it(world, raffle, member):
    campaign, terms = raffle
    world.book.pauseCampaign(campaign, {"from": world.sponsors[1].key})
    travel(terms.closes_at)
    shown(world, campaign, 1, 2)

    assert world.book.draw(campaign, [member]).events["Awarded"]["points"] > 0
