"""Values as people write them: the way back from a campaign to the fields of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from coalition.campaigns.document import ANYBODY, BEST_ONLY, Campaign, Context
from coalition.campaigns.kinds import CONDITIONS, KINDS, MILESTONES
from coalition.campaigns.values import UNITS, WEEKDAYS
from coalition.ledger.campaigns.terms import NEVER_EARLY
from coalition.ledger.rules.levels import Stage

__all__ = ["time_of", "written"]

Show = Callable[[Any, int], str]


def written(campaign: Campaign, context: Context) -> dict[str, str]:
    """Return every field of a campaign as its file would have it, those of `terms` as `terms.award` and so on.

    A segment is told by its root, and how many accounts it has.
    """
    names = [context.partner_name(number) for number in campaign.partners]
    shares = [f"{context.partner_name(one.partner)}: {_percent(one.share_bps, 0)}" for one in campaign.sponsors]
    fields = {
        "campaign": campaign.name,
        "says": campaign.says,
        "kind": campaign.kind,
        "opens": time_of(campaign.opens_at),
        "closes": time_of(campaign.closes_at),
        "partners": f"[{', '.join(names)}]",
        "sponsors": f"{{{', '.join(shares)}}}",
        "budget": _points(campaign.budget_points, 0),
        "cap per member": _points(campaign.member_cap_points, 0) if campaign.member_cap_points else "none",
        "tiers": _tiers(campaign.tier_mask, context),
        "segment": _segment(campaign),
        "group": {0: "none", BEST_ONLY: "best only"}.get(campaign.group, str(campaign.group)),
        "take back": "whole" if campaign.takes_back_whole else "pro rata",
        "pause": "allowed" if campaign.pausable else "never",
        "early end": _early_end(campaign.end_notice_seconds),
        "opt in": _yes(campaign.opt_in, 0),
        "attestor": campaign.attestor or "none",
    }
    return fields | _terms(campaign.kind, campaign.terms, context.minor_digits)


def time_of(seconds: int) -> str:
    """A Unix time in seconds as RFC 3339 has it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _terms(kind: str, terms: Mapping[str, Any], digits: int) -> dict[str, str]:
    defaults = {field.name: field.default for field in KINDS[kind].fields}
    shown = {name: known for name, known in terms.items() if known != defaults[name]}
    return {f"terms.{name}": SHOWN.get(name, _plain)(known, digits) for name, known in shown.items()}


def _plain(known: Any, digits: int) -> str:
    return str(known)


def _yes(known: bool, digits: int) -> str:
    return "yes" if known else "no"


def _points(known: int, digits: int) -> str:
    return f"{known} point{'' if known == 1 else 's'}"


def _decimal(known: int, digits: int) -> str:
    whole, rest = divmod(known, 10**digits)
    return f"{whole}.{rest:0{digits}d}" if digits else str(whole)


def _trimmed(known: int, digits: int) -> str:
    return _decimal(known, digits).rstrip("0").rstrip(".")


def _percent(known: int, digits: int) -> str:
    return f"{_trimmed(known, 2)} %"


def _factor(known: int, digits: int) -> str:
    return _trimmed(known, 4)


def _time(known: int, digits: int) -> str:
    return time_of(known)


def _length(known: int, digits: int = 0) -> str:
    name, size = next((name, size) for name, size in reversed(UNITS.items()) if known % size == 0)
    return f"{known // size} {name}{'' if known == size else 's'}"


def _zone(known: int, digits: int) -> str:
    hour, minute = divmod(abs(known), 60)
    return f"{'-' if known < 0 else '+'}{hour:02d}:{minute:02d}"


def _hours(known: tuple[int, int], digits: int) -> str:
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in known)


def _days(known: tuple[int, ...], digits: int) -> str:
    return f"[{', '.join(WEEKDAYS[day] for day in known)}]"


def _run(known: tuple[int, int], digits: int) -> str:
    # seven days in a row are not a week
    unit, count = known
    name = "day" if unit == UNITS["day"] else "week"
    return f"{count} {name}{'' if count == 1 else 's'}"


def _limit(known: tuple[int, int], digits: int) -> str:
    count, period = known
    return f"{count} per {_length(period)}" if period else str(count)


def _action(known: int, digits: int) -> str:
    return str(known) if known else "any"


def _milestone(known: Any, digits: int) -> str:
    return next(name for name, number in MILESTONES.items() if number == known)


def _stages(known: tuple[Stage, ...], digits: int) -> str:
    return f"[{', '.join(_stage(stage, digits) for stage in known)}]"


def _stage(stage: Stage, digits: int) -> str:
    name = next(name for name, condition in CONDITIONS.items() if condition == stage.condition)
    parts = {
        name: _decimal(stage.threshold, digits) if name == "spend" else str(stage.threshold),
        "action": str(stage.action) if stage.action else "",
        "award": _points(stage.points, 0) if stage.points else "",
        "least spend": _decimal(stage.min_spend_minor, digits) if stage.min_spend_minor else "",
        "badge": str(stage.badge) if stage.badge else "",
    }
    return f"{{{', '.join(f'{part}: {shown}' for part, shown in parts.items() if shown)}}}"


def _tiers(mask: int, context: Context) -> str:
    if mask == ANYBODY:
        return "all"
    numbers = [number for number in range(mask.bit_length()) if mask >> number & 1]
    return f"[{', '.join(context.tiers[one] if one < len(context.tiers) else str(one) for one in numbers)}]"


def _segment(campaign: Campaign) -> str:
    if campaign.segment is None:
        return "none"
    count = len(campaign.segment.accounts)
    return f"0x{campaign.segment.root.hex()} ({count} account{'' if count == 1 else 's'})"


def _early_end(seconds: int) -> str:
    return "never" if seconds == NEVER_EARLY else _length(seconds)


SHOWN: dict[str, Show] = {
    "action": _action,
    "at most": _limit,
    "award": _points,
    "between": _hours,
    "chance": _percent,
    "every time": _yes,
    "in a row": _run,
    "least spend": _decimal,
    "new member": _points,
    "of": _milestone,
    "of spend": _percent,
    "on": _days,
    "payable from": _time,
    "prize": _points,
    "referrer": _points,
    "since": _time,
    "spend": _decimal,
    "stages": _stages,
    "time zone": _zone,
    "times": _factor,
    "within": _length,
}
"""How values are written that are no plain numbers."""
