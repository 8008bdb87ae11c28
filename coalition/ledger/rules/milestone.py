"""Milestone: a bonus for enrolment, on each anniversary of it, or on each birthday."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import Self

from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.terms import TIME_MAX, require_award, require_count, require_within

__all__ = ["YEAR_SECONDS", "Milestone", "MilestoneTerms", "MilestoneType", "describe"]

YEAR_SECONDS = 365 * 86_400
"""A membership year: 365 days, counted from enrolment, as for tiers."""

ACTION_MAX = (1 << 32) - 1


class MilestoneType(IntEnum):
    """What is marked, numbered as on the chain."""

    ENROLMENT = 1
    ANNIVERSARY = 2
    BIRTHDAY = 3


@dataclass(frozen=True, slots=True)
class MilestoneTerms:
    """`points` and `badge` (0: none) for a milestone of `type` at the Unix second `since` or later.

    `action` is the code by which a birthday is attested, 0 for the other types.
    """

    type: int
    points: int
    since: int
    action: int
    badge: int

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        return astuple(self)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        return cls(*words)


class Milestone:
    """Paid when it comes to light: by any purchase or claim, or, a birthday, by its attestation."""

    kind = "milestone"
    contract = "MilestoneRule"

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        require_count(terms, 5)
        require_within(terms, 0, MilestoneType.ENROLMENT, MilestoneType.BIRTHDAY)
        require_award(terms, points_at=1, badge_at=4)
        require_within(terms, 2, 0, TIME_MAX)
        if terms[0] == MilestoneType.BIRTHDAY:
            require_within(terms, 3, 1, ACTION_MAX)
        else:
            require_within(terms, 3, 0, 0)

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress with the milestone that is due, and its award; each is paid once."""
        meant = MilestoneTerms.from_words(terms)
        if happening.member_since == 0 or happening.time < happening.member_since:
            return progress, NO_AWARD
        due = _due(meant, happening)
        if due <= progress:
            return progress, NO_AWARD
        return due, Award(meant.points, badge=meant.badge)

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress as it is: a returned purchase does not make a member less of one."""
        return progress, NO_AWARD


def _due(terms: MilestoneTerms, happening: Happening) -> int:
    """Return the progress of somebody who was paid what is due at this happening, 0 if nothing is."""
    year = (happening.time - happening.member_since) // YEAR_SECONDS
    if terms.type == MilestoneType.BIRTHDAY:
        is_birthday = happening.occasion == Occasion.ATTESTATION and happening.subject == terms.action
        return year + 1 if is_birthday and happening.time >= terms.since else 0
    if happening.occasion not in (Occasion.PURCHASE, Occasion.CLAIM):
        return 0
    if terms.type == MilestoneType.ENROLMENT:
        return int(happening.member_since >= terms.since)
    return year if happening.member_since + year * YEAR_SECONDS >= terms.since else 0


def describe(terms: MilestoneTerms, progress: int, now: int) -> Standing:
    """Return the standing, counted in milestones; it does not depend on the Unix second `now`.

    Progress tells the membership year that was paid last, not how many were: `completed` is 1 once any was.
    """
    is_over = terms.type == MilestoneType.ENROLMENT and progress > 0
    return Standing(
        done=int(is_over),
        needed=1,
        unit="milestones",
        next_award_points=0 if is_over else terms.points,
        until=0,
        completed=int(progress > 0),
    )
