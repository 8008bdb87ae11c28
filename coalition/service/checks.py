"""Early refusal of what the ledger would refuse anyway, with a sentence that says what to do."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from eth_utils.address import to_checksum_address

from coalition.errors import InputError
from coalition.ledger.ids import TILL_MAX, VOUCHER_MAX, receipt_number, voucher_receipt
from coalition.ledger.operations import POINTS_MAX, SPEND_MINOR_MAX

__all__ = ["check_address", "check_new_receipt", "check_points", "check_signature", "check_spend_minor"]

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
SIGNATURE_BYTES_MAX = 4096
VOUCHERS = range(voucher_receipt(0, 0), voucher_receipt(TILL_MAX, VOUCHER_MAX) + 1)


def check_spend_minor(value: Any) -> int:
    """Return a spend in minor units.

    Raises:
        InputError: `amount_invalid` if it is not a whole number of at least 1, `amount_too_large` from 2^48 on.
    """
    return _check_amount(value, "spend_minor", "minor units (cents)", SPEND_MINOR_MAX)


def check_points(value: Any) -> int:
    """Return a number of points. Raises as `check_spend_minor`."""
    return _check_amount(value, "points", "points", POINTS_MAX)


def check_address(value: str, field: str = "member") -> str:
    """Return an address in its checksummed form (EIP-55).

    Raises:
        InputError: `address_invalid` if it is not 0x and 40 hexadecimal digits, or its mixed case is not its checksum.
    """
    if not ADDRESS.fullmatch(value):
        raise InputError(f"{field}: an address is 0x and 40 hexadecimal digits.", code="address_invalid", field=field)
    digits, checksummed = value[2:], _checksummed(value)
    if digits not in (digits.lower(), digits.upper()) and value != checksummed:
        raise InputError(
            f"{field}: the address has a typing error: its upper and lower case do not match (EIP-55).",
            code="address_invalid",
            field=field,
        )
    return checksummed


@lru_cache(maxsize=1 << 16)
def _checksummed(address: str) -> str:
    """Members come again and again, and a checksum is a hash."""
    return to_checksum_address(address)


def check_new_receipt(receipt: str) -> int:
    """Return the number of a receipt that a partner gives to an operation of its own.

    Raises:
        InputError: `receipt_invalid`, or `receipt_reserved` if it is that of a till's voucher.
    """
    number = receipt_number(receipt)
    if number in VOUCHERS:
        raise InputError(
            f"{receipt!r} is the receipt of a till's voucher: hand the voucher in, or use another receipt.",
            code="receipt_reserved",
        )
    return number


def check_signature(signature: bytes) -> bytes:
    """Return a signature: empty for the allowance, 65 bytes of a key, or more of a contract account.

    Raises:
        InputError: `signature_malformed`.
    """
    if signature and not 65 <= len(signature) <= SIGNATURE_BYTES_MAX:
        raise InputError(
            f"A signature has 65 bytes (r, s, v), this one has {len(signature)}. Leave it out to use the allowance.",
            code="signature_malformed",
        )
    return signature


def _check_amount(value: Any, field: str, unit: str, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(
            f"{field} must be a whole number of {unit}, at least 1; this is {str(value)[:40]!r}.",
            code="amount_invalid",
            field=field,
        )
    if value > most:
        raise InputError(f"{field} must be below 2^48.", code="amount_too_large", field=field, most=most)
    return value
