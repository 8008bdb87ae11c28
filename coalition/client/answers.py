"""What the service answers about operations, members and partners.

Points and money are whole numbers, money in minor units; times have their offset, UTC. Names that a later service may add to
(`kind`, `status`, `code`) are plain text, so that an older client still reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from coalition.client.campaign_answers import PurchasePreview
from coalition.client.errors import ApiError

__all__ = [
    "Balance",
    "Batch",
    "BulkAnswer",
    "BulkLine",
    "BulkSummary",
    "CampaignAwards",
    "Check",
    "EpochPoints",
    "Health",
    "Key",
    "Keys",
    "Lot",
    "Operation",
    "OperationPage",
    "Operations",
    "Partner",
    "Preview",
    "Readiness",
    "Statement",
    "TillToken",
    "Totals",
]


@dataclass(frozen=True, slots=True)
class EpochPoints:
    """Points earned in one epoch."""

    epoch: int
    points: int


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that expire together: from `expires_at` on they no longer count."""

    epoch: int
    points: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation and what the ledger decided. What its kind has not is `None`, and so is `member` where it came `by_token`.

    A purchase with `pending_until` has `status` `pending`, `points` by today's rate, and no block yet.

    `replayed` is true if this is the first answer, given again; `None` where operations are looked up.
    """

    receipt: str
    kind: str
    status: str
    confirmed_at: datetime | None = None
    block: int | None = None
    transaction: str | None = None
    pending_until: datetime | None = None
    reversed_minor: int | None = None
    code: str | None = None
    member: str | None = None
    by_token: bool | None = None
    spend_minor: int | None = None
    currency: str | None = None
    points: int | None = None
    awarded: int | None = None
    lots: tuple[EpochPoints, ...] | None = None
    deadline: datetime | None = None
    original_receipt: str | None = None
    replayed: bool | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an operation would do if it were posted after `block`. What its kind has not is `None`.

    `problem` is what a post would raise. Of a redemption or hold, `authorization` is `signature`, `allowance` or `missing`; where
    it is missing, `points` and `lots` are what they would be with one.
    """

    receipt: str
    kind: str
    status: str
    replayed: bool
    block: int
    at: datetime
    problem: ApiError | None = None
    member: str | None = None
    by_token: bool | None = None
    spend_minor: int | None = None
    currency: str | None = None
    points: int | None = None
    awarded: int | None = None
    lots: tuple[EpochPoints, ...] | None = None
    deadline: datetime | None = None
    original_receipt: str | None = None
    authorization: str | None = None
    spendable_points: int | None = None
    allowance_points: int | None = None
    purchase: PurchasePreview | None = None


@dataclass(frozen=True, slots=True)
class Operations:
    """What became of one receipt: what was accepted; if nothing was, the last refusal. `pending`: something is on its way."""

    receipt: str
    pending: bool
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class OperationPage:
    """Operations, newest first."""

    operations: tuple[Operation, ...]
    next: str | None

    @property
    def cursor(self) -> str | None:
        """Where the next page starts; `None` at the end.

        Only this is taken from `next`: an answer does not decide where the API key is sent.
        """
        return None if self.next is None else parse_qs(urlsplit(self.next).query).get("cursor", [None])[0]


@dataclass(frozen=True, slots=True)
class BulkLine:
    """What became of one operation of many: the operation, or the problem that a lone request would have raised.

    `line` counts from 1.
    """

    line: int
    receipt: str | None = None
    operation: Operation | None = None
    problem: ApiError | None = None


@dataclass(frozen=True, slots=True)
class BulkSummary:
    """All lines together: `lines` = `accepted` + `replayed` + `refused` + `unfinished`."""

    lines: int
    accepted: int
    replayed: int
    refused: int
    unfinished: int
    by_code: Mapping[str, int]
    points_issued: int
    points_awarded: int


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """The outcomes of many operations, in their order. `problem` says why the last of them were not looked at."""

    lines: tuple[BulkLine, ...]
    summary: BulkSummary
    problem: ApiError | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch that the partner signed itself: each operation accepted or refused on its own.

    While it is `pending`, there are no operations yet. `replayed` is true if it was decided before it was handed in.
    """

    transaction: str
    pending: bool
    operations: tuple[Operation, ...]
    key: str | None = None
    nonce: int | None = None
    replayed: bool | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key that the partner's operations are signed with.

    `signs` says who has it, `coalition` or `partner`; `next_nonce` is for the partner's next transaction.
    """

    key: str
    active_from: datetime
    revoked: bool
    signs: str
    next_nonce: int | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """The partner's keys, and what else it takes to sign a batch."""

    chain_id: int
    ledger: str
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds, the lot that expires first in front; of a past moment if it has `at` and `block`.

    `held` is put aside by open holds; `debt` is owed after a reversal met an empty account. `member` is `None` if it was asked by
    till token.
    """

    points: int
    held: int
    debt: int
    lots: tuple[Lot, ...]
    member: str | None = None
    pending: int | None = None
    at: datetime | None = None
    block: int | None = None


@dataclass(frozen=True, slots=True)
class TillToken:
    """What a member shows at a till until `expires_at`: the text of a QR code, or a number of twelve digits."""

    qr: str
    number: str
    expires_at: datetime

    def __repr__(self) -> str:
        return "TillToken(not shown)"


@dataclass(frozen=True, slots=True)
class Partner:
    """The partner whose API key this is. `earn_rate_bps`: points for 10,000 minor units."""

    partner: int
    name: str
    currency: str
    earn_rate_bps: int
    status: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What a partner posted since it joined: accepted operations, and how many were `rejected`, by code."""

    partner: int
    members: int
    purchases: int
    redemptions: int
    points_issued: int
    points_awarded: int
    points_redeemed: int
    points_refunded: int
    points_reversed: int
    points_awarded_reversed: int
    points_outstanding: int
    rejected: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CampaignAwards:
    """What one campaign gave with the partner's purchases of a period, and what went back with its reversals."""

    campaign: int
    name: str
    points_awarded: int
    points_awarded_reversed: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What a partner did in a period. For every sum, `opening` + `period` = `closing`.

    `operations` counts what was accepted, by kind; `awards` tell of `period.points_awarded`, tiers gave the rest. `final`: the
    period is over.
    """

    partner: int
    currency: str
    since: datetime | None
    until: datetime | None
    final: bool
    block: int
    opening: Totals
    period: Totals
    closing: Totals
    operations: Mapping[str, int]
    awards: tuple[CampaignAwards, ...]
    points_awarded_by_tiers: int
    points_awarded_reversed_by_tiers: int


@dataclass(frozen=True, slots=True)
class Health:
    """The process lives."""

    status: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be in order."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """Operations can be taken."""

    status: str
    checks: tuple[Check, ...]
