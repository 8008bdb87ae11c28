"""The twin of `StreakRule`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.ledger.rules.rule import Award, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.streak import RECORD_UNITS, Streak, StreakTerms, describe
from tests.ledger.rules.happenings import DAY, MONDAY, all_of, purchase, wholly

RULE = Streak()
DAILY = StreakTerms(DAY, 3, 0, 50, 100, 0, 0, 7)
GRACEFUL = replace(DAILY, grace_units=1)
WEEKLY = replace(DAILY, unit_seconds=7 * DAY, units_needed=2)


def paid_on(terms: StreakTerms, days: list[float]) -> list[float]:
    """The days of those on which a purchase brings an award."""
    awards = all_of(RULE, terms.to_words(), [purchase(day=day) for day in days])[1]
    return [day for day, award in zip(days, awards, strict=True) if award.points]


@pytest.mark.parametrize(
    ("changed", "index"),
    [
        ({"unit_seconds": 3_600}, 0),
        ({"units_needed": 0}, 1),
        ({"units_needed": RECORD_UNITS + 1}, 1),
        ({"grace_units": RECORD_UNITS - 2}, 2),
        ({"points": 0, "badge": 0}, 3),
        ({"min_spend_minor": 1 << 48}, 4),
        ({"utc_offset_minutes": 841}, 5),
        ({"max_awards": 1 << 32}, 6),
        ({"badge": 1 << 32}, 7),
    ],
)
def test_terms_have_limits(changed: dict[str, int], index: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(replace(DAILY, **changed).to_words())

    assert refused.value.index == index


def test_terms_are_complete() -> None:
    with pytest.raises(TermCountInvalid):
        RULE.check(DAILY.to_words()[1:])
    RULE.check(DAILY.to_words())
    assert StreakTerms.from_words(WEEKLY.to_words()) == WEEKLY


@pytest.mark.parametrize(
    ("terms", "days", "paid"),
    [
        (DAILY, [0, 0.5, 1, 2, 3, 4, 5, 6], [2, 5]),
        (DAILY, [0, 1, 3, 4, 5], [5]),
        (GRACEFUL, [0, 2, 3], [3]),
        (GRACEFUL, [0, 2, 4, 5], [5]),
        (GRACEFUL, [0, 3, 6, 9], []),
        (WEEKLY, [-1, 0], [0]),
        (WEEKLY, [0, 6, 14], []),
        (replace(DAILY, utc_offset_minutes=60, units_needed=2), [22.9 / 24, 23 / 24], [23 / 24]),
        (replace(DAILY, units_needed=1, max_awards=2), [0, 1, 2], [0, 1]),
        (replace(DAILY, units_needed=32), list(range(40)), [31]),
    ],
)
def test_a_run_pays(terms: StreakTerms, days: list[float], paid: list[float]) -> None:
    assert paid_on(terms, days) == paid


def test_any_purchase_of_the_run_takes_the_award_with_it() -> None:
    words = DAILY.to_words()
    progress, _ = all_of(RULE, words, [purchase(day=day) for day in (0, 0.5, 1, 2)])

    progress, back = RULE.take_back(words, progress, purchase(), wholly(purchase()))
    assert back == Award()
    progress, back = RULE.take_back(words, progress, purchase(day=0.5), wholly(purchase()))
    assert back == Award(50, badge=7)
    assert RULE.apply(words, progress, purchase(day=3))[1] == Award(50, badge=7)


def test_a_forgotten_purchase_takes_only_its_own_award() -> None:
    words = DAILY.to_words()
    progress, _ = all_of(RULE, words, [purchase(day=day) for day in (0, 1, 2, 2 + RECORD_UNITS)])

    assert RULE.take_back(words, progress, purchase(day=1), wholly(purchase()))[1] == Award()
    assert RULE.take_back(words, progress, purchase(day=2), wholly(purchase(), points=50))[1] == Award(50, badge=7)


def test_the_example_of_the_documents() -> None:
    words = replace(DAILY, units_needed=7, grace_units=1, points=300).to_words()
    progress, awards = all_of(RULE, words, [purchase(day=day) for day in (0, 1, 2, 3, 5, 6, 7)])
    given_ = [award.points for award in awards]
    progress, back = RULE.take_back(words, progress, purchase(day=1), wholly(purchase()))
    progress, on_tuesday = RULE.apply(words, progress, purchase(day=8))
    progress, on_wednesday = RULE.apply(words, progress, purchase(day=9))

    assert given_ == [0, 0, 0, 0, 0, 0, 300]
    assert (back.points, on_tuesday.points, on_wednesday.points) == (300, 0, 300)


@given(st.lists(st.integers(0, RECORD_UNITS - 1), max_size=20), st.randoms(use_true_random=False), st.integers(0, 2))
def test_nothing_stays_of_what_is_remembered(days: list[int], random_, grace_units: int) -> None:
    """Whatever the order of reversals, in the end no award of the last 32 units stands."""
    words = replace(DAILY, grace_units=grace_units).to_words()
    bought = [purchase(day=day) for day in sorted(day for day in days if days.count(day) < 7)]
    progress, awards = all_of(RULE, words, bought)
    paid = sum(award.points for award in awards)
    random_.shuffle(bought)
    for happening in bought:
        progress, back = RULE.take_back(words, progress, happening, wholly(happening))
        paid -= back.points
        assert paid >= 0

    assert paid == 0


@pytest.mark.parametrize(
    ("terms", "days", "now", "standing"),
    [
        (DAILY, [], 0, (0, 0)),
        (DAILY, [0], 0.9, (1, 2)),
        (DAILY, [0, 1], 2.5, (2, 3)),
        (DAILY, [0, 1], 3, (0, 0)),
        (DAILY, [0, 1, 2], 2.5, (0, 0)),
        (GRACEFUL, [0, 1], 2.5, (2, 4)),
        (GRACEFUL, [0, 2], 3, (2, 4)),
        (GRACEFUL, [0, 2], 4, (1, 5)),
        (WEEKLY, [2], 3, (1, 14)),
    ],
)
def test_standing(terms: StreakTerms, days: list[int], now: float, standing: tuple[int, int]) -> None:
    """Days and the time are counted from a Monday; `standing` is what is done, and the day on which it would be less."""
    progress, awards = all_of(RULE, terms.to_words(), [purchase(day=day) for day in days])
    done, until_day = standing
    unit = "days" if terms.is_daily else "weeks"
    until = MONDAY + until_day * DAY if until_day else 0
    paid = sum(award.points > 0 for award in awards)

    assert describe(terms, progress, MONDAY + int(now * DAY)) == Standing(
        done, terms.units_needed, unit, terms.points, until, paid
    )


def test_the_last_award_leaves_nothing_to_come() -> None:
    terms = replace(DAILY, max_awards=1)
    progress, _ = all_of(RULE, terms.to_words(), [purchase(day=day) for day in range(3)])

    assert describe(terms, progress, MONDAY + 3 * DAY) == Standing(3, 3, "days", 0, 0, 1)
