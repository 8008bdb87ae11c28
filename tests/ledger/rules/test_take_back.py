"""What goes back of a purchase."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.ledger.rules.rule import TakenBack
from coalition.ledger.rules.take_back import less, loses_count, points_back, spend_lost
from tests.ledger.rules.happenings import purchase

amounts = st.integers(1, (1 << 48) - 1)


@given(amounts, st.lists(amounts, max_size=5), st.integers(0, (1 << 48) - 1), st.booleans())
def test_parts_add_up(spend_minor: int, cuts: list[int], points: int, whole: bool) -> None:
    """However a purchase is taken back, in the end everything is gone once."""
    lefts = sorted({spend_minor, 0, *(cut % spend_minor for cut in cuts)}, reverse=True)
    parts = [TakenBack(before, after, points, whole) for before, after in itertools.pairwise(lefts)]
    bought = purchase(spend_minor)

    assert sum(points_back(bought, part) for part in parts) == points
    assert sum(spend_lost(bought, part) for part in parts) == spend_minor
    assert [loses_count(bought, part) for part in parts].count(True) == 1


@pytest.mark.parametrize(
    ("whole", "points", "spend_minor", "loses"), [(True, [10, 0], [300, 0], 0), (False, [4, 6], [100, 200], 1)]
)
def test_whole_goes_first_and_pro_rata_as_it_comes(
    whole: bool, points: list[int], spend_minor: list[int], loses: int
) -> None:
    bought = purchase(300)
    parts = [TakenBack(300, 200, 10, whole), TakenBack(200, 0, 10, whole)]

    assert [points_back(bought, part) for part in parts] == points
    assert [spend_lost(bought, part) for part in parts] == spend_minor
    assert [loses_count(bought, part) for part in parts].index(True) == loses


def test_less_ends_at_zero() -> None:
    assert (less(5, 3), less(3, 5)) == (2, 0)
