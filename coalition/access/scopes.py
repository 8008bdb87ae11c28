"""What a key may do, in four words."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from coalition.errors import InputError

__all__ = ["ALL_SCOPES", "TILL_SCOPES", "Scope", "scopes_of", "text_of"]


class Scope(StrEnum):
    """`EARN`: earn and reverse. `REDEEM`: redeem, hold, capture, release, refund. `READ`: ask. `ADMIN`: campaigns and keys."""

    EARN = "earn"
    REDEEM = "redeem"
    READ = "read"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)
TILL_SCOPES = ALL_SCOPES - {Scope.ADMIN}


def scopes_of(words: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes that these words name.

    Raises:
        InputError: `scope_invalid` if there is none, or one that is no scope.
    """
    try:
        found = frozenset(map(Scope, words))
    except ValueError:
        found = frozenset()
    if not found:
        raise InputError(f"Scopes are {', '.join(Scope)}: one or more of them.", code="scope_invalid", field="scopes")
    return found


def text_of(scopes: Iterable[Scope]) -> str:
    """Return scopes as RFC 6749 writes them: with spaces between, here always in the same order."""
    chosen = set(scopes)
    return " ".join(scope for scope in Scope if scope in chosen)
