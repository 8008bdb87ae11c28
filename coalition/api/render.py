"""Records of the ledger as bodies of answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from fastapi.responses import Response
from pydantic import BaseModel

from coalition.api.responses import OperationBody, operation_body
from coalition.ledger.records import OperationRecord
from coalition.service import LedgerService
from coalition.service.till import came_by_token

__all__ = ["JSON", "json_of", "json_response", "operation_of", "operations_of"]

JSON = "application/json"


def json_response(body: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a body as JSON; fields that are not known by intent are left out, unless they may be null."""
    return Response(json_of(body), status, headers, JSON)


def json_of(body: BaseModel) -> bytes:
    """Return the content of such an answer."""
    return body.model_dump_json(exclude_unset=True).encode()


def operation_of(service: LedgerService, record: OperationRecord, receipt: str) -> OperationBody:
    """Return one operation, whose receipt's text is known."""
    currency = service.partners.find(record.partner).currency
    hidden = bool(came_by_token(service.hidden, [record]))
    return operation_body(record, receipt, _originals(service, [record])[0], currency, by_token=hidden)


def operations_of(service: LedgerService, records: Sequence[OperationRecord]) -> list[OperationBody]:
    """Return many operations of one partner."""
    if not records:
        return []
    hidden = came_by_token(service.hidden, records)
    currency = service.partners.find(records[0].partner).currency
    receipts = service.receipts_of(list(records))
    originals = _originals(service, records)
    return [
        operation_body(record, receipt, original, currency, by_token=(record.block, record.log) in hidden)
        for record, receipt, original in zip(records, receipts, originals, strict=True)
    ]


def _originals(service: LedgerService, records: Sequence[OperationRecord]) -> list[str | None]:
    corrected = [
        dataclasses.replace(record, receipt=record.original_receipt)
        for record in records
        if record.original_receipt is not None
    ]
    texts = iter(service.receipts_of(corrected) if corrected else ())
    return [None if record.original_receipt is None else next(texts) for record in records]
