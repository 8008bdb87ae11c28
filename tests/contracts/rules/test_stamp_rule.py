"""`StampRule`."""

import pytest
from happenings import DRAW, all_of, answer, award, first_part, happened, part, purchase
from support import reverts

CARD = [3, 100, 50, 2, 7]
NO_LIMIT = [3, 100, 50, 0, 0]


def progress(stamps, cards):
    return stamps + cards * 2**48


@pytest.fixture(scope="module")
def rule(StampRule, deployer):
    return deployer.deploy(StampRule)


def test_terms_must_be_complete(rule):
    for terms in ([], CARD[:-1], [*CARD, 0]):
        with reverts("TermCountInvalid", len(terms), 5):
            rule.check(terms)


@pytest.mark.parametrize(
    ("index", "values"), [(0, (0, 2**32)), (1, (2**48,)), (2, (2**48,)), (3, (2**32,)), (4, (2**32,))]
)
def test_each_term_has_its_limits(rule, index, values):
    for value in values:
        with reverts("TermInvalid", index, value):
            rule.check([*CARD[:index], value, *CARD[index + 1 :]])


def test_an_award_must_be_something(rule):
    with reverts("TermInvalid", 2, 0):
        rule.check([3, 100, 0, 0, 0])
    rule.check([3, 100, 0, 0, 7])
    rule.check(NO_LIMIT)


def test_only_purchases_count(rule):
    assert answer(rule.weigh(CARD, progress(2, 0), happened(DRAW))) == (progress(2, 0), 0)


def test_a_small_purchase_gets_no_stamp(rule):
    assert answer(rule.weigh(CARD, progress(2, 0), purchase(99))) == (progress(2, 0), 0)


def test_each_full_card_pays_up_to_the_limit(rule):
    after, awards = all_of(rule, CARD, [purchase(100)] * 10)
    first, second = award(50, badge=7), award(50)
    assert (after, awards) == (progress(10, 2), [0, 0, first, 0, 0, second, 0, 0, 0, 0])


def test_no_limit_is_no_limit(rule):
    after, awards = all_of(rule, NO_LIMIT, [purchase(100)] * 9)
    assert (after, sum(awards)) == (progress(9, 3), 150)


def test_the_last_part_takes_the_stamp(rule):
    before = progress(3, 1)
    assert answer(rule.takeBack(CARD, before, purchase(100), part(100, 1))) == (before, 0)
    assert answer(rule.takeBack(CARD, before, purchase(100), part(1, 0))) == (progress(2, 0), award(50, badge=7))


def test_the_first_part_takes_the_stamp_where_it_takes_all(rule):
    before = progress(6, 2)
    assert answer(rule.takeBack(CARD, before, purchase(100), first_part(100, 99))) == (progress(5, 1), award(50))
    assert answer(rule.takeBack(CARD, before, purchase(100), first_part(99, 0))) == (before, 0)


def test_a_stamp_beyond_the_full_cards_takes_nothing(rule):
    assert answer(rule.takeBack(CARD, progress(7, 2), purchase(100), part(100, 0))) == (progress(6, 2), 0)


def test_a_small_purchase_loses_no_stamp(rule):
    assert answer(rule.takeBack(CARD, progress(3, 1), purchase(99), part(99, 0))) == (progress(3, 1), 0)


def test_stamps_never_fall_below_zero(rule):
    assert answer(rule.takeBack(CARD, 0, purchase(100), part(100, 0))) == (0, 0)
