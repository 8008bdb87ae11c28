"""Streak: an award for purchases in N consecutive days or weeks, of which a few may be missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Self

from coalition.ledger.operations import SPEND_MINOR_MAX
from coalition.ledger.rules import local_time
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack, TermInvalid
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.take_back import loses_count
from coalition.ledger.rules.terms import COUNT_MAX, awards_of, require_award, require_count, require_within

__all__ = ["RECORD_UNITS", "Streak", "StreakTerms", "describe"]

RECORD_UNITS = 32
"""How many units, the newest included, progress remembers."""

PURCHASES_MAX = 7
"""A unit with so many purchases has so many or more: it stays, because nobody knows how many are left."""

RECORD_BITS = 4 * RECORD_UNITS
NEWEST_BITS = 24


@dataclass(frozen=True, slots=True)
class StreakTerms:
    """`points` and `badge` (0: none) for `units_needed` local days or weeks with a purchase.

    `unit_seconds` is 86,400 or 604,800, weeks being from Monday to Sunday. `grace_units` is how many units in between may be
    missed. A purchase counts from `min_spend_minor` on; `max_awards` of 0 is no limit.
    """

    unit_seconds: int
    units_needed: int
    grace_units: int
    points: int
    min_spend_minor: int
    utc_offset_minutes: int
    max_awards: int
    badge: int

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        words = list(astuple(self))
        words[5] += local_time.OFFSET_BIAS
        return tuple(words)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        unit_seconds, needed, grace, points, min_spend_minor, offset, max_awards, badge = words
        return cls(
            unit_seconds, needed, grace, points, min_spend_minor, offset - local_time.OFFSET_BIAS, max_awards, badge
        )

    def unit_of(self, time: int) -> int:
        """Number of the local day or week in which the Unix second `time` lies."""
        number = local_time.day_number if self.is_daily else local_time.week_number
        return number(time, self.utc_offset_minutes)

    def unit_start(self, unit: int) -> int:
        """Unix second at which a numbered day or week begins."""
        start = local_time.day_start if self.is_daily else local_time.week_start
        return start(unit, self.utc_offset_minutes)

    @property
    def is_daily(self) -> bool:
        """True for days, false for weeks."""
        return self.unit_seconds == local_time.DAY_SECONDS

    @property
    def span_units(self) -> int:
        """Units over which a run may stretch."""
        return self.units_needed + self.grace_units

    def allows(self, awards: int) -> bool:
        """True if a member with so many awards can have one more."""
        return not self.max_awards or awards < self.max_awards


@dataclass(frozen=True, slots=True)
class Progress:
    """What is remembered of the newest units, by their numbers.

    `purchases` has how many there were in a unit, at most `PURCHASES_MAX`; `paid_in` the units in which an award was paid that
    stands; `awards` counts those that stand, older ones too.
    """

    newest: int = 0
    awards: int = 0
    purchases: Mapping[int, int] = field(default_factory=dict)
    paid_in: frozenset[int] = frozenset()

    @classmethod
    def from_word(cls, word: int) -> Self:
        """Read the chain's 200 bits."""
        newest = word >> RECORD_BITS & ((1 << NEWEST_BITS) - 1)
        units = {newest - age: word >> 4 * age & 15 for age in range(RECORD_UNITS)}
        return cls(
            newest,
            word >> RECORD_BITS + NEWEST_BITS,
            {unit: bits & 7 for unit, bits in units.items() if bits & 7},
            frozenset(unit for unit, bits in units.items() if bits & 8),
        )

    def to_word(self) -> int:
        """The chain's 200 bits."""
        record = sum(count << 4 * (self.newest - unit) for unit, count in self.purchases.items())
        record += sum(8 << 4 * (self.newest - unit) for unit in self.paid_in)
        return self.awards << RECORD_BITS + NEWEST_BITS | self.newest << RECORD_BITS | record

    def rolled_to(self, unit: int) -> Progress:
        """As remembered when `unit` is the newest."""
        kept = range(unit - RECORD_UNITS + 1, unit + 1)
        purchases = {known: count for known, count in self.purchases.items() if known in kept}
        return Progress(unit, self.awards, purchases, frozenset(known for known in self.paid_in if known in kept))

    def with_purchases(self, unit: int, count: int) -> Progress:
        """With another number of purchases in a unit."""
        others = {known: number for known, number in self.purchases.items() if known != unit}
        return replace(self, purchases=others | ({unit: count} if count else {}))

    def has_run_to(self, unit: int, terms: StreakTerms) -> bool:
        """True if the units up to this one, as far as the terms' span and the award before it, have a run."""
        first = max([unit - terms.span_units + 1, *(paid + 1 for paid in self.paid_in if paid < unit)])
        return sum(first <= known <= unit for known in self.purchases) >= terms.units_needed


class Streak:
    """An award when, of the last N + grace units after the last award, N have a purchase."""

    kind = "streak"
    contract = "StreakRule"

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        require_count(terms, 8)
        if terms[0] not in (local_time.DAY_SECONDS, local_time.WEEK_SECONDS):
            raise TermInvalid(0, terms[0])
        require_within(terms, 1, 1, RECORD_UNITS)
        require_within(terms, 2, 0, RECORD_UNITS - terms[1])
        require_award(terms, points_at=3, badge_at=7)
        require_within(terms, 4, 0, SPEND_MINOR_MAX)
        bias = local_time.OFFSET_BIAS
        require_within(terms, 5, bias + local_time.OFFSET_MINUTES_LOWEST, bias + local_time.OFFSET_MINUTES_HIGHEST)
        require_within(terms, 6, 0, COUNT_MAX)

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress with a purchase more in its unit, and the award of a run that it completed."""
        meant = StreakTerms.from_words(terms)
        if happening.occasion != Occasion.PURCHASE or happening.spend_minor < meant.min_spend_minor:
            return progress, NO_AWARD
        unit = meant.unit_of(happening.time)
        before = Progress.from_word(progress).rolled_to(unit)
        count = before.purchases.get(unit, 0)
        after = before.with_purchases(unit, min(PURCHASES_MAX, count + 1))
        if count or unit in after.paid_in or not meant.allows(after.awards) or not after.has_run_to(unit, meant):
            return after.to_word(), NO_AWARD
        after = replace(after, awards=after.awards + 1, paid_in=after.paid_in | {unit})
        return after.to_word(), awards_of(before.awards, after.awards, meant.points, meant.badge)

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress with a purchase less in its unit, and the award whose run is broken by it.

        Of a unit that is not remembered any more, only what the purchase itself was paid goes back.
        """
        meant = StreakTerms.from_words(terms)
        if happening.spend_minor < meant.min_spend_minor or not loses_count(happening, taken):
            return progress, NO_AWARD
        before, unit = Progress.from_word(progress), meant.unit_of(happening.time)
        if unit <= before.newest - RECORD_UNITS:
            after, points, is_broken = before, taken.points, taken.points > 0
        else:
            after, is_broken = _without_purchase(before, unit, meant)
            points = meant.points
        if not is_broken or not after.awards:
            return after.to_word(), NO_AWARD
        after = replace(after, awards=after.awards - 1)
        return after.to_word(), awards_of(after.awards, before.awards, points, meant.badge)


def _without_purchase(progress: Progress, unit: int, terms: StreakTerms) -> tuple[Progress, bool]:
    """Return progress with a purchase less in a unit, and whether an award is without its run by it."""
    count = progress.purchases.get(unit, 0)
    if count in (0, PURCHASES_MAX):
        return progress, False
    progress = progress.with_purchases(unit, count - 1)
    paid_since = [paid for paid in progress.paid_in if paid >= unit]
    if count > 1 or not paid_since or progress.has_run_to(min(paid_since), terms):
        return progress, False
    return replace(progress, paid_in=progress.paid_in - {min(paid_since)}), True


def describe(terms: StreakTerms, progress: int, now: int) -> Standing:
    """Return the standing, counted in days or weeks.

    `needed` less `done` is in how many more units, one after another, a purchase completes the run; `until` is when that
    number grows if nothing is bought before.
    """
    known = Progress.from_word(progress)
    is_over = not terms.allows(known.awards)
    first = terms.unit_of(now)
    if first in known.purchases or first in known.paid_in:
        first += 1
    left = _units_left(known, first, terms)
    done = terms.units_needed if is_over else terms.units_needed - left
    until = 0
    if done and not is_over:
        late = first + 1
        while _units_left(known, late, terms) == left:
            late += 1
        until = terms.unit_start(late)
    return Standing(
        done=done,
        needed=terms.units_needed,
        unit="days" if terms.is_daily else "weeks",
        next_award_points=0 if is_over else terms.points,
        until=until,
        completed=known.awards,
    )


def _units_left(progress: Progress, first: int, terms: StreakTerms) -> int:
    """Return in how many units from `first` on, one after another, a purchase is needed until a run is complete."""
    bought, unit = progress, first
    while True:
        bought = bought.with_purchases(unit, 1)
        if bought.has_run_to(unit, terms):
            return unit - first + 1
        unit += 1
