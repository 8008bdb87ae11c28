"""Receipts as numbers.

A partner's receipt is any text. On the chain it is a number, and 32 neighbouring numbers share a slot, so that tills
which number their receipts one after another pay little. The mapping is fixed for ever and two texts never meet:

- decimal digits without a leading zero, below 2^63, are that number;
- any other text is cut into a head and a tail, the tail being the longest run of ASCII digits at its end, at most 12 of
  them. Its number is `1 ‖ first 207 bits of SHA-256("coalition receipt" ‖ 0 ‖ length of the tail ‖ head) ‖ tail in 48
  bits`, so that "grocery-000041" and "grocery-000042" are neighbours too.

- "voucher:TILL:NUMBER", both decimal and without leading zeros, is `01 ‖ 174 zeros ‖ till in 32 bits ‖ number in 48 bits`:
  what a till signed while it had no line. Nothing else has numbers from 2^63 to 2^255.

Two texts with one number would be a collision of SHA-256 in 207 bits.
"""

from __future__ import annotations

import hashlib
import re

from coalition.errors import InputError

__all__ = [
    "RECEIPT_BYTES_MAX",
    "TILL_MAX",
    "VOUCHER_MAX",
    "receipt_number",
    "receipt_text",
    "voucher_receipt",
    "voucher_text",
]

RECEIPT_BYTES_MAX = 200
NUMBER_MAX = 1 << 63
TAIL_DIGITS_MAX = 12
TAIL_BITS = 48
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
DIGITS = frozenset("0123456789")
VOUCHER = re.compile(r"voucher:([1-9][0-9]{0,9}):([1-9][0-9]{0,14})")
VOUCHER_BITS = 48
VOUCHER_SPACE = 1 << 254
TILL_MAX = (1 << 32) - 1
VOUCHER_MAX = (1 << VOUCHER_BITS) - 1


def receipt_number(receipt: str) -> int:
    """Return the number, below 2^256, that stands for a partner's receipt.

    Raises:
        InputError: `receipt_invalid` if the text is empty, longer than 200 bytes in UTF-8, or holds control characters,
            lone surrogates, or spaces at either end.
    """
    if receipt.isascii() and receipt.isdecimal() and len(receipt) < 19 and (receipt[0] != "0" or receipt == "0"):
        return int(receipt)
    _check(receipt)
    voucher = _voucher(receipt)
    if voucher is not None:
        return voucher
    if receipt.isascii() and receipt.isdecimal() and receipt[0] != "0" and len(receipt) == 19:
        number = int(receipt)
        if number < NUMBER_MAX:
            return number
    head = receipt
    while head and head[-1] in DIGITS and len(receipt) - len(head) < TAIL_DIGITS_MAX:
        head = head[:-1]
    tail = receipt[len(head) :]
    return _hashed(head, len(tail)) | int(tail or "0")


def receipt_text(number: int) -> str | None:
    """Return the text that stands for a receipt number, None where the number does not tell it (it is a hash)."""
    if number < NUMBER_MAX:
        return str(number)
    till, voucher = (number ^ VOUCHER_SPACE) >> VOUCHER_BITS, number & VOUCHER_MAX
    return voucher_text(till, voucher) if 0 < till <= TILL_MAX and voucher else None


def voucher_receipt(till: int, number: int) -> int:
    """Return the receipt number of a till's voucher. Vouchers that follow each other are neighbours.

    `till` is 1 to `TILL_MAX`, `number` 1 to `VOUCHER_MAX`; the voucher 0 of a till is none, and stands before its first.
    """
    return VOUCHER_SPACE | till << VOUCHER_BITS | number


def voucher_text(till: int, number: int) -> str:
    """Return the text of a voucher's receipt."""
    return f"voucher:{till}:{number}"


def _voucher(receipt: str) -> int | None:
    found = VOUCHER.fullmatch(receipt)
    if found is None:
        return None
    till, number = int(found[1]), int(found[2])
    return voucher_receipt(till, number) if till <= TILL_MAX and number <= VOUCHER_MAX else None


def _hashed(head: str, tail_length: int) -> int:
    content = b"coalition receipt\0" + bytes([tail_length]) + head.encode()
    digest = int.from_bytes(hashlib.sha256(content).digest())
    return 1 << 255 | digest >> 49 << TAIL_BITS


def _check(receipt: str) -> None:
    try:
        encoded = receipt.encode()
    except UnicodeEncodeError:
        raise InputError("The receipt is not valid text (lone surrogate).", code="receipt_invalid") from None
    if not 0 < len(encoded) <= RECEIPT_BYTES_MAX:
        raise InputError(
            f"A receipt has 1 to {RECEIPT_BYTES_MAX} bytes in UTF-8, this one has {len(encoded)}.",
            code="receipt_invalid",
        )
    if receipt != receipt.strip() or CONTROL.search(receipt):
        raise InputError(
            "A receipt has no control characters and no spaces at its ends. Send it as the till prints it.",
            code="receipt_invalid",
        )
