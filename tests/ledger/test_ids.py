"""Receipts as numbers: canonical, and no two texts with one number."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coalition.errors import InputError
from coalition.ledger.ids import (
    RECEIPT_BYTES_MAX,
    TILL_MAX,
    VOUCHER_MAX,
    receipt_number,
    receipt_text,
    voucher_receipt,
    voucher_text,
)

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


# ---- vouchers of tills


@pytest.mark.parametrize(
    ("till", "number"), [(1, 1), (7, 41), (TILL_MAX, VOUCHER_MAX), (1, VOUCHER_MAX), (TILL_MAX, 1), (10**9, 10**14)]
)
def test_a_vouchers_receipt_has_a_place_of_its_own(till: int, number: int) -> None:
    text = f"voucher:{till}:{number}"
    assert voucher_text(till, number) == text
    assert receipt_number(text) == voucher_receipt(till, number) == (1 << 254) + (till << 48) + number
    assert receipt_text(receipt_number(text)) == text


def test_vouchers_that_follow_each_other_are_neighbours() -> None:
    assert voucher_receipt(7, 42) - voucher_receipt(7, 41) == 1
    assert voucher_receipt(7, 64) // 32 == voucher_receipt(7, 95) // 32
    assert voucher_receipt(8, 0) > voucher_receipt(7, VOUCHER_MAX)


@given(texts | tricky | st.from_regex(r"\Avoucher:[0-9]{1,11}:[0-9]{1,16}\Z"))
def test_nothing_else_has_a_vouchers_number(receipt: str) -> None:
    number = receipt_number(receipt)
    assert (1 << 63 <= number < 1 << 255) == (receipt_text(number) == receipt and receipt.startswith("voucher:"))


@pytest.mark.parametrize(
    "receipt",
    [
        "voucher:0:1",
        "voucher:1:0",
        "voucher:01:1",
        "voucher:1:01",
        f"voucher:{TILL_MAX + 1}:1",
        f"voucher:1:{VOUCHER_MAX + 1}",
        "voucher:1:1 x",
        "Voucher:1:1",
        "voucher:1:1:1",
        "voucher:\u0661:1",
    ],
)
def test_what_is_not_exactly_a_voucher_is_a_text_like_others(receipt: str) -> None:
    assert receipt_number(receipt) >> 255 == 1


def test_numbers_tell_their_texts_where_they_can() -> None:
    assert receipt_text(41) == "41"
    assert receipt_text(receipt_number("grocery-41")) is None
    assert receipt_text(1 << 63) is None and receipt_text((1 << 254) + 5) is None
    assert receipt_text((1 << 254) + (1 << 48)) is None
