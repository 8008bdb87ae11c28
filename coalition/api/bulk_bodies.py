"""Bodies of bulk requests: each line is the body of a lone request with its `kind`, and gets what that would get."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, RootModel, TypeAdapter, ValidationError

from coalition.api import examples
from coalition.api.requests import (
    CaptureRequest,
    EarnRequest,
    HoldRequest,
    RedeemRequest,
    RefundRequest,
    ReleaseRequest,
    ReverseRequest,
    strict,
)
from coalition.api.responses import OperationBody, ProblemBody
from coalition.errors import InputError

__all__ = ["SCHEMAS", "BulkBody", "BulkEndBody", "BulkLineBody", "BulkSummaryBody", "Line", "read_line"]

KINDS = ("earn", "redeem", "hold", "capture", "release", "reverse", "refund")
FIELDS_SHOWN_MAX = 20


class EarnLine(EarnRequest):
    """A purchase that earns, in a bulk."""

    model_config = strict(examples.EARN | {"kind": "earn"})

    kind: Literal["earn"]


class RedeemLine(RedeemRequest):
    """Points to redeem, in a bulk."""

    model_config = strict(examples.REDEEM | {"kind": "redeem"})

    kind: Literal["redeem"]


class HoldLine(HoldRequest):
    """Points to put aside, in a bulk."""

    model_config = strict(examples.HOLD | {"kind": "hold"})

    kind: Literal["hold"]


class CaptureLine(CaptureRequest):
    """Points of a hold to redeem, in a bulk."""

    model_config = strict(examples.CAPTURE | {"kind": "capture"})

    kind: Literal["capture"]


class ReleaseLine(ReleaseRequest):
    """A hold to end, in a bulk."""

    model_config = strict(examples.RELEASE | {"kind": "release"})

    kind: Literal["release"]


class ReverseLine(ReverseRequest):
    """An earn to take back, in a bulk."""

    model_config = strict(examples.REVERSE | {"kind": "reverse"})

    kind: Literal["reverse"]


class RefundLine(RefundRequest):
    """Redeemed points to give back, in a bulk."""

    model_config = strict(examples.REFUND | {"kind": "refund"})

    kind: Literal["refund"]


Line: TypeAlias = EarnLine | RedeemLine | HoldLine | CaptureLine | ReleaseLine | ReverseLine | RefundLine


class BulkLine(RootModel[Annotated[Line, Field(discriminator="kind")]]):
    """One operation of a bulk; `kind` says which."""


class BulkRequest(RootModel[list[BulkLine]]):
    """Operations, at most 10,000."""

    model_config = ConfigDict(json_schema_extra={"maxItems": 10_000, "examples": [examples.BULK]})


class BulkLineBody(BaseModel):
    """What became of one line: the operation, or the problem that a lone request would be answered with."""

    line: int = Field(description="From 1: the place in the array, or the line of the stream.")
    receipt: str | None = Field(default=None, description="As far as the line could be read.")
    operation: OperationBody | None = Field(default=None, description="Accepted, or accepted before (`replayed`).")
    problem: ProblemBody | None = Field(
        default=None, description="Not counted, or not known yet; with `status` 429 or 503 send the same line again."
    )


class BulkSummaryBody(BaseModel):
    """All lines together: `lines` = `accepted` + `replayed` + `refused` + `unfinished`."""

    lines: int
    accepted: int
    replayed: int = Field(description="Counted before with the same content.")
    refused: int
    unfinished: int = Field(description="Without an outcome yet: send these lines again.")
    by_code: dict[str, int] = Field(description="Refused and unfinished lines by code.")
    points_issued: int = Field(description="Of accepted earns, without awards.")
    points_awarded: int = Field(description="What campaigns gave with them, beside.")


class BulkEndBody(BaseModel):
    """The end of a stream. `problem` says why lines after the last one answered were not looked at."""

    summary: BulkSummaryBody
    problem: ProblemBody | None = None


class BulkBody(BulkEndBody):
    """Outcomes in the order of the request."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.BULK_ANSWER]})

    lines: list[BulkLineBody]


class BulkStreamBody(RootModel[BulkLineBody | BulkEndBody]):
    """One line of a streamed answer; the last one is the summary."""


SCHEMAS = (BulkLine, BulkRequest, BulkBody, BulkStreamBody)
_LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])


def read_line(value: Any) -> Line:
    """Return the request that one line holds.

    Raises:
        InputError: `input_invalid`, with `errors`; or the code of a field that has one of its own.
    """
    try:
        return _LINE.validate_python(value)
    except ValidationError as error:
        errors = [
            {"field": _field(one["loc"]) or ("kind" if isinstance(value, dict) else "line"), "message": str(one["msg"])}
            for one in error.errors(include_url=False)[:FIELDS_SHOWN_MAX]
        ]
        named = "; ".join(f"{one['field']}: {one['message']}" for one in errors)
        raise InputError(named, errors=errors) from None


def _field(location: tuple[int | str, ...]) -> str:
    """The field's name, cut short: the client may have chosen it."""
    named = location[1:] if location and location[0] in KINDS else location
    return ".".join(map(str, named))[:80]
