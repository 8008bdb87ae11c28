"""Multiplier: more points on each purchase, on chosen days and hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Self

from coalition.ledger.operations import BPS, SPEND_MINOR_MAX
from coalition.ledger.rules import local_time
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.take_back import points_back
from coalition.ledger.rules.terms import POINTS_MAX, RATE_BPS_MAX, require_count, require_within

__all__ = ["Multiplier", "MultiplierTerms", "describe"]

BASE_POINTS, SPEND = 0, 1


@dataclass(frozen=True, slots=True)
class MultiplierTerms:
    """What a multiplier's award is, and when.

    `basis` is 0 for the points of the base rate and 1 for the spend in minor units; the award is `rate_bps` basis points of it.
    `weekday_mask` has bit 0 for Monday … 6 for Sunday. `from_minute` counts, `to_minute` does not any more; both are minutes
    of the local day.
    """

    basis: int
    rate_bps: int
    weekday_mask: int
    from_minute: int
    to_minute: int
    utc_offset_minutes: int
    min_spend_minor: int

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        words = list(astuple(self))
        words[5] += local_time.OFFSET_BIAS
        return tuple(words)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        basis, rate_bps, weekday_mask, from_minute, to_minute, offset, min_spend_minor = words
        return cls(
            basis, rate_bps, weekday_mask, from_minute, to_minute, offset - local_time.OFFSET_BIAS, min_spend_minor
        )

    def opens(self, day: int) -> int:
        """Unix second at which the hours of a local day begin."""
        return local_time.day_start(day, self.utc_offset_minutes) + 60 * self.from_minute

    def closes(self, day: int) -> int:
        """Unix second at which the hours of a local day end."""
        return local_time.day_start(day, self.utc_offset_minutes) + 60 * self.to_minute

    def is_open_on(self, day: int) -> bool:
        """True if the local day is one of the terms' weekdays."""
        return bool(self.weekday_mask >> local_time.weekday(day) & 1)


class Multiplier:
    """A part of each purchase's points or spend on top, on some days and hours. Progress is unused."""

    kind = "multiplier"
    contract = "MultiplierRule"

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        require_count(terms, 7)
        require_within(terms, 0, BASE_POINTS, SPEND)
        require_within(terms, 1, 1, RATE_BPS_MAX)
        require_within(terms, 2, 1, 127)
        require_within(terms, 3, 0, local_time.MINUTES_PER_DAY - 1)
        require_within(terms, 4, terms[3] + 1, local_time.MINUTES_PER_DAY)
        bias = local_time.OFFSET_BIAS
        require_within(terms, 5, bias + local_time.OFFSET_MINUTES_LOWEST, bias + local_time.OFFSET_MINUTES_HIGHEST)
        require_within(terms, 6, 0, SPEND_MINOR_MAX)

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress as it was, and what the purchase is worth."""
        meant = MultiplierTerms.from_words(terms)
        day = local_time.day_number(happening.time, meant.utc_offset_minutes)
        counts = (
            happening.occasion == Occasion.PURCHASE
            and happening.spend_minor >= meant.min_spend_minor
            and meant.is_open_on(day)
            and meant.opens(day) <= happening.time < meant.closes(day)
        )
        if not counts:
            return progress, NO_AWARD
        basis = happening.spend_minor if meant.basis == SPEND else happening.points
        return progress, Award(min(POINTS_MAX, basis * meant.rate_bps // BPS))

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress as it was, and what goes back of the purchase's own award."""
        return progress, Award(points_back(happening, taken))


def describe(terms: MultiplierTerms, progress: int, now: int) -> Standing:
    """Return the standing: `until` ends the hours that are open at the Unix second `now`, or open next; 0 for always open."""
    until = 0
    if (terms.weekday_mask, terms.from_minute, terms.to_minute) != (127, 0, local_time.MINUTES_PER_DAY):
        until = _open_until(terms, now)
    return Standing(done=0, needed=1, unit="purchases", next_award_points=0, until=until, completed=0)


def _open_until(terms: MultiplierTerms, now: int) -> int:
    """Return the Unix second at which the present hours end, or the next; days that follow without a gap are one."""
    day = local_time.day_number(now, terms.utc_offset_minutes)
    while not terms.is_open_on(day) or terms.closes(day) <= now:
        day += 1
    while terms.is_open_on(day + 1) and terms.opens(day + 1) == terms.closes(day):
        day += 1
    return terms.closes(day)
