"""Tiers of members: the twin of `contracts/TierBook.sol`.

A member's tier is the highest of three: what was carried into the membership year, what this year's qualification
deserves, and a paid tier while it lasts. Membership years are 365 days of 86,400 seconds each, counted from the second of
enrolment. Times are Unix seconds; days are counted from the day of enrolment, which is 0. Tiers are numbered from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

__all__ = [
    "NO_PROGRAMME",
    "Downgrade",
    "Programme",
    "Qualification",
    "QualifyBy",
    "Schedule",
    "Tier",
    "TierState",
    "announced",
    "bonus_points",
    "disqualified",
    "missing_to_next",
    "programme_at",
    "qualification_at",
    "qualified",
    "tier_at",
    "with_floor",
]

DAY = 86_400
HOUR = 3_600
YEAR_DAYS = 365
DAY_MAX = (1 << 16) - 1
COUNT_MAX = (1 << 48) - 1
BPS = 10_000


class QualifyBy(IntEnum):
    """What qualifies for a tier, numbered as on the chain."""

    POINTS = 0
    SPEND = 1


class Downgrade(IntEnum):
    """How far a year's end takes a tier down: at most one, or to what the year's qualification deserves."""

    ONE_STEP = 0
    BY_BALANCE = 1


@dataclass(frozen=True, slots=True)
class Tier:
    """The qualification within a year that a tier asks for (points or minor units), and its multiplier."""

    threshold: int
    multiplier_bps: int = BPS


@dataclass(frozen=True, slots=True)
class Programme:
    """What the governor sets. `tiers` are lowest first; the first has threshold 0, the others ascend.

    For `soft_landing_days` after a year's end the tier before it is kept. After `inactivity_days` without a purchase (0: never)
    `inactivity_tiers` are taken, once until the next purchase.
    """

    tiers: tuple[Tier, ...]
    qualify_by: QualifyBy = QualifyBy.POINTS
    downgrade: Downgrade = Downgrade.ONE_STEP
    soft_landing_days: int = 0
    inactivity_days: int = 0
    inactivity_tiers: int = 0

    @property
    def top(self) -> int:
        """The highest tier."""
        return len(self.tiers) - 1

    def deserved(self, qualification: int) -> int:
        """The highest tier whose threshold `qualification` reaches."""
        return max(number for number, tier in enumerate(self.tiers) if tier.threshold <= qualification)

    def kept(self, reached: int, qualification: int) -> int:
        """The tier that is carried out of a year that ended with tier `reached`. A year's end never lifts."""
        deserved = min(reached, self.deserved(qualification))
        return max(deserved, reached - 1) if self.downgrade is Downgrade.ONE_STEP else deserved


NO_PROGRAMME = Programme((Tier(0),))
"""What counts before the first programme does."""

Schedule = Sequence[tuple[int, Programme]]
"""Programmes in the order of their versions, from 1, each with the Unix time from which it counts, ascending."""


def announced(schedule: Schedule, programme: Programme, effective_from: int, now: int) -> list[tuple[int, Programme]]:
    """The schedule after a programme was announced at `now`: it replaces one that does not count yet."""
    return [*(one for one in schedule if one[0] <= now), (effective_from, programme)]


def programme_at(schedule: Schedule, time: int) -> Programme:
    """The programme that counts at a time."""
    counting = [programme for effective_from, programme in schedule if effective_from <= time]
    return counting[-1] if counting else NO_PROGRAMME


@dataclass(frozen=True, slots=True)
class Qualification:
    """What one membership year brought: base points, and spend in minor units. Each stops at 2^48 − 1."""

    points: int = 0
    spend_minor: int = 0

    def plus(self, points: int, spend_minor: int) -> Qualification:
        """With a purchase."""
        return Qualification(min(COUNT_MAX, self.points + points), min(COUNT_MAX, self.spend_minor + spend_minor))

    def minus(self, points: int, spend_minor: int) -> Qualification:
        """With a purchase taken back."""
        return Qualification(max(0, self.points - points), max(0, self.spend_minor - spend_minor))

    def by(self, unit: QualifyBy) -> int:
        """What counts."""
        return self.points if unit is QualifyBy.POINTS else self.spend_minor


@dataclass(frozen=True, slots=True)
class TierState:
    """How things stood for a member at the latest purchase; later times follow from it.

    `this_year` is the membership year of that purchase, `year_before` the one before. `carried` is the tier carried into
    `this_year`, `former` the tier at the end of `year_before`, `carried_before` the tier carried into that one, and `idle`
    what inactivity had taken by its end. `floor_until` is the Unix time at which the paid tier `floor` lapses.
    """

    this_year: Qualification = Qualification()
    year_before: Qualification = Qualification()
    last_day: int = 0
    carried: int = 0
    former: int = 0
    carried_before: int = 0
    idle: int = 0
    floor: int = 0
    floor_until: int = 0

    @property
    def year(self) -> int:
        """The membership year of the latest purchase, from 0."""
        return self.last_day // YEAR_DAYS

    def to_word(self) -> int:
        """The word of the chain."""
        word = 0
        for value, bits in reversed(self._fields()):
            word = word << bits | value
        return word

    @classmethod
    def from_word(cls, word: int) -> TierState:
        """Read a word of the chain."""
        values = []
        for _, bits in cls()._fields():
            values.append(word & ((1 << bits) - 1))
            word >>= bits
        points, spend, points_before, spend_before, *rest = values
        last_day, carried, former, carried_before, idle, floor, _, floor_hours = rest
        return cls(
            Qualification(points, spend),
            Qualification(points_before, spend_before),
            *(last_day, carried, former, carried_before, idle),
            floor,
            floor_hours * HOUR,
        )

    def _fields(self) -> list[tuple[int, int]]:
        """Values and their widths in bits, from the lowest up."""
        now, past = self.this_year, self.year_before
        counts = [(count, 48) for count in (now.points, now.spend_minor, past.points, past.spend_minor)]
        tiers = [(tier, 4) for tier in (self.carried, self.former, self.carried_before, self.idle, self.floor)]
        return [*counts, (self.last_day, 16), *tiers, (0, 4), (self.floor_until // HOUR, 24)]


@dataclass(frozen=True, slots=True)
class Standing:
    """A member on one day: the state with every year that has ended since, and the membership year of that day."""

    state: TierState
    programme: Programme
    day: int

    def earned(self) -> int:
        """The tier without a paid one."""
        state, programme = self.state, self.programme
        soft = state.former if self.day % YEAR_DAYS < programme.soft_landing_days else 0
        deserved = programme.deserved(state.this_year.by(programme.qualify_by))
        reached = min(programme.top, max(state.carried, soft, deserved))
        return reached - taken_by_idleness(state, programme, range(self._first_day(), self.day + 1), reached)

    def tier(self, time: int) -> int:
        """The tier at a time of the day."""
        floor = self.state.floor if time < self.state.floor_until else 0
        return max(self.earned(), min(floor, self.programme.top))

    def is_idle(self) -> bool:
        """True if inactivity began to count in this year, on this day or before."""
        return idle_on(self.state, self.programme, range(self._first_day(), self.day + 1))

    def _first_day(self) -> int:
        return self.day - self.day % YEAR_DAYS


def tier_at(schedule: Schedule, state: TierState, member_since: int, time: int) -> int:
    """The member's tier at a time, not before the latest purchase."""
    return standing_at(schedule, state, member_since, time).tier(time)


def qualification_at(schedule: Schedule, state: TierState, member_since: int, time: int) -> int:
    """What the membership year has brought by then, in the unit of the programme that counts then."""
    standing = standing_at(schedule, state, member_since, time)
    return standing.state.this_year.by(standing.programme.qualify_by)


def missing_to_next(schedule: Schedule, state: TierState, member_since: int, time: int) -> int:
    """What the membership year must still bring for the tier above: 0 at the top, 1 where any purchase is enough."""
    standing = standing_at(schedule, state, member_since, time)
    tier, programme = standing.tier(time), standing.programme
    if tier == programme.top:
        return 0
    return max(1, programme.tiers[tier + 1].threshold - standing.state.this_year.by(programme.qualify_by))


def bonus_points(schedule: Schedule, tier: int, points: int, time: int) -> int:
    """What a tier adds to `points` of the base rate at a time, rounded down."""
    return points * (programme_at(schedule, time).tiers[tier].multiplier_bps - BPS) // BPS


def qualified(
    schedule: Schedule, state: TierState, member_since: int, time: int, *, points: int, spend_minor: int
) -> TierState:
    """The state after a purchase, which ends inactivity: what it took stays taken from what was carried."""
    standing = standing_at(schedule, state, member_since, time)
    state = standing.state
    if standing.is_idle():
        lowered = standing.earned()
        state = replace(state, carried=min(state.carried, lowered), former=min(state.former, lowered))
    return replace(state, this_year=state.this_year.plus(points, spend_minor), last_day=standing.day)


def disqualified(
    schedule: Schedule, state: TierState, member_since: int, purchase_time: int, *, points: int, spend_minor: int
) -> TierState:
    """The state after a purchase of that time was taken back by so much.

    It counts if the purchase was made in the membership year of the latest purchase, or in the one before, whose end is
    then told anew; years before those are final.
    """
    year = max(0, purchase_time - member_since) // DAY // YEAR_DAYS
    if year == state.year:
        return replace(state, this_year=state.this_year.minus(points, spend_minor))
    if year != state.year - 1:
        return state

    programme = programme_at(schedule, member_since + state.year * YEAR_DAYS * DAY)
    left = state.year_before.minus(points, spend_minor)
    count = left.by(programme.qualify_by)
    reached = min(programme.top, max(state.carried_before, programme.deserved(count)))
    former = max(0, reached - state.idle)
    carried = programme.kept(former, count)
    return replace(state, year_before=left, former=min(state.former, former), carried=min(state.carried, carried))


def with_floor(state: TierState, tier: int, until: int) -> TierState:
    """The state with a paid tier until a time, in whole hours rounded up; tier 0 ends it."""
    return replace(state, floor=tier, floor_until=-(-until // HOUR) * HOUR if tier else 0)


def standing_at(schedule: Schedule, state: TierState, member_since: int, time: int) -> Standing:
    """The member at a time, with every membership year that has ended since the latest purchase."""
    day = max(state.last_day, min(DAY_MAX, max(0, time - member_since) // DAY))
    for year in range(state.year, day // YEAR_DAYS):
        end = member_since + (year + 1) * YEAR_DAYS * DAY
        state = year_ended(state, programme_at(schedule, end), year)
    return Standing(state, programme_at(schedule, time), day)


def year_ended(state: TierState, programme: Programme, year: int) -> TierState:
    """The state as the next year begins; `programme` counts then. The day of the latest purchase stays."""
    count = state.this_year.by(programme.qualify_by)
    reached = min(programme.top, max(state.carried, programme.deserved(count)))
    taken = taken_by_idleness(state, programme, range(year * YEAR_DAYS, (year + 1) * YEAR_DAYS), reached)
    return replace(
        state,
        this_year=Qualification(),
        year_before=state.this_year,
        carried=programme.kept(reached - taken, count),
        former=reached - taken,
        carried_before=state.carried,
        idle=taken,
    )


def idle_on(state: TierState, programme: Programme, days: range) -> bool:
    """True if inactivity begins to count on one of `days`."""
    return programme.inactivity_days > 0 and state.last_day + programme.inactivity_days in days


def taken_by_idleness(state: TierState, programme: Programme, days: range, tier: int) -> int:
    """Tiers that inactivity takes from `tier` if it begins to count on one of `days`."""
    return min(tier, programme.inactivity_tiers) if idle_on(state, programme, days) else 0
