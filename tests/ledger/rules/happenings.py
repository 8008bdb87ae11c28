"""What the tests of the twins ask."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.ledger.rules.rule import Award, Happening, Occasion, Rule, TakenBack

DAY = 86_400
HOUR = 3_600
MONDAY = 1_700_438_400
"""Monday, 20 November 2023, 00:00 UTC, in Unix seconds."""


def purchase(spend_minor: int = 100, day: float = 0, points: int = 0) -> Happening:
    """A purchase so many days after a Monday."""
    return Happening(Occasion.PURCHASE, 1, MONDAY + int(day * DAY), spend_minor, points)


def all_of(rule: Rule, words: Sequence[int], happenings: Sequence[Happening]) -> tuple[int, list[Award]]:
    """Progress after several happenings, and the award of each."""
    progress, awards = 0, []
    for happening in happenings:
        progress, award = rule.apply(words, progress, happening)
        awards.append(award)
    return progress, awards


def wholly(happening: Happening, points: int = 0) -> TakenBack:
    """The reversal of all of a purchase."""
    return TakenBack(happening.spend_minor, 0, points, whole=False)
