"""Campaigns as the events of their sponsors left them, read from `changes`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, select

from coalition.index.tables import blocks, campaign_members, changes, participants
from coalition.ledger.campaigns.terms import Sponsor, Terms

__all__ = [
    "ApprovalRow",
    "CampaignRow",
    "CampaignStatus",
    "CampaignTotals",
    "CountingRow",
    "VersionRow",
    "campaign_rows",
    "live_versions",
    "rules_listed",
    "started_rows",
    "totals_of",
    "version_rows",
]

OF_VERSIONS = ("CampaignProposed", "TermsApproved", "CampaignStarted", "CampaignTurnedOver")
OF_CAMPAIGNS = (*OF_VERSIONS, "CampaignPaused", "CampaignResumed", "CampaignEnded", "CampaignClosed")


class CampaignStatus(StrEnum):
    """Where a campaign is in its life."""

    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    OVER = "over"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A sponsor's agreement to terms, which lets the campaign start until `approved_until` (Unix seconds)."""

    partner: int
    approved_until: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a campaign's terms: `by` is the partner that proposed it, times are Unix seconds.

    `approvals` go by the partner's number; `started_at` is 0 unless it was started.
    """

    campaign: int
    version: int
    terms_hash: bytes
    terms: Terms
    by: int
    proposed_at: int
    approvals: tuple[ApprovalRow, ...] = ()
    started_at: int = 0

    @property
    def missing(self) -> tuple[int, ...]:
        """Sponsors that never approved it."""
        known = {approval.partner for approval in self.approvals}
        return tuple(sponsor.partner for sponsor in self.terms.sponsors if sponsor.partner not in known)


@dataclass(frozen=True, slots=True)
class CountingRow:
    """A campaign at a time.

    `version`, `terms_hash` and `terms` are those that count; before the start, those that were proposed last. `closes_at`
    considers an early end (Unix seconds); `next_version` waits for its time, 0 for none.
    """

    campaign: int
    status: CampaignStatus
    version: int
    terms_hash: bytes
    terms: Terms
    closes_at: int
    next_version: int


@dataclass(frozen=True, slots=True)
class CampaignRow(CountingRow):
    """A campaign as of the head. `paid_points` is less what was taken back."""

    paid_points: int

    @property
    def points_left(self) -> int:
        """What is left of the budget."""
        return self.terms.budget_points - self.paid_points


@dataclass(frozen=True, slots=True)
class CampaignTotals:
    """What a campaign came to. `points` are less what was taken back; `members_joined` are those that had to join."""

    campaign: int
    members_reached: int
    members_joined: int
    awards: int
    points: int


@dataclass(slots=True)
class Life:
    """A campaign while its events are read. `live` and `next` are versions, 0 for none."""

    versions: dict[int, VersionRow] = field(default_factory=dict)
    live: int = 0
    next: int = 0
    ends_at: int = 0
    paused: bool = False
    closed: bool = False

    def at(self, campaign: int, timestamp: int) -> tuple[int, CampaignStatus, int, bytes, Terms, int, int]:
        """The fields of the campaign's `CountingRow` at a Unix time in seconds."""
        taken_over = self.next and self.versions[self.next].terms.opens_at <= timestamp
        number = self.next if taken_over else self.live or max(self.versions)
        row = self.versions[number]
        closes_at = row.terms.closes_at if taken_over else self.ends_at or row.terms.closes_at
        waiting = 0 if taken_over else self.next
        status = self._status(row.terms.opens_at, closes_at, timestamp)
        return campaign, status, number, row.terms_hash, row.terms, closes_at, waiting

    def _status(self, opens_at: int, closes_at: int, timestamp: int) -> CampaignStatus:
        if not self.live:
            return CampaignStatus.PROPOSED
        if self.closed:
            return CampaignStatus.CLOSED
        if timestamp >= closes_at:
            return CampaignStatus.OVER
        if timestamp < opens_at:
            return CampaignStatus.SCHEDULED
        return CampaignStatus.PAUSED if self.paused else CampaignStatus.RUNNING


def campaign_rows(connection: Connection, timestamp: int, campaign: int | None = None) -> list[CampaignRow]:
    """Return one campaign, or all in the order of their numbers, at a Unix time in seconds."""
    m = campaign_members.c
    question = select(m.campaign, func.sum(m.points)).group_by(m.campaign)
    if campaign is not None:
        question = question.where(m.campaign == campaign)
    paid = {number: int(points) for number, points in connection.execute(question)}
    lives = _lives(connection, OF_CAMPAIGNS, campaign)
    return [CampaignRow(*life.at(number, timestamp), paid.get(number, 0)) for number, life in sorted(lives.items())]


def started_rows(connection: Connection, timestamp: int) -> list[CountingRow]:
    """Return all campaigns that were started, in the order of their numbers, at a Unix time in seconds."""
    lives = _lives(connection, OF_CAMPAIGNS, None)
    return [CountingRow(*life.at(number, timestamp)) for number, life in sorted(lives.items()) if life.live]


def version_rows(connection: Connection, campaign: int) -> list[VersionRow]:
    """Return all versions of a campaign's terms with their approvals, in order."""
    lives = _lives(connection, OF_VERSIONS, campaign)
    return [life.versions[version] for life in lives.values() for version in sorted(life.versions)]


def live_versions(connection: Connection) -> dict[int, int]:
    """Return the version that counts of each campaign that was started, by its number."""
    live: dict[int, int] = {}
    for event, details, _ in _told(connection, ("CampaignStarted", "CampaignTurnedOver"), None):
        if event == "CampaignTurnedOver":
            live[details["campaign"]] = details["version"]
        else:
            live.setdefault(details["campaign"], details["version"])
    return live


def rules_listed(connection: Connection) -> list[str]:
    """Return the addresses of the kinds that may be proposed, in the order in which they were listed."""
    question = select(changes.c.event, changes.c.subject).where(changes.c.event.in_(("RuleListed", "RuleDelisted")))
    listed: dict[str, None] = {}
    for event, rule in connection.execute(question.order_by(changes.c.block, changes.c.log)):
        listed.pop(rule, None)
        if event == "RuleListed":
            listed[rule] = None
    return list(listed)


def totals_of(connection: Connection, campaign: int) -> CampaignTotals:
    """Return what a campaign came to; zeros for one that is not known."""
    m = campaign_members.c
    reached = func.count().filter(m.awards > 0)
    sums = func.coalesce(func.sum(m.awards), 0), func.coalesce(func.sum(m.points), 0)
    members, awards, points = connection.execute(select(reached, *sums).where(m.campaign == campaign)).one()
    p = participants.c
    joined = select(func.count()).where(p.campaign == campaign, p.referrer.is_(None))
    return CampaignTotals(campaign, members, connection.execute(joined).scalar_one(), int(awards), int(points))


def _lives(connection: Connection, events: Iterable[str], campaign: int | None) -> dict[int, Life]:
    lives: dict[int, Life] = {}
    for event, details, at in _told(connection, events, campaign):
        CHANGES[event](lives.setdefault(details["campaign"], Life()), details, at)
    return lives


def _told(
    connection: Connection, events: Iterable[str], campaign: int | None
) -> Iterable[tuple[str, dict[str, Any], int]]:
    """Name, details and Unix time of events of campaigns, in the order of the chain."""
    question = (
        select(changes.c.event, changes.c.details, blocks.c.timestamp)
        .join_from(changes, blocks, blocks.c.number == changes.c.block)
        .where(changes.c.event.in_(tuple(events)))
        .order_by(changes.c.block, changes.c.log)
    )
    if campaign is not None:
        question = question.where(changes.c.subject == str(campaign))
    return ((event, json.loads(text), at) for event, text, at in connection.execute(question))


def _proposed(life: Life, details: dict[str, Any], at: int) -> None:
    version, terms = details["version"], _terms(details["terms"])
    hash_ = _bytes(details["terms_hash"])
    life.versions[version] = VersionRow(details["campaign"], version, hash_, terms, details["by"], at)


def _approved(life: Life, details: dict[str, Any], at: int) -> None:
    hash_, partner = _bytes(details["terms_hash"]), details["partner"]
    for number, row in life.versions.items():
        if row.terms_hash == hash_:
            others = [approval for approval in row.approvals if approval.partner != partner]
            approvals = sorted(
                [*others, ApprovalRow(partner, details["approved_until"])], key=lambda approval: approval.partner
            )
            life.versions[number] = replace(row, approvals=tuple(approvals))


def _started(life: Life, details: dict[str, Any], at: int) -> None:
    version = details["version"]
    life.versions[version] = replace(life.versions[version], started_at=at)
    if life.live:
        life.next = version
    else:
        life.live = version


def _turned_over(life: Life, details: dict[str, Any], at: int) -> None:
    life.live, life.next, life.ends_at = details["version"], 0, 0


def _paused(life: Life, details: dict[str, Any], at: int) -> None:
    life.paused = True


def _resumed(life: Life, details: dict[str, Any], at: int) -> None:
    life.paused = False


def _ended(life: Life, details: dict[str, Any], at: int) -> None:
    life.ends_at = details["closes_at"]


def _closed(life: Life, details: dict[str, Any], at: int) -> None:
    life.closed = True


def _terms(details: dict[str, Any]) -> Terms:
    """Terms as `changes` keeps them."""
    return Terms(
        **details
        | {
            "rule_terms": tuple(details["rule_terms"]),
            "sponsors": tuple(Sponsor(**sponsor) for sponsor in details["sponsors"]),
            "partners": tuple(details["partners"]),
            "segment": _bytes(details["segment"]),
            "document": _bytes(details["document"]),
        }
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


CHANGES: dict[str, Callable[[Life, dict[str, Any], int], None]] = {
    "CampaignClosed": _closed,
    "CampaignEnded": _ended,
    "CampaignPaused": _paused,
    "CampaignProposed": _proposed,
    "CampaignResumed": _resumed,
    "CampaignStarted": _started,
    "CampaignTurnedOver": _turned_over,
    "TermsApproved": _approved,
}
