"""The twin of `QuestRule`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.ledger.rules.quest import Progress, Quest, QuestTerms, describe
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from tests.ledger.rules.happenings import DAY, MONDAY, all_of, purchase, wholly

RULE = Quest()
TERMS = QuestTerms(
    partners_needed=3,
    points=500,
    window_seconds=7 * DAY,
    min_spend_minor=100,
    badge=7,
    repeats_max=0,
    partners=(2, 3, 5, 8, 13),
)
AGAIN = replace(TERMS, repeats_max=9)


def visit(partner: int, day: float, spend_minor: int = 100) -> Happening:
    return replace(purchase(spend_minor, day), partner=partner)


def points_of(terms: QuestTerms, *visits: Happening) -> list[int]:
    return [award.points for award in all_of(RULE, terms.to_words(), visits)[1]]


@pytest.mark.parametrize(
    ("changed", "index"),
    [
        ({"partners_needed": 0}, 0),
        ({"partners_needed": 6}, 0),
        ({"points": 0, "badge": 0}, 1),
        ({"points": 1 << 48}, 1),
        ({"window_seconds": 1 << 32}, 2),
        ({"min_spend_minor": 1 << 48}, 3),
        ({"badge": 1 << 32}, 4),
        ({"repeats_max": 65_535}, 5),
        ({"partners": (2, 3, 3)}, 8),
    ],
)
def test_terms_have_limits(changed: dict[str, int], index: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(replace(TERMS, **changed).to_words())

    assert refused.value.index == index


def test_terms_name_partners() -> None:
    with pytest.raises(TermCountInvalid):
        RULE.check(replace(TERMS, partners=()).to_words())
    RULE.check(TERMS.to_words())


def test_words_are_read_as_they_were_written() -> None:
    assert QuestTerms.from_words(TERMS.to_words()) == TERMS


def test_different_partners_out_of_the_set_count() -> None:
    visits = [visit(2, 0), visit(2, 1), visit(4, 1), visit(3, 1, spend_minor=99), visit(13, 2), visit(5, 3)]

    assert points_of(TERMS, *visits) == [0, 0, 0, 0, 0, 500]


def test_only_purchases_count() -> None:
    assert RULE.apply(TERMS.to_words(), 0, replace(visit(2, 0), occasion=Occasion.CLAIM)) == (0, NO_AWARD)


def test_it_is_paid_once_with_its_badge_and_again_where_it_repeats() -> None:
    visits = [visit(partner, day) for day, partner in enumerate([2, 3, 5, 2, 3, 5, 8])]

    assert all_of(RULE, TERMS.to_words(), visits)[1].count(Award(500, badge=7)) == 1
    assert points_of(AGAIN, *visits) == [0, 0, 500, 0, 0, 500, 0]
    assert points_of(replace(TERMS, repeats_max=1), *visits, visit(2, 8), visit(3, 9))[6:] == [0, 0, 0]


def test_a_round_lapses_at_the_end_of_its_window() -> None:
    within = [visit(2, 0), visit(3, 1), visit(5, 6.99)]
    late = [visit(2, 0), visit(3, 1), visit(5, 7), visit(2, 8), visit(3, 9)]

    assert points_of(TERMS, *within)[-1] == 500
    assert points_of(TERMS, *late) == [0, 0, 0, 0, 500]
    assert points_of(replace(TERMS, window_seconds=0), *late)[:3] == [0, 0, 500]


def test_any_visit_that_is_lost_lets_the_round_fall_and_it_can_be_completed_again() -> None:
    words = TERMS.to_words()
    visits = [visit(2, 0), visit(3, 1), visit(5, 2)]
    progress, _ = all_of(RULE, words, visits)
    progress, back = RULE.take_back(words, progress, visits[0], wholly(visits[0]))
    assert back == Award(500, badge=7)
    progress, nothing = RULE.take_back(words, progress, visits[1], wholly(visits[1]))
    assert nothing == NO_AWARD

    again, awards = progress, []
    for happening in (visit(8, 3), visit(13, 4)):
        again, award = RULE.apply(words, again, happening)
        awards.append(award.points)
    assert awards == [0, 500]


def test_a_part_of_a_purchase_is_still_a_visit_unless_the_terms_take_the_whole() -> None:
    words = TERMS.to_words()
    visits = [visit(2, 0), visit(3, 1), visit(5, 2)]
    progress, _ = all_of(RULE, words, visits)

    assert RULE.take_back(words, progress, visits[2], TakenBack(100, 1, 500, whole=False)) == (progress, NO_AWARD)
    assert RULE.take_back(words, progress, visits[2], TakenBack(100, 99, 500, whole=True))[1].points == 500
    assert RULE.take_back(words, progress, visits[2], TakenBack(99, 0, 500, whole=True)) == (progress, NO_AWARD)


def test_an_earlier_round_falls_once() -> None:
    words = AGAIN.to_words()
    visits = [visit(partner, day) for day, partner in enumerate([2, 3, 5, 2, 3, 5, 8])]
    progress, _ = all_of(RULE, words, visits)
    taken = []
    for happening in visits:
        progress, award = RULE.take_back(words, progress, happening, wholly(happening))
        taken.append(award)

    assert taken == [
        *(Award(500), NO_AWARD, NO_AWARD),
        *(Award(500, badge=7), NO_AWARD, NO_AWARD),
        NO_AWARD,
    ]


def test_of_rounds_before_one_that_lapsed_only_the_paid_visit_matters() -> None:
    words = AGAIN.to_words()
    visits = [*(visit(partner, day) for day, partner in enumerate([2, 3, 5])), visit(8, 4), visit(8, 20)]
    progress, _ = all_of(RULE, words, visits)
    unpaid, paid = visits[0], visits[2]

    assert RULE.take_back(words, progress, unpaid, wholly(unpaid)) == (progress, NO_AWARD)
    progress, back = RULE.take_back(words, progress, paid, wholly(paid, points=500))
    assert back == Award(500, badge=7)
    assert Progress.from_word(progress).rounds == 0


def test_a_purchase_that_was_no_visit_takes_nothing() -> None:
    words = TERMS.to_words()
    progress, _ = all_of(RULE, words, [visit(2, 0)])

    for stranger in (visit(4, 0), visit(2, 0, spend_minor=99), visit(3, 1)):
        assert RULE.take_back(words, progress, stranger, wholly(stranger)) == (progress, NO_AWARD)


def test_standing() -> None:
    words, now = TERMS.to_words(), MONDAY + DAY
    progress, _ = all_of(RULE, words, [visit(2, 0), visit(3, 1)])
    assert describe(TERMS, progress, now) == Standing(2, 3, "partners", 500, MONDAY + 7 * DAY, 0)
    assert describe(TERMS, progress, now + 7 * DAY) == Standing(0, 3, "partners", 500, 0, 0)
    progress, _ = RULE.apply(words, progress, visit(5, 2))
    assert describe(TERMS, progress, now) == Standing(3, 3, "partners", 0, 0, 1)
    assert describe(AGAIN, progress, now) == Standing(0, 3, "partners", 500, 0, 1)
