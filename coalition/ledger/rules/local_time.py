"""Days, weeks and minutes where the customers are, for one offset from UTC.

`offset_minutes` is how far local time is ahead of UTC. A word of terms carries it plus `OFFSET_BIAS`, so that it is never
negative. Days and weeks are numbered like those of `contracts/libraries/LocalTime.sol`: 1 January 1970 is day 1, and the week
from Monday, 5 January 1970, is week 1.
"""

from __future__ import annotations

__all__ = [
    "DAY_SECONDS",
    "MINUTES_PER_DAY",
    "OFFSET_BIAS",
    "OFFSET_MINUTES_HIGHEST",
    "OFFSET_MINUTES_LOWEST",
    "WEEK_SECONDS",
    "day_number",
    "day_start",
    "minute_of_day",
    "week_number",
    "week_start",
    "weekday",
]

DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS
MINUTES_PER_DAY = 1_440
OFFSET_BIAS = 1_440
OFFSET_MINUTES_LOWEST = -12 * 60
OFFSET_MINUTES_HIGHEST = 14 * 60
FIRST_MONDAY = 5
"""Number of the day 5 January 1970."""


def day_number(time: int, offset_minutes: int) -> int:
    """Return the number of the local day in which the Unix second `time` lies."""
    return (time + 60 * offset_minutes) // DAY_SECONDS + 1


def day_start(day: int, offset_minutes: int) -> int:
    """Return the Unix second at which a local day begins."""
    return (day - 1) * DAY_SECONDS - 60 * offset_minutes


def week_number(time: int, offset_minutes: int) -> int:
    """Return the number of the local week, from Monday on, in which the Unix second `time` lies."""
    return (day_number(time, offset_minutes) - FIRST_MONDAY) // 7 + 1


def week_start(week: int, offset_minutes: int) -> int:
    """Return the Unix second at which a local week begins."""
    return day_start(FIRST_MONDAY + 7 * (week - 1), offset_minutes)


def weekday(day: int) -> int:
    """Return the weekday of a numbered day: 0 Monday … 6 Sunday."""
    return (day - FIRST_MONDAY) % 7


def minute_of_day(time: int, offset_minutes: int) -> int:
    """Return the minute of the local day in which the Unix second `time` lies, from 0 to 1,439."""
    return (time + 60 * offset_minutes) % DAY_SECONDS // 60
