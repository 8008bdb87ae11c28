"""The twin of `DividendRule`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coalition.ledger.rules.dividend import Dividend, DividendTerms, describe
from coalition.ledger.rules.rule import Award, Happening, Occasion, TakenBack, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from tests.ledger.rules.happenings import DAY, MONDAY, all_of, purchase, wholly

RULE = Dividend()
TERMS = DividendTerms(1_000, MONDAY + 30 * DAY)
WORDS = TERMS.to_words()
CLAIM = Happening(Occasion.CLAIM, time=TERMS.payable_from)


@pytest.mark.parametrize(
    ("changed", "index"), [({"rate_bps": 0}, 0), ({"rate_bps": 1_000_001}, 0), ({"payable_from": 0}, 1)]
)
def test_terms_have_limits(changed: dict[str, int], index: int) -> None:
    with pytest.raises(TermInvalid) as refused:
        RULE.check(replace(TERMS, **changed).to_words())

    assert refused.value.index == index


def test_terms_are_complete() -> None:
    with pytest.raises(TermCountInvalid):
        RULE.check(WORDS[:1])
    RULE.check(WORDS)


def test_it_is_paid_once_for_all_that_came_before() -> None:
    early = replace(CLAIM, time=TERMS.payable_from - 1)
    asked = [purchase(1_234), early, purchase(5, day=29), purchase(1_000, day=30), CLAIM, CLAIM]

    assert [award.points for award in all_of(RULE, WORDS, asked)[1]] == [0, 0, 0, 0, 123, 0]


def test_reversals_take_back_what_the_spend_was_worth() -> None:
    first, second, late = purchase(1_005), purchase(300), purchase(300, day=30)
    progress, _ = all_of(RULE, WORDS, [first, second, late])
    progress, back = RULE.take_back(WORDS, progress, second, TakenBack(300, 100, 0, whole=False))
    assert back == Award()
    progress, paid = RULE.apply(WORDS, progress, CLAIM)
    progress, of_late = RULE.take_back(WORDS, progress, late, wholly(late))
    progress, of_second = RULE.take_back(WORDS, progress, second, TakenBack(100, 0, 0, whole=False))
    progress, of_first = RULE.take_back(WORDS, progress, first, wholly(first))

    assert [award.points for award in (paid, of_late, of_second, of_first)] == [110, 0, 10, 100]


def test_standing() -> None:
    progress, _ = all_of(RULE, WORDS, [purchase(1_234)])
    assert describe(TERMS, progress, MONDAY) == Standing(1_234, 0, "minor", 123, TERMS.payable_from, 0)
    assert describe(TERMS, progress, CLAIM.time) == Standing(1_234, 0, "minor", 123, 0, 0)
    progress, _ = RULE.apply(WORDS, progress, CLAIM)
    assert describe(TERMS, progress, CLAIM.time) == Standing(1_234, 0, "minor", 0, 0, 1)
