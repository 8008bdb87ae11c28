"""The twin of `LevelsRule`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.ledger.rules.levels import Condition, Levels, LevelsTerms, Stage, describe
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from tests.ledger.rules.happenings import DAY, MONDAY, all_of, purchase, wholly

RULE = Levels()
REVIEW = 4


def stage(condition: Condition, threshold: int, points: int, badge: int = 0, action: int = 0) -> Stage:
    return Stage(condition, threshold, 0 if condition == Condition.ACTIONS else 100, points, badge, action)


VISITS = stage(Condition.VISITS, 2, 100)
SPEND = stage(Condition.SPEND, 1_000, 200, badge=7)
PARTNERS = stage(Condition.PARTNERS, 2, 300)
DINING = LevelsTerms((VISITS, SPEND, PARTNERS), (2, 3, 5))
WORDS = DINING.to_words()
RANKS = LevelsTerms(
    tuple(stage(Condition.ACTIONS, reviews, 10, rank, REVIEW) for rank, reviews in enumerate([1, 2, 3, 4, 10, 30], 1))
)


def visit(partner: int, day: float, spend_minor: int = 100) -> Happening:
    return replace(purchase(spend_minor, day), partner=partner)


DINNERS = [visit(2, 0), visit(2, 1), visit(4, 2, 600), visit(4, 3, 600), visit(2, 4), visit(5, 5)]


def reviewed(times: int) -> list[Happening]:
    return [Happening(Occasion.ATTESTATION, time=MONDAY + place, subject=REVIEW) for place in range(times)]


@pytest.mark.parametrize(
    "unsound",
    [
        replace(VISITS, condition=0),
        replace(VISITS, condition=5),
        replace(VISITS, threshold=0),
        replace(VISITS, action=REVIEW),
        replace(PARTNERS, threshold=4),
        replace(RANKS.stages[0], min_spend_minor=1),
    ],
)
def test_stages_can_be_passed_and_mean_something(unsound: Stage) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(LevelsTerms((VISITS, unsound), (2, 3, 5)).to_words())

    assert refused.value == TermInvalid(2, unsound.to_word())


def test_terms_have_stages_and_each_is_a_word_of_216_bits() -> None:
    for words in ((), (1,), (2, VISITS.to_word())):
        with pytest.raises(TermCountInvalid):
            RULE.check(words)
    for count in (0, 33):
        with pytest.raises(TermInvalid):
            RULE.check((count, *[VISITS.to_word()] * 33))
    with pytest.raises(TermInvalid):
        RULE.check((1, VISITS.to_word() | 1 << 216))
    RULE.check(WORDS)
    RULE.check(RANKS.to_words())


def test_words_are_read_as_they_were_written() -> None:
    assert LevelsTerms.from_words(WORDS) == DINING
    assert LevelsTerms.from_words(RANKS.to_words()) == RANKS


def test_stages_are_passed_in_their_order() -> None:
    awards = all_of(RULE, WORDS, [*DINNERS, visit(3, 6)])[1]

    assert awards == [NO_AWARD, Award(100), NO_AWARD, Award(200, badge=7), NO_AWARD, Award(300), NO_AWARD]


def test_what_is_too_small_or_elsewhere_or_a_second_time_does_not_count() -> None:
    progress, _ = all_of(RULE, WORDS, DINNERS[:4])
    for happening in (visit(2, 4, 99), visit(4, 4)):
        assert RULE.apply(WORDS, progress, happening) == (progress, NO_AWARD)
    progress, _ = RULE.apply(WORDS, progress, visit(2, 4))
    assert RULE.apply(WORDS, progress, visit(2, 5)) == (progress, NO_AWARD)


def test_ranks_by_reviews() -> None:
    words = RANKS.to_words()
    awards = all_of(RULE, words, reviewed(50))[1]

    assert [(place, award.badge) for place, award in enumerate(awards, 1) if award != NO_AWARD] == [
        *((1, 1), (3, 2), (6, 3)),
        *((10, 4), (20, 5), (50, 6)),
    ]


def test_other_actions_do_not_count() -> None:
    words = RANKS.to_words()
    other = replace(reviewed(1)[0], subject=REVIEW + 1)

    assert RULE.apply(words, 0, other) == (0, NO_AWARD)
    assert RULE.apply(words, 0, visit(2, 0)) == (0, NO_AWARD)


def test_a_purchase_of_the_open_stage_loses_its_count_only() -> None:
    progress, _ = all_of(RULE, WORDS, DINNERS[:3])
    progress, back = RULE.take_back(WORDS, progress, DINNERS[2], TakenBack(600, 350, 0, whole=False))

    assert back == NO_AWARD
    assert describe(DINING, progress, MONDAY).done == 350


@pytest.mark.parametrize("lost", [0, 1])
def test_the_last_stage_falls_with_any_of_its_purchases_and_is_made_up_first(lost: int) -> None:
    progress, _ = all_of(RULE, WORDS, DINNERS[:3])
    points = (0, 100)[lost]
    progress, back = RULE.take_back(WORDS, progress, DINNERS[lost], wholly(DINNERS[lost], points))
    assert back == Award(100)
    assert describe(DINING, progress, MONDAY) == Standing(1, 2, "visits", 100, 0, 0)

    progress, award = RULE.apply(WORDS, progress, visit(2, 3))
    assert award == Award(100)
    assert describe(DINING, progress, MONDAY) == Standing(600, 1_000, "minor", 200, 0, 1)


def test_a_stage_stands_as_long_as_what_is_left_is_enough() -> None:
    progress, _ = all_of(RULE, WORDS, DINNERS[:4])
    for left, wanted in ((500, NO_AWARD), (400, NO_AWARD), (399, Award(200, badge=7)), (0, NO_AWARD)):
        before = {500: 600, 400: 500, 399: 400, 0: 399}[left]
        progress, back = RULE.take_back(WORDS, progress, DINNERS[3], TakenBack(before, left, 200, whole=False))
        assert back == wanted


def test_a_stage_of_different_partners_falls_with_one_of_them() -> None:
    progress, _ = all_of(RULE, WORDS, DINNERS)
    progress, back = RULE.take_back(WORDS, progress, DINNERS[4], wholly(DINNERS[4]))
    assert back == Award(300)
    assert RULE.apply(WORDS, progress, visit(5, 6)) == (progress, NO_AWARD)
    assert RULE.apply(WORDS, progress, visit(3, 6))[1] == Award(300)


def test_a_stage_further_back_stays_passed_and_what_passed_it_brings_its_award_back() -> None:
    progress, _ = all_of(RULE, WORDS, DINNERS)

    assert RULE.take_back(WORDS, progress, DINNERS[0], wholly(DINNERS[0])) == (progress, NO_AWARD)
    assert RULE.take_back(WORDS, progress, DINNERS[1], TakenBack(100, 50, 100, whole=False)) == (progress, NO_AWARD)
    assert RULE.take_back(WORDS, progress, DINNERS[1], wholly(DINNERS[1], 100)) == (progress, Award(100))


def test_attested_stages_are_not_taken_back() -> None:
    terms = LevelsTerms((RANKS.stages[0], VISITS))
    words = terms.to_words()
    progress, _ = all_of(RULE, words, reviewed(1))

    assert RULE.take_back(words, progress, visit(2, 0), wholly(visit(2, 0))) == (progress, NO_AWARD)


def test_standing() -> None:
    assert describe(DINING, 0, MONDAY) == Standing(0, 2, "visits", 100, 0, 0)
    progress, _ = all_of(RULE, WORDS, DINNERS[:5])
    assert describe(DINING, progress, MONDAY) == Standing(1, 2, "partners", 300, 0, 2)
    progress, _ = all_of(RULE, WORDS, DINNERS)
    assert describe(DINING, progress, MONDAY + 9 * DAY) == Standing(2, 2, "partners", 0, 0, 3)
