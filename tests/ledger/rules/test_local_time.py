"""Local days, weeks and minutes, against the standard library's calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from coalition.ledger.rules import local_time

times = st.integers(86_400, 1 << 35)
offsets = st.integers(local_time.OFFSET_MINUTES_LOWEST, local_time.OFFSET_MINUTES_HIGHEST)


@given(times, offsets)
def test_it_is_the_calendar_s(time: int, offset_minutes: int) -> None:
    local = datetime.fromtimestamp(time, timezone(timedelta(minutes=offset_minutes)))
    day = local_time.day_number(time, offset_minutes)

    assert day == local.date().toordinal() - date(1970, 1, 1).toordinal() + 1
    assert local_time.weekday(day) == local.weekday()
    assert local_time.minute_of_day(time, offset_minutes) == local.hour * 60 + local.minute
    monday = local.date() - timedelta(days=local.weekday())
    assert local_time.week_number(time, offset_minutes) == (monday - date(1970, 1, 5)).days // 7 + 1


@given(times, offsets)
def test_days_and_weeks_begin_where_their_numbers_change(time: int, offset_minutes: int) -> None:
    for number, start in (
        (local_time.day_number, local_time.day_start),
        (local_time.week_number, local_time.week_start),
    ):
        begins = start(number(time, offset_minutes), offset_minutes)
        assert begins <= time
        assert number(begins, offset_minutes) == number(time, offset_minutes)
        assert number(begins - 1, offset_minutes) == number(time, offset_minutes) - 1
