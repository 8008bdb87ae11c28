"""`QuestRule`."""

import pytest
from happenings import (
    ATTESTATION,
    CLAIM,
    DRAW,
    MONDAY,
    POINTS_MAX,
    accepts,
    all_of,
    answer,
    award,
    first_part,
    happened,
    part,
    purchase,
)
from support import DAY, reverts

PARTNERS = [2, 3, 5, 8]
TERMS = [3, 500, 7 * DAY, 100, 7, 0, *PARTNERS]
AGAIN = [3, 500, 7 * DAY, 100, 7, 1, *PARTNERS]
PAID = award(500, badge=7)


@pytest.fixture(scope="module")
def rule(QuestRule, deployer):
    return deployer.deploy(QuestRule)


def visit(partner, day, spend_minor=100):
    return purchase(spend_minor, MONDAY + day * DAY, partner=partner)


def word(visited, begun_day, rounds=0, spare=0, stands=0, since_day=0):
    """Progress: places visited, days on which the newest round and the first one since a lapse began."""
    times = (MONDAY + begun_day * DAY) * 2**64 + (MONDAY + since_day * DAY) * 2**104
    return sum(2**place for place in visited) + times + rounds * 2**144 + spare * 2**160 + stands * 2**166


def test_terms_must_name_a_set_of_partners(rule):
    for terms in ([], TERMS[:6]):
        with reverts("TermCountInvalid", len(terms), 7):
            rule.check(terms)
    with reverts("TermCountInvalid", 71, 70):
        rule.check([*TERMS[:6], *range(1, 66)])


@pytest.mark.parametrize("partners", [(0,), (2, 3, 3), (3, 2), (2**32,)])
def test_partners_must_rise_and_be_numbers_of_partners(rule, partners):
    with reverts("TermInvalid", 5 + len(partners), partners[-1]):
        rule.check([1, *TERMS[1:6], *partners])


@pytest.mark.parametrize(
    ("index", "values"),
    [(0, (0, 5)), (1, (2**48,)), (2, (2**32,)), (3, (2**48,)), (4, (2**32,)), (5, (2**16 - 1,))],
)
def test_each_term_has_its_limits(rule, index, values):
    for value in values:
        with reverts("TermInvalid", index, value):
            rule.check([*TERMS[:index], value, *TERMS[index + 1 :]])


def test_there_is_something_to_win(rule):
    with reverts("TermInvalid", 1, 0):
        rule.check([3, 0, 0, 0, 0, 0, *PARTNERS])


def test_good_terms_are_accepted(rule):
    assert accepts(rule, TERMS)
    assert accepts(rule, [4, 0, 0, 0, 2**32 - 1, 0, *PARTNERS])
    assert accepts(rule, [64, POINTS_MAX, 2**32 - 1, 2**48 - 1, 0, 2**16 - 2, *range(1, 65)])
    assert not accepts(rule, [])


def test_only_purchases_of_enough_at_partners_of_the_set_count(rule):
    strange = [visit(4, 0), visit(2, 0, 99), *(happened(occasion) for occasion in (ATTESTATION, CLAIM, DRAW))]
    assert all_of(rule, TERMS, strange) == (0, [0] * 5)


def test_a_partner_counts_once_in_a_round(rule):
    assert all_of(rule, TERMS, [visit(3, 0), visit(3, 1)]) == (word([1], 0), [0, 0])


def test_the_last_different_partner_pays_once(rule):
    progress, awards = all_of(rule, TERMS, [visit(2, 0), visit(8, 1), visit(3, 2), visit(5, 3)])
    assert awards == [0, 0, PAID, 0]
    assert progress == word([0, 1, 3], 0, rounds=1, stands=1)


def test_it_can_be_repeated_as_often_as_the_terms_say(rule):
    visits = [visit(partner, day) for day, partner in enumerate([2, 3, 5, 2, 3, 5, 2, 3, 5])]
    progress, awards = all_of(rule, AGAIN, visits)
    assert awards == [0, 0, PAID, 0, 0, PAID, 0, 0, 0]
    assert progress == word([0, 1, 2], 3, rounds=2, stands=1)


def test_a_round_lapses_when_its_window_ends(rule):
    progress, awards = all_of(rule, TERMS, [visit(2, 0), visit(3, 1), visit(5, 7)])
    assert (progress, awards) == (word([2], 7, since_day=7), [0, 0, 0])
    assert all_of(rule, [3, 500, 0, *TERMS[3:]], [visit(2, 0), visit(3, 1), visit(5, 700)])[1][-1] == PAID


@pytest.mark.parametrize(("partner", "day", "place"), [(2, 0, 0), (8, 1, 3), (3, 2, 1)])
def test_a_lost_visit_fells_the_round(rule, partner, day, place):
    progress, _ = all_of(rule, TERMS, [visit(2, 0), visit(8, 1), visit(3, 2)])
    left = word({0, 1, 3} - {place}, 0)
    assert answer(rule.takeBack(TERMS, progress, visit(partner, day), part(100, 0))) == (left, PAID)
    assert all_of(rule, TERMS, [visit(partner, 3)], left)[1] == [PAID]


def test_a_visit_is_lost_with_its_last_part_or_with_the_first_by_the_terms(rule):
    progress, _ = all_of(rule, TERMS, [visit(2, 0), visit(8, 1), visit(3, 2)])
    bought = visit(2, 0)
    assert answer(rule.takeBack(TERMS, progress, bought, part(100, 1))) == (progress, 0)
    assert answer(rule.takeBack(TERMS, progress, bought, first_part(100, 99))) == (word([1, 3], 0), PAID)
    assert answer(rule.takeBack(TERMS, word([1, 3], 0), bought, first_part(99, 0))) == (word([1, 3], 0), 0)


def test_an_earlier_round_falls_once_and_keeps_its_badge_while_another_stands(rule):
    progress = word([0, 1, 2], 3, rounds=2, stands=1)
    progress, back = answer(rule.takeBack(AGAIN, progress, visit(2, 0), part(100, 0)))
    assert (progress, back) == (word([0, 1, 2], 3, rounds=1, spare=2, stands=1), award(500))
    progress, back = answer(rule.takeBack(AGAIN, progress, visit(3, 1), part(100, 0)))
    assert (progress, back) == (word([0, 1, 2], 3, rounds=1, spare=1, stands=1), 0)


def test_of_a_closed_round_only_the_paid_visit_matters(rule):
    progress = word([3], 20, rounds=1, since_day=20)
    assert answer(rule.takeBack(AGAIN, progress, visit(2, 0), part(100, 0))) == (progress, 0)
    left = word([3], 20, since_day=20)
    assert answer(rule.takeBack(AGAIN, progress, visit(5, 2), part(100, 0, 400))) == (left, award(400, badge=7))
    assert answer(rule.takeBack(AGAIN, left, visit(5, 2), part(100, 0, 400))) == (left, 0)


def test_what_was_no_visit_takes_nothing_back(rule):
    progress = word([0], 0)
    for bought in (visit(4, 0), visit(2, 0, 99), visit(3, 1)):
        assert answer(rule.takeBack(TERMS, progress, bought, part(bought[3], 0))) == (progress, 0)
