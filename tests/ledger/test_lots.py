"""Points by epoch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.ledger.lots import LOT_MAX, Lots

points = st.integers(0, LOT_MAX)
lots_values = st.builds(Lots, st.integers(4, (1 << 24) - 1), st.tuples(points, points, points, points))
small = st.integers(0, 1_000)
small_lots = st.builds(Lots, st.integers(4, 100), st.tuples(small, small, small, small))


def valid(lots: Lots, validity: int) -> Lots:
    """`lots` as an account holds them: nothing older than the validity."""
    return lots.rolled(lots.head, validity)


def test_word_is_that_of_the_chain() -> None:
    lots = Lots(5, (1, 2, 3, 4))

    assert lots.to_word() == 1 | 2 << 48 | 3 << 96 | 4 << 144 | 5 << 192


def test_word_leaves_flags_out() -> None:
    assert Lots.from_word(7 << 216 | Lots.single(9, 6).to_word()) == Lots(9, (6, 0, 0, 0))


@given(lots_values)
def test_word_can_be_read_back(lots: Lots) -> None:
    assert Lots.from_word(lots.to_word()) == lots


def test_by_epoch_is_oldest_first_without_zeros() -> None:
    assert list(Lots(9, (5, 0, 7, 0)).by_epoch().items()) == [(7, 7), (9, 5)]


@pytest.mark.parametrize(("epoch", "expected"), [(9, 5), (8, 0), (7, 7), (6, 1), (5, 0), (10, 0)])
def test_at_epoch(epoch: int, expected: int) -> None:
    assert Lots(9, (5, 0, 7, 1)).at_epoch(epoch) == expected


@given(small_lots, st.integers(0, 8), st.integers(1, 4))
def test_rolled_and_expired_are_the_whole(lots: Lots, passed: int, validity: int) -> None:
    epoch = lots.head + passed
    kept, gone = lots.rolled(epoch, validity), lots.expired(epoch, validity)

    assert kept.total + gone.total == lots.total
    assert all(earned + validity > epoch for earned in kept.by_epoch())
    assert all(earned + validity <= epoch for earned in gone.by_epoch())
    assert gone.head == lots.head


@given(small_lots, st.integers(0, 3), st.integers(0, 4), st.integers(1, 4))
def test_rolling_in_two_steps_is_rolling_once(lots: Lots, first: int, second: int, validity: int) -> None:
    middle, end = lots.head + first, lots.head + first + second

    assert lots.rolled(middle, validity).rolled(end, validity) == lots.rolled(end, validity)


@given(small_lots, st.integers(0, 5_000), st.integers(1, 4))
def test_spent_takes_what_expires_first(lots: Lots, wanted: int, validity: int) -> None:
    lots = valid(lots, validity)
    taken, missing = lots.spent(wanted, validity)

    assert taken.total + missing == wanted
    assert missing == max(0, wanted - lots.total)
    rest = lots.minus(taken)
    oldest_left = min(rest.by_epoch(), default=lots.head)
    assert all(earned <= oldest_left for earned in taken.by_epoch())


def test_spent_skips_the_lots_nearest_to_expiry() -> None:
    taken, missing = Lots(9, (5, 6, 7, 0)).spent(8, validity=3, skipped=1)

    assert (taken, missing) == (Lots(9, (2, 6, 0, 0)), 0)


def test_spent_without_lots_that_live_long_enough_misses_all() -> None:
    assert Lots(9, (5, 6, 7, 0)).spent(8, validity=3, skipped=3) == (Lots(9), 8)


@given(small_lots, st.lists(st.integers(0, 900), max_size=6))
def test_parts_given_back_add_up(lots: Lots, parts: list[int]) -> None:
    before, back = 0, Lots(lots.head)
    for wanted in parts:
        part = min(wanted, lots.total - before)
        back = back.plus(lots.tail(before, part))
        before += part

    assert back == lots.tail(0, before)
    assert back.total == before


def test_tail_gives_back_last_what_was_spent_first() -> None:
    assert Lots(9, (5, 6, 0, 7)).tail(before=3, points=10) == Lots(9, (2, 6, 0, 2))


@given(small_lots, st.integers(0, 9), st.integers(1, 4))
def test_restored_loses_nothing(lots: Lots, passed: int, validity: int) -> None:
    lots = valid(lots, validity)
    back = lots.restored(lots.head + passed, validity)

    assert back.total == lots.total
    assert back.rolled(back.head, validity) == back


@pytest.mark.parametrize(("validity", "age"), [(1, 0), (2, 0), (3, 1), (4, 2)])
def test_grace_lot(validity: int, age: int) -> None:
    back = Lots.single(3, 10).restored(20, validity)

    assert back.by_epoch() == {20 - age: 10}
