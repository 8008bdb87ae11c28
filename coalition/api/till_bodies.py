"""Bodies about tills and the vouchers that they sign while they have no line."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from coalition.api import examples
from coalition.api.requests import Member, Points, Signature, SpendMinor, Time, strict
from coalition.api.responses import OperationBody, ProblemBody
from coalition.api.responses import Time as TimeText
from coalition.ledger.ids import TILL_MAX, VOUCHER_MAX
from coalition.ledger.operations import Kind
from coalition.ledger.vouchers import Voucher
from coalition.service.tills import SignedVoucher

__all__ = [
    "EarnVoucher",
    "RangeBody",
    "RedeemVoucher",
    "TillBody",
    "TillVouchersBody",
    "TillsBody",
    "VoucherLineBody",
    "VouchersBody",
    "VouchersRequest",
    "voucher_of",
]

VOUCHERS_MAX = 500
Till = Annotated[int, Field(ge=1, le=TILL_MAX, description="The partner's number of the till.")]
Number = Annotated[int, Field(ge=1, le=VOUCHER_MAX, description="Given by the till, one after another from 1.")]
IssuedAt = Annotated[Time, Field(description="When the till signed it, by its own clock; whole seconds.")]


class EarnVoucher(BaseModel):
    """A purchase that earns, signed by a till."""

    model_config = strict(examples.VOUCHER)

    kind: Literal["earn"]
    till: Till
    number: Number
    member: Member
    spend_minor: SpendMinor
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217; the partner's.")]
    issued_at: IssuedAt
    signature: Signature


class RedeemVoucher(BaseModel):
    """Points that a till redeemed within the member's allowance to the partner, signed by the till."""

    model_config = strict(examples.REDEEM_VOUCHER)

    kind: Literal["redeem"]
    till: Till
    number: Number
    member: Member
    points: Points
    issued_at: IssuedAt
    signature: Signature


class VouchersRequest(BaseModel):
    """Vouchers of this partner's tills, in any order."""

    model_config = strict({"vouchers": [examples.VOUCHER]})

    vouchers: list[Annotated[EarnVoucher | RedeemVoucher, Field(discriminator="kind")]] = Field(
        min_length=1, max_length=VOUCHERS_MAX
    )


class VoucherLineBody(BaseModel):
    """What became of one voucher: the operation, or the problem."""

    till: int
    number: int
    operation: OperationBody | None = Field(default=None, description="Accepted, or accepted before (`replayed`).")
    problem: ProblemBody | None = Field(
        default=None, description="Not counted, or not known yet; with `status` 503 hand the same voucher in again."
    )


class VouchersBody(BaseModel):
    """What became of each voucher, in the order of the request."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.VOUCHERS]})

    vouchers: list[VoucherLineBody]


class TillBody(BaseModel):
    """A key of a till."""

    till: int
    key: str = Field(description="Its address.")
    active_from: TimeText
    revoked_at: TimeText | None = Field(default=None, description="From then on nothing new of this key is accepted.")


class TillsBody(BaseModel):
    """Every key that ever signed for a till of this partner, and what else a till has to know to sign."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TILLS]})

    chain_id: int
    till_registry: str = Field(description="The contract for which vouchers are signed.")
    tills: list[TillBody]


class RangeBody(BaseModel):
    """Numbers from `first` to `last`, both included."""

    first: int
    last: int


class TillVouchersBody(BaseModel):
    """Which vouchers of a till counted, from `start` on."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TILL_VOUCHERS]})

    till: int
    highest: int = Field(description="The highest number that counted; 0 if none did.")
    accepted: list[RangeBody]
    gaps: list[RangeBody] = Field(
        description="Numbers below one that counted which did not: not handed in, or refused."
    )
    next: str | None = Field(description="Address of the next page; null at the end.")


def voucher_of(partner: int, body: EarnVoucher | RedeemVoucher) -> SignedVoucher:
    """Return the voucher that a body describes; whose till it is, the API key says."""
    if isinstance(body, EarnVoucher):
        kind, amount, currency = Kind.EARN, body.spend_minor, body.currency
    else:
        kind, amount, currency = Kind.REDEEM, body.points, ""
    voucher = Voucher(partner, body.till, body.number, kind, body.member, amount, currency, body.issued_at)
    return SignedVoucher(voucher, body.signature)
