"""Sets of partners at the end of terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.ledger.rules.partner_set import bits_of, places_of, require_partners
from coalition.ledger.rules.rule import TermCountInvalid, TermInvalid


@pytest.mark.parametrize("partners", [(0,), (3, 3), (3, 2), (1 << 32,)])
def test_partners_rise_and_are_numbers_of_partners(partners: tuple[int, ...]) -> None:
    with pytest.raises(TermInvalid) as refused:
        require_partners((9, *partners), 1, least=1)

    assert (refused.value.index, refused.value.value) == (len(partners), partners[-1])


@pytest.mark.parametrize(("count", "wanted"), [(0, 2), (65, 65)])
def test_there_are_enough_and_at_most_64(count: int, wanted: int) -> None:
    with pytest.raises(TermCountInvalid) as refused:
        require_partners((9, *range(1, count + 1)), 1, least=1)

    assert (refused.value.count, refused.value.wanted) == (1 + count, wanted)


@pytest.mark.parametrize(("partners", "least"), [((1, (1 << 32) - 1), 1), (tuple(range(1, 65)), 1), ((), 0), ((5,), 1)])
def test_good_sets_are_accepted_and_no_smaller_ones_than_asked_for(partners: tuple[int, ...], least: int) -> None:
    require_partners((9, *partners), 1, least=least)

    with pytest.raises(TermCountInvalid):
        require_partners((9, *partners), 1, least=len(partners) + 1)


@given(st.integers(0, (1 << 64) - 1))
def test_a_word_is_its_places(word: int) -> None:
    assert bits_of(places_of(word)) == word
    assert len(places_of(word)) == word.bit_count()
