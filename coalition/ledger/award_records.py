"""One thing that a campaign did for a member: what "an award" means everywhere off the chain."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from coalition.ledger.campaign_events import (
    AwardCut,
    Awarded,
    AwardOutdone,
    AwardTakenBack,
    CompanionAwarded,
    CompanionTakenBack,
    Progressed,
    RuleFailed,
)
from coalition.ledger.events import Event, Position

__all__ = ["AwardKind", "AwardRecord", "award_record_of"]


class AwardKind(IntEnum):
    """What a campaign did. A companion is who referred the member."""

    AWARD = 1
    COMPANION = 2
    TAKEN_BACK = 3
    COMPANION_TAKEN_BACK = 4
    CUT = 5
    OUTDONE = 6
    FAILED = 7
    PROGRESS = 8


@dataclass(frozen=True, slots=True)
class AwardRecord:
    """Something that a campaign did. Points have no sign: `kind` says whether they came or went; of a `CUT` they are those
    that were not paid.

    Of a purchase, `partner` and `receipt` name it where the event does; without one they are 0 and an attestation's id.
    `terms_hash` is empty and `progress` None where the event has none. `other` is the new member of a referral, where
    `member` is who referred it.
    """

    campaign: int
    member: str
    kind: AwardKind
    partner: int
    receipt: int
    points: int
    progress: int | None
    terms_hash: bytes
    other: str | None
    block: int
    log: int
    timestamp: int
    transaction: str


def award_record_of(position: Position, event: Event) -> AwardRecord | None:
    """The record that `event` tells, or None if it is nothing that a campaign did for a member."""
    told: tuple[str, AwardKind, int, int, int, int | None, bytes, str | None]
    match event:
        case Awarded():
            purchase = event.partner, event.receipt, event.points
            told = event.member, AwardKind.AWARD, *purchase, event.progress, event.terms_hash, None
        case AwardTakenBack():
            purchase = event.partner, event.receipt, event.points
            told = event.member, AwardKind.TAKEN_BACK, *purchase, event.progress, event.terms_hash, None
        case CompanionAwarded():
            hash_ = event.terms_hash
            told = event.companion, AwardKind.COMPANION, 0, 0, event.points, None, hash_, event.member
        case CompanionTakenBack():
            told = event.companion, AwardKind.COMPANION_TAKEN_BACK, 0, 0, event.points, None, b"", event.member
        case AwardCut():
            told = event.member, AwardKind.CUT, 0, 0, event.due_points - event.paid_points, None, b"", None
        case AwardOutdone():
            told = event.member, AwardKind.OUTDONE, 0, 0, event.points, None, b"", None
        case RuleFailed():
            told = event.member, AwardKind.FAILED, event.partner, event.receipt, 0, None, b"", None
        case Progressed():
            told = event.member, AwardKind.PROGRESS, 0, 0, 0, event.progress, b"", None
        case _:
            return None
    member, kind, partner, receipt, points, progress, terms_hash, other = told
    return AwardRecord(
        event.campaign,
        member,
        kind,
        partner,
        receipt,
        points,
        progress,
        terms_hash,
        other,
        position.block,
        position.log,
        position.timestamp,
        position.transaction,
    )
