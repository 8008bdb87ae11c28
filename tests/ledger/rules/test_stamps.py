"""The twin of `StampRule`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.ledger.rules.rule import Award, TakenBack, TermCountInvalid, TermInvalid
from coalition.ledger.rules.stamps import Stamps, StampTerms, describe
from coalition.ledger.rules.standing import Standing
from tests.ledger.rules.happenings import MONDAY, all_of, purchase, wholly

RULE = Stamps()
CARD = StampTerms(3, 100, 50, 2, 7)
FIRST, SECOND = Award(50, badge=7), Award(50)


@pytest.mark.parametrize(
    ("changed", "index"),
    [
        ({"stamps_needed": 0}, 0),
        ({"min_spend_minor": 1 << 48}, 1),
        ({"points": 0, "badge": 0}, 2),
        ({"max_cards": 1 << 32}, 3),
        ({"badge": 1 << 32}, 4),
    ],
)
def test_terms_have_limits(changed: dict[str, int], index: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(replace(CARD, **changed).to_words())

    assert refused.value.index == index


def test_terms_are_complete() -> None:
    with pytest.raises(TermCountInvalid):
        RULE.check((*CARD.to_words(), 0))
    RULE.check(CARD.to_words())


def test_every_third_purchase_pays_until_the_limit() -> None:
    none = Award()

    assert all_of(RULE, CARD.to_words(), [purchase(99), *[purchase()] * 9])[1] == [
        *(none, none, none, FIRST),
        *(none, none, SECOND, none, none, none),
    ]


def test_stamps_are_alike() -> None:
    words, bought = CARD.to_words(), [purchase(day=day) for day in range(4)]
    progress, _ = all_of(RULE, words, bought)

    progress, back = RULE.take_back(words, progress, bought[2], wholly(bought[2], points=50))
    assert back == Award()
    progress, back = RULE.take_back(words, progress, bought[0], wholly(bought[0]))
    assert back == FIRST
    assert RULE.apply(words, progress, purchase())[1] == FIRST


def test_a_part_takes_no_stamp() -> None:
    words = CARD.to_words()
    progress, _ = all_of(RULE, words, [purchase()] * 3)

    assert RULE.take_back(words, progress, purchase(), TakenBack(100, 1, 0, whole=False)) == (progress, Award())
    assert RULE.take_back(words, progress, purchase(99), wholly(purchase(99))) == (progress, Award())


def test_standing() -> None:
    words = CARD.to_words()
    for count, standing in (
        (0, Standing(0, 3, "stamps", 50, 0, 0)),
        (5, Standing(2, 3, "stamps", 50, 0, 1)),
        (7, Standing(3, 3, "stamps", 0, 0, 2)),
    ):
        assert describe(CARD, all_of(RULE, words, [purchase()] * count)[0], MONDAY) == standing
