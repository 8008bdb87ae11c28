"""RFC 3339 times outside, Unix seconds inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime

__all__ = ["rfc3339", "unix_seconds"]

RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def rfc3339(seconds: int) -> str:
    """Return Unix seconds as RFC 3339 in UTC, such as `2026-03-01T12:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix_seconds(text: str) -> int:
    """Return an RFC 3339 time with its offset from UTC as Unix seconds; a fraction of a second is cut off.

    Raises:
        ValueError: it is no such time, or lies before 1970.
    """
    found = RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("a time is RFC 3339 with an offset, such as 2026-03-01T12:00:00Z")
    date, clock, offset = found.groups()
    try:
        seconds = int(datetime.fromisoformat(f"{date}T{clock}{offset.upper()}").timestamp())
    except (ValueError, OverflowError):
        raise ValueError("there is no such time") from None
    if seconds < 0:
        raise ValueError("times start in 1970")
    return seconds
