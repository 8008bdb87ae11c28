"""Addresses as text (EIP-55) and as words of the ABI."""

from __future__ import annotations

from functools import lru_cache

from coalition.chain.keccak import keccak

__all__ = ["ZERO_ADDRESS", "checksummed", "from_word", "is_address"]

ZERO_ADDRESS = "0x" + "0" * 40
CACHE_SIZE = 1 << 16


def checksummed(digits: str) -> str:
    """Return the EIP-55 form of 40 lower-case hexadecimal digits without `0x`."""
    digest = keccak(digits.encode()).hex()
    return "0x" + "".join(sign.upper() if digest[i] >= "8" else sign for i, sign in enumerate(digits))


@lru_cache(CACHE_SIZE)
def from_word(word: str) -> str:
    """Return the EIP-55 address in a word, text that ends in 40 lower-case digits. Cached: members come again."""
    return checksummed(word[-40:])


def is_address(text: str) -> bool:
    """True for `0x` and 40 digits, either all in one case or with the right EIP-55 checksum."""
    digits = text[2:]
    try:
        valid = text.startswith("0x") and len(bytes.fromhex(digits)) == 20 and len(digits) == 40
    except ValueError:
        return False
    if not valid or digits in (digits.lower(), digits.upper()):
        return valid
    return text == checksummed(digits.lower())
