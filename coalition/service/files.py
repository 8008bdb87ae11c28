"""Purchases from files: CSV or Parquet, streamed in chunks, every row kept apart from its neighbours.

In CSV a row is one line. None of the columns may hold a line break anyway, and so a quote that is never closed costs its own
line, not all that follow.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coalition.errors import InputError

__all__ = ["CHUNK_ROWS", "COLUMNS", "PurchaseFile", "PurchaseRow", "RowError", "parse_time"]

COLUMNS = ("member", "partner", "receipt", "spend_minor", "occurred_at")
OPTIONAL = frozenset({"occurred_at"})
CHUNK_ROWS = 4_000
DIGITS_MAX = 80
HEADER_SHOWN = 40
NAME_SHOWN = 60


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    """One row as the file gives it. `line` counts from 1 (CSV: the line of the file; Parquet: the row)."""

    line: int
    member: str
    partner: str
    receipt: str
    spend_minor: int
    occurred_at: int | None


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that cannot be read, with the stable code and a reason for people."""

    line: int
    code: str
    reason: str
    partner: str = ""


class PurchaseFile:
    """A file of purchases.

    Args:
        path: the file; `.parquet` or `.pq` is read as Parquet, anything else as CSV with a header line, in UTF-8.
        columns: names in the file of our columns, where they differ.

    Raises:
        InputError: `file_unreadable`, `columns_missing` or `columns_repeated`.
    """

    def __init__(self, path: Path, columns: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._names = {column: (columns or {}).get(column, column) for column in COLUMNS}
        self._is_parquet = path.suffix.lower() in {".parquet", ".pq"}
        if not path.is_file():
            raise InputError(f"There is no file {path}.", code="file_unreadable")
        self.rows_total = self._checked_header()

    def chunks(self) -> Iterator[list[PurchaseRow | RowError]]:
        """Yield the rows in order, a few thousand at a time.

        Raises:
            InputError: `file_unreadable` where the file is damaged further on.
        """
        return self._parquet_chunks() if self._is_parquet else self._csv_chunks()

    def _checked_header(self) -> int | None:
        """Return the number of rows where the file says it."""
        if self._is_parquet:
            try:
                parquet = pq.ParquetFile(self.path)
            except (pa.ArrowInvalid, OSError) as error:
                raise InputError(f"{self.path} is no Parquet file: {error}", code="file_unreadable") from None
            with parquet:
                self._require(parquet.schema_arrow.names)
                return int(parquet.metadata.num_rows)
        with self._opened() as lines:
            self._require(self._header(lines))
        return None

    def _header(self, lines: Iterator[str]) -> list[str]:
        try:
            return next(csv.reader([next(lines, "")], strict=True), [])
        except csv.Error as error:
            raise InputError(f"The header of {self.path} cannot be read: {error}.", code="file_unreadable") from None

    def _require(self, found: list[str]) -> None:
        missing = [name for column, name in self._names.items() if name not in found and column not in OPTIONAL]
        if missing:
            there = ", ".join(_printable(name) for name in found[:HEADER_SHOWN]) or "none"
            raise InputError(
                f"{self.path.name} lacks the column(s) {', '.join(missing)}; it has {there}. "
                "Name the right one with --map, for example --map member=customer_id.",
                code="columns_missing",
                missing=missing,
            )
        repeated = [name for name in self._names.values() if found.count(name) > 1]
        if repeated:
            raise InputError(
                f"{self.path.name} has the column(s) {', '.join(repeated)} more than once.",
                code="columns_repeated",
                repeated=repeated,
            )

    def _opened(self) -> Any:
        try:
            return self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
        except OSError as error:
            raise InputError(f"{self.path} cannot be read: {error.strerror}.", code="file_unreadable") from None

    def _csv_chunks(self) -> Iterator[list[PurchaseRow | RowError]]:
        chunk: list[PurchaseRow | RowError] = []
        with self._opened() as lines:
            header = self._header(lines)
            places = [header.index(name) if name in header else -1 for name in self._names.values()]
            for number, line in enumerate(lines, 2):
                try:
                    fields = next(csv.reader([line], strict=True), None)
                except csv.Error as error:
                    chunk.append(RowError(number, "row_malformed", f"The line cannot be read: {error}."))
                else:
                    if fields:
                        chunk.append(_csv_row(number, fields, places, len(header)))
                if len(chunk) >= CHUNK_ROWS:
                    yield chunk
                    chunk = []
        if chunk:
            yield chunk

    def _parquet_chunks(self) -> Iterator[list[PurchaseRow | RowError]]:
        line = 0
        with pq.ParquetFile(self.path) as parquet:
            present = [name for name in self._names.values() if name in parquet.schema_arrow.names]
            batches = parquet.iter_batches(CHUNK_ROWS, columns=present)
            while True:
                try:
                    batch = next(batches, None)
                except (pa.ArrowException, OSError) as error:
                    reason = f"{self.path} is damaged after row {line}: {error}"
                    raise InputError(reason, code="file_unreadable") from None
                if batch is None:
                    return
                values = {name: _plain(batch.column(name)) for name in present}
                empty = [None] * batch.num_rows
                columns = [values.get(name, empty) for name in self._names.values()]
                rows = zip(*columns, strict=True)
                yield [_row(line + number, *row) for number, row in enumerate(rows, 1)]
                line += batch.num_rows


def parse_time(value: Any) -> int | None:
    """Return Unix seconds of a time: RFC 3339 text (UTC where it names no zone), a date, or Unix seconds.

    Raises:
        ValueError: it is none of these.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if text.isascii() and text.isdecimal() and len(text) > 8 else datetime.fromisoformat(text)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if isinstance(value, datetime):
        value = int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40:
        return value
    raise ValueError(value)


def _plain(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        seconds = column.cast(pa.timestamp("s", column.type.tz), safe=False)
        return list(seconds.cast(pa.int64()).to_pylist())
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return list(column.cast(pa.binary()).to_pylist())


def _csv_row(line: int, fields: list[str], places: list[int], width: int) -> PurchaseRow | RowError:
    if len(fields) != width:
        reason = f"The line has {len(fields)} fields, the header has {width}."
        return RowError(line, "row_malformed", reason)
    member, partner, receipt, spend, occurred_at = (fields[place] if place >= 0 else None for place in places)
    return _row(line, member, partner, receipt, spend, occurred_at)


def _row(line: int, member: Any, partner: Any, receipt: Any, spend: Any, occurred_at: Any) -> PurchaseRow | RowError:
    texts = [value if isinstance(value, str) else _text(value) for value in (member, partner, receipt)]
    member, partner, receipt = (text or "" for text in texts)
    for name, text in zip(COLUMNS, texts, strict=False):
        if text is None:
            return RowError(line, "row_malformed", f"{name} is neither text nor a whole number.")
        if not text:
            return RowError(line, "row_malformed", f"{name} is empty.", partner)
        if not text.isascii() and not _is_text(text):
            return RowError(line, "row_malformed", f"{name} is not valid UTF-8.")
    amount = _amount(spend)
    if isinstance(amount, str):
        return RowError(
            line,
            amount,
            f"spend_minor is {str(spend)[:40]!r}: it must be a whole number of minor units, at least 1.",
            partner,
        )
    try:
        when = parse_time(occurred_at)
    except (ValueError, OverflowError, OSError):
        reason = f"occurred_at is {str(occurred_at)[:40]!r}: write it as 2026-11-21T14:30:00Z."
        return RowError(line, "time_invalid", reason, partner)
    return PurchaseRow(line, member, partner, receipt, amount, when)


def _amount(value: Any) -> int | str:
    """Return the whole number, or the code that says why it is none of at least 1."""
    if isinstance(value, str):
        text = value.strip()
        digits = text.removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= DIGITS_MAX):
            return "amount_invalid"
        value = int(text)
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return "amount_invalid"
    if value <= 0:
        return "amount_zero" if value == 0 else "amount_negative"
    return value if value < 1 << 48 else "amount_too_large"


def _text(value: Any) -> str | None:
    """Return a value of a Parquet file as text; None for one that is no text, such as a float."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _printable(name: str) -> str:
    return name[:NAME_SHOWN].encode(errors="backslashreplace").decode()


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
