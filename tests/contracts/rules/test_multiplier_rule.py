"""`MultiplierRule`."""

import pytest
from happenings import CLAIM, MONDAY, POINTS_MAX, UTC, accepts, answer, award, first_part, happened, part, purchase
from support import DAY, HOUR, reverts

SATURDAY = MONDAY + 5 * DAY
TRIPLE = [0, 20_000, 127, 0, 1_440, UTC, 100]
HAPPY_HOUR = [1, 1_000, 0b0100000, 17 * 60, 19 * 60, UTC + 60, 0]


@pytest.fixture(scope="module")
def rule(MultiplierRule, deployer):
    return deployer.deploy(MultiplierRule)


def test_terms_must_be_complete(rule):
    for terms in ([], TRIPLE[:-1], [*TRIPLE, 0]):
        with reverts("TermCountInvalid", len(terms), 7):
            rule.check(terms)


@pytest.mark.parametrize(
    ("index", "values"),
    [
        (0, (2,)),
        (1, (0, 1_000_001)),
        (2, (0, 128)),
        (3, (1_440, 2**256 - 1)),
        (4, (0, 1_441)),
        (5, (719, 2_281)),
        (6, (2**48,)),
    ],
)
def test_each_term_has_its_limits(rule, index, values):
    for value in values:
        terms = [*TRIPLE[:index], value, *TRIPLE[index + 1 :]]
        with reverts("TermInvalid", index, value):
            rule.check(terms)


def test_the_hours_must_not_be_empty(rule):
    with reverts("TermInvalid", 4, 600):
        rule.check([0, 1, 127, 600, 600, UTC, 0])


def test_good_terms_are_accepted(rule):
    assert accepts(rule, TRIPLE)
    assert accepts(rule, HAPPY_HOUR)
    assert accepts(rule, [1, 1_000_000, 1, 1_439, 1_440, 2_280, 2**48 - 1])
    assert not accepts(rule, [])


def test_terms_are_counted_at_each_purchase(rule):
    with reverts("TermCountInvalid", 6, 7):
        rule.weigh(TRIPLE[:-1], 0, purchase(100))


def test_only_purchases_count(rule):
    assert answer(rule.weigh(TRIPLE, 5, happened(CLAIM))) == (5, 0)


def test_a_small_purchase_does_not_count(rule):
    assert answer(rule.weigh(TRIPLE, 0, purchase(99, points=10))) == (0, 0)


def test_base_points_are_multiplied(rule):
    assert answer(rule.weigh(TRIPLE, 0, purchase(100, points=10))) == (0, award(20))


def test_a_part_of_a_point_is_rounded_down(rule):
    assert answer(rule.weigh([0, 5_000, 127, 0, 1_440, UTC, 0], 0, purchase(100, points=7))) == (0, award(3))


def test_the_hours_are_local(rule):
    opens = SATURDAY + 16 * HOUR  # 17:00, an hour ahead of UTC
    for time, points in ((opens - 1, 0), (opens, 50), (opens + 2 * HOUR - 1, 50), (opens + 2 * HOUR, 0)):
        assert answer(rule.weigh(HAPPY_HOUR, 0, purchase(500, time))) == (0, award(points))


def test_the_weekday_is_local(rule):
    sunday_only = [1, 1_000, 0b1000000, 0, 1_440, UTC + 120, 0]
    begins = SATURDAY + DAY - 2 * HOUR
    for time, points in ((begins - 1, 0), (begins, 50), (begins + DAY - 1, 50), (begins + DAY, 0)):
        assert answer(rule.weigh(sunday_only, 0, purchase(500, time))) == (0, award(points))


def test_an_award_has_48_bits(rule):
    largest = [1, 1_000_000, 127, 0, 1_440, UTC, 0]
    assert answer(rule.weigh(largest, 0, purchase(2**48 - 1))) == (0, award(POINTS_MAX))


def test_pro_rata_parts_add_up(rule):
    bought = purchase(300, points=50)
    parts = [part(300, 200, 100), part(200, 100, 100), part(100, 0, 100)]
    assert [answer(rule.takeBack(TRIPLE, 0, bought, one))[1] for one in parts] == [34, 33, 33]


def test_the_first_part_takes_the_whole_award(rule):
    bought = purchase(300, points=50)
    assert answer(rule.takeBack(TRIPLE, 0, bought, first_part(300, 299, 100))) == (0, award(100))
    assert answer(rule.takeBack(TRIPLE, 0, bought, first_part(299, 0, 100))) == (0, 0)
