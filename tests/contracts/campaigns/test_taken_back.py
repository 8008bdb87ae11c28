"""`CampaignBook.takenBack`: what goes back with a purchase."""

import pytest
from campaign import Manner, award, word
from support import DAY, reverts, told, travel


def test_only_the_ledger_may(world, member, operator):
    with reverts("CallerNotLedger", operator):
        world.book.takenBack(1, member, 1, 100, 10, 1, [], 100, 0, {"from": operator})


def test_pro_rata_in_parts_that_add_up(world, member):
    campaign, _ = world.opened()
    bought = world.buy(member, 101)
    words = [word(campaign, 101, bought.time)]
    terms_hash = str(world.agreements.termsHashOf(campaign, 1))

    first = world.reverse(bought, words, 1_000, 667)
    assert told(first.tx) == [
        ("AwardTakenBack", campaign, member, terms_hash, 1, bought.receipt, 34, 0),
        ("HookTakenBack", 34, ()),
    ]
    assert world.standing(campaign, member) == (0, 67, 0)
    assert [world.reverse(bought, words, *part).taken for part in ((667, 1), (1, 0))] == [67, 0]
    assert (world.standing(campaign, member), world.paid(campaign)) == ((0, 0, 0), 0)


def test_whole_with_the_first_part(world, member):
    campaign, _ = world.opened(takes_whole=True)
    bought = world.buy(member, 101)
    words = [word(campaign, 101, bought.time)]

    assert [world.reverse(bought, words, *part).taken for part in ((1_000, 999), (999, 0))] == [101, 0]
    assert world.paid(campaign) == 0


def test_progress_goes_back(world, member):
    campaign, _ = world.opened(rule=world.rules.StampRule, rule_terms=(5, 0, 500, 0, 0))
    bought = world.buy(member)
    back = world.reverse(bought, [word(campaign, 0, bought.time)], 1_000, 0)

    assert told(back.tx) == [("Progressed", member, campaign << 200), ("HookTakenBack", 0, ())]
    assert world.standing(campaign, member) == (0, 0, 0)


def test_each_campaign_takes_back_its_own(world, member):
    one, other = (world.opened(takes_whole=whole)[0] for whole in (True, False))
    bought = world.buy(member)
    words = [word(one, 100, bought.time), word(other, 100, bought.time)]

    assert world.reverse(bought, words, 1_000, 750).taken == 100 + 25
    assert (world.paid(one), world.paid(other)) == (0, 75)


def test_after_the_end_and_by_the_version_of_the_purchase(world, member):
    campaign, terms = world.opened(rule=world.rules.StampRule, rule_terms=(1, 0, 50, 0, 0))
    bought = world.buy(member)
    later = terms.but(opens_at=terms.opens_at + 2 * DAY, rule_terms=(1, 0, 80, 0, 0))
    world.changed(campaign, later)
    travel(later.opens_at)
    assert world.buy(member).awarded == 80
    travel(terms.closes_at + 99 * DAY)
    back = world.reverse(bought, [word(campaign, 50, bought.time)], 1_000, 0)

    assert back.taken == 50
    assert str(back.tx.events["AwardTakenBack"]["termsHash"]) == str(world.agreements.termsHashOf(campaign, 1))
    assert world.standing(campaign, member) == (1 | 1 << 48, 80, 0)


def test_a_rule_never_takes_more_than_the_campaign_paid(world, member, other_member):
    campaign, _ = world.opened(**world.script(given=100, back=2**48 - 1, left=2**200 - 1))
    bought = [world.buy(one) for one in (member, other_member)]
    back = world.reverse(bought[0], [word(campaign, 100, bought[0].time)], 1_000, 999)

    assert (back.taken, back.others) == (100, [])
    assert world.standing(campaign, member) == (2**200 - 1, 0, 0)
    assert world.standing(campaign, other_member) == (0, 100, 0)
    assert world.paid(campaign) == 100


@pytest.mark.parametrize(
    "script",
    [
        {"manner_back": Manner.REVERTING},
        {"manner_back": Manner.LOOPING},
        {"manner_back": Manner.HUGE_RETURNING},
        {"back": 2**128},
        {"left": 2**200},
    ],
)
@pytest.mark.parametrize(("whole", "parts"), [(False, [30, 70]), (True, [100, 0])])
def test_where_the_rule_fails_the_purchases_own_award_goes_back_by_the_terms(world, member, script, whole, parts):
    campaign, _ = world.opened(takes_whole=whole, **world.script(given=100, progress=9, **script))
    bought = world.buy(member)
    words = [word(campaign, 100, bought.time)]
    backs = [world.reverse(bought, words, *part) for part in ((1_000, 700), (700, 0))]

    assert [back.taken for back in backs] == parts
    assert told(backs[0].tx)[0] == ("RuleFailed", campaign, member, 1, bought.receipt)
    assert (world.standing(campaign, member), world.paid(campaign)) == ((9, 0, 0), 0)


def test_a_badge_goes_back(badged, member, badge_book):
    campaign, _ = badged.opened(rule=badged.rules.StampRule, rule_terms=(1, 0, 5, 0, 7))
    bought = badged.buy(member)
    back = badged.reverse(bought, [word(campaign, 5, bought.time, badge=7)], 1_000, 0)

    assert ("BadgeTakenBack", campaign, member, 7) in told(back.tx)
    assert not badge_book.hasBadge(member, 7)


def test_a_campaign_takes_no_badge_that_it_did_not_give(badged, member, badge_book):
    giver, _ = badged.opened(rule=badged.rules.StampRule, rule_terms=(1, 0, 5, 0, 7))
    badged.buy(member)
    taker, _ = badged.opened(**badged.script(given=award(points=1, badge=7), back=award(points=1, badge=7)))
    bought = badged.buy(member)
    back = badged.reverse(bought, [word(taker, 1, bought.time)], 1_000, 0)

    assert "BadgeTakenBack" not in back.tx.events
    assert (back.taken, badge_book.hasBadge(member, 7)) == (1, True)
    assert badged.paid(giver) == 10


def test_without_a_book_of_badges_a_rule_that_takes_one_stops_nothing(world, member):
    campaign, _ = world.opened(**world.script(given=award(points=3), back=award(points=3, badge=7)))
    bought = world.buy(member)

    assert world.reverse(bought, [word(campaign, 3, bought.time)], 1_000, 0).taken == 3
