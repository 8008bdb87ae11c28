"""`ThresholdRule`."""

import pytest
from happenings import ATTESTATION, POINTS_MAX, all_of, answer, award, first_part, happened, part, purchase
from support import reverts

ONCE = [1_000, 50, 0, 7]
EVERY_TIME = [1_000, 50, 1, 7]


def progress(spend_minor, awards):
    return spend_minor + awards * 2**96


@pytest.fixture(scope="module")
def rule(ThresholdRule, deployer):
    return deployer.deploy(ThresholdRule)


def test_terms_must_be_complete(rule):
    for terms in ([], ONCE[:-1], [*ONCE, 0]):
        with reverts("TermCountInvalid", len(terms), 4):
            rule.check(terms)


@pytest.mark.parametrize(("index", "values"), [(0, (0, 2**48)), (1, (2**48,)), (2, (2,)), (3, (2**32,))])
def test_each_term_has_its_limits(rule, index, values):
    for value in values:
        with reverts("TermInvalid", index, value):
            rule.check([*ONCE[:index], value, *ONCE[index + 1 :]])


def test_an_award_must_be_something(rule):
    with reverts("TermInvalid", 1, 0):
        rule.check([1_000, 0, 0, 0])
    rule.check([1_000, 0, 0, 7])
    rule.check([1_000, 1, 1, 0])


def test_only_purchases_count(rule):
    assert answer(rule.weigh(ONCE, progress(5, 0), happened(ATTESTATION))) == (progress(5, 0), 0)


def test_once_is_once(rule):
    awards = all_of(rule, ONCE, [purchase(999), purchase(1), purchase(5_000)])
    assert awards == (progress(6_000, 1), [0, award(50, badge=7), 0])


def test_every_time_is_every_time_and_the_badge_comes_first(rule):
    awards = all_of(rule, EVERY_TIME, [purchase(2_500), purchase(499), purchase(1)])
    assert awards == (progress(3_000, 3), [award(100, badge=7), 0, award(50)])


def test_awards_together_have_48_bits(rule):
    terms = [1, POINTS_MAX, 1, 0]
    assert answer(rule.weigh(terms, 0, purchase(3))) == (progress(3, 3), award(POINTS_MAX))


def test_spend_may_be_as_large_as_it_likes(rule):
    before = progress(2**96 - 2**48, 1)
    assert answer(rule.weigh(ONCE, before, purchase(2**48 - 1))) == (progress(2**96 - 1, 1), 0)


def test_a_reversal_above_the_threshold_takes_nothing(rule):
    assert answer(rule.takeBack(ONCE, progress(1_600, 1), purchase(800), part(800, 200))) == (progress(1_000, 1), 0)


def test_a_reversal_below_the_threshold_takes_the_award_of_another_purchase(rule):
    back = award(50, badge=7)
    assert answer(rule.takeBack(ONCE, progress(1_600, 1), purchase(800), part(800, 199))) == (progress(999, 0), back)


def test_several_awards_go_and_the_badge_with_the_last(rule):
    before, bought = progress(3_200, 3), purchase(3_000)
    assert answer(rule.takeBack(EVERY_TIME, before, bought, part(2_100, 0))) == (progress(1_100, 1), award(100))
    assert answer(rule.takeBack(EVERY_TIME, before, bought, part(3_000, 0))) == (
        progress(200, 0),
        award(150, badge=7),
    )


def test_the_first_part_takes_all_of_the_spend(rule):
    before = progress(1_600, 1)
    assert answer(rule.takeBack(ONCE, before, purchase(800), first_part(800, 799))) == (
        progress(800, 0),
        award(50, badge=7),
    )
    assert answer(rule.takeBack(ONCE, before, purchase(800), first_part(799, 0))) == (before, 0)


def test_spend_never_falls_below_zero(rule):
    assert answer(rule.takeBack(ONCE, progress(10, 0), purchase(800), part(800, 0))) == (0, 0)


def test_what_was_taken_back_can_be_earned_again(rule):
    assert answer(rule.weigh(ONCE, progress(999, 0), purchase(1))) == (progress(1_000, 1), award(50, badge=7))
