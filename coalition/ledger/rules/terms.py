"""Guards of the words of a campaign's terms, and what kinds share of limits and of repeated awards."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.ledger.rules.rule import Award, TermCountInvalid, TermInvalid

__all__ = [
    "BADGE_MAX",
    "COUNT_MAX",
    "POINTS_MAX",
    "RATE_BPS_MAX",
    "TIME_MAX",
    "awards_of",
    "require_award",
    "require_count",
    "require_within",
]

POINTS_MAX = (1 << 48) - 1
"""Most points of one award."""

BADGE_MAX = (1 << 32) - 1
"""Largest number of a badge."""

COUNT_MAX = (1 << 32) - 1
"""Most stamps, cards or awards that terms can ask for."""

TIME_MAX = (1 << 40) - 1
"""Latest Unix time in seconds."""

RATE_BPS_MAX = 1_000_000
"""Highest rate of points, in basis points of a point or of a minor unit: a hundredfold."""


def require_count(terms: Sequence[int], wanted: int) -> None:
    """Raise `TermCountInvalid` unless there are `wanted` words."""
    if len(terms) != wanted:
        raise TermCountInvalid(len(terms), wanted)


def require_within(terms: Sequence[int], index: int, lowest: int, highest: int) -> None:
    """Raise `TermInvalid` unless word `index` is from `lowest` to `highest`."""
    if not lowest <= terms[index] <= highest:
        raise TermInvalid(index, terms[index])


def require_award(terms: Sequence[int], points_at: int, badge_at: int) -> None:
    """Raise `TermInvalid` unless the words of points and badge fit, and are not both 0."""
    require_within(terms, badge_at, 0, BADGE_MAX)
    require_within(terms, points_at, 0 if terms[badge_at] else 1, POINTS_MAX)


def awards_of(fewer: int, more: int, points: int, badge: int) -> Award:
    """Return what lies between `fewer` and `more` awards that a member has: `points` each, the badge with the first."""
    if fewer == more:
        return Award()
    return Award(min(POINTS_MAX, (more - fewer) * points), badge=badge if fewer == 0 else 0)
