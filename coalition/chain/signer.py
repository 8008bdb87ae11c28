"""What signs: a seam of one method, so that a key can live in a file, in memory, or in another machine."""

from __future__ import annotations

import secrets
from typing import Protocol

from coincurve import PrivateKey

from coalition.chain.addresses import checksummed
from coalition.chain.keccak import keccak
from coalition.errors import SetupError

__all__ = ["KeySigner", "Signer", "random_key"]

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Signer(Protocol):
    """A key that signs."""

    @property
    def address(self) -> str:
        """The key's address, EIP-55."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """Return the signature over 32 bytes: 65 bytes r ‖ s ‖ v, with a low s and v 27 or 28."""
        ...


class KeySigner:
    """Signs with a private key in memory."""

    __slots__ = ("_key", "address")

    def __init__(self, private_key: bytes) -> None:
        """`private_key`: 32 bytes.

        Raises:
            SetupError: `key_invalid` if that is no private key.
        """
        if len(private_key) != 32 or not 0 < int.from_bytes(private_key) < CURVE_ORDER:
            raise SetupError("A private key is 32 bytes, between 1 and the curve's order.", code="key_invalid")
        self._key = PrivateKey(private_key)
        point = self._key.public_key.format(compressed=False)
        self.address = checksummed(keccak(point[1:])[12:].hex())

    def __repr__(self) -> str:
        return f"KeySigner(address={self.address!r})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("A private key is not pickled.")

    @classmethod
    def random(cls) -> KeySigner:
        """A new key."""
        return cls(random_key())

    def sign(self, digest: bytes) -> bytes:
        """See `Signer.sign`."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + (b"\x1b", b"\x1c")[signature[64]]


def random_key() -> bytes:
    """A new private key, 32 bytes."""
    return (1 + secrets.randbelow(CURVE_ORDER - 1)).to_bytes(32)
