"""What partners ask, and how the ledger can answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.ledger.operations import SPEND_MINOR_MAX, Kind, Purpose, Rejection, points_for_spend_down


@pytest.mark.parametrize(
    ("spend_minor", "rate_bps", "points"),
    [(99, 100, 0), (100, 100, 1), (199, 100, 1), (1, 10_000, 1), (1, 1_000_000, 100), (12_345, 0, 0), (0, 100, 0)],
)
def test_points_are_rounded_down(spend_minor: int, rate_bps: int, points: int) -> None:
    assert points_for_spend_down(spend_minor, rate_bps) == points


@given(st.integers(0, SPEND_MINOR_MAX), st.integers(0, SPEND_MINOR_MAX), st.integers(0, 1_000_000))
def test_splitting_a_purchase_never_earns_more(first: int, second: int, rate_bps: int) -> None:
    parts = points_for_spend_down(first, rate_bps) + points_for_spend_down(second, rate_bps)

    assert parts <= points_for_spend_down(first + second, rate_bps)


def test_numbers_are_those_of_the_chain() -> None:
    assert [kind.name for kind in Kind] == ["EARN", "REDEEM", "HOLD", "CAPTURE", "RELEASE", "REVERSE", "REFUND"]
    assert list(Kind) == [1, 2, 3, 4, 5, 6, 7]
    assert list(Rejection) == list(range(1, 14))
    assert list(Purpose) == [1, 2]


def test_codes_are_snake_case() -> None:
    assert Rejection.RECEIPT_USED.code == "receipt_used"
    assert len({rejection.code for rejection in Rejection}) == len(Rejection)
