"""`LevelsRule`."""

import pytest
from happenings import ATTESTATION, CLAIM, MONDAY, accepts, all_of, answer, award, first_part, happened, part, purchase
from support import DAY, reverts

VISITS, SPEND, PARTNERS, ACTIONS = 1, 2, 3, 4
REVIEW = 4


def stage(condition, threshold, min_spend=0, points=0, badge=0, action=0):
    """The word of a stage."""
    counted = condition + threshold * 2**8 + min_spend * 2**56
    return counted + points * 2**104 + badge * 2**152 + action * 2**184


DINING = [
    3,
    stage(VISITS, 2, 100, 100),
    stage(SPEND, 1_000, 100, 200, badge=7),
    stage(PARTNERS, 2, 100, 300),
    *(2, 3, 5),
]
THRESHOLDS = (1, 2, 3, 4, 10, 30)
RANKS = [6, *(stage(ACTIONS, count, 0, 10, rank, REVIEW) for rank, count in enumerate(THRESHOLDS, 1))]


@pytest.fixture(scope="module")
def rule(LevelsRule, deployer):
    return deployer.deploy(LevelsRule)


def visit(partner, day, spend_minor=100):
    return purchase(spend_minor, MONDAY + day * DAY, partner=partner)


def word(passed, count=0, last=0, opened=None, last_opened=None, fell=0):
    """Progress: stages passed, counts, and days on which stages opened."""
    times = [0 if day is None else MONDAY + day * DAY for day in (opened, last_opened)]
    return passed + fell * 2**7 + count * 2**8 + last * 2**72 + times[0] * 2**136 + times[1] * 2**168


def test_terms_have_stages(rule):
    for terms in ([], [1]):
        with reverts("TermCountInvalid", len(terms), 2):
            rule.check(terms)
    for count in (0, 33):
        with reverts("TermInvalid", 0, count):
            rule.check([count, *[stage(VISITS, 1)] * 33])
    with reverts("TermCountInvalid", 2, 3):
        rule.check([2, stage(VISITS, 1)])


def test_partners_must_rise(rule):
    with reverts("TermInvalid", 3, 2):
        rule.check([1, stage(PARTNERS, 1), 2, 2])
    with reverts("TermCountInvalid", 67, 66):
        rule.check([1, stage(PARTNERS, 1), *range(1, 66)])


@pytest.mark.parametrize(
    "unsound",
    [
        stage(0, 1),
        stage(5, 1),
        stage(VISITS, 0),
        stage(VISITS, 1, action=1),
        stage(SPEND, 1, action=1),
        stage(PARTNERS, 4),
        stage(ACTIONS, 1, min_spend=1),
        stage(VISITS, 1) + 2**216,
    ],
)
def test_each_stage_must_be_sound(rule, unsound):
    with reverts("TermInvalid", 2, unsound):
        rule.check([2, stage(VISITS, 1), unsound, 2, 3, 5])


def test_good_terms_are_accepted(rule):
    assert accepts(rule, DINING)
    assert accepts(rule, RANKS)
    assert accepts(rule, [32, *[stage(SPEND, 2**48 - 1, 2**48 - 1, 2**48 - 1, 2**32 - 1)] * 32, *range(1, 65)])
    assert accepts(rule, [1, stage(ACTIONS, 1, action=2**32 - 1)])
    assert not accepts(rule, [])


def test_only_what_a_stage_wants_counts(rule):
    strange = [visit(2, 0, 99), happened(CLAIM), happened(ATTESTATION, subject=REVIEW)]
    assert all_of(rule, DINING, strange) == (0, [0] * 3)
    strange = [visit(2, 0), happened(ATTESTATION, subject=REVIEW + 1), happened(CLAIM, subject=REVIEW)]
    assert all_of(rule, RANKS, strange) == (0, [0] * 3)


def test_a_dining_challenge(rule):
    dinners = [visit(2, 0), visit(2, 1), visit(4, 2, 600), visit(4, 3, 600), visit(2, 4), visit(2, 4), visit(4, 4)]
    progress, awards = all_of(rule, DINING, dinners)
    assert awards == [0, award(100), 0, award(200, badge=7), 0, 0, 0]
    assert progress == word(2, count=1, last=1_200, opened=3, last_opened=1)
    progress, awards = all_of(rule, DINING, [visit(5, 5), visit(3, 6)], progress)
    assert (progress, awards) == (word(3, last=0b101, opened=5, last_opened=3), [award(300), 0])


def test_ranks_of_reviewers(rule):
    reviews = [happened(ATTESTATION, MONDAY + place, REVIEW) for place in range(21)]
    awards = all_of(rule, RANKS, reviews)[1]
    passed = [(place, given) for place, given in enumerate(awards, 1) if given]
    assert passed == [(place, award(10, badge=rank)) for rank, place in enumerate((1, 3, 6, 10, 20), 1)]


def test_any_action_counts_where_none_is_named(rule):
    assert all_of(rule, [1, stage(ACTIONS, 1, points=5)], [happened(ATTESTATION, subject=99)])[1] == [award(5)]


def test_the_open_stage_loses_what_it_counted(rule):
    progress = word(1, count=600, last=2, opened=1)
    bought = visit(4, 2, 600)
    assert answer(rule.takeBack(DINING, progress, bought, part(600, 250))) == (word(1, 250, 2, 1), 0)
    assert answer(rule.takeBack(DINING, progress, bought, first_part(600, 599))) == (word(1, 0, 2, 1), 0)
    assert answer(rule.takeBack(DINING, word(0, 1), visit(2, 0), part(100, 0))) == (0, 0)
    of_partners = word(2, 0b101, 1_000, 3, 1)
    assert answer(rule.takeBack(DINING, of_partners, visit(2, 4), part(100, 0))) == (word(2, 0b100, 1_000, 3, 1), 0)


@pytest.mark.parametrize(("day", "points"), [(0, 0), (1, 100)])
def test_the_last_stage_falls_and_is_made_up_first(rule, day, points):
    progress = word(1, count=600, last=2, opened=1)
    assert answer(rule.takeBack(DINING, progress, visit(2, day), part(100, 1, points))) == (progress, 0)
    fell = word(1, count=600, last=1, opened=1, fell=1)
    assert answer(rule.takeBack(DINING, progress, visit(2, day), part(100, 0, points))) == (fell, award(100))
    assert answer(rule.weigh(DINING, fell, visit(2, 2))) == (progress, award(100))


def test_a_stage_that_fell_gives_its_reward_back_once(rule):
    fell = word(1, last=1, opened=1, fell=1)
    assert answer(rule.takeBack(DINING, fell, visit(2, 1), part(100, 0, 100))) == (word(1, opened=1, fell=1), 0)


def test_a_stage_stands_while_what_is_left_is_enough(rule):
    progress, bought = word(2, last=1_200, opened=3, last_opened=1), visit(4, 2, 600)
    left = word(2, last=1_000, opened=3, last_opened=1)
    assert answer(rule.takeBack(DINING, progress, bought, part(600, 400))) == (left, 0)
    fell = word(2, last=999, opened=3, last_opened=1, fell=1)
    assert answer(rule.takeBack(DINING, left, bought, part(400, 399))) == (fell, award(200, badge=7))


def test_a_stage_further_back_stays_passed(rule):
    progress = word(2, last=1_200, opened=3, last_opened=1)
    assert answer(rule.takeBack(DINING, progress, visit(2, 0), part(100, 0))) == (progress, 0)
    assert answer(rule.takeBack(DINING, progress, visit(2, 1), part(100, 1, 90))) == (progress, 0)
    assert answer(rule.takeBack(DINING, progress, visit(2, 1), part(100, 0, 90))) == (progress, award(90))


def test_what_did_not_count_takes_nothing_back(rule):
    progress = word(3, last=0b101, opened=5, last_opened=3)
    for bought in (visit(3, 4), visit(2, 4, 99)):
        assert answer(rule.takeBack(DINING, progress, bought, part(bought[3], 0))) == (progress, 0)
    ranked = word(1, last=1, opened=0)
    assert answer(rule.takeBack(RANKS, ranked, visit(2, 0), part(100, 0))) == (ranked, 0)


def test_progress_beyond_shorter_terms_is_left_alone(rule):
    progress, short = word(3, last=0b101, opened=5, last_opened=3), [1, DINING[1]]
    assert answer(rule.weigh(short, progress, visit(2, 6))) == (progress, 0)
    assert answer(rule.takeBack(short, progress, visit(2, 4), part(100, 0))) == (progress, 0)
