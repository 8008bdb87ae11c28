"""What partners send and get about campaigns that are being written. Times are RFC 3339 in UTC, amounts whole numbers."""

from __future__ import annotations

from pydantic import BaseModel, Field

from coalition.api import authoring_examples as examples
from coalition.api.campaign_bodies import Amends, FileRequest, TermsBody, shown_as, terms_body
from coalition.api.requests import Member, strict
from coalition.api.requests import Time as GivenTime
from coalition.api.responses import Time
from coalition.api.times import rfc3339
from coalition.campaigns.diff import Change, is_amendable
from coalition.campaigns.findings import Finding
from coalition.campaigns.plot import svg
from coalition.campaigns.simulate import Bin, Preview
from coalition.service.campaign_authoring import CheckedFile, Compiled, KeptFile

__all__ = [
    "CampaignFileBody",
    "CheckBody",
    "CheckRequest",
    "SimulationBody",
    "SimulationRequest",
    "TemplateBody",
    "check_body",
    "file_body",
    "simulation_body",
]

PAST_MAX = 500
ACTION_MAX = (1 << 32) - 1


class CheckRequest(FileRequest):
    """A file to look through."""

    model_config = strict(examples.CHECK_REQUEST)

    amends: Amends = None


class AttestedRequest(BaseModel):
    """What a member did, as the attestor would have said it."""

    model_config = strict(examples.ATTESTED)

    member: Member
    action: int = Field(ge=0, le=ACTION_MAX, description="Its number.")
    occurred_at: GivenTime


class InvitationRequest(BaseModel):
    """Which member brought which: the new one joined the programme at that time."""

    model_config = strict(examples.INVITATION)

    member: Member
    referrer: Member
    occurred_at: GivenTime


class SimulationRequest(FileRequest):
    """A file to try on the past."""

    model_config = strict(examples.SIMULATION_REQUEST)

    actions: list[AttestedRequest] = Field(
        default=[], max_length=PAST_MAX, description="What would have been attested, for campaigns with an attestor."
    )
    invitations: list[InvitationRequest] = Field(
        default=[], max_length=PAST_MAX, description="Who brought whom, for campaigns of the kind `referral`."
    )
    shift: bool = Field(
        default=True,
        description="Move everything by whole weeks into the campaign's window, if nothing lies in it. False: leave all times.",
    )


class TemplateBody(BaseModel):
    """A file to begin with."""

    model_config = shown_as(examples.TEMPLATE)

    kind: str
    text: str = Field(description="YAML, with a remark at each field. It checks as it is.")


class FindingBody(BaseModel):
    """One thing that is wrong, and where."""

    file: str = Field(description="The campaign's file, or the list of its segment.")
    line: int = Field(description="From 1; 0 is the file as a whole. Fields sent as an object have an indent of two.")
    column: int
    field: str = Field(description="Path to the field, such as `terms.stages[2].award`; empty for the file as a whole.")
    code: str
    problem: str
    remedy: str


class ChangeBody(BaseModel):
    """One field that changed; empty where there is no such field."""

    field: str
    before: str
    after: str
    is_fixed: bool = Field(description="True if only another campaign can have this change.")


class CompiledBody(BaseModel):
    """What the chain would be given, and its number, version and hash if it were proposed next."""

    campaign: int
    version: int
    terms_hash: str
    terms: TermsBody


class CheckBody(BaseModel):
    """What a file says, or everything that is wrong with it."""

    model_config = shown_as(examples.CHECK)

    valid: bool
    findings: list[FindingBody]
    fields: dict[str, str] = Field(description="The file's fields as people read them; empty if anything is wrong.")
    compiled: CompiledBody | None = Field(description="Null if anything is wrong.")
    changes: list[ChangeBody] | None = Field(
        description="Against the latest version of the campaign that it amends; null if it amends none, if anything is wrong, "
        "or if that version's file is not kept here."
    )
    is_amendable: bool | None = Field(description="True if a version can have these changes; null without `changes`.")


class CampaignFileBody(BaseModel):
    """The file of a version, as it was proposed."""

    model_config = shown_as(examples.FILE)

    campaign: int
    version: int
    terms_hash: str
    text: str = Field(description="Its Keccak-256 is the `document` of the terms.")
    changes: list[ChangeBody] | None = Field(
        description="Against the version before; null for a first version, or if that file is not kept here."
    )


class BinBody(BaseModel):
    """How many members have from `lowest` to `highest`, both included."""

    lowest: int
    highest: int
    members: int


class SimulationBody(BaseModel):
    """What a campaign would have done. It names no members."""

    model_config = shown_as(examples.SIMULATION)

    name: str
    kind: str
    purchases: int = Field(description="Those that could count.")
    actions: int
    actions_refused: int = Field(description="Of `actions`, as the contracts would refuse them.")
    invitations: int
    invitations_refused: int
    members_seen: int = Field(description="With something that could count.")
    members_reached: int = Field(description="That would have been paid.")
    members_with_progress: int
    awards: int
    awards_cut: int = Field(description="Awards that budget or cap made smaller, down to nothing.")
    points_total: int
    budget_points: int
    budget_used_bps: int
    ran_out_at: Time | None = Field(description="When nothing was left of the budget.")
    shift_seconds: int = Field(description="By how much everything was moved to lie in the window.")
    points_by_sponsor: dict[str, int] = Field(description="By the partner's number; adds up to the total.")
    points_by_month: dict[str, int] = Field(description='By "2017-05".')
    points_per_member: list[BinBody] = Field(description="Members that were paid, by how much.")
    short_by: list[BinBody] = Field(description="Members on their way to an award, by how much is missing.")
    short_unit: str = Field(description="Of `short_by`.")
    notes: list[str] = Field(description="What is not in the figures.")
    svg: str = Field(description="The same as a picture: the text of an SVG file.")


def check_body(found: CheckedFile) -> CheckBody:
    """Return what a check found."""
    return CheckBody(
        valid=not found.findings,
        findings=[_finding(one) for one in found.findings],
        fields=dict(found.fields),
        compiled=None if found.compiled is None else _compiled(found.compiled),
        changes=_changes(found.changes),
        is_amendable=None if found.changes is None else is_amendable(found.changes),
    )


def file_body(found: KeptFile) -> CampaignFileBody:
    """Return the file of a version."""
    return CampaignFileBody(
        campaign=found.campaign,
        version=found.version,
        terms_hash="0x" + found.terms_hash.hex(),
        text=found.text,
        changes=_changes(found.changes),
    )


def simulation_body(found: Preview) -> SimulationBody:
    """Return what a campaign would have done."""
    return SimulationBody(
        name=found.name,
        kind=found.kind,
        purchases=found.purchases,
        actions=found.actions,
        actions_refused=found.actions_refused,
        invitations=found.invitations,
        invitations_refused=found.invitations_refused,
        members_seen=found.members_seen,
        members_reached=found.members_reached,
        members_with_progress=found.members_with_progress,
        awards=found.awards,
        awards_cut=found.awards_cut,
        points_total=found.points_total,
        budget_points=found.budget_points,
        budget_used_bps=found.budget_used_bps,
        ran_out_at=None if found.ran_out_at is None else rfc3339(found.ran_out_at),
        shift_seconds=found.shift_seconds,
        points_by_sponsor={str(number): points for number, points in found.points_by_sponsor.items()},
        points_by_month=dict(found.points_by_month),
        points_per_member=[_bin(one) for one in found.points_per_member],
        short_by=[_bin(one) for one in found.short_by],
        short_unit=found.short_unit,
        notes=list(found.notes),
        svg=svg(found),
    )


def _finding(one: Finding) -> FindingBody:
    return FindingBody.model_validate(one.to_json())


def _changes(found: tuple[Change, ...] | None) -> list[ChangeBody] | None:
    if found is None:
        return None
    return [ChangeBody(field=one.field, before=one.before, after=one.after, is_fixed=one.is_fixed) for one in found]


def _compiled(found: Compiled) -> CompiledBody:
    return CompiledBody(
        campaign=found.campaign,
        version=found.version,
        terms_hash="0x" + found.terms_hash.hex(),
        terms=terms_body(found.terms),
    )


def _bin(one: Bin) -> BinBody:
    return BinBody(lowest=one.lowest, highest=one.highest, members=one.members)
