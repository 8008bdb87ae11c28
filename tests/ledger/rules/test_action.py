"""The twin of `ActionRule`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.ledger.rules.action import Action, ActionTerms, describe
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from tests.ledger.rules.happenings import DAY, MONDAY, all_of, purchase, wholly

RULE = Action()
LESSON = 5
TERMS = ActionTerms(action=LESSON, points=20, max_per_period=2, period_seconds=DAY, badge=7, badge_after=3)
WORDS = TERMS.to_words()


def done(day: float, action: int = LESSON) -> Happening:
    return Happening(Occasion.ATTESTATION, time=MONDAY + int(day * DAY), subject=action)


@pytest.mark.parametrize(
    ("changed", "index"),
    [
        ({"action": 1 << 32}, 0),
        ({"points": 0, "badge": 0, "badge_after": 0}, 1),
        ({"max_per_period": 1 << 32}, 2),
        ({"period_seconds": 1 << 32}, 3),
        ({"max_per_period": 0}, 3),
        ({"badge": 1 << 32}, 4),
        ({"badge": 0}, 5),
        ({"badge_after": 0}, 5),
        ({"badge_after": 1 << 32}, 5),
    ],
)
def test_terms_have_limits(changed: dict[str, int], index: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(replace(TERMS, **changed).to_words())

    assert refused.value.index == index


def test_terms_are_complete() -> None:
    with pytest.raises(TermCountInvalid):
        RULE.check(WORDS[:5])
    RULE.check(WORDS)
    assert ActionTerms.from_words(WORDS) == TERMS


def test_only_attestations_of_that_action_count() -> None:
    for other in (done(0, LESSON + 1), purchase(), replace(done(0), occasion=Occasion.CLAIM)):
        assert RULE.apply(WORDS, 0, other) == (0, NO_AWARD)
    assert RULE.apply(replace(TERMS, action=0).to_words(), 0, done(0, LESSON + 1))[1] == Award(20)


def test_each_period_has_its_limit_and_the_badge_comes_once() -> None:
    awards = all_of(RULE, WORDS, [done(0), done(0.1), done(0.99), done(1), done(1.5), done(1.6)])[1]

    assert awards == [Award(20), Award(20), NO_AWARD, Award(20, badge=7), Award(20), NO_AWARD]


def test_a_limit_can_be_the_campaigns() -> None:
    words = replace(TERMS, period_seconds=0).to_words()

    assert all_of(RULE, words, [done(0), done(9), done(99)])[1] == [Award(20), Award(20), NO_AWARD]


def test_there_can_be_no_limit() -> None:
    words = ActionTerms(LESSON, 20, 0, 0, 0, 0).to_words()

    assert all_of(RULE, words, [done(0)] * 9)[1] == [Award(20)] * 9


def test_purchases_mean_nothing_when_they_are_taken_back() -> None:
    progress, _ = RULE.apply(WORDS, 0, done(0))

    assert RULE.take_back(WORDS, progress, purchase(), wholly(purchase())) == (progress, NO_AWARD)


def test_standing() -> None:
    progress, _ = all_of(RULE, WORDS, [done(0), done(0.1), done(1)])
    midnight = MONDAY + 2 * DAY
    assert describe(TERMS, progress, midnight - 1) == Standing(1, 2, "actions", 20, midnight, 3)
    assert describe(TERMS, progress, midnight) == Standing(0, 2, "actions", 20, midnight + DAY, 3)
    whole = replace(TERMS, period_seconds=0)
    progress, _ = all_of(RULE, whole.to_words(), [done(0), done(0.1), done(1)])
    assert describe(whole, progress, MONDAY) == Standing(2, 2, "actions", 0, 0, 2)
