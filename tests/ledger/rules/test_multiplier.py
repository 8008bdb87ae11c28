"""The twin of `MultiplierRule`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.ledger.rules.multiplier import Multiplier, MultiplierTerms, describe
from coalition.ledger.rules.rule import Award, Occasion, TakenBack, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from tests.ledger.rules.happenings import DAY, HOUR, MONDAY, purchase

RULE = Multiplier()
TRIPLE = MultiplierTerms(0, 20_000, 127, 0, 1_440, 0, 100)
HAPPY_HOUR = MultiplierTerms(1, 1_000, 0b1100000, 17 * 60, 19 * 60, 60, 0)


@pytest.mark.parametrize(
    ("changed", "index"),
    [
        ({"basis": 2}, 0),
        ({"rate_bps": 0}, 1),
        ({"weekday_mask": 0}, 2),
        ({"weekday_mask": 128}, 2),
        ({"from_minute": 1_440}, 3),
        ({"from_minute": 600, "to_minute": 600}, 4),
        ({"to_minute": 1_441}, 4),
        ({"utc_offset_minutes": -721}, 5),
        ({"utc_offset_minutes": 841}, 5),
        ({"min_spend_minor": 1 << 48}, 6),
    ],
)
def test_terms_have_limits(changed: dict[str, int], index: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(replace(TRIPLE, **changed).to_words())

    assert refused.value.index == index


def test_terms_are_complete() -> None:
    with pytest.raises(TermCountInvalid):
        RULE.check(TRIPLE.to_words()[:-1])


@pytest.mark.parametrize("terms", [TRIPLE, HAPPY_HOUR])
def test_terms_can_be_read_back(terms: MultiplierTerms) -> None:
    RULE.check(terms.to_words())

    assert MultiplierTerms.from_words(terms.to_words()) == terms


def test_a_triple_pays_twice_the_base_on_top() -> None:
    assert RULE.apply(TRIPLE.to_words(), 0, purchase(100, points=10)) == (0, Award(20))
    assert RULE.apply(TRIPLE.to_words(), 0, purchase(99, points=10)) == (0, Award())
    claim = replace(purchase(100, points=10), occasion=Occasion.CLAIM)
    assert RULE.apply(TRIPLE.to_words(), 0, claim) == (0, Award())


@pytest.mark.parametrize(("hour", "points"), [(15.99, 0), (16, 50), (17.99, 50), (18, 0)])
@pytest.mark.parametrize(("day", "counts"), [(4, 0), (5, 1), (6, 1), (7, 0)])
def test_it_counts_in_its_hours(hour: float, points: int, day: int, counts: int) -> None:
    assert RULE.apply(HAPPY_HOUR.to_words(), 0, purchase(500, day + hour / 24)) == (0, Award(points * counts))


def test_only_the_own_award_goes_back() -> None:
    assert RULE.take_back(TRIPLE.to_words(), 0, purchase(300), TakenBack(300, 200, 10, whole=False)) == (0, Award(4))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (MONDAY, MONDAY + 5 * DAY + 18 * HOUR),
        (MONDAY + 5 * DAY + 18 * HOUR - 1, MONDAY + 5 * DAY + 18 * HOUR),
        (MONDAY + 5 * DAY + 18 * HOUR, MONDAY + 6 * DAY + 18 * HOUR),
        (MONDAY + 6 * DAY + 18 * HOUR, MONDAY + 12 * DAY + 18 * HOUR),
    ],
)
def test_the_standing_tells_when_the_hours_end(now: int, until: int) -> None:
    assert describe(HAPPY_HOUR, 0, now) == Standing(0, 1, "purchases", 0, until, 0)


def test_days_that_follow_each_other_end_together() -> None:
    weekend = replace(HAPPY_HOUR, from_minute=0, to_minute=1_440, utc_offset_minutes=0)

    assert describe(weekend, 0, MONDAY).until == MONDAY + 7 * DAY


def test_what_is_always_open_has_no_end() -> None:
    assert describe(TRIPLE, 0, MONDAY).until == 0
