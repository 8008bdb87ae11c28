"""What a reversal takes back, in every kind of campaign: the twin of `contracts/libraries/TakeBack.sol`."""

from __future__ import annotations

from coalition.ledger.rules.rule import Happening, TakenBack

__all__ = ["less", "loses_count", "points_back", "spend_lost"]


def points_back(happening: Happening, taken: TakenBack) -> int:
    """Return the points that go back of an award that was the purchase's alone.

    All of it with the first part, or pro rata: what the award is worth for the spend left, rounded down, before and after.
    """
    if taken.whole:
        return taken.points if _is_first_part(happening, taken) else 0
    left = [taken.points * spend // happening.spend_minor for spend in (taken.spend_before, taken.spend_after)]
    return left[0] - left[1]


def loses_count(happening: Happening, taken: TakenBack) -> bool:
    """True if the purchase does not count as a visit any more from this part on: the first, or, pro rata, the last."""
    return _is_first_part(happening, taken) if taken.whole else taken.spend_after == 0


def spend_lost(happening: Happening, taken: TakenBack) -> int:
    """Return the spend in minor units that does not count any more from this part on.

    All of it with the first part, or, pro rata, the part.
    """
    if taken.whole:
        return happening.spend_minor if _is_first_part(happening, taken) else 0
    return taken.spend_before - taken.spend_after


def less(amount: int, lost: int) -> int:
    """Return `amount` less `lost`, never below 0."""
    return max(0, amount - lost)


def _is_first_part(happening: Happening, taken: TakenBack) -> bool:
    return taken.spend_before == happening.spend_minor
