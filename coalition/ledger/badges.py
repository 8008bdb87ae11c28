"""Badges as tokens: the number of a badge and the account that has it, in one id (`contracts/BadgeBook.sol`)."""

from __future__ import annotations

__all__ = ["BADGES_PER_GROUP", "badge_of", "held", "token_id"]

BADGES_PER_GROUP = 240
ACCOUNT_BITS = 160


def token_id(badge: int, account: str) -> int:
    """The id of an account's badge; `account` is hexadecimal text."""
    return badge << ACCOUNT_BITS | int(account, 16)


def badge_of(token: int) -> int:
    """The badge's number in an id."""
    return token >> ACCOUNT_BITS


def held(group: int, bits: int) -> list[int]:
    """The badges that `BadgeBook.badgesOf` answers for a group, ascending."""
    return [BADGES_PER_GROUP * group + place for place in range(BADGES_PER_GROUP) if bits >> place & 1]
