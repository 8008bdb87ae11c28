"""Checks a campaign's file against the coalition: everything that is wrong, at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coalition.campaigns.document import ANYBODY, BEST_ONLY, Campaign, Context
from coalition.campaigns.fields import UNREAD, Field, NodeReader, Reader, items, keyed, read_fields, value
from coalition.campaigns.findings import Finding, Report, Written, require_none, suggestion
from coalition.campaigns.kinds import KINDS, Frame
from coalition.campaigns.segment import Segment, account_fault, read_segment
from coalition.campaigns.source import Entries, Node, Scalar, read_source
from coalition.campaigns.values import (
    Parser,
    Wrong,
    choice,
    duration,
    number,
    or_word,
    percent,
    points,
    text,
    time,
    yes_or_no,
)
from coalition.campaigns.written import time_of
from coalition.ledger.campaigns.terms import NEVER_EARLY, Sponsor
from coalition.ledger.operations import BPS
from coalition.ledger.rules.rule import TermCountInvalid, TermInvalid
from coalition.ledger.rules.twins import rule_of

__all__ = ["BUDGET_MAX", "PARTNERS_MAX", "Checked", "campaign_fields", "check", "read_campaign"]

BUDGET_MAX = (1 << 40) - 1
"""Largest budget in points."""

PARTNERS_MAX = 64
"""Most sponsors, and most partners."""

TIERS_MAX = 16
ROOT = re.compile(r"(0x)?[0-9a-fA-F]{64}", re.ASCII)
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """The campaign, if nothing is wrong with its file, and what is."""

    campaign: Campaign | None
    findings: tuple[Finding, ...]


def read_campaign(path: Path, context: Context) -> Campaign:
    """Read and check a file.

    Raises:
        InputError: `campaign_invalid`, with every finding.
    """
    checked = check(path, context)
    require_none(checked.findings)
    assert checked.campaign is not None
    return checked.campaign


def check(path: Path, context: Context) -> Checked:
    """Check a file; a segment's list is looked for beside it."""
    report = Report(path.name)
    source = read_source(path, report)
    if source.root is None:
        return Checked(None, report.findings)
    at = Reader(report, context.minor_digits)
    values = read_fields(source.root, campaign_fields(context), at)
    values["terms"] = _terms(values, at)
    _check_attestor(values, at)
    _check_money(values, at)
    _check_window(values, context, at)
    segment = _segment(values, path, context, at)
    campaign = None
    if not report.findings:
        campaign = _campaign(values, segment, source.content)
        _check_words(campaign, at)
    return Checked(None if report.findings else campaign, report.findings)


def campaign_fields(context: Context) -> tuple[Field, ...]:
    """The table of a campaign's fields."""
    partner = value(_partner(context))
    partners = items(partner, PARTNERS_MAX, "partner_twice")
    shares = keyed(partner, value(percent(1, BPS)), PARTNERS_MAX, "partner_twice")

    def one(name: str, parser: Parser, example: str, says: str, default: Any = UNREAD) -> Field:
        return Field(name, value(parser), example, default, says)

    return (
        one("campaign", text(120), "Three shops in May", "its name"),
        one("says", text(), "Visit three shops in May and get 300 points.", "what members and sponsors read"),
        one("kind", choice({kind: kind for kind in KINDS}), "quest", "what `terms` are about"),
        one("opens", time, "2017-05-01", "first moment that counts"),
        one("closes", time, "2017-06-01", "first moment that does not count any more"),
        Field("partners", partners, "[grocery, florist]", says="where purchases count: names or numbers"),
        Field("sponsors", shares, "{grocery: 60 %, florist: 40 %}", says="who pays, and how much of each award"),
        one("budget", points(1, BUDGET_MAX), "50000 points", "most points that it pays in all"),
        one("cap per member", or_word({"none": 0}, points(1, BUDGET_MAX)), "300 points", "most for one member", 0),
        Field("terms", _as_it_is, "{visits: 3, award: 300 points}", says="see the kind"),
        Field("tiers", _tiers(context), "[silver, gold]", None, "who may take part"),
        one(
            "segment",
            or_word({"none": None}, _list_name),
            "members.csv",
            "list of the accounts that may take part",
            None,
        ),
        one(
            "group",
            or_word({"none": 0, "best only": BEST_ONLY}, number(1, BEST_ONLY - 1)),
            "best only",
            "campaigns of one group do not add up: of a purchase's awards only the best is paid",
            0,
        ),
        one("take back", choice({"whole": True, "pro rata": False}), "pro rata", "what a part returned takes", False),
        one("pause", choice({"allowed": True, "never": False}), "allowed", "may a sponsor alone pause it", False),
        one(
            "early end",
            or_word({"never": NEVER_EARLY}, duration(0, NEVER_EARLY - 1)),
            "14 days",
            "notice with which a sponsor alone may end it",
            NEVER_EARLY,
        ),
        one("opt in", yes_or_no, "no", "does a member take part only after joining with its key", False),
        one(
            "attestor", or_word({"none": ""}, _account(context)), "0x…", "whose word counts for what is no purchase", ""
        ),
    )


def _as_it_is(node: Node, at: Reader) -> Any:
    return node if isinstance(node, Entries) else at.wrong("mapping_wanted", node.place)


def _partner(context: Context) -> Parser:
    numbers = set(context.partners.values())

    def parse(written: str, _: int) -> int:
        if written in context.partners:
            return context.partners[written]
        if written.isascii() and written.isdecimal() and len(written) < 11 and int(written) in numbers:
            return int(written)
        raise Wrong("partner_unknown", value=Written(written), suggestion=suggestion(written, context.partners))

    return parse


def _tier(context: Context) -> Parser:
    def parse(written: str, _: int) -> int:
        if written not in context.tiers:
            raise Wrong("tier_unknown", value=Written(written), suggestion=suggestion(written, context.tiers))
        return context.tiers.index(written)

    return parse


def _tiers(context: Context) -> NodeReader:
    named = items(value(_tier(context)), TIERS_MAX, "tier_twice")

    def read(node: Node, at: Reader) -> Any:
        return None if isinstance(node, Scalar) and node.text.strip() == "all" else named(node, at)

    return read


def _list_name(written: str, _: int) -> str:
    if ROOT.fullmatch(written):
        raise Wrong("segment_root_alone")
    if "/" in written or "\\" in written or written in {".", ".."} or "\0" in written:
        raise Wrong("segment_outside")
    return written


def _account(context: Context) -> Parser:
    def parse(written: str, _: int) -> str:
        fault = account_fault(written, context.keccak)
        if fault:
            raise Wrong("address_invalid", value=Written(written), reason=fault)
        return written

    return parse


def _terms(values: Values, at: Reader) -> Any:
    """Return what the kind's table reads; `UNREAD` if something in it is wrong."""
    kind, node = values["kind"], values["terms"]
    if kind is UNREAD or node is UNREAD:
        return UNREAD
    here = at.at("terms")
    terms = read_fields(node, KINDS[kind].fields, here)
    if UNREAD in terms.values():
        return UNREAD
    frame = [values[name] for name in ("partners", "opens", "closes")]
    if UNREAD not in frame:
        told = len(at.report.findings)
        KINDS[kind].cross(terms, Frame(tuple(sorted(frame[0])), *frame[1:]), here)
        if len(at.report.findings) > told:
            return UNREAD
    return terms


def _check_attestor(values: Values, at: Reader) -> None:
    if UNREAD in (values["kind"], values["terms"], values["attestor"]):
        return
    attests = KINDS[values["kind"]].attests(values["terms"])
    if attests and not values["attestor"]:
        at.wrong_in("attestor", "attestor_missing")
    if values["attestor"] and not attests:
        at.wrong_in("attestor", "field_unused", reason="only purchases count")


def _check_money(values: Values, at: Reader) -> None:
    budget, cap, sponsors = values["budget"], values["cap per member"], values["sponsors"]
    if sponsors is not UNREAD:
        total = sum(share for _, share in sponsors)
        if total != BPS:
            at.wrong_in("sponsors", "shares_wrong", sum=f"{total // 100}.{total % 100:02d}")
    if UNREAD in (budget, cap):
        return
    if cap > budget:
        at.wrong_in("cap per member", "cap_over_budget", cap=cap, budget=budget)
    if UNREAD in (values["kind"], values["terms"]):
        return
    award = KINDS[values["kind"]].award(values["terms"])
    if award > budget:
        at.wrong_in("budget", "award_over_budget", award=award, budget=budget)
    elif cap and award > cap:
        at.wrong_in("cap per member", "award_over_cap", award=award, cap=cap)


def _check_window(values: Values, context: Context, at: Reader) -> None:
    opens, closes = values["opens"], values["closes"]
    if UNREAD not in (opens, closes) and closes <= opens:
        at.wrong_in("closes", "window_reversed", opens=time_of(opens))
    if context.now is None:
        return
    for name in ("opens", "closes"):
        if values[name] is not UNREAD and values[name] < context.now:
            at.wrong_in(name, "window_past", now=time_of(context.now))


def _segment(values: Values, path: Path, context: Context, at: Reader) -> Segment | None:
    name = values["segment"]
    if name is None or name is UNREAD:
        return None
    here = at.at("segment")
    return read_segment(path.parent / name, at.places["segment"], here.path, at.report, context.keccak)


def _campaign(values: Values, segment: Segment | None, content: bytes) -> Campaign:
    tiers = values["tiers"]
    return Campaign(
        name=values["campaign"],
        says=values["says"],
        kind=values["kind"],
        opens_at=values["opens"],
        closes_at=values["closes"],
        partners=tuple(sorted(values["partners"])),
        sponsors=tuple(Sponsor(*pair) for pair in sorted(values["sponsors"])),
        budget_points=values["budget"],
        member_cap_points=values["cap per member"],
        terms=values["terms"],
        tier_mask=ANYBODY if tiers is None else sum(1 << tier for tier in tiers),
        group=values["group"],
        takes_back_whole=values["take back"],
        pausable=values["pause"],
        end_notice_seconds=values["early end"],
        opt_in=values["opt in"],
        attestor=values["attestor"],
        segment=segment,
        content=content,
    )


def _check_words(campaign: Campaign, at: Reader) -> None:
    """Ask the kind itself, in case that its table lets something pass."""
    try:
        rule_of(campaign.kind, lambda data: data).check(campaign.rule_terms.to_words())
    except (TermInvalid, TermCountInvalid) as refusal:
        at.wrong_in("terms", "terms_refused", index=getattr(refusal, "index", "-"))
