"""`StreakRule`."""

import pytest
from happenings import CLAIM, MONDAY, UTC, accepts, all_of, answer, award, first_part, happened, part, purchase
from support import DAY, HOUR, reverts

WEEK = 7 * DAY
THREE_DAYS = [DAY, 3, 0, 50, 100, UTC, 0, 7]
THREE_WITH_GRACE = [DAY, 3, 1, 50, 100, UTC, 0, 0]
FIRST, LATER = award(50, badge=7), award(50)


@pytest.fixture(scope="module")
def rule(StreakRule, deployer):
    return deployer.deploy(StreakRule)


def on(*days):
    """A purchase on each of the days, counted from a Monday."""
    return [purchase(100, MONDAY + day * DAY) for day in days]


def awards_of(progress):
    return progress >> 152


def test_terms_must_be_complete(rule):
    for terms in ([], THREE_DAYS[:-1], [*THREE_DAYS, 0]):
        with reverts("TermCountInvalid", len(terms), 8):
            rule.check(terms)


@pytest.mark.parametrize(
    ("index", "values"),
    [
        (0, (0, DAY - 1, 2 * DAY, WEEK + 1)),
        (1, (0, 33)),
        (2, (30,)),
        (3, (2**48,)),
        (4, (2**48,)),
        (5, (719, 2_281)),
        (6, (2**32,)),
        (7, (2**32,)),
    ],
)
def test_each_term_has_its_limits(rule, index, values):
    for value in values:
        with reverts("TermInvalid", index, value):
            rule.check([*THREE_DAYS[:index], value, *THREE_DAYS[index + 1 :]])


def test_an_award_must_be_something(rule):
    with reverts("TermInvalid", 3, 0):
        rule.check([DAY, 3, 0, 0, 100, UTC, 0, 0])


def test_good_terms_are_accepted(rule):
    assert accepts(rule, THREE_DAYS)
    assert accepts(rule, [WEEK, 1, 31, 1, 0, 2_280, 2**32 - 1, 0])
    assert not accepts(rule, [])


def test_only_purchases_count(rule):
    assert answer(rule.weigh(THREE_DAYS, 0, happened(CLAIM))) == (0, 0)


def test_a_small_purchase_does_not_count(rule):
    assert answer(rule.weigh(THREE_DAYS, 0, purchase(99))) == (0, 0)


def test_progress_is_laid_out_as_documented(rule):
    day = MONDAY // DAY + 1
    progress, _ = all_of(rule, THREE_DAYS, on(0, 0, 1, 2, 3))
    assert progress == 0x2191 | (day + 3) << 128 | 1 << 152


def test_a_run_pays_and_the_next_begins_after_it(rule):
    _, awards = all_of(rule, THREE_DAYS, on(0, 0, 1, 1, 2, 2, 3, 4, 5))
    assert awards == [0, 0, 0, 0, FIRST, 0, 0, 0, LATER]


def test_a_missed_day_breaks_the_run(rule):
    _, awards = all_of(rule, THREE_DAYS, on(0, 1, 3, 4, 5))
    assert awards == [0, 0, 0, 0, FIRST]


def test_grace_lets_a_day_be_missed(rule):
    assert all_of(rule, THREE_WITH_GRACE, on(0, 2, 3))[1] == [0, 0, LATER]
    assert all_of(rule, THREE_WITH_GRACE, on(0, 2, 4, 5))[1] == [0, 0, 0, LATER]
    assert all_of(rule, THREE_WITH_GRACE, on(0, 3, 6, 9))[1] == [0, 0, 0, 0]


def test_days_are_local(rule):
    an_hour_ahead = [DAY, 2, 0, 50, 100, UTC + 60, 0, 0]
    late, later = purchase(100, MONDAY + 23 * HOUR - 1), purchase(100, MONDAY + 23 * HOUR)
    assert all_of(rule, an_hour_ahead, [late, later])[1] == [0, LATER]


def test_weeks_begin_on_monday(rule):
    two_weeks = [WEEK, 2, 0, 50, 100, UTC, 0, 0]
    assert all_of(rule, two_weeks, on(-1, 0))[1] == [0, LATER]
    assert all_of(rule, two_weeks, on(0, 6, 14))[1] == [0, 0, 0]


def test_the_longest_run_has_32_units(rule):
    terms = [DAY, 32, 0, 50, 100, UTC, 0, 0]
    assert all_of(rule, terms, on(*range(32)))[1] == [0] * 31 + [LATER]


def test_awards_end_at_the_limit(rule):
    assert all_of(rule, [DAY, 1, 0, 50, 100, UTC, 2, 0], on(0, 1, 2))[1] == [LATER, LATER, 0]


def test_a_purchase_of_a_run_takes_its_award_with_it(rule):
    progress, _ = all_of(rule, THREE_DAYS, on(0, 1, 2, 3, 4))
    (bought,) = on(1)
    assert answer(rule.takeBack(THREE_DAYS, progress, bought, part(100, 1)))[1] == 0
    after, back = answer(rule.takeBack(THREE_DAYS, progress, bought, part(1, 0)))
    assert (awards_of(after), back) == (0, FIRST)
    assert all_of(rule, THREE_DAYS, on(5), after)[1] == [FIRST]


def test_the_first_part_takes_the_award_where_it_takes_all(rule):
    progress, _ = all_of(rule, THREE_DAYS, on(0, 1, 2))
    (bought,) = on(0)
    after, back = answer(rule.takeBack(THREE_DAYS, progress, bought, first_part(100, 99)))
    assert back == FIRST
    assert answer(rule.takeBack(THREE_DAYS, after, bought, first_part(99, 0))) == (after, 0)


def test_a_day_with_another_purchase_stays(rule):
    progress, _ = all_of(rule, THREE_DAYS, on(0, 0, 1, 2))
    assert answer(rule.takeBack(THREE_DAYS, progress, *on(0), part(100, 0))) == (progress - 2**8, 0)


def test_a_day_with_seven_purchases_stays(rule):
    progress, _ = all_of(rule, THREE_DAYS, on(*[0] * 7, 1, 2))
    assert answer(rule.takeBack(THREE_DAYS, progress, *on(0), part(100, 0))) == (progress, 0)


def test_a_later_award_stays(rule):
    progress, _ = all_of(rule, THREE_DAYS, on(0, 1, 2, 3, 4, 5))
    after, back = answer(rule.takeBack(THREE_DAYS, progress, *on(0), part(100, 0)))
    assert (awards_of(after), back) == (1, LATER)
    after, back = answer(rule.takeBack(THREE_DAYS, after, *on(1), part(100, 0)))
    assert (awards_of(after), back) == (1, 0)


def test_of_a_forgotten_day_only_the_own_award_goes_back(rule):
    progress, _ = all_of(rule, THREE_DAYS, on(0, 1, 2, 34))
    for day, points, back in ((1, 0, 0), (2, 50, FIRST)):
        after, given = answer(rule.takeBack(THREE_DAYS, progress, *on(day), part(100, 0, points)))
        assert (awards_of(after), given) == (int(back == 0), back)


def test_more_never_goes_back_than_stands(rule):
    assert answer(rule.takeBack(THREE_DAYS, 0, *on(0), part(100, 0, 50))) == (0, 0)
