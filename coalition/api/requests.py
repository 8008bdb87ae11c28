"""What partners send. Amounts are whole numbers; nothing is guessed from text, and unknown fields are refused."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from coalition.api import examples
from coalition.api.times import unix_seconds
from coalition.errors import InputError
from coalition.ledger.ids import RECEIPT_BYTES_MAX
from coalition.ledger.operations import POINTS_MAX, SPEND_MINOR_MAX

__all__ = [
    "CaptureRequest",
    "Currency",
    "EarnRequest",
    "HoldRequest",
    "Member",
    "RedeemRequest",
    "RefundRequest",
    "ReleaseRequest",
    "ReverseRequest",
    "SpendMinor",
    "TillTokenRequest",
    "Time",
    "TokenBalanceRequest",
    "strict",
]

HEXADECIMAL = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


def _time(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError("a time is text as in RFC 3339")
    return unix_seconds(value)


def _signature(value: Any) -> bytes:
    if not isinstance(value, str) or not HEXADECIMAL.fullmatch(value):
        raise InputError("signature: 0x and hexadecimal digits, two a byte.", code="signature_malformed")
    return bytes.fromhex(value[2:])


def _amount(title: str, most: int) -> Any:
    """Bounds are documented here and checked below, where they have codes of their own."""
    return Field(description=title, json_schema_extra={"minimum": 1, "maximum": most})


Member = Annotated[
    str,
    Field(
        description="The member's account: 0x and 40 hexadecimal digits. Mixed case must be the checksum of EIP-55.",
        json_schema_extra={"pattern": "^0x[0-9a-fA-F]{40}$"},
    ),
]
PresentMember = Annotated[
    Member | None,
    Field(description="The member's account, or leave it out and give `token`."),
]
Token = Annotated[
    str | None,
    Field(
        description="A till token of the member's: its 12 digits, or the text of its QR code. The account is not told, and a retry "
        "with the same token is the same request also after the token expired.",
        json_schema_extra={"maxLength": 64},
    ),
]
Receipt = Annotated[
    str,
    Field(
        description="The partner's own reference, which counts once for ever. Any text without control characters.",
        json_schema_extra={"minLength": 1, "maxLength": RECEIPT_BYTES_MAX},
    ),
]
Original = Annotated[
    str,
    Field(
        description="The receipt of the operation to correct.",
        json_schema_extra={"minLength": 1, "maxLength": RECEIPT_BYTES_MAX},
    ),
]
SpendMinor = Annotated[int, _amount("What was paid, in minor units (cents).", SPEND_MINOR_MAX)]
Points = Annotated[int, _amount("Points.", POINTS_MAX)]
Time = Annotated[int, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})]
Currency = Annotated[
    str | None,
    Field(description="ISO 4217. If given, it must be the currency in which the partner settles."),
]
OccurredAt = Annotated[
    Time | None,
    Field(description="When the purchase happened, for a till that was offline; not in the future."),
]
PendingUntil = Annotated[
    Time | None,
    Field(
        description="When the return window ends: the purchase is written down now and earns then, by the rate and the campaigns "
        "of that time. Until then a reversal reduces or cancels it. 400 days ahead at most."
    ),
]
Deadline = Annotated[Time, Field(description="Until when this may be counted; the member signs it, in whole seconds.")]
Signature = Annotated[
    bytes,
    BeforeValidator(_signature),
    WithJsonSchema({"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$"}),
    Field(
        description="The member's EIP-712 signature (r, s, v) over member, partner, points, receipt, purpose and "
        "deadline. Left out, the allowance that the member gave this partner pays."
    ),
]


def strict(example: dict[str, Any]) -> ConfigDict:
    """How a request is read: nothing is guessed, nothing is ignored."""
    return ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra={"examples": [example]})


class EarnRequest(BaseModel):
    """A purchase that earns."""

    model_config = strict(examples.EARN)

    member: PresentMember = None
    token: Token = None
    receipt: Receipt
    spend_minor: SpendMinor
    currency: Currency = None
    enrols: bool = Field(default=False, description="Make an unknown account a member's first.")
    occurred_at: OccurredAt = None
    pending_until: PendingUntil = None


class RedeemRequest(BaseModel):
    """Points to redeem."""

    model_config = strict(examples.REDEEM)

    member: PresentMember = None
    token: Token = None
    receipt: Receipt
    points: Points
    deadline: Deadline
    signature: Signature | None = None
    occurred_at: OccurredAt = None


class HoldRequest(BaseModel):
    """Points to put aside until the deadline, 30 days ahead at most."""

    model_config = strict(examples.HOLD)

    member: PresentMember = None
    token: Token = None
    receipt: Receipt
    points: Points
    deadline: Deadline
    signature: Signature | None = None


class CaptureRequest(BaseModel):
    """Points of an open hold to redeem; the rest goes back to the member."""

    model_config = strict(examples.CAPTURE)

    receipt: Annotated[Receipt, Field(description="The receipt of the hold.")]
    points: Points


class ReleaseRequest(BaseModel):
    """An open hold to end; its points go back to the member."""

    model_config = strict(examples.RELEASE)

    receipt: Annotated[Receipt, Field(description="The receipt of the hold.")]


class ReverseRequest(BaseModel):
    """An earn to take back, in whole or in part."""

    model_config = strict(examples.REVERSE)

    receipt: Receipt
    original_receipt: Original
    spend_minor: SpendMinor | None = Field(default=None, description="Left out: all that is left of the earn.")


class RefundRequest(BaseModel):
    """Redeemed points to give back, all or some."""

    model_config = strict(examples.REFUND)

    receipt: Receipt
    original_receipt: Original
    points: Points | None = Field(default=None, description="Left out: all that is left of the redemption.")


class TillTokenRequest(BaseModel):
    """A member's request for a till token, signed by the account's key."""

    model_config = strict(examples.TILL_TOKEN_REQUEST)

    deadline: Annotated[Time, Field(description="Until when the request counts, at most five minutes ahead.")]
    signature: Annotated[
        Signature,
        Field(
            description="EIP-712 (r, s, v) over `TillToken(address member,uint256 deadline)` in the ledger's domain."
        ),
    ]


class TokenBalanceRequest(BaseModel):
    """Whose balance: that of the member who showed this token."""

    model_config = strict(examples.TOKEN_BALANCE_REQUEST)

    token: Annotated[str, Field(description="The 12 digits, or the text of the QR code.")]
