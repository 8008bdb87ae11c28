"""The twin of `ThresholdRule`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.ledger.rules.rule import Award, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.threshold import Threshold, ThresholdTerms, describe
from tests.ledger.rules.happenings import MONDAY, all_of, purchase, wholly

RULE = Threshold()
ONCE = ThresholdTerms(1_000, 50, 0, 7)
EVERY_TIME = replace(ONCE, repeats=1)


@pytest.mark.parametrize(
    ("changed", "index"),
    [({"threshold_minor": 0}, 0), ({"points": 0, "badge": 0}, 1), ({"repeats": 2}, 2), ({"badge": 1 << 32}, 3)],
)
def test_terms_have_limits(changed: dict[str, int], index: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(replace(ONCE, **changed).to_words())

    assert refused.value.index == index


def test_terms_are_complete() -> None:
    with pytest.raises(TermCountInvalid):
        RULE.check(())
    RULE.check(ONCE.to_words())


@pytest.mark.parametrize(
    ("terms", "awards"),
    [
        (ONCE, [Award(), Award(50, badge=7), Award(), Award()]),
        (EVERY_TIME, [Award(), Award(100, badge=7), Award(), Award(50)]),
    ],
)
def test_awards_follow_the_spend(terms: ThresholdTerms, awards: list[Award]) -> None:
    assert all_of(RULE, terms.to_words(), [purchase(spend) for spend in (999, 1_001, 999, 1)])[1] == awards


@given(st.lists(st.integers(1, 3_000), max_size=12), st.randoms(use_true_random=False), st.booleans())
def test_awards_are_always_those_of_the_spend_left(spends: list[int], random_, repeats: bool) -> None:
    """Whichever purchases are taken back, what stands is what the others would have earned."""
    words = replace(ONCE, repeats=int(repeats)).to_words()
    bought = [purchase(spend) for spend in spends]
    progress, awards = all_of(RULE, words, bought)
    paid = sum(award.points for award in awards)
    random_.shuffle(bought)
    kept = bought[len(bought) // 2 :]
    for happening in bought[: len(bought) // 2]:
        progress, award = RULE.take_back(words, progress, happening, wholly(happening))
        paid -= award.points

    progress_of_kept, awards_of_kept = all_of(RULE, words, kept)
    assert (progress, paid) == (progress_of_kept, sum(award.points for award in awards_of_kept))


def test_standing() -> None:
    assert describe(ONCE, 0, MONDAY) == Standing(0, 1_000, "minor", 50, 0, 0)
    progress, _ = all_of(RULE, ONCE.to_words(), [purchase(2_300)])
    assert describe(ONCE, progress, MONDAY) == Standing(1_000, 1_000, "minor", 0, 0, 1)
    progress, _ = all_of(RULE, EVERY_TIME.to_words(), [purchase(2_300)])
    assert describe(EVERY_TIME, progress, MONDAY) == Standing(300, 1_000, "minor", 50, 0, 2)
