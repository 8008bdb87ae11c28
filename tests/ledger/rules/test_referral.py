"""The twin of `ReferralRule`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.ledger.rules.referral import Referral, ReferralTerms, describe
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from tests.ledger.rules.happenings import MONDAY, all_of, purchase, wholly

RULE = Referral()
TERMS = ReferralTerms(points=500, companion_points=333, min_spend_minor=100)
WORDS = TERMS.to_words()
REFERRER = 0xABC


def referred(spend_minor: int = 300, day: float = 0) -> Happening:
    return replace(purchase(spend_minor, day), subject=REFERRER)


@pytest.mark.parametrize(
    ("changed", "index"),
    [
        ({"points": 1 << 48}, 0),
        ({"points": 0, "companion_points": 0}, 0),
        ({"companion_points": 1 << 48}, 1),
        ({"min_spend_minor": 1 << 48}, 2),
    ],
)
def test_terms_have_limits(changed: dict[str, int], index: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(replace(TERMS, **changed).to_words())

    assert refused.value.index == index


def test_terms_are_complete() -> None:
    with pytest.raises(TermCountInvalid):
        RULE.check(WORDS[:2])
    RULE.check(WORDS)
    RULE.check(replace(TERMS, points=0).to_words())
    assert ReferralTerms.from_words(WORDS) == TERMS


def test_both_are_paid_at_the_first_purchase_that_qualifies() -> None:
    unreferred, too_small = replace(referred(), subject=0), referred(99)
    claim = replace(referred(), occasion=Occasion.CLAIM)
    asked = [unreferred, too_small, claim, referred(), referred()]

    assert all_of(RULE, WORDS, asked)[1] == [NO_AWARD, NO_AWARD, NO_AWARD, Award(500, 333), NO_AWARD]


def test_both_give_back_in_proportion_and_the_parts_add_up() -> None:
    progress, _ = RULE.apply(WORDS, 0, referred())
    parts = []
    for before, after in ((300, 200), (200, 1), (1, 0)):
        progress, back = RULE.take_back(WORDS, progress, referred(), TakenBack(before, after, 500, whole=False))
        parts.append((back.points, back.companion_points))

    assert parts == [(500 - 333, 333 - 222), (333 - 1, 222 - 1), (1, 1)]
    assert progress == 0


def test_the_first_part_takes_everything_where_the_terms_say_so() -> None:
    progress, _ = RULE.apply(WORDS, 0, referred())
    assert RULE.take_back(WORDS, progress, referred(), TakenBack(300, 299, 500, whole=True)) == (0, Award(500, 333))


def test_another_purchase_can_be_the_first_after_a_reversal_and_is_not_the_one_that_was_lost() -> None:
    progress, _ = RULE.apply(WORDS, 0, referred())
    progress, _ = RULE.take_back(WORDS, progress, referred(), TakenBack(300, 299, 500, whole=True))
    progress, award = RULE.apply(WORDS, progress, referred(day=1))
    assert award == Award(500, 333)

    assert RULE.take_back(WORDS, progress, referred(), TakenBack(299, 0, 500, whole=True)) == (progress, NO_AWARD)
    later = referred(day=2)
    assert RULE.take_back(WORDS, progress, later, wholly(later)) == (progress, NO_AWARD)


def test_standing() -> None:
    assert describe(TERMS, 0, MONDAY) == Standing(0, 1, "purchases", 500, 0, 0)
    assert describe(TERMS, MONDAY, MONDAY) == Standing(1, 1, "purchases", 0, 0, 1)
