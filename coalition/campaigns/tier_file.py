"""Tier programmes as files: names, thresholds and what a year's end does."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coalition.campaigns.fields import UNREAD, Field, NodeReader, Reader, items, read_fields, value
from coalition.campaigns.findings import Finding, Report, require_none
from coalition.campaigns.source import Items, Node, read_source
from coalition.campaigns.values import amount, choice, days, factor, number, or_word, points, text, time
from coalition.campaigns.written import time_of
from coalition.ledger.tiers import BPS, COUNT_MAX, DAY_MAX, YEAR_DAYS, Downgrade, Programme, QualifyBy, Tier

__all__ = ["TIER_FIELDS", "CheckedTiers", "TierFile", "check_tiers", "programme_fields", "read_tiers"]

TIERS_MAX = 16
MULTIPLIER_BPS_MAX = 70_000
PAID_ONLY = -1


@dataclass(frozen=True, slots=True)
class TierFile:
    """A programme with the names of its tiers, lowest first; `effective_from` as Unix time in seconds, None for at once."""

    name: str
    says: str
    tier_names: tuple[str, ...]
    programme: Programme
    effective_from: int | None


@dataclass(frozen=True, slots=True)
class CheckedTiers:
    """The programme, if nothing is wrong with its file, and what is."""

    tiers: TierFile | None
    findings: tuple[Finding, ...]


def read_tiers(path: Path, *, now: int | None = None, minor_digits: int = 2) -> TierFile:
    """Read and check a file.

    Raises:
        InputError: `campaign_invalid`, with every finding.
    """
    checked = check_tiers(path, now=now, minor_digits=minor_digits)
    require_none(checked.findings)
    assert checked.tiers is not None
    return checked.tiers


def check_tiers(path: Path, *, now: int | None = None, minor_digits: int = 2) -> CheckedTiers:
    """Check a file; `now` is the Unix time in seconds before which no programme can begin to count, None to allow any."""
    report = Report(path.name)
    source = read_source(path, report)
    if source.root is None:
        return CheckedTiers(None, report.findings)
    at = Reader(report, minor_digits)
    values = read_fields(source.root, programme_fields(), at)
    node, counts = values["tiers"], values["counts"]
    tiers = UNREAD
    if node is not UNREAD and counts is not UNREAD:
        tiers = _tiers(node, counts, at.at("tiers"))
    if (values["inactive after"] == 0) != (values["inactivity takes"] == 0):
        at.wrong_in("inactive after" if values["inactive after"] else "inactivity takes", "inactivity_incomplete")
    if now is not None and values["counts from"] not in (None, UNREAD) and values["counts from"] < now:
        at.wrong_in("counts from", "window_past", now=time_of(now))
    found = report.findings
    return CheckedTiers(None if found else _tier_file(values, tiers), found)


def programme_fields() -> tuple[Field, ...]:
    """The table of a programme's fields."""
    downgrades = {"one step": Downgrade.ONE_STEP, "to what was reached": Downgrade.BY_BALANCE}
    counts = {"points": QualifyBy.POINTS, "spend": QualifyBy.SPEND}
    return (
        Field("programme", value(text(120)), "Insiders", says="its name"),
        Field("says", value(text()), "More perks the more you buy.", says="what members read"),
        Field("counts", value(choice(counts)), "spend", says="what a membership year adds up: `points` or `spend`"),
        Field("tiers", lambda node, at: node, "[{name: insider, from: 0}]", says="lowest first"),
        Field(
            "downgrade", value(choice(downgrades)), "one step", Downgrade.ONE_STEP, "how far a year's end takes a tier"
        ),
        Field(
            "soft landing",
            value(or_word({"none": 0}, days(0, YEAR_DAYS - 1))),
            "60 days",
            0,
            "how long the old tier is kept after a year's end",
        ),
        Field(
            "inactive after", value(or_word({"never": 0}, days(1, DAY_MAX))), "180 days", 0, "days without a purchase"
        ),
        Field("inactivity takes", value(number(1, TIERS_MAX - 1)), "1", 0, "tiers that inactivity takes"),
        Field(
            "counts from", value(time), "2018-01-01", None, "when the programme begins to count; without it, at once"
        ),
    )


TIER_FIELDS: dict[str, str] = {
    "name": "the tier's name, by which campaigns call it",
    "from": "what the membership year must add up to; `paid only` for a tier that is not earned",
    "times": "so many times the base points; without it, once",
}


def _tier_fields(counts: QualifyBy) -> tuple[Field, ...]:
    least = points(0, COUNT_MAX - TIERS_MAX) if counts is QualifyBy.POINTS else amount(0, COUNT_MAX - TIERS_MAX)
    example = "1000 points" if counts is QualifyBy.POINTS else "350.00"
    return (
        Field("name", value(text(40)), "gold", says=TIER_FIELDS["name"]),
        Field("from", value(or_word({"paid only": PAID_ONLY}, least)), example, says=TIER_FIELDS["from"]),
        Field("times", value(factor(BPS, MULTIPLIER_BPS_MAX)), "1.25", BPS, TIER_FIELDS["times"]),
    )


def _tiers(node: Node, counts: QualifyBy, at: Reader) -> Any:
    fields = _tier_fields(counts)

    def one(below: Node, here: Reader) -> Any:
        known = read_fields(below, fields, here)
        return UNREAD if UNREAD in known.values() else known

    if not isinstance(node, Items):
        return at.wrong("list_wanted", node.place)
    reader: NodeReader = items(one, TIERS_MAX)
    tiers = reader(node, at)
    if tiers is not UNREAD:
        _check_order(tiers, at)
    return tiers


def _check_order(tiers: tuple[dict[str, Any], ...], at: Reader) -> None:
    thresholds = _thresholds(tiers)
    if thresholds[0] != 0:
        at.nth(1).wrong_in("from", "first_tier_not_free")
    for place, (before, after) in enumerate(itertools.pairwise(thresholds), 2):
        if after <= before:
            at.nth(place).wrong_in("from", "tiers_not_rising")
    names = [tier["name"] for tier in tiers]
    for place, name in enumerate(names, 1):
        if name in names[: place - 1]:
            at.nth(place).wrong_in("name", "tier_twice", value=name)


def _thresholds(tiers: tuple[dict[str, Any], ...]) -> list[int]:
    """Thresholds in the order of the tiers; those of paid tiers are beyond what anybody spends, and rise all the same."""
    top = len(tiers) - 1
    written = [tier["from"] for tier in tiers]
    return [COUNT_MAX - (top - place) if known == PAID_ONLY else known for place, known in enumerate(written)]


def _tier_file(values: dict[str, Any], tiers: tuple[dict[str, Any], ...]) -> TierFile:
    steps = zip(_thresholds(tiers), tiers, strict=True)
    programme = Programme(
        tiers=tuple(Tier(threshold, tier["times"]) for threshold, tier in steps),
        qualify_by=values["counts"],
        downgrade=values["downgrade"],
        soft_landing_days=values["soft landing"],
        inactivity_days=values["inactive after"],
        inactivity_tiers=values["inactivity takes"],
    )
    names = tuple(tier["name"] for tier in tiers)
    return TierFile(values["programme"], values["says"], names, programme, values["counts from"])
