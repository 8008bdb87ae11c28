"""`DividendRule`."""

import pytest
from happenings import (
    ATTESTATION,
    CLAIM,
    MONDAY,
    POINTS_MAX,
    accepts,
    answer,
    award,
    first_part,
    happened,
    part,
    purchase,
)
from support import DAY, reverts

PAYABLE_FROM = MONDAY + 30 * DAY
TERMS = [1_000, PAYABLE_FROM]
PAID = 2**96


@pytest.fixture(scope="module")
def rule(DividendRule, deployer):
    return deployer.deploy(DividendRule)


def test_terms_must_be_complete(rule):
    for terms in ([], TERMS[:-1], [*TERMS, 0]):
        with reverts("TermCountInvalid", len(terms), 2):
            rule.check(terms)


@pytest.mark.parametrize(("index", "values"), [(0, (0, 1_000_001)), (1, (0, 2**40))])
def test_each_term_has_its_limits(rule, index, values):
    for value in values:
        with reverts("TermInvalid", index, value):
            rule.check([*TERMS[:index], value, *TERMS[index + 1 :]])


def test_good_terms_are_accepted(rule):
    assert accepts(rule, TERMS)
    assert accepts(rule, [1_000_000, 2**40 - 1])
    assert not accepts(rule, [])


def test_only_purchases_and_claims_count(rule):
    for time in (MONDAY, PAYABLE_FROM):
        assert answer(rule.weigh(TERMS, 500, happened(ATTESTATION, time))) == (500, 0)


def test_nothing_is_paid_too_early(rule):
    assert answer(rule.weigh(TERMS, 500, happened(CLAIM, PAYABLE_FROM - 1))) == (500, 0)


def test_a_late_purchase_does_not_count(rule):
    assert answer(rule.weigh(TERMS, 500, purchase(100, PAYABLE_FROM))) == (500, 0)


def test_spend_adds_up(rule):
    assert answer(rule.weigh(TERMS, 500, purchase(100, PAYABLE_FROM - 1))) == (600, 0)


def test_it_is_paid_once(rule):
    claim = happened(CLAIM, PAYABLE_FROM)
    assert answer(rule.weigh(TERMS, 1_239, claim)) == (PAID + 1_239, award(123))
    assert answer(rule.weigh(TERMS, PAID + 1_239, claim)) == (PAID + 1_239, 0)


def test_an_award_has_48_bits(rule):
    claim = happened(CLAIM, PAYABLE_FROM)
    assert answer(rule.weigh([1_000_000, PAYABLE_FROM], 2**48, claim)) == (PAID + 2**48, award(POINTS_MAX))


def test_before_it_is_paid_a_reversal_takes_spend_only(rule):
    assert answer(rule.takeBack(TERMS, 1_000, purchase(300), part(300, 100))) == (800, 0)


def test_after_it_was_paid_a_reversal_takes_what_the_spend_was_worth(rule):
    assert answer(rule.takeBack(TERMS, PAID + 1_005, purchase(300), part(300, 290))) == (PAID + 995, award(1))
    assert answer(rule.takeBack(TERMS, PAID + 1_005, purchase(300), part(300, 295))) == (PAID + 1_000, 0)


def test_the_first_part_takes_all_of_the_spend(rule):
    bought = purchase(300)
    assert answer(rule.takeBack(TERMS, PAID + 1_000, bought, first_part(300, 299))) == (PAID + 700, award(30))
    assert answer(rule.takeBack(TERMS, PAID + 700, bought, first_part(299, 0))) == (PAID + 700, 0)


def test_a_late_purchase_takes_nothing_back(rule):
    late = purchase(300, PAYABLE_FROM)
    assert answer(rule.takeBack(TERMS, PAID + 1_000, late, part(300, 0))) == (PAID + 1_000, 0)


def test_spend_never_falls_below_zero(rule):
    assert answer(rule.takeBack(TERMS, 100, purchase(300), part(300, 0))) == (0, 0)
