"""Times and periods in the query of a request."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query

from coalition.api.requests import Time
from coalition.errors import InputError

__all__ = ["Month", "Period", "Since", "Until", "month_of"]

MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)

Since = Annotated[Time | None, Query(description="Only what was decided then or later (RFC 3339).")]
Until = Annotated[Time | None, Query(description="Only what was decided before that time (RFC 3339).")]
Month = Annotated[
    str | None,
    Query(description="A calendar month in UTC, such as 2026-03, in place of `since` and `until`."),
]


def month_of(text: str) -> tuple[int, int]:
    """Return the first second of a month such as `2026-03` in UTC, and that of the next one, in Unix seconds.

    Raises:
        InputError: it is none.
    """
    found = MONTH.fullmatch(text)
    if found is None or not 1970 <= int(found[1]) < 9999:
        raise InputError("month: a month is written as 2026-03.", field="month")
    year, month = int(found[1]), int(found[2])
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return (
        int(datetime(year, month, 1, tzinfo=UTC).timestamp()),
        int(datetime(*following, 1, tzinfo=UTC).timestamp()),
    )


def _period(month: Month = None, since: Since = None, until: Until = None) -> tuple[int | None, int | None]:
    if month is not None and (since is not None or until is not None):
        raise InputError("Give month, or since and until, not both.", field="month")
    if month is not None:
        return month_of(month)
    if since is not None and until is not None and since >= until:
        raise InputError("until: a period ends after it began.", field="until")
    return since, until


Period = Annotated[tuple[int | None, int | None], Depends(_period)]
