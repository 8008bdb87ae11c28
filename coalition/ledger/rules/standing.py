"""Where a member stands in a campaign, in numbers that a wallet can show."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is done, what is next, and until when.

    `done` of `needed` towards the next award, counted in `unit` ("stamps", "minor" for minor units of spend, "days", …).
    `next_award_points` is what the next award is worth, 0 if there is none to come. `until` is the Unix time in seconds at
    which something of what is done is lost or the chance is over, 0 if the kind itself sets no end. `completed` counts the
    awards that stand.
    """

    done: int
    needed: int
    unit: str
    next_award_points: int
    until: int
    completed: int
