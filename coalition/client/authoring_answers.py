"""What the service answers about campaigns that are being written. Units and times as in `answers.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from coalition.client.campaign_answers import Terms

__all__ = ["Bin", "CampaignCheck", "CampaignFile", "Change", "Compiled", "Finding", "Simulation", "Template"]


@dataclass(frozen=True, slots=True)
class Template:
    """A file to begin with: YAML, with a remark at each field."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: `line` and `column` from 1 (0: the file as a whole), `field` such as `terms.award`."""

    file: str
    line: int
    column: int
    field: str
    code: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field that changed; empty where there is no such field. `is_fixed`: only another campaign can have it."""

    field: str
    before: str
    after: str
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the chain would be given, and its number, version and hash if it were proposed next."""

    campaign: int
    version: int
    terms_hash: str
    terms: Terms


@dataclass(frozen=True, slots=True)
class CampaignCheck:
    """What a file says, or everything that is wrong with it.

    `changes` are those against the latest version of the campaign that it amends; `None` if it amends none, if anything is
    wrong, or if that version's file is not kept there.
    """

    valid: bool
    findings: tuple[Finding, ...]
    fields: Mapping[str, str]
    compiled: Compiled | None
    changes: tuple[Change, ...] | None
    is_amendable: bool | None


@dataclass(frozen=True, slots=True)
class CampaignFile:
    """The file of a version as it was proposed, and what it changes against the version before."""

    campaign: int
    version: int
    terms_hash: str
    text: str
    changes: tuple[Change, ...] | None


@dataclass(frozen=True, slots=True)
class Bin:
    """How many members have from `lowest` to `highest`, both included."""

    lowest: int
    highest: int
    members: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a campaign would have done. `notes` say what is not in the figures; `svg` is the text of a picture.

    `points_by_sponsor` goes by the partner's number, `points_by_month` by "2017-05". `points_per_member` counts members that
    would have been paid; `short_by` those on their way to an award, by how much is missing, in `short_unit`.
    """

    name: str
    kind: str
    purchases: int
    actions: int
    actions_refused: int
    invitations: int
    invitations_refused: int
    members_seen: int
    members_reached: int
    members_with_progress: int
    awards: int
    awards_cut: int
    points_total: int
    budget_points: int
    budget_used_bps: int
    ran_out_at: datetime | None
    shift_seconds: int
    points_by_sponsor: Mapping[str, int]
    points_by_month: Mapping[str, int]
    points_per_member: tuple[Bin, ...]
    short_by: tuple[Bin, ...]
    short_unit: str
    notes: tuple[str, ...]
    svg: str
