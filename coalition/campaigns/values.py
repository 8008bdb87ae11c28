"""What the text of one value means. Whole numbers throughout: no float is made on the way.

Every function takes the text and the number of decimals of the currency, and returns the value or raises `Wrong`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from coalition.campaigns.findings import Written, suggestion
from coalition.ledger.rules.local_time import OFFSET_MINUTES_HIGHEST, OFFSET_MINUTES_LOWEST
from coalition.ledger.rules.terms import TIME_MAX

__all__ = [
    "Parser",
    "Wrong",
    "amount",
    "choice",
    "days",
    "duration",
    "factor",
    "hours",
    "number",
    "or_word",
    "percent",
    "points",
    "text",
    "time",
    "weekday",
    "yes_or_no",
    "zone",
]

Parser = Callable[[str, int], Any]

TEXT_MAX = 500
DIGITS_MAX = 20
WHOLE = re.compile(r"-?[0-9]+(?:[_ ][0-9]+)*", re.ASCII)
DECIMAL = re.compile(r"(-?[0-9]+)(?:\.([0-9]+))?", re.ASCII)
SEPARATED = re.compile(r"-?[0-9]{1,3}(?:[.,'’][0-9]{3})+|-?[0-9]+,[0-9]+", re.ASCII)
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(?:\.0+)?([Zz]|[+-]\d\d:\d\d))?",
    re.ASCII,
)
UNITS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
LENGTH = re.compile(rf"(-?[0-9]+) ?({'|'.join(UNITS)})s?", re.ASCII)
HOURS = re.compile(r"(\d\d):([0-5]\d) ?[-–] ?(\d\d):([0-5]\d)", re.ASCII)
ZONE = re.compile(r"([+-])(\d\d):([0-5]\d)", re.ASCII)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Wrong(Exception):
    """The text means nothing in its field: the code of the message, and what fills its gaps."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def text(most: int = TEXT_MAX) -> Parser:
    """One line of text for people."""

    def parse(written: str, _: int) -> str:
        if len(written) > most or not written.isprintable():
            raise Wrong("text_invalid", count=len(written), most=most)
        return written

    return parse


def choice(words: Mapping[str, Any]) -> Parser:
    """One of several words, each with what it means."""

    def parse(written: str, _: int) -> Any:
        if written.lower() not in words:
            raise Wrong("choice_unknown", value=Written(written), suggestion=suggestion(written, words))
        return words[written.lower()]

    return parse


yes_or_no = choice({"yes": True, "no": False, "true": True, "false": False})


def or_word(words: Mapping[str, Any], parser: Parser) -> Parser:
    """A word such as `never`, or what another parser reads."""

    def parse(written: str, digits: int) -> Any:
        return words[written.lower()] if written.lower() in words else parser(written, digits)

    return parse


def number(lowest: int, highest: int) -> Parser:
    """A whole number."""

    def parse(written: str, _: int) -> int:
        if SEPARATED.fullmatch(written):
            raise Wrong("number_separated", value=Written(written))
        if not WHOLE.fullmatch(written):
            raise Wrong("number_invalid", value=Written(written))
        return _within("number_out_of_range", written, written, lowest, highest)

    return parse


def points(lowest: int, highest: int) -> Parser:
    """Whole points: `300 points`, `1 point`, `300`."""

    def parse(written: str, _: int) -> int:
        bare = re.sub(r" ?points?$", "", written)
        if SEPARATED.fullmatch(bare):
            raise Wrong("number_separated", value=Written(written))
        if not WHOLE.fullmatch(bare):
            raise Wrong("points_not_whole" if DECIMAL.fullmatch(bare) else "points_invalid", value=Written(written))
        return _within("points_out_of_range", written, bare, lowest, highest)

    return parse


def amount(lowest: int, highest: int) -> Parser:
    """Money in minor units: `5.00` by the currency's decimals, or `500 minor`."""

    def parse(written: str, digits: int) -> int:
        bare, is_minor = written.removesuffix(" minor"), written.endswith(" minor")
        if "," in bare and SEPARATED.fullmatch(bare):
            raise Wrong("number_separated", value=Written(written))
        return _scaled("amount", written, bare, 0 if is_minor else digits, lowest, highest)

    return parse


def percent(lowest_bps: int, highest_bps: int) -> Parser:
    """Basis points of a percentage: `60 %` is 6,000."""

    def parse(written: str, _: int) -> int:
        if not written.endswith("%"):
            raise Wrong("percent_invalid", value=Written(written))
        return _scaled("percent", written, written[:-1].rstrip(), 2, lowest_bps, highest_bps, shown_by=100)

    return parse


def factor(lowest_bps: int, highest_bps: int) -> Parser:
    """Basis points of a factor: `1.5` or `× 1.5` is 15,000."""

    def parse(written: str, _: int) -> int:
        bare = re.sub(r"^[x×] ?", "", written)
        return _scaled("factor", written, bare, 4, lowest_bps, highest_bps, shown_by=10_000)

    return parse


def time(written: str, _: int) -> int:
    """Unix seconds of a date (its midnight in UTC) or of an RFC 3339 time with its zone."""
    parts = TIME.fullmatch(written)
    if not parts:
        raise Wrong("time_invalid", value=Written(written))
    day, minute, second, offset = parts.groups()
    zoned = f"{day}T{minute or '00:00'}{second or ':00'}{(offset or 'Z').upper()}"
    try:
        seconds = int(datetime.fromisoformat(zoned).astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        raise Wrong("time_invalid", value=Written(written)) from None
    if not 0 <= seconds <= TIME_MAX:
        raise Wrong("time_invalid", value=Written(written))
    return seconds


def duration(lowest: int, highest: int) -> Parser:
    """Seconds of a length of time: `14 days`."""

    def parse(written: str, _: int) -> int:
        parts = LENGTH.fullmatch(written.lower())
        if not parts:
            raise Wrong("duration_invalid", value=Written(written))
        count, unit = parts.groups()
        seconds = int(count) * UNITS[unit] if len(count) < DIGITS_MAX else highest + 1
        if not lowest <= seconds <= highest:
            raise Wrong(
                "duration_out_of_range", value=Written(written), lowest=_length(lowest), highest=_length(highest)
            )
        return seconds

    return parse


def days(lowest: int, highest: int) -> Parser:
    """A number of whole days: `14 days`, `2 weeks`."""
    read = duration(lowest * UNITS["day"], highest * UNITS["day"])

    def parse(written: str, digits: int) -> int:
        count, rest = divmod(read(written, digits), UNITS["day"])
        if rest:
            raise Wrong("days_not_whole", value=Written(written))
        return int(count)

    return parse


def hours(written: str, _: int) -> tuple[int, int]:
    """Minutes of the day from which and until which: `17:00-19:30`, `00:00-24:00`."""
    parts = HOURS.fullmatch(written)
    if parts:
        from_hour, from_minute, to_hour, to_minute = (int(part) for part in parts.groups())
        opens, closes = from_hour * 60 + from_minute, to_hour * 60 + to_minute
        if opens < closes <= 24 * 60:
            return opens, closes
    raise Wrong("hours_invalid", value=Written(written))


def zone(written: str, _: int) -> int:
    """Minutes ahead of UTC: `+02:00`, or `UTC`."""
    if written in {"UTC", "Z"}:
        return 0
    parts = ZONE.fullmatch(written)
    if parts:
        sign, hour, minute = parts.groups()
        minutes = (int(hour) * 60 + int(minute)) * (-1 if sign == "-" else 1)
        if OFFSET_MINUTES_LOWEST <= minutes <= OFFSET_MINUTES_HIGHEST:
            return minutes
    raise Wrong("zone_invalid", value=Written(written))


weekday = choice({name: place for place, name in enumerate(WEEKDAYS)})


def _scaled(what: str, written: str, bare: str, digits: int, lowest: int, highest: int, *, shown_by: int = 1) -> int:
    """Return a decimal number times ten to the `digits`; `shown_by` is by what bounds are divided where they are told."""
    parts = DECIMAL.fullmatch(bare)
    if not parts:
        raise Wrong(f"{what}_invalid", value=Written(written))
    whole, fraction = parts[1], parts[2] or ""
    if len(fraction) > digits:
        code = "amount_too_fine" if what == "amount" else f"{what}_invalid"
        raise Wrong(code, value=Written(written), digits=digits)
    scaled = whole + fraction.ljust(digits, "0")
    return _within(f"{what}_out_of_range", written, scaled, lowest, highest, shown_by=shown_by)


def _within(code: str, written: str, digits: str, lowest: int, highest: int, *, shown_by: int = 1) -> int:
    bare = digits.replace("_", "").replace(" ", "")
    magnitude = bare.removeprefix("-").lstrip("0")
    # Python refuses to read a number of thousands of digits
    value = int(magnitude or "0") if len(magnitude) <= DIGITS_MAX else highest + 1
    if not lowest <= value <= highest or bare.startswith("-"):
        raise Wrong(code, value=Written(written), lowest=_bound(lowest, shown_by), highest=_bound(highest, shown_by))
    return value


def _bound(bound: int, shown_by: int) -> str:
    whole, rest = divmod(bound, shown_by)
    return f"{whole}.{rest:0{len(str(shown_by)) - 1}d}".rstrip("0") if rest else str(whole)


def _length(seconds: int) -> str:
    name, size = next((name, size) for name, size in reversed(UNITS.items()) if seconds % size == 0 or name == "minute")
    count = seconds // size
    return f"{count} {name}{'' if count == 1 else 's'}"
