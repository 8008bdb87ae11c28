"""A partner's operations as a file, CSV or Parquet, made piece by piece: memory does not grow with the file.

An export is of the operations up to the last block that was read when it began. Whole numbers stay whole numbers, with their unit
in the name of the column; times are UTC.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coalition.campaigns.written import time_of
from coalition.ledger.operations import Kind
from coalition.ledger.records import OperationRecord
from coalition.service.ledger import LedgerService
from coalition.service.till import came_by_token

__all__ = ["FORMATS", "Chosen", "export"]

PAGE_ROWS = 2_000
GROUP_PAGES = 10
TIME = pa.timestamp("ms", tz="UTC")  # Parquet has no seconds
SCHEMA = pa.schema(
    [
        pa.field("partner", pa.int32(), nullable=False),
        pa.field("receipt", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("code", pa.string()),
        pa.field("member", pa.string()),
        pa.field("spend_minor", pa.int64()),
        pa.field("currency", pa.string()),
        pa.field("points", pa.int64()),
        pa.field("points_awarded", pa.int64()),
        pa.field("deadline", TIME),
        pa.field("original_receipt", pa.string()),
        pa.field("confirmed_at", TIME, nullable=False),
        pa.field("block", pa.int64(), nullable=False),
        pa.field("transaction", pa.string(), nullable=False),
    ]
)
TIMES = [place for place, field in enumerate(SCHEMA) if field.type == TIME]

Row = tuple[Any, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Chosen:
    """Which operations: filters as of the history. Times in Unix seconds, `since` included and `until` not."""

    account: str | None = None
    kind: Kind | None = None
    accepted: bool | None = None
    since: int | None = None
    until: int | None = None


def export(service: LedgerService, partner: int, chosen: Chosen, form: str) -> Iterator[bytes]:
    """Yield the pieces of a file of a partner's operations, oldest first. `form` is one of `FORMATS`.

    The accounts of members who showed a till token are left out.

    Raises:
        NotFound: `partner_unknown`, before the first piece.
    """
    return FORMATS[form](_pages(service, partner, chosen))


def _pages(service: LedgerService, partner: int, chosen: Chosen) -> Iterator[list[Row]]:
    currency = service.partners.find(partner).currency
    filters = {field.name: getattr(chosen, field.name) for field in dataclasses.fields(chosen)}
    last, place = service.queries.head().number, (-1, -1)
    while True:
        records = service.queries.operations_after(place, last, PAGE_ROWS, partner=partner, **filters)
        if not records:
            return
        place = records[-1].block, records[-1].log
        hidden = came_by_token(service.hidden, records)
        if chosen.account is not None:
            records = [one for one in records if (one.block, one.log) not in hidden]
        shown = [dataclasses.replace(one, member="") if (one.block, one.log) in hidden else one for one in records]
        yield _rows(service, shown, currency)


def _rows(service: LedgerService, records: list[OperationRecord], currency: str) -> list[Row]:
    corrected = [
        dataclasses.replace(one, receipt=one.original_receipt) for one in records if one.original_receipt is not None
    ]
    originals = iter(service.receipts_of(corrected) if corrected else ())
    return [
        _row(one, receipt, None if one.original_receipt is None else next(originals), currency)
        for one, receipt in zip(records, service.receipts_of(records), strict=True)
    ]


def _row(one: OperationRecord, receipt: str, original: str | None, currency: str) -> Row:
    spends = one.accepted and one.kind in (Kind.EARN, Kind.REVERSE)
    return (
        one.partner,
        receipt,
        one.kind.name.lower(),
        "accepted" if one.accepted else "refused",
        None if one.code is None else one.code.code,
        one.member or None,
        one.spend_minor if spends else None,
        currency if spends else None,
        one.points if one.accepted else None,
        one.awarded if spends else None,
        one.deadline or None,
        original,
        one.timestamp,
        one.block,
        one.transaction,
    )


def _csv(pages: Iterator[list[Row]]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(SCHEMA.names)
    for page in pages:
        writer.writerows(map(_with_times, page))
        yield text.getvalue().encode("utf-8", "replace")
        text.seek(0)
        text.truncate()
    if text.tell():
        yield text.getvalue().encode()


def _with_times(row: Row) -> list[Any]:
    cells = list(row)
    for place in TIMES:
        if cells[place] is not None:
            cells[place] = time_of(cells[place])
    return cells


class _Pieces(io.RawIOBase):
    """A file that is read while it is written."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.waiting.append(bytes(content))
        return len(content)

    def taken(self) -> bytes:
        """What was written since the last time."""
        content, self.waiting = b"".join(self.waiting), []
        return content


def _parquet(pages: Iterator[list[Row]]) -> Iterator[bytes]:
    pieces, rows = _Pieces(), list[Row]()
    with pq.ParquetWriter(pieces, SCHEMA) as writer:
        for number, page in enumerate(pages, 1):
            rows += page
            if number % GROUP_PAGES == 0:
                writer.write_table(_table(rows))
                rows = []
                yield pieces.taken()
        if rows:
            writer.write_table(_table(rows))
    yield pieces.taken()


def _table(rows: list[Row]) -> pa.Table:
    columns = zip(SCHEMA, zip(*rows, strict=True), strict=True)
    return pa.table([pa.array(map(_cell_of(field), column), field.type) for field, column in columns], schema=SCHEMA)


def _cell_of(field: pa.Field) -> Callable[[Any], Any]:
    return (
        (lambda seconds: None if seconds is None else seconds * 1_000) if field.type == TIME else (lambda value: value)
    )


FORMATS: dict[str, Callable[[Iterator[list[Row]]], Iterator[bytes]]] = {"csv": _csv, "parquet": _parquet}
