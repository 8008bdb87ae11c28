"""Bodies about batches that a partner signs itself, and about the keys it signs with."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from coalition.api import examples
from coalition.api.requests import HEXADECIMAL, strict
from coalition.api.responses import OperationBody, Time
from coalition.errors import InputError
from coalition.ledger.operations import BATCH_MAX

__all__ = ["BatchBody", "BatchRequest", "KeyBody", "KeysBody"]


def _raw(value: Any) -> bytes:
    if not isinstance(value, str) or not HEXADECIMAL.fullmatch(value):
        raise InputError("transaction: 0x and hexadecimal digits, two a byte, as signed.", code="transaction_malformed")
    return bytes.fromhex(value[2:])


class BatchRequest(BaseModel):
    """A transaction that the partner signed with a key of its own."""

    model_config = strict(examples.BATCH)

    transaction: Annotated[
        bytes,
        BeforeValidator(_raw),
        WithJsonSchema({"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$"}),
        Field(
            description="The raw signed transaction: legacy form with the chain's id (EIP-155), gas price 0, to the ledger, "
            "posting 1 to 500 operations of one kind."
        ),
    ]
    receipts: list[str] | None = Field(
        default=None,
        max_length=BATCH_MAX,
        description="The partner's texts of the operations' receipts, in order, kept for display. The transaction has numbers "
        "only; without their texts, receipts are shown as numbers.",
    )


class BatchBody(BaseModel):
    """What became of a signed batch: every operation, in the order of the transaction, accepted or refused on its own."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.BATCH_ANSWER]})

    transaction: str = Field(description="Its hash.")
    key: str | None = Field(default=None, description="The partner's key that signed it.")
    nonce: int | None = None
    pending: bool = Field(description="True while it is on its way; then there are no operations yet.")
    operations: list[OperationBody]
    replayed: bool | None = Field(default=None, description="True if it had been decided before it was handed in.")


class KeyBody(BaseModel):
    """A key that a partner's operations are signed with."""

    key: str = Field(description="Its address.")
    active_from: Time = Field(description="From then on it may post.")
    revoked: bool
    signs: Literal["coalition", "partner"] = Field(description="Who has the key and gives out its nonces.")
    next_nonce: int | None = Field(
        default=None, description="Of the partner's next transaction; not known of keys with which the coalition signs."
    )


class KeysBody(BaseModel):
    """What a partner needs to know to sign a batch itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.KEYS]})

    chain_id: int
    ledger: str = Field(description="The contract that takes operations.")
    keys: list[KeyBody]
