"""`CampaignBook.earned`: what a purchase is worth in the campaigns open at its partner."""

import pytest
from brownie import accounts
from campaign import Manner, award, awards_of, word
from support import DAY, reverts, told

NOTHING = awards_of()
HOSTILE = {
    "reverting": {"manner": Manner.REVERTING},
    "looping": {"manner": Manner.LOOPING},
    "short": {"manner": Manner.SHORT_RETURNING},
    "long": {"manner": Manner.LONG_RETURNING},
    "return bomb": {"manner": Manner.HUGE_RETURNING},
    "revert bomb": {"manner": Manner.HUGE_REVERTING},
    "writing": {"manner": Manner.WRITING},
    "progress too wide": {"progress": 2**200, "given": 5},
    "award too wide": {"given": 2**128},
}


def test_only_the_ledger_may(world, member, operator):
    with reverts("CallerNotLedger", operator):
        world.book.earned(1, member, 1, 100, 1, 10, 0, {"from": operator})


def test_with_no_campaign_nothing_happens(world, member):
    world.opened(partners=(2,))
    bought = world.buy(member)

    assert world.book.briefingFor(1) == 0 and world.book.briefingFor(2) != 0
    assert told(bought.tx) == [("HookEarned", 0, NOTHING, [])]


def test_only_from_its_opening_to_its_end(world, member):
    campaign, terms = world.started()
    bought = [
        world.buy(member, time=time)
        for time in (terms.opens_at - 1, terms.opens_at, terms.closes_at - 1, terms.closes_at)
    ]

    assert [one.awarded for one in bought] == [0, 100, 100, 0]
    assert [one.awards != NOTHING for one in bought] == [False, True, True, False]
    assert world.paid(campaign) == 200


def test_only_for_the_tiers_that_take_part(world, member):
    world.opened(tier_mask=2)
    assert world.buy(member).awarded == 0
    world.opened(tier_mask=3)
    assert world.buy(member).awarded == 100


def test_an_award_with_its_event_word_and_accounts(world, member):
    campaign, _ = world.opened()
    bought = world.buy(member, 70)

    terms_hash = str(world.agreements.termsHashOf(campaign, 1))
    awards = awards_of(word(campaign, 70, bought.time))
    assert told(bought.tx) == [
        ("Awarded", campaign, member, terms_hash, 1, bought.receipt, 70, 0),
        ("HookEarned", 70, awards, []),
    ]
    assert world.standing(campaign, member) == (0, 70, 0)
    assert world.paid(campaign) == 70


def test_progress_alone(world, member):
    campaign, _ = world.opened(rule=world.rules.StampRule, rule_terms=(2, 0, 500, 0, 0))
    first, second = world.buy(member), world.buy(member)

    assert told(first.tx)[0] == ("Progressed", member, campaign << 200 | 1)
    assert first.awards == awards_of(word(campaign, 0, first.time))
    assert second.awarded == 500
    assert world.standing(campaign, member) == (2 | 1 << 48, 500, 0)


def test_a_purchase_that_means_nothing_leaves_no_trace(world, member):
    world.opened(rule=world.rules.StampRule, rule_terms=(2, 5_000, 500, 0, 0))

    assert told(world.buy(member).tx) == [("HookEarned", 0, NOTHING, [])]


def test_campaigns_add_up(world, member):
    ones = [world.opened()[0] for _ in range(9)]
    bought = world.buy(member, 10)

    assert bought.awarded == 90
    assert bought.awards == awards_of(*(word(one, 10, bought.time) for one in ones))


def test_the_budget_is_never_exceeded(world, member, other_member):
    campaign, _ = world.opened(budget=150)
    assert [world.buy(one).awarded for one in (member, other_member, member)] == [100, 50, 0]
    last = world.buy(member)

    assert told(last.tx)[0] == ("AwardCut", campaign, member, 100, 0)
    assert world.paid(campaign) == 150
    assert world.standing(campaign, member) == (0, 100, 0)


def test_a_members_cap_is_never_exceeded(world, member, other_member):
    campaign, _ = world.opened(cap=120)

    assert [world.buy(one).awarded for one in (member, member, member, other_member)] == [100, 20, 0, 100]
    assert world.standing(campaign, member) == (0, 120, 0)


def test_what_was_taken_back_can_be_paid_again(world, member):
    campaign, _ = world.opened(budget=100, cap=100)
    bought = world.buy(member)
    world.reverse(bought, [word(campaign, 100, bought.time)], 1_000, 0)

    assert world.buy(member).awarded == 100


def test_of_a_group_the_one_that_pays_most_is_paid_and_for_the_others_the_purchase_does_not_count(world, member):
    card, _ = world.opened(rule=world.rules.StampRule, rule_terms=(1, 0, 60, 0, 0), group=1)
    more, _ = world.opened(group=1)
    elsewhere, _ = world.opened(group=2)
    free, _ = world.opened()
    bought = world.buy(member, 100)

    assert bought.awarded == 300
    assert ("AwardOutdone", card, member, 60) in told(bought.tx)
    words = (word(free, 100, bought.time), word(more, 100, bought.time), word(elsewhere, 100, bought.time))
    assert bought.awards == awards_of(*words)
    assert world.standing(card, member) == (0, 0, 0)
    assert world.buy(member, 50).awarded == 60 + 50 + 50
    assert world.standing(card, member) == (1 | 1 << 48, 60, 0)


def test_of_equals_the_first_is_paid(world, member):
    first, second = (world.opened(group=3)[0] for _ in range(2))
    bought = world.buy(member)

    assert ("AwardOutdone", second, member, 100) in told(bought.tx)
    assert (world.paid(first), world.paid(second)) == (100, 0)


def test_a_campaign_whose_budget_is_spent_outdoes_nobody(world, member):
    spent, _ = world.opened(budget=10, group=1)
    other, _ = world.opened(rule=world.rules.StampRule, rule_terms=(1, 0, 5, 0, 0), group=1)

    assert [world.buy(member).awarded for _ in range(2)] == [10, 5]
    assert (world.paid(spent), world.paid(other)) == (10, 5)


def test_a_badge_comes_once(badged, member, badge_book):
    campaign, _ = badged.opened(rule=badged.rules.StampRule, rule_terms=(1, 0, 5, 1, 7))
    bought = badged.buy(member)

    assert ("BadgeAwarded", campaign, member, 7) in told(bought.tx)
    assert bought.awards == awards_of(word(campaign, 5, bought.time, badge=7))
    assert badge_book.hasBadge(member, 7)
    other, _ = badged.opened(**badged.script(given=award(badge=7)))
    again = badged.buy(member)
    assert "BadgeAwarded" not in again.tx.events
    assert again.awards == awards_of(word(campaign, 0, again.time), word(other, 0, again.time))


def test_without_a_book_of_badges_there_are_none(world, member):
    world.opened(**world.script(given=award(points=5, badge=7)))
    bought = world.buy(member)

    assert (bought.awarded, "BadgeAwarded" in bought.tx.events) == (5, False)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_rule_stops_neither_the_purchase_nor_other_campaigns(world, member, name):
    bad, _ = world.opened(**world.script(**HOSTILE[name]))
    good, _ = world.opened()
    bought = world.buy(member)

    assert bought.awarded == 100
    assert bought.awards == awards_of(word(good, 100, bought.time))
    assert told(bought.tx)[0] == ("RuleFailed", bad, member, 1, bought.receipt)
    assert world.standing(bad, member) == (0, 0, 0)
    assert world.paid(bad) == 0
    assert world.rules.ScriptedRule.writes() == 0


def test_a_greedy_rule_gets_the_budget_and_no_more(world, member, other_member):
    campaign, _ = world.opened(**world.script(given=2**96 - 1, progress=2**200 - 1), budget=1_000, cap=600)

    assert [world.buy(one).awarded for one in (member, member, other_member)] == [600, 0, 400]
    assert world.standing(campaign, member) == (2**200 - 1, 600, 0)
    assert world.paid(campaign) == 1_000


def test_a_rule_that_destroys_itself_does_not_answer_any_more(world, member, operator, deployer):
    pays_100_until_called_without_data = (
        "6012806009" + "3d393df3" + "3615600f57" + "60646020526040" + "6000f3" + "5b33ff"
    )
    rule = deployer.transfer(data="0x" + pays_100_until_called_without_data).contract_address
    world.agreements.listRule(rule, {"from": operator})
    campaign, _ = world.opened(rule=rule, rule_terms=())
    assert world.buy(member).awarded == 100
    deployer.transfer(rule)
    bought = world.buy(member)

    assert told(bought.tx)[0] == ("RuleFailed", campaign, member, 1, bought.receipt)
    assert (bought.awarded, world.paid(campaign)) == (0, 100)


def test_32_campaigns_that_burn_all_their_gas_stop_nobody(world, member):
    alone = {"sponsors": ((1, 10_000),), "budget": 1}
    opens_at = world.terms().opens_at + DAY
    closes_at = opens_at + DAY
    for _ in range(32):
        world.started(opens_at=opens_at, closes_at=closes_at, **alone, **world.script(manner=Manner.LOOPING))
    bought = world.buy(member, time=opens_at)

    assert bought.awarded == 0
    assert [name for name, *_ in told(bought.tx)] == ["RuleFailed"] * 32 + ["HookEarned"]
    assert bought.tx.gas_used < 32 * 80_000


def test_too_little_gas_reverts_and_makes_no_rule_fail(world, member):
    world.opened()
    arguments = (1, member, 9, 1_000, 100)
    needed = world.ledger.earn.estimate_gas(*arguments)
    for gas in (needed - 20_000, 90_000):
        with pytest.raises(Exception, match="GasTooLow"):
            world.ledger.earn.call(*arguments, {"from": accounts[0], "gas": gas})


GAS = {"multiplier": 16_000, "stamps": 12_800}
"""Most gas that a purchase of a known member adds: the call, its answer's decoding, and all that the book does."""


@pytest.mark.parametrize("kind", GAS)
def test_gas_of_one_campaign_in_a_batch_of_200(world, kind):
    if kind == "multiplier":
        world.opened(budget=10**9)
    else:
        world.opened(budget=10**9, rule=world.rules.StampRule, rule_terms=(1_000, 100, 500, 0, 0))
    buyers = ["0x" + f"{n:040x}" for n in range(1_000, 1_200)]
    world.ledger.setMemberSince(buyers[0], 1)
    world.ledger.earnAll(1, buyers, 1, 1_000, 100)
    used = sorted(world.ledger.earnAll.call(1, buyers, 1_000, 1_000, 100))

    print(f"{kind}: {used[100]} gas for each of 200")
    assert used[100] < GAS[kind]
