"""What partners get. Times are RFC 3339 in UTC, amounts whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from coalition.api import examples
from coalition.api.times import rfc3339
from coalition.ledger.operations import Kind
from coalition.ledger.records import OperationRecord
from coalition.service.pending import PendingEarn, PendingReversal
from coalition.submit.scheduled import State

__all__ = [
    "BalanceBody",
    "HealthBody",
    "KindName",
    "LotBody",
    "OperationBody",
    "OperationPage",
    "OperationsBody",
    "PartnerBody",
    "ProblemBody",
    "ReadinessBody",
    "TillTokenBody",
    "Time",
    "TotalsBody",
    "operation_body",
    "pending_body",
    "shown",
]

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
STATUS_OF = {
    State.WAITING: "pending",
    State.POSTED: "accepted",
    State.CANCELLED: "cancelled",
    State.REFUSED: "refused",
}
KindName = Literal["earn", "redeem", "hold", "capture", "release", "reverse", "refund"]


def shown(example: dict[str, Any]) -> ConfigDict:
    """What a body shows as its example."""
    return ConfigDict(json_schema_extra={"examples": [example]})


class EpochPoints(BaseModel):
    """Points earned in one epoch."""

    epoch: int
    points: int


class LotBody(EpochPoints):
    """Points that expire together."""

    expires_at: Time = Field(description="From then on they no longer count.")


class OperationBody(BaseModel):
    """One operation and what the ledger decided."""

    model_config = shown(examples.OPERATION)

    receipt: str
    kind: KindName
    status: Literal["accepted", "refused", "pending", "cancelled"] = Field(
        description="`pending`: it waits for the end of its return window, or was taken back before; `cancelled`: all of it was."
    )
    code: str | None = Field(default=None, description="Why it was refused.")
    member: str | None = Field(default=None, description="The account, unless the member showed a till token.")
    by_token: bool | None = Field(
        default=None, description="True if the member showed a till token: the account is not told."
    )
    spend_minor: int | None = Field(default=None, description="Minor units, of an earn or a reversal.")
    currency: str | None = Field(default=None, description="ISO 4217, where there is a `spend_minor`.")
    points: int | None = None
    awarded: int | None = Field(
        default=None,
        description="Points from campaigns, beside `points`: given with an earn, taken back with a reversal.",
    )
    lots: list[EpochPoints] | None = Field(default=None, description="From or into which lots the points went.")
    deadline: Time | None = Field(default=None, description="Of a hold.")
    original_receipt: str | None = Field(default=None, description="Of a reversal or a refund.")
    pending_until: Time | None = Field(
        default=None, description="When a pending purchase earns; `points` are by today's rate."
    )
    reversed_minor: int | None = Field(
        default=None, description="Of a pending purchase: what was taken back of `spend_minor` before it earns."
    )
    confirmed_at: Time | None = Field(
        default=None, description="Time of the block that decided; not of what is pending."
    )
    block: int | None = None
    transaction: str | None = None
    replayed: bool | None = Field(default=None, description="True if this is the first answer, given again.")


class OperationsBody(BaseModel):
    """What became of one receipt."""

    model_config = shown(examples.OPERATIONS)

    receipt: str
    pending: bool = Field(description="True while something under this receipt is on its way.")
    operations: list[OperationBody] = Field(
        description="What was accepted, one operation or a hold and what ended it; if nothing was, the last refusal."
    )


class OperationPage(BaseModel):
    """Operations, newest first."""

    model_config = shown(examples.PAGE)

    operations: list[OperationBody]
    next: str | None = Field(description="Address of the next page; null at the end.")


class BalanceBody(BaseModel):
    """What an account holds, the lot that expires first in front; of a past moment if `at` and `block` are there."""

    model_config = shown(examples.BALANCE)

    member: str | None = Field(default=None, description="The account, unless it was asked for by till token.")
    points: int = Field(description="Points that can be spent.")
    held: int = Field(description="Points put aside by open holds.")
    debt: int = Field(description="Points owed after a reversal met an empty account; the next earns pay them.")
    lots: list[LotBody]
    pending: int | None = Field(
        default=None,
        description="What purchases that wait for the end of their return windows would earn by today's rates; not in `points`.",
    )
    at: Time | None = Field(default=None, description="The past moment that was asked for.")
    block: int | None = Field(default=None, description="The last block until then.")


class PartnerBody(BaseModel):
    """The partner whose API key this is."""

    model_config = shown(examples.PARTNER)

    partner: int = Field(description="Number of the partner, which a member's authorization names.")
    name: str
    currency: str = Field(description="ISO 4217.")
    earn_rate_bps: int = Field(description="Points for 10,000 minor units.")
    status: Literal["active", "suspended"]


class TotalsBody(BaseModel):
    """What a partner posted since it joined: accepted operations, and what was refused by code."""

    model_config = shown(examples.TOTALS)

    partner: int
    members: int = Field(description="Accounts with a purchase or more.")
    purchases: int
    redemptions: int
    points_issued: int = Field(description="By the base rate.")
    points_awarded: int = Field(description="What campaigns gave with purchases, beside.")
    points_redeemed: int
    points_refunded: int
    points_reversed: int = Field(description="Of what was issued by the base rate.")
    points_awarded_reversed: int = Field(description="Of what campaigns had given.")
    points_outstanding: int = Field(
        description="Issued + awarded - reversed - awarded_reversed - redeemed + refunded, before expiry; below 0 where "
        "members spend what they earned elsewhere."
    )
    rejected: dict[str, int] = Field(description="Refused operations by code.")


class CheckBody(BaseModel):
    """One thing that has to be in order."""

    name: str
    ok: bool
    detail: str


class HealthBody(BaseModel):
    """The process lives."""

    status: Literal["ok"]


class ReadinessBody(BaseModel):
    """Whether operations can be taken."""

    status: Literal["ready"]
    checks: list[CheckBody]


class FieldError(BaseModel):
    """A field that is wrong."""

    field: str
    message: str


class ProblemBody(BaseModel):
    """RFC 9457. `code` is stable; further members depend on it."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [examples.PROBLEM]})

    type: str = Field(description="/errors/ and the code.")
    title: str
    status: int
    detail: str = Field(description="What was wrong and what to do, for people.")
    code: str
    errors: list[FieldError] | None = Field(default=None, description="With `input_invalid`.")


def operation_body(
    record: OperationRecord,
    receipt: str,
    original_receipt: str | None,
    currency: str,
    replayed: bool | None = None,
    by_token: bool = False,
) -> OperationBody:
    """Return an operation as partners see it: without the fields that its kind has not, and without the account where the
    member showed a till token.
    """
    known = record.accepted
    spends = known and record.kind in (Kind.EARN, Kind.REVERSE)
    fields: Mapping[str, Any] = {
        "receipt": receipt,
        "kind": record.kind.name.lower(),
        "status": "accepted" if known else "refused",
        "code": None if record.code is None else record.code.code,
        "member": None if by_token else record.member or None,
        "by_token": by_token or None,
        "spend_minor": record.spend_minor if spends else None,
        "currency": currency if spends else None,
        "points": record.points if known else None,
        "awarded": record.awarded if spends else None,
        "lots": None if record.lots is None else _by_epoch(record),
        "deadline": rfc3339(record.deadline) if record.deadline else None,
        "original_receipt": original_receipt,
        "confirmed_at": rfc3339(record.timestamp),
        "block": record.block,
        "transaction": record.transaction,
        "replayed": replayed,
    }
    return OperationBody(**{name: value for name, value in fields.items() if value is not None})


def pending_body(
    found: PendingEarn | PendingReversal, currency: str, *, by_token: bool, replayed: bool | None = None
) -> OperationBody:
    """Return a purchase that waits, or what was taken back of one before it earns; `by_token` as in `operation_body`."""
    earn = found.scheduled if isinstance(found, PendingEarn) else found.earn
    fields: dict[str, Any] = {
        "member": None if by_token else earn.member,
        "by_token": by_token or None,
        "currency": currency,
        "points": found.points,
        "pending_until": rfc3339(earn.due_at),
        "replayed": replayed,
    }
    if isinstance(found, PendingEarn):
        fields |= {"receipt": earn.receipt_text, "kind": "earn", "spend_minor": earn.spend_minor}
        fields |= {"status": STATUS_OF[earn.state], "code": earn.code or None, "reversed_minor": earn.taken_minor}
    else:
        fields |= {"receipt": found.reduction.receipt_text, "kind": "reverse", "status": "pending"}
        fields |= {"spend_minor": found.reduction.spend_minor, "original_receipt": found.original_receipt}
    return OperationBody(**{name: value for name, value in fields.items() if value is not None})


def _by_epoch(record: OperationRecord) -> list[EpochPoints]:
    assert record.lots is not None
    return [EpochPoints(epoch=epoch, points=points) for epoch, points in record.lots.by_epoch().items()]


class TillTokenBody(BaseModel):
    """A till token, told this once. Its two forms stand for the same."""

    model_config = shown(examples.TILL_TOKEN)

    qr: str = Field(description="The text of a QR code.")
    number: str = Field(
        description="Twelve digits to read out, of which the last two check the others (ISO 7064, MOD 97-10)."
    )
    expires_at: Time
