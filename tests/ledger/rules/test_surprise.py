"""The twin of `SurpriseRule`."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from eth_abi import encode
from eth_hash.auto import keccak

from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.surprise import Surprise, SurpriseTerms, describe
from tests.ledger.rules.happenings import MONDAY, all_of, purchase, wholly

RULE = Surprise(keccak)
TERMS = SurpriseTerms(chance_bps=2_500, prize_points=1_001, max_entries=40, min_spend_minor=100)
WORDS = TERMS.to_words()
RANDOM = 0x5EED


def draw(word: int) -> Happening:
    return Happening(Occasion.DRAW, time=MONDAY, subject=word)


def wins(entries: int) -> list[bool]:
    lots = [keccak(encode(["uint256", "uint256"], [RANDOM, entry])) for entry in range(entries)]
    return [int.from_bytes(lot) % 10_000 < 2_500 for lot in lots]


def entered(entries: int) -> int:
    return all_of(RULE, WORDS, [purchase()] * entries)[0]


@pytest.mark.parametrize(
    ("changed", "index"),
    [
        ({"chance_bps": 0}, 0),
        ({"chance_bps": 10_001}, 0),
        ({"prize_points": 0}, 1),
        ({"prize_points": (1 << 48) // 40 + 1}, 1),
        ({"max_entries": 0}, 2),
        ({"max_entries": 129}, 2),
        ({"min_spend_minor": 1 << 48}, 3),
    ],
)
def test_terms_have_limits(changed: dict[str, int], index: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(replace(TERMS, **changed).to_words())

    assert refused.value.index == index


def test_terms_are_complete() -> None:
    with pytest.raises(TermCountInvalid):
        RULE.check(WORDS[:3])
    RULE.check(WORDS)
    assert SurpriseTerms.from_words(WORDS) == TERMS


def test_purchases_enter_up_to_the_limit() -> None:
    for other in (purchase(99), replace(purchase(), occasion=Occasion.CLAIM)):
        assert RULE.apply(WORDS, 0, other) == (0, NO_AWARD)
    assert entered(3) == 3
    assert entered(50) == 40


def test_each_entry_wins_by_its_own_lot() -> None:
    _, award = RULE.apply(WORDS, entered(40), draw(RANDOM))

    assert 0 < sum(wins(40)) < 40
    assert award == Award(1_001 * sum(wins(40)))


def test_the_example_of_the_page() -> None:
    drawn, award = RULE.apply(replace(TERMS, prize_points=1_000).to_words(), 3, draw(1))

    assert award == Award(1_000)
    assert drawn >> 10 == 0b010


def test_the_chance_is_what_the_terms_say() -> None:
    random_ = random.Random(1)
    prizes = [RULE.apply(WORDS, 40, draw(random_.getrandbits(256)))[1].points // 1_001 for _ in range(250)]

    assert 2_300 < sum(prizes) < 2_700  # of 10,000 entries; five standard deviations are 217


def test_without_a_seed_entries_are_worth_their_average_together() -> None:
    assert RULE.apply(WORDS, entered(3), draw(0))[1] == Award(750)


@pytest.mark.parametrize("word", [0, RANDOM])
def test_it_is_drawn_once_and_nothing_enters_afterwards(word: int) -> None:
    drawn, _ = RULE.apply(WORDS, entered(5), draw(word))

    for happening in (draw(word), draw(RANDOM + 1), purchase()):
        assert RULE.apply(WORDS, drawn, happening) == (drawn, NO_AWARD)


@pytest.mark.parametrize("word", [0, RANDOM])
def test_a_reversal_after_the_draw_comes_to_the_same_as_one_before(word: int) -> None:
    late, paid = RULE.apply(WORDS, entered(40), draw(word))
    early, net = entered(40), paid.points
    for _ in range(40):
        late, back = RULE.take_back(WORDS, late, purchase(), wholly(purchase()))
        early, nothing = RULE.take_back(WORDS, early, purchase(), wholly(purchase()))
        net -= back.points
        assert nothing == NO_AWARD
        assert RULE.apply(WORDS, early, draw(word)) == (late, Award(net))
    assert net == 0


def test_an_entry_is_lost_when_the_purchase_is() -> None:
    part = TakenBack(100, 1, 0, whole=False)
    assert RULE.take_back(WORDS, 3, purchase(), part) == (3, NO_AWARD)
    assert RULE.take_back(WORDS, 3, purchase(), replace(part, whole=True)) == (2, NO_AWARD)
    assert RULE.take_back(WORDS, 3, purchase(99), wholly(purchase(99))) == (3, NO_AWARD)
    assert RULE.take_back(WORDS, 0, purchase(), wholly(purchase())) == (0, NO_AWARD)


def test_standing() -> None:
    assert describe(TERMS, entered(3), MONDAY) == Standing(3, 40, "entries", 750, 0, 0)
    drawn, _ = RULE.apply(WORDS, entered(40), draw(RANDOM))
    assert describe(TERMS, drawn, MONDAY) == Standing(40, 40, "entries", 0, 0, sum(wins(40)))
