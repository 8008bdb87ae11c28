"""Receipts as numbers.

A partner's receipt is any text. On the chain it is a number, and 32 neighbouring numbers share a slot, so that tills
which number their receipts one after another pay little. The mapping is fixed for ever and two texts never meet:

- decimal digits without a leading zero, below 2^63, are that number;
- any other text is cut into a head and a tail, the tail being the longest run of ASCII digits at its end, at most 12 of
  them. Its number is `1 ‖ first 207 bits of SHA-256("coalition receipt" ‖ 0 ‖ length of the tail ‖ head) ‖ tail in 48
  bits`, so that "grocery-000041" and "grocery-000042" are neighbours too.

Two texts with one number would be a collision of SHA-256 in 207 bits.
"""

from __future__ import annotations

import hashlib
import re

from coalition.errors import InputError

__all__ = ["RECEIPT_BYTES_MAX", "receipt_number"]

RECEIPT_BYTES_MAX = 200
NUMBER_MAX = 1 << 63
TAIL_DIGITS_MAX = 12
TAIL_BITS = 48
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
DIGITS = frozenset("0123456789")


def receipt_number(receipt: str) -> int:
    """Return the number, below 2^256, that stands for a partner's receipt.

    Raises:
        InputError: `receipt_invalid` if the text is empty, longer than 200 bytes in UTF-8, or holds control characters,
            lone surrogates, or spaces at either end.
    """
    if receipt.isascii() and receipt.isdecimal() and len(receipt) < 19 and (receipt[0] != "0" or receipt == "0"):
        return int(receipt)
    _check(receipt)
    if receipt.isascii() and receipt.isdecimal() and receipt[0] != "0" and len(receipt) == 19:
        number = int(receipt)
        if number < NUMBER_MAX:
            return number
    head = receipt
    while head and head[-1] in DIGITS and len(receipt) - len(head) < TAIL_DIGITS_MAX:
        head = head[:-1]
    tail = receipt[len(head) :]
    return _hashed(head, len(tail)) | int(tail or "0")


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
