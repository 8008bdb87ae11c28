"""Receipts as numbers: canonical, and no two texts with one number."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.errors import InputError
from coalition.ledger.ids import RECEIPT_BYTES_MAX, receipt_number

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40).filter(
    lambda text: text == text.strip()
)
tricky = st.from_regex(r"\A[a-b0-2-]{1,16}\Z")


def golden(head: str, tail: str) -> int:
    """The mapping as the documentation says it, written once more."""
    digest = hashlib.sha256(b"coalition receipt\0" + bytes([len(tail)]) + head.encode()).digest()
    bits = "1" + "".join(f"{byte:08b}" for byte in digest)[:207] + f"{int(tail or 0):048b}"
    assert len(bits) == 256
    return int(bits, 2)


@pytest.mark.parametrize(
    ("receipt", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("41", 41),
        ("999999999999999999", 999_999_999_999_999_999),
        ("1000000000000000000", 10**18),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_plain_numbers_stand_for_themselves(receipt: str, number: int) -> None:
    assert receipt_number(receipt) == number


@pytest.mark.parametrize(
    ("receipt", "head", "tail"),
    [
        ("grocery-000041", "grocery-", "000041"),
        ("A", "A", ""),
        ("007", "", "007"),
        ("00", "", "00"),
        ("9223372036854775808", "9223372", "036854775808"),
        ("12345678901234567890", "12345678", "901234567890"),
        ("٣", "٣", ""),
        ("x²", "x²", ""),
        ("1 2", "1 ", "2"),
    ],
)
def test_other_texts_are_cut_and_hashed(receipt: str, head: str, tail: str) -> None:
    assert receipt_number(receipt) == golden(head, tail)


def test_golden_vector() -> None:
    number = receipt_number("grocery-000041")

    assert number == 0xE2A3EF9F9CBDFA7D80070D6D09675BA8790E5AE55E491F50A8C4000000000029


def test_neighbours_stay_neighbours() -> None:
    assert receipt_number("grocery-000042") == receipt_number("grocery-000041") + 1


@given(texts, texts)
def test_two_texts_have_two_numbers(first: str, second: str) -> None:
    assert (receipt_number(first) == receipt_number(second)) == (first == second)


@given(tricky, tricky)
def test_two_similar_texts_have_two_numbers(first: str, second: str) -> None:
    assert (receipt_number(first) == receipt_number(second)) == (first == second)


@given(texts)
def test_a_number_fits_the_chain(receipt: str) -> None:
    assert 0 <= receipt_number(receipt) < 1 << 256


@given(st.integers(0, 2**63 - 1), texts)
def test_plain_numbers_never_meet_hashed_ones(number: int, text: str) -> None:
    assert receipt_number(str(number)) == number
    if str(number) != text and not (text.isascii() and text.isdecimal()):
        assert receipt_number(text) >> 255 == 1


@pytest.mark.parametrize(
    "receipt",
    ["", " 1", "1 ", "\t", "a\nb", "a\x7fb", "\ud800", "a" * (RECEIPT_BYTES_MAX + 1), "é" * 101, "\u00a0x"],
)
def test_what_is_no_receipt(receipt: str) -> None:
    with pytest.raises(InputError) as refused:
        receipt_number(receipt)

    assert refused.value.code == "receipt_invalid"


def test_longest_receipt() -> None:
    assert receipt_number("a" * RECEIPT_BYTES_MAX) >> 255 == 1
