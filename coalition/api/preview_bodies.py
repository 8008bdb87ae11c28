"""Bodies of previews: what an operation would do, and what it would be refused with."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coalition.api import campaign_examples
from coalition.api.campaign_bodies import PurchaseBody
from coalition.api.errors import document_of
from coalition.api.responses import EpochPoints, KindName, OperationBody, ProblemBody, Time, operation_body
from coalition.api.times import rfc3339
from coalition.service.asked import Asked
from coalition.service.previews import OperationPreview

__all__ = ["PreviewBody", "preview_body"]

SHARED = ("member", "by_token", "spend_minor", "currency", "points", "awarded", "lots", "deadline", "original_receipt")


class PreviewBody(BaseModel):
    """What an operation would do if it were posted now. Nothing was counted, and nothing was written down."""

    model_config = ConfigDict(json_schema_extra={"examples": [campaign_examples.PREVIEW]})

    receipt: str
    kind: KindName
    status: Literal["accepted", "refused"]
    replayed: bool = Field(
        description="True if it was counted before: this is the first answer, and a post changes nothing."
    )
    block: int = Field(description="The ledger's last block, after which it would be decided.")
    at: Time = Field(description="The time for which it was asked.")
    problem: ProblemBody | None = Field(default=None, description="What a post would be answered with.")
    member: str | None = Field(default=None, description="The account, unless the member showed a till token.")
    by_token: bool | None = Field(default=None, description="True if the member showed a till token.")
    spend_minor: int | None = Field(default=None, description="Minor units, of an earn or a reversal.")
    currency: str | None = Field(default=None, description="ISO 4217, where there is a `spend_minor`.")
    points: int | None = Field(
        default=None, description="Also where only the authorization is missing: what it would be with one."
    )
    awarded: int | None = Field(default=None, description="Points from tier and campaigns, beside `points`.")
    lots: list[EpochPoints] | None = Field(default=None, description="From or into which lots the points would go.")
    deadline: Time | None = Field(default=None, description="Of a hold.")
    original_receipt: str | None = Field(default=None, description="Of a reversal or a refund.")
    authorization: Literal["signature", "allowance", "missing"] | None = Field(
        default=None,
        description="Of a redemption or hold: what would let points leave the account. `missing`: neither the signature sent "
        "nor the member's allowance to this partner would do.",
    )
    spendable_points: int | None = Field(default=None, description="What the member has, for a redemption or hold.")
    allowance_points: int | None = Field(
        default=None, description="What the member lets this partner take without a signature."
    )
    purchase: PurchaseBody | None = Field(default=None, description="Of an earn: what tier and campaigns add.")


def preview_body(
    asked: Asked, found: OperationPreview, currency: str, purchase: PurchaseBody | None, by_token: bool
) -> PreviewBody:
    """Return a preview as partners see it: without the fields that its kind has not; `by_token` as in `operation_body`."""
    fields: dict[str, Any] = {
        "receipt": asked.receipt,
        "kind": asked.kind.name.lower(),
        "status": "refused" if found.problem else "accepted",
        "replayed": found.replayed,
        "block": found.block,
        "at": rfc3339(found.timestamp),
        "problem": None if found.problem is None else ProblemBody(**document_of(found.problem)),
        "authorization": None if found.authorized is None else found.authorized.value,
        "spendable_points": found.spendable_points,
        "allowance_points": found.allowance_points,
        "purchase": purchase,
    }
    if found.record is not None:
        shown: OperationBody = operation_body(
            found.record, asked.receipt, asked.original_receipt, currency, by_token=by_token
        )
        fields |= {name: getattr(shown, name) for name in SHARED}
    return PreviewBody(**{name: value for name, value in fields.items() if value is not None})
