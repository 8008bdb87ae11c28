"""Files of what is no purchase: what members did, and who brought whom.

CSV with a header, in UTF-8, one row a line; other columns are passed over. All that is wrong with a file is told at once, and
nothing is taken from it then.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from coalition.errors import InputError
from coalition.ledger.campaigns.calls import Attestation
from coalition.service.files import parse_time

__all__ = ["ACTION_MAX", "ID_MAX", "AttestedRow", "ReferredRow", "read_attestations", "read_referrals"]

ACTION_MAX = (1 << 32) - 1
ID_MAX = (1 << 256) - 1
FINDINGS_SHOWN = 20
WHEN = "occurred_at"
Account = Callable[[str], str]
Fields = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AttestedRow:
    """What a member did, and when (Unix seconds, None if the file does not say)."""

    attestation: Attestation
    occurred_at: int | None


@dataclass(frozen=True, slots=True)
class ReferredRow:
    """Which account brought which, and when (Unix seconds, None if the file does not say)."""

    member: str
    referrer: str
    occurred_at: int | None


def read_attestations(path: Path, account: Account) -> list[AttestedRow]:
    """Read a file with the columns `member`, `action`, `id`, and `occurred_at` if there is one.

    `account` finds the account of a reference. An id stands for one attestation, so it may be there once.

    Raises:
        InputError: `file_unreadable`, `columns_missing`, or `rows_invalid` with every finding.
    """
    lines: dict[int, int] = {}

    def row(line: int, fields: Fields) -> AttestedRow:
        action, id_ = _number(fields, "action", ACTION_MAX), _number(fields, "id", ID_MAX)
        if lines.setdefault(id_, line) != line:
            raise ValueError(f"id {id_} stands in line {lines[id_]} already: each is used once.")
        return AttestedRow(Attestation(account(fields["member"]), action, id_), _time(fields))

    return _read(path, ("member", "action", "id"), row)


def read_referrals(path: Path, account: Account) -> list[ReferredRow]:
    """Read a file with the columns `member`, `referrer`, and `occurred_at` if there is one. As `read_attestations`."""

    def row(line: int, fields: Fields) -> ReferredRow:
        return ReferredRow(account(fields["member"]), account(fields["referrer"]), _time(fields))

    return _read(path, ("member", "referrer"), row)


def _read(path: Path, columns: Sequence[str], row: Callable[[int, Fields], T]) -> list[T]:
    found, findings = [], []
    for line, fields in _lines(path, columns):
        try:
            if isinstance(fields, str):
                raise ValueError(fields)
            found.append(row(line, fields))
        except (InputError, ValueError) as error:
            findings.append({"line": line, "reason": str(error)})
    if findings:
        told = "\n".join(f"{path.name}:{one['line']}: {one['reason']}" for one in findings[:FINDINGS_SHOWN])
        more = f"\nand {len(findings) - FINDINGS_SHOWN:,} more" if len(findings) > FINDINGS_SHOWN else ""
        raise InputError(told + more, code="rows_invalid", findings=findings)
    return found


def _lines(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Fields | str]]:
    """Yield each line's number with its fields by column, or with what is wrong with it."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", code="file_unreadable") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not valid UTF-8 ({error.reason}).", code="file_unreadable") from None
    header = _split(lines[0]) if lines else []
    missing = [column for column in columns if column not in header]
    if isinstance(header, str) or missing:
        raise InputError(
            f"{path.name} lacks the column(s) {', '.join(missing)}. Its first line names them: {','.join(columns)}.",
            code="columns_missing",
            missing=missing,
        )
    for number, text in enumerate(lines[1:], 2):
        fields = _split(text)
        if isinstance(fields, str):
            yield number, fields
        elif fields and len(fields) != len(header):
            yield number, f"The line has {len(fields)} fields, the header has {len(header)}."
        elif fields:
            yield number, dict(zip(header, fields, strict=True))


def _split(line: str) -> list[str] | str:
    """The fields of a line, or what is wrong with it."""
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error as error:
        return f"The line cannot be read: {error}."


def _number(fields: Fields, name: str, highest: int) -> int:
    text = fields[name].strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(highest)) and int(text) <= highest):
        raise ValueError(f"{name} is {text[:40]!r}: it must be a whole number from 0 to {highest}.")
    return int(text)


def _time(fields: Fields) -> int | None:
    text = fields.get(WHEN, "")
    try:
        return parse_time(text)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{WHEN} is {text[:40]!r}: write it as 2026-11-21T14:30:00Z.") from None
