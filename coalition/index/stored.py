"""Values as they stand in the tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from coalition.ledger.lots import Lots

__all__ = [
    "hash_of",
    "hash_text",
    "lots_of",
    "lots_word",
    "portions",
    "progress_key",
    "receipt_key",
    "receipt_of",
    "words_key",
    "words_of",
]

WORD_BYTES = 32
PROGRESS_BYTES = 25
KEYS_MAX = 400  # keys in one question, well below what SQLite takes

T = TypeVar("T")


def receipt_key(receipt: int) -> bytes:
    """A receipt as 32 bytes, whose order is that of the numbers."""
    return receipt.to_bytes(WORD_BYTES)


def receipt_of(key: bytes) -> int:
    """The receipt that `receipt_key` stored."""
    return int.from_bytes(key)


def lots_word(lots: Lots) -> bytes:
    """Lots as the word of the chain."""
    return lots.to_word().to_bytes(WORD_BYTES)


def lots_of(word: bytes) -> Lots:
    """The lots that `lots_word` stored."""
    return Lots.from_word(int.from_bytes(word))


def progress_key(progress: int) -> bytes:
    """A rule's progress in a campaign as 25 bytes."""
    return progress.to_bytes(PROGRESS_BYTES)


def words_key(words: Sequence[int]) -> bytes | None:
    """Award words one after another; None for none."""
    return b"".join([word.to_bytes(WORD_BYTES) for word in words]) or None


def words_of(content: bytes | None) -> tuple[int, ...]:
    """The award words that `words_key` stored."""
    content = content or b""
    return tuple(int.from_bytes(content[at : at + WORD_BYTES]) for at in range(0, len(content), WORD_BYTES))


def hash_of(text: str) -> bytes:
    """A hash of the chain (`0x…`) as bytes; no bytes for no text."""
    return bytes.fromhex(text[2:])


def hash_text(content: bytes) -> str:
    """The hash that `hash_of` stored."""
    return "0x" + content.hex() if content else ""


def portions(keys: Sequence[T]) -> Iterable[Sequence[T]]:
    """Cut keys into portions that fit into one question."""
    return (keys[start : start + KEYS_MAX] for start in range(0, len(keys), KEYS_MAX))
