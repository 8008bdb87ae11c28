"""`MilestoneRule`."""

import pytest
from happenings import (
    ATTESTATION,
    CLAIM,
    DRAW,
    ENROLLED,
    PURCHASE,
    accepts,
    all_of,
    answer,
    award,
    first_part,
    happened,
    purchase,
)
from support import DAY, reverts

YEAR = 365 * DAY
BIRTHDAY = 9
ENROLMENT_TERMS = [1, 250, ENROLLED, 0, 7]
ANNIVERSARY_TERMS = [2, 250, 0, 0, 7]
BIRTHDAY_TERMS = [3, 250, 0, BIRTHDAY, 7]
PAID = award(250, badge=7)


@pytest.fixture(scope="module")
def rule(MilestoneRule, deployer):
    return deployer.deploy(MilestoneRule)


def claim(years, seconds=0):
    return happened(CLAIM, ENROLLED + years * YEAR + seconds)


def birthday(years, seconds=0):
    return happened(ATTESTATION, ENROLLED + years * YEAR + seconds, BIRTHDAY)


def test_terms_must_be_complete(rule):
    for terms in ([], ENROLMENT_TERMS[:-1], [*ENROLMENT_TERMS, 0]):
        with reverts("TermCountInvalid", len(terms), 5):
            rule.check(terms)


@pytest.mark.parametrize(("index", "values"), [(0, (0, 4)), (1, (2**48,)), (2, (2**40,)), (3, (1,)), (4, (2**32,))])
def test_each_term_has_its_limits(rule, index, values):
    for value in values:
        with reverts("TermInvalid", index, value):
            rule.check([*ENROLMENT_TERMS[:index], value, *ENROLMENT_TERMS[index + 1 :]])


@pytest.mark.parametrize("action", [0, 2**32])
def test_a_birthday_needs_an_action(rule, action):
    with reverts("TermInvalid", 3, action):
        rule.check([3, 250, 0, action, 7])


def test_there_is_something_to_win(rule):
    with reverts("TermInvalid", 1, 0):
        rule.check([1, 0, 0, 0, 0])


def test_good_terms_are_accepted(rule):
    for terms in (ENROLMENT_TERMS, ANNIVERSARY_TERMS, BIRTHDAY_TERMS, [1, 0, 2**40 - 1, 0, 1]):
        assert accepts(rule, terms)
    assert not accepts(rule, [])


@pytest.mark.parametrize("terms", [ENROLMENT_TERMS, ANNIVERSARY_TERMS])
def test_only_a_purchase_or_a_claim_brings_it_to_light(rule, terms):
    strange = [happened(occasion, ENROLLED + YEAR) for occasion in (ATTESTATION, DRAW)]
    assert all_of(rule, terms, strange) == (0, [0, 0])


@pytest.mark.parametrize("terms", [ENROLMENT_TERMS, ANNIVERSARY_TERMS, BIRTHDAY_TERMS])
def test_nobody_is_paid_before_enrolment(rule, terms):
    occasion, subject = (ATTESTATION, BIRTHDAY) if terms[0] == 3 else (CLAIM, 0)
    never = (occasion, 0, ENROLLED + YEAR, 0, 0, 0, 0, subject)
    assert all_of(rule, terms, [never, happened(occasion, ENROLLED - 1, subject)]) == (0, [0, 0])


def test_who_enrolled_too_early_gets_no_bonus(rule):
    assert answer(rule.weigh([1, 250, ENROLLED + 1, 0, 7], 0, claim(0))) == (0, 0)


@pytest.mark.parametrize("occasion", [PURCHASE, CLAIM])
def test_enrolment_is_paid_once(rule, occasion):
    happenings = [happened(occasion, ENROLLED + time) for time in range(2)]
    assert all_of(rule, ENROLMENT_TERMS, happenings) == (1, [PAID, 0])


def test_each_anniversary_is_paid_once(rule):
    claims = [claim(0), claim(1, -1), claim(1), claim(2, -1), claim(4), claim(4, 1)]
    assert all_of(rule, ANNIVERSARY_TERMS, claims) == (4, [0, 0, PAID, 0, PAID, 0])


def test_an_anniversary_before_the_campaign_does_not_count(rule):
    terms = [2, 250, ENROLLED + YEAR + 1, 0, 7]
    assert all_of(rule, terms, [claim(1, 5), claim(2)]) == (2, [0, PAID])


def test_a_birthday_is_attested_once_in_a_membership_year(rule):
    strange = [claim(0, 5), happened(ATTESTATION, ENROLLED + 5, BIRTHDAY + 1)]
    happenings = [*strange, birthday(0, 6), birthday(1, -1), birthday(1)]
    assert all_of(rule, BIRTHDAY_TERMS, happenings) == (2, [0, 0, PAID, 0, PAID])


def test_a_birthday_before_the_campaign_does_not_count(rule):
    terms = [3, 250, ENROLLED + 10, BIRTHDAY, 7]
    assert all_of(rule, terms, [birthday(0, 9), birthday(0, 10)]) == (1, [0, PAID])


def test_a_reversal_takes_nothing_back(rule):
    assert answer(rule.takeBack(ENROLMENT_TERMS, 1, purchase(100), first_part(100, 0, 250))) == (1, 0)
