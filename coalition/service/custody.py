"""Accounts of members who have no wallet of their own: the coalition keeps their keys.

The key of a member is derived from one secret, the custody seed, and the member's reference: HMAC-SHA-256 over "coalition
member", a zero byte and the reference, as in the extract step of HKDF (RFC 5869). Accounts look random to whoever lacks the
seed, the same reference leads to the same account on any day and after any loss of a database, and nothing about a member
has to be written down.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache

from coalition.chain.keccak import keccak
from coalition.chain.signer import CURVE_ORDER, KeySigner
from coalition.errors import InputError
from coalition.service.checks import check_address

__all__ = ["CUSTODY_SEED", "Custody"]

CUSTODY_SEED = keccak(b"coalition custody seed")
"""What the key of the custody signs; the hash of the signature is the seed."""

REFERENCE_BYTES_MAX = 200
LOOKS_LIKE_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{10,}")


class Custody:
    """Derives members' keys from the custody seed of 32 bytes."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._address = lru_cache(maxsize=100_000)(self._derived_address)

    def account(self, member: str) -> str:
        """Return the account of a member: the address itself where `member` is one, else that of the reference.

        Raises:
            InputError: `address_invalid`, or `member_invalid` if the reference is empty, too long, or has spaces at its
                ends or control characters.
        """
        if LOOKS_LIKE_ADDRESS.fullmatch(member):
            return check_address(member)
        return self._address(member)

    def signer(self, member: str) -> KeySigner:
        """Return the key of a member in custody.

        Raises:
            InputError: `key_not_in_custody` if `member` is an address: its key is its owner's.
        """
        if LOOKS_LIKE_ADDRESS.fullmatch(member):
            raise InputError(
                "The key of this account is not in custody: give the member's signature, or use the allowance.",
                code="key_not_in_custody",
            )
        return KeySigner(self._derived_key(member))

    def _derived_address(self, member: str) -> str:
        return KeySigner(self._derived_key(member)).address

    def _derived_key(self, member: str) -> bytes:
        content = b"coalition member\0" + _checked(member)
        while True:
            digest = hmac.new(self._seed, content, hashlib.sha256).digest()
            if 0 < int.from_bytes(digest) < CURVE_ORDER:
                return digest
            content += b"\0"


def _checked(member: str) -> bytes:
    try:
        encoded = member.encode()
    except UnicodeEncodeError:
        raise InputError("The member's reference is not valid text.", code="member_invalid") from None
    if not 0 < len(encoded) <= REFERENCE_BYTES_MAX or member != member.strip() or not member.isprintable():
        raise InputError(
            f"A member's reference has 1 to {REFERENCE_BYTES_MAX} printable bytes and no spaces at its ends.",
            code="member_invalid",
        )
    return encoded
