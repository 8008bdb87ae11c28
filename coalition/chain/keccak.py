"""Keccak-256, with the fastest library that is installed."""

from __future__ import annotations

from importlib import import_module

from Crypto.Hash import keccak as portable

__all__ = ["keccak"]

try:
    # safe-pysha3 is seven times as fast for short input, but has no wheels for some platforms.
    _fast = import_module("sha3").keccak_256
except ImportError:
    _fast = None


def keccak(data: bytes) -> bytes:
    """Return the 32 bytes of Keccak-256 of `data`."""
    if _fast is None:
        return portable.new(digest_bits=256, data=data).digest()
    digest: bytes = _fast(data).digest()
    return digest
