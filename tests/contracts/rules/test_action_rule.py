"""`ActionRule`."""

import pytest
from happenings import ATTESTATION, CLAIM, MONDAY, accepts, all_of, answer, award, happened, part, purchase
from support import DAY, reverts

LESSON = 5
TERMS = [LESSON, 20, 2, DAY, 7, 3]


@pytest.fixture(scope="module")
def rule(ActionRule, deployer):
    return deployer.deploy(ActionRule)


def done(seconds, action=LESSON):
    return happened(ATTESTATION, MONDAY + seconds, action)


def word(count, total, period):
    return count + total * 2**32 + period * 2**80


def test_terms_must_be_complete(rule):
    for terms in ([], TERMS[:-1], [*TERMS, 0]):
        with reverts("TermCountInvalid", len(terms), 6):
            rule.check(terms)


@pytest.mark.parametrize(
    ("index", "values"),
    [(0, (2**32,)), (1, (2**48,)), (2, (2**32,)), (3, (2**32,)), (4, (2**32,)), (5, (0, 2**32))],
)
def test_each_term_has_its_limits(rule, index, values):
    for value in values:
        with reverts("TermInvalid", index, value):
            rule.check([*TERMS[:index], value, *TERMS[index + 1 :]])


def test_terms_say_nothing_that_has_no_meaning(rule):
    for index, terms in (
        (1, [LESSON, 0, 2, DAY, 0, 0]),
        (3, [LESSON, 20, 0, DAY, 7, 3]),
        (5, [LESSON, 20, 2, DAY, 0, 3]),
    ):
        with reverts("TermInvalid", index, terms[index]):
            rule.check(terms)


def test_good_terms_are_accepted(rule):
    for terms in (TERMS, [0, 0, 0, 0, 1, 1], [2**32 - 1, 2**48 - 1, 2**32 - 1, 2**32 - 1, 0, 0]):
        assert accepts(rule, terms)
    assert not accepts(rule, [])


def test_only_attestations_of_the_action_count(rule):
    strange = [done(0, LESSON + 1), happened(CLAIM, subject=LESSON), purchase(100, subject=LESSON)]
    assert all_of(rule, TERMS, strange) == (0, [0] * 3)


def test_any_action_counts_where_none_is_named(rule):
    assert all_of(rule, [0, *TERMS[1:]], [done(0, 1), done(0, 2)])[1] == [award(20), award(20)]


def test_each_period_has_its_limit_and_the_badge_comes_once(rule):
    progress, awards = all_of(rule, TERMS, [done(0), done(1), done(DAY - 1), done(DAY), done(DAY), done(DAY)])
    assert awards == [award(20), award(20), 0, award(20, badge=7), award(20), 0]
    assert progress == word(2, 4, MONDAY // DAY + 1)


def test_the_period_can_be_the_campaign(rule):
    progress, awards = all_of(rule, [LESSON, 20, 2, 0, 0, 0], [done(0), done(DAY), done(99 * DAY)])
    assert (progress, awards) == (word(2, 2, 0), [award(20), award(20), 0])


def test_there_can_be_no_limit(rule):
    progress, awards = all_of(rule, [LESSON, 20, 0, 0, 0, 0], [done(0)] * 5)
    assert (progress, awards) == (word(5, 5, 0), [award(20)] * 5)


def test_a_reversal_takes_nothing_back(rule):
    progress = word(2, 2, MONDAY // DAY)
    assert answer(rule.takeBack(TERMS, progress, purchase(100), part(100, 0))) == (progress, 0)
