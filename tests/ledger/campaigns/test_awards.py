"""What purchases are worth, and what goes back: budget, cap, groups, tiers, referrals, attestations, claims and draws."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from coalition.ledger.campaign_events import (
    Attested,
    AwardCut,
    Awarded,
    AwardOutdone,
    AwardTakenBack,
    CompanionAwarded,
    OccasionRefused,
    Progressed,
    Refusal,
    RuleFailed,
)
from coalition.ledger.campaigns import calls
from coalition.ledger.campaigns.award_words import AwardWord
from coalition.ledger.campaigns.decide_occasions import leaf_of
from coalition.ledger.campaigns.engine import Unanswered
from coalition.ledger.campaigns.seams import SimpleTiers
from coalition.ledger.campaigns.state import NOBODY, REVEAL_SECONDS
from coalition.ledger.campaigns.terms import Sponsor, joined
from coalition.ledger.rules.action import ActionTerms
from coalition.ledger.rules.dividend import DividendTerms
from coalition.ledger.rules.referral import ReferralTerms
from coalition.ledger.rules.rule import Award, Happening
from coalition.ledger.rules.stamps import StampTerms
from coalition.ledger.rules.surprise import SurpriseTerms
from coalition.ledger.run import Revert
from coalition.ledger.tiers import Programme, Tier
from tests.ledger.campaigns.support import (
    ACTION,
    ATTESTOR,
    DAY,
    DIVIDEND,
    DOUBLED,
    KEYS,
    MEMBERS,
    MULTIPLIER,
    NOW,
    REFERRAL,
    RULES,
    STRANGER,
    SURPRISE,
    World,
)

MEMBER, OTHER = MEMBERS[:2]


def test_a_card_is_filled_paid_and_taken_back() -> None:
    world = World()
    number = world.open()
    first, second = world.buy(), world.buy()

    assert (first.awarded, second.awarded) == (0, 100)
    assert [AwardWord.from_word(word).points for word in second.words] == [100]
    assert world.reverse(first, 1_000, 400).awarded == 0
    assert world.reverse(first, 400, 0).awarded == 100
    (told,) = world.last.events
    assert isinstance(told, AwardTakenBack) and (told.points, told.receipt) == (100, first.receipt)
    assert world.state.campaigns[number].paid == 0


def test_budget_and_cap() -> None:
    world = World()
    number = world.open(rule=MULTIPLIER, rule_terms=DOUBLED, budget_points=1_000, member_cap_points=700)

    assert world.buy(points=600).awarded == 600
    assert world.buy(points=600).awarded == 100
    assert AwardCut(number, MEMBER, 600, 100) in world.last.events
    assert world.buy(OTHER, points=900).awarded == 300
    assert world.buy(OTHER, points=1).awarded == 0
    assert world.state.campaigns[number].paid == 1_000


def test_pro_rata_and_whole() -> None:
    world = World()
    world.open(rule=MULTIPLIER, rule_terms=DOUBLED, budget_points=10_000)
    world.open(rule=MULTIPLIER, rule_terms=DOUBLED, budget_points=10_000, takes_back_whole=True)
    paid = world.buy(points=999)

    assert world.reverse(paid, 1_000, 900).awarded == 100 + 999
    assert world.reverse(paid, 900, 0).awarded == 899


def test_of_a_group_only_the_best_is_paid() -> None:
    world = World()
    low = world.open(rule=MULTIPLIER, rule_terms=DOUBLED, group=1, member_cap_points=10)
    high = world.open(group=1, rule_terms=(1, 0, 2_000, 0, 0))
    free = world.open(group=0)
    paid = world.buy(points=50)

    assert AwardOutdone(low, MEMBER, 10) in world.last.events
    assert [AwardWord.from_word(word).campaign for word in paid.words] == [free, high]


def test_a_campaign_that_has_no_points_left_outdoes_nobody_and_what_is_outdone_does_not_count() -> None:
    world = World()
    spent = world.open(rule=MULTIPLIER, rule_terms=DOUBLED, group=1, budget_points=10)
    card = world.open(group=1, rule_terms=(1, 0, 5, 0, 0))
    world.buy(OTHER, points=10)

    assert AwardOutdone(card, OTHER, 5) in world.last.events
    assert OTHER not in world.state.campaigns[card].words
    assert world.buy(points=50).awarded == 5
    assert AwardOutdone(spent, MEMBER, 0) in world.last.events


def test_of_equals_the_first_is_paid() -> None:
    world = World()
    first, second = (world.open(rule=MULTIPLIER, rule_terms=DOUBLED, group=2) for _ in range(2))
    paid = world.buy(points=50)

    assert AwardOutdone(second, MEMBER, 50) in world.last.events
    assert [AwardWord.from_word(word).campaign for word in paid.words] == [first]


def test_a_silent_rule_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def apply(self, terms: object, progress: int, happening: Happening) -> tuple[int, Award]:
            raise Unanswered

    class Wide:
        def apply(self, terms: object, progress: int, happening: Happening) -> tuple[int, Award]:
            return 1 << 200, Award(1)

    world = World()
    number = world.open()
    other = world.open(rule=MULTIPLIER, rule_terms=DOUBLED)
    for broken in (Silent(), Wide()):
        world.engine.rules = RULES | {world.state.campaigns[number].proposed[0].terms.rule: broken}
        assert world.buy(points=7).awarded == 7
        assert world.last.events[0] == RuleFailed(number, MEMBER, 1, world.receipt)
        assert [event.campaign for event in world.last.events] == [number, other]


def test_a_rule_that_fails_at_a_reversal_gives_its_points_back_in_proportion() -> None:
    class Forgetful:
        def take_back(self, *_: object) -> tuple[int, Award]:
            raise Unanswered

    world = World()
    number = world.open(rule=MULTIPLIER, rule_terms=DOUBLED)
    paid = world.buy(points=99)
    world.engine.rules = RULES | {MULTIPLIER: Forgetful()}

    assert world.reverse(paid, 1_000, 500).awarded == 50
    assert world.last.events[0] == RuleFailed(number, MEMBER, 1, paid.receipt)


def test_tiers_come_first_and_close_campaigns_to_others() -> None:
    tiers = SimpleTiers([(NOW, Programme((Tier(0), Tier(1_000, 15_000))))])
    world = World(tiers)
    number = world.open(tier_mask=2)
    first, second = world.buy(), world.buy()

    assert [AwardWord.from_word(word) for word in first.words] == [AwardWord(0, 0, 0, NOW)]
    assert second.awarded == 500
    assert [AwardWord.from_word(word) for word in second.words] == [
        AwardWord(0, 0, 500, NOW, 1),
        AwardWord(number, 1, 0, NOW, 1),
    ]
    assert world.reverse(second, 1_000, 0).awarded == 500
    assert tiers.tier_of(MEMBER, NOW - 1_000, NOW) == 1
    assert world.reverse(first, 1_000, 0).awarded == 0
    assert tiers.tier_of(MEMBER, NOW - 1_000, NOW) == 0


def test_joining_with_a_proof_and_with_ones_own_key() -> None:
    world = World()
    leaves = [leaf_of(member, keccak) for member in (MEMBER, OTHER)]
    root = keccak(min(leaves) + max(leaves))
    closed, own = world.open(segment=root), world.open(opt_in=True)
    assert world.buy().words == []
    good, bad = calls.Joining(MEMBER, (leaves[1],)), calls.Joining(MEMBERS[2], (leaves[1],))

    refused = Revert("JoiningRefused", (closed, MEMBERS[2]))
    assert world.call(STRANGER, calls.Join(closed, (good, bad))) == refused
    assert world.state.campaigns[closed].words == {}
    world.call(STRANGER, calls.Join(closed, (good, good)))
    stolen = world.call(STRANGER, calls.Join(own, (calls.Joining(MEMBER),)))
    assert stolen == Revert("JoiningRefused", (own, MEMBER))
    world.call(MEMBER, calls.Join(own, (calls.Joining(MEMBER),)))
    assert len(world.buy().words) == 2
    assert world.buy(OTHER).words == []
    everybody = world.open()
    assert world.call(STRANGER, calls.Join(everybody, (good,))) == Revert("JoiningNotNeeded", (everybody,))


def test_referral_pays_both_and_takes_back_from_both() -> None:
    world = World()
    terms = ReferralTerms(points=50, companion_points=30, min_spend_minor=0).to_words()
    number = world.open(rule=REFERRAL, rule_terms=terms)
    new = "0x" + "d" * 40
    for member, referrer in ((MEMBER, OTHER), (new, MEMBER)):
        refused = Revert("ReferralRefused", (number, member, referrer))
        assert world.call(KEYS[0], calls.Refer(number, member, referrer)) == refused
    world.coalition.members[new] = NOW
    assert world.call(KEYS[0], calls.Refer(number, new, new)) == Revert("ReferralRefused", (number, new, new))
    world.call(KEYS[2], calls.Refer(number, new, MEMBER))
    paid = world.buy(new)

    assert (paid.awarded, paid.others) == (50, [(MEMBER, 30)])
    assert isinstance(world.last.events[0], CompanionAwarded)
    back = world.reverse(paid, 1_000, 0, member=new)
    assert (back.awarded, back.others) == (50, [(MEMBER, 30)])
    assert world.state.campaigns[number].paid == 0


def test_an_attestation_counts_once_and_does_not_stop_its_neighbours() -> None:
    world = World()
    terms = ActionTerms(action=3, points=20, max_per_period=0, period_seconds=0, badge=0, badge_after=0).to_words()
    number = world.open(rule=ACTION, rule_terms=terms)
    said = tuple(
        calls.Attestation(member, action, id_)
        for member, action, id_ in ((MEMBER, 3, 1), (OTHER, 3, 1), (NOBODY, 3, 2), (OTHER, 4, 3), (OTHER, 3, 4))
    )
    assert world.call(STRANGER, calls.Attest(number, said)) == Revert("AttestorInvalid", (number, STRANGER))
    assert world.call(ATTESTOR, calls.Attest(number, ())) == Revert("ListSizeInvalid", (0, 500))
    told = world.call(ATTESTOR, calls.Attest(number, said))

    assert [event for event in told if isinstance(event, OccasionRefused)] == [
        OccasionRefused(number, OTHER, 1, Refusal.ID_USED),
        OccasionRefused(number, NOBODY, 2, Refusal.MEMBER_UNKNOWN),
        OccasionRefused(number, OTHER, 3, Refusal.NOT_ELIGIBLE),
    ]
    assert [event.id for event in told if isinstance(event, Attested)] == [1, 4]
    assert world.coalition.awarded == {MEMBER: 20, OTHER: 20}


def test_what_an_early_end_would_keep_is_claimed_as_at_the_agreed_end() -> None:
    world = World()
    payable = NOW + 30 * DAY
    terms = DividendTerms(1_000, payable).to_words()
    number = world.open(rule=DIVIDEND, rule_terms=terms, end_notice_seconds=0, closes_at=payable)
    world.buy()
    assert world.call(STRANGER, calls.Claim(number, (MEMBER,))) == [
        OccasionRefused(number, MEMBER, 0, Refusal.NOT_ELIGIBLE)
    ]
    world.now += DAY
    world.call(KEYS[0], calls.EndCampaign(number))
    told = world.call(STRANGER, calls.Claim(number, (MEMBER, MEMBER)))

    assert isinstance(told[0], Awarded) and told[0].points == 100
    assert told[1:] == [OccasionRefused(number, MEMBER, 0, Refusal.NOT_ELIGIBLE)]
    world.now += 30 * DAY
    assert world.call(STRANGER, calls.Claim(number, (MEMBER,))) == Revert("CampaignOver", (number, world.now))


def test_a_draw_waits_for_the_seeds_or_for_seven_days() -> None:
    world = World()
    terms = SurpriseTerms(5_000, 100, 10, 0).to_words()
    sponsors = (Sponsor(1, 5_000), Sponsor(2, 5_000))
    proposed = world.propose(rule=SURPRISE, rule_terms=terms, draws=True, sponsors=sponsors)
    world.approve(proposed)
    assert world.start(proposed) == Revert("SeedMissing", (1, 1))
    seeds = [bytes([number]) * 32 for number in (1, 2)]
    for partner, seed in enumerate(seeds, 1):
        commitment = keccak(joined((1, partner, int.from_bytes(seed))))
        world.call(KEYS[partner - 1], calls.CommitSeed(1, commitment))
    world.start(proposed)
    for _ in range(4):
        world.buy()
    closes_at = NOW + 30 * DAY
    assert world.call(KEYS[0], calls.RevealSeed(1, seeds[0])) == Revert("CampaignNotOver", (1, closes_at))
    world.now = closes_at
    assert world.call(KEYS[0], calls.RevealSeed(1, seeds[1])) == Revert("SeedInvalid", (1, 1))
    world.call(KEYS[0], calls.RevealSeed(1, seeds[0]))
    assert world.call(KEYS[0], calls.RevealSeed(1, seeds[0])) == Revert("SeedShown", (1, 1))
    waits = Revert("SeedsNotReady", (1, closes_at + REVEAL_SECONDS))
    assert world.call(STRANGER, calls.Draw(1, (MEMBER,))) == waits

    world.now = closes_at + REVEAL_SECONDS
    too_late = Revert("SeedTooLate", (1, closes_at + REVEAL_SECONDS))
    assert world.call(KEYS[1], calls.RevealSeed(1, seeds[1])) == too_late
    world.call(STRANGER, calls.Draw(1, (MEMBER,)))
    assert world.coalition.awarded == {MEMBER: 200}


def test_badges_only_where_there_is_a_book_of_badges() -> None:
    for badge_book, badges in ((NOBODY, set()), ("0x" + "4" * 40, {(MEMBER, 9)})):
        world = World(badge_book=badge_book)
        world.open(rule_terms=StampTerms(1, 0, 0, 0, 9).to_words())
        paid = world.buy()
        assert world.state.badges == badges
        world.reverse(paid, 1_000, 0)
        assert world.state.badges == set()


def test_progress_alone_is_told_too() -> None:
    world = World()
    number = world.open()
    world.buy()

    assert world.last.events == [Progressed(number, MEMBER, 1)]
