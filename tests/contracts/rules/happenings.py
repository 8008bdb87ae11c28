"""What rules are asked, as the tuples of the ABI, and what they answer; written independently of the twins."""

from typing import Any

from brownie.exceptions import VirtualMachineError
from support import DAY, plain

PURCHASE, ATTESTATION, CLAIM, DRAW = 1, 2, 3, 4
MONDAY = 1_700_438_400
"""Monday, 20 November 2023, 00:00 UTC, in Unix seconds."""

ENROLLED = MONDAY - 100 * DAY
POINTS_MAX = 2**48 - 1
UTC = 1_440
"""The word of terms for an offset of 0."""


def happened(occasion: int, time: int = MONDAY, subject: int = 0) -> tuple:
    """Anything but a purchase."""
    return (occasion, 0, time, 0, 0, 0, ENROLLED, subject)


def purchase(spend_minor: int, time: int = MONDAY, points: int = 0, partner: int = 1, subject: int = 0) -> tuple:
    """A purchase of a member of the lowest tier."""
    return (PURCHASE, partner, time, spend_minor, points, 0, ENROLLED, subject)


def part(before: int, after: int, points: int = 0) -> tuple:
    """A reversal pro rata."""
    return (before, after, points, False)


def first_part(before: int, after: int, points: int = 0) -> tuple:
    """A reversal where any part takes the whole award back."""
    return (before, after, points, True)


def award(points: int = 0, companion_points: int = 0, badge: int = 0) -> int:
    """The word of an award."""
    return points + companion_points * 2**48 + badge * 2**96


def accepts(rule: Any, terms: list[int]) -> bool:
    """True if a kind can run on terms."""
    try:
        rule.check(terms)
    except VirtualMachineError:
        return False
    return True


def answer(called: Any) -> tuple[int, int]:
    """Progress and award as plain numbers."""
    return plain(called)


def all_of(rule: Any, terms: list[int], happenings: list[tuple], progress: int = 0) -> tuple[int, list[int]]:
    """Progress after several happenings, and the award of each."""
    awards = []
    for happening in happenings:
        progress, given = answer(rule.weigh(terms, progress, happening))
        awards.append(given)
    return progress, awards
