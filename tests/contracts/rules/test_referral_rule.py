"""`ReferralRule`."""

import pytest
from happenings import CLAIM, MONDAY, accepts, all_of, answer, award, first_part, happened, part, purchase
from support import DAY, reverts

TERMS = [500, 333, 100]
REFERRER = 2**160 - 1
PAID = award(500, 333)


@pytest.fixture(scope="module")
def rule(ReferralRule, deployer):
    return deployer.deploy(ReferralRule)


def referred(spend_minor=300, day=0):
    return purchase(spend_minor, MONDAY + day * DAY, subject=REFERRER)


def test_terms_must_be_complete(rule):
    for terms in ([], TERMS[:-1], [*TERMS, 0]):
        with reverts("TermCountInvalid", len(terms), 3):
            rule.check(terms)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_each_term_has_its_limit(rule, index):
    with reverts("TermInvalid", index, 2**48):
        rule.check([*TERMS[:index], 2**48, *TERMS[index + 1 :]])


def test_there_is_something_to_win(rule):
    with reverts("TermInvalid", 0, 0):
        rule.check([0, 0, 100])


def test_good_terms_are_accepted(rule):
    for terms in (TERMS, [0, 1, 0], [2**48 - 1, 0, 2**48 - 1]):
        assert accepts(rule, terms)
    assert not accepts(rule, [])


def test_only_a_referred_purchase_of_enough_counts(rule):
    strange = [purchase(300), referred(99), happened(CLAIM, subject=REFERRER)]
    assert all_of(rule, TERMS, strange) == (0, [0] * 3)


def test_both_sides_are_paid_once(rule):
    assert all_of(rule, TERMS, [referred(100), referred(300, 1)]) == (MONDAY, [PAID, 0])


def test_both_sides_give_back_in_proportion(rule):
    bought = referred()
    assert answer(rule.takeBack(TERMS, MONDAY, bought, part(300, 200, 500))) == (MONDAY, award(167, 111))
    assert answer(rule.takeBack(TERMS, MONDAY, bought, part(200, 0, 500))) == (0, award(333, 222))


def test_the_first_part_takes_everything_where_the_terms_say_so(rule):
    assert answer(rule.takeBack(TERMS, MONDAY, referred(), first_part(300, 299, 500))) == (0, PAID)
    assert answer(rule.takeBack(TERMS, 0, referred(), first_part(299, 0, 500))) == (0, 0)


def test_the_member_gives_back_what_it_was_paid(rule):
    assert answer(rule.takeBack(TERMS, MONDAY, referred(), part(300, 0, 120))) == (0, award(120, 333))


def test_another_purchase_takes_nothing_back(rule):
    assert answer(rule.takeBack(TERMS, MONDAY, referred(day=1), part(300, 0))) == (MONDAY, 0)


def test_after_a_reversal_another_purchase_can_be_the_first(rule):
    assert answer(rule.weigh(TERMS, 0, referred(day=2))) == (MONDAY + 2 * DAY, PAID)
