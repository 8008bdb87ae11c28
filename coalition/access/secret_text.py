"""What secrets look like: API keys and access tokens.

A key is `ck_<id>_<secret><checksum>`: 12 letters and digits that name it, 43 that carry 256 random bits, and six of a
CRC-32 over all that stands before, so that a scanner for leaked secrets can tell a key from a look-alike and a typing
error is seen at once. A token is `ct_<secret><checksum>`. A fast hash (SHA-256) is enough for both: slow ones protect secrets
that people choose, and 256 random bits cannot be guessed at any speed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib

__all__ = ["digest", "id_of", "is_token", "join", "new_id", "new_key", "new_token"]

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEY = re.compile(r"ck_([0-9A-Za-z]{12})_[0-9A-Za-z]{43}([0-9A-Za-z]{6})", re.ASCII)
TOKEN = re.compile(r"ct_[0-9A-Za-z]{43}([0-9A-Za-z]{6})", re.ASCII)


def new_id() -> str:
    """Return a name for a key."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def new_key(key_id: str) -> str:
    """Return a secret under a key's name."""
    return _with_checksum(f"ck_{key_id}_{_random()}")


def new_token() -> str:
    """Return a secret that names nobody."""
    return _with_checksum(f"ct_{_random()}")


def id_of(text: str) -> str:
    """Return the name in a text that has the form of a key; empty for any other."""
    shape = KEY.fullmatch(text)
    return shape[1] if shape is not None and _checksum(text[:-6]) == shape[2] else ""


def is_token(text: str) -> bool:
    """True if a text has the form of a token."""
    shape = TOKEN.fullmatch(text)
    return shape is not None and _checksum(text[:-6]) == shape[1]


def join(client_id: str, client_secret: str) -> str:
    """Return the key that a client's two halves make: its id, and what follows it."""
    return f"ck_{client_id}_{client_secret}"


def digest(text: str) -> bytes:
    """Return the hash under which a secret is kept."""
    return hashlib.sha256(text.encode(errors="replace")).digest()


def _random() -> str:
    return _base62(secrets.randbits(256), 43)


def _with_checksum(text: str) -> str:
    return text + _checksum(text)


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), 6)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
