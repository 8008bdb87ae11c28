"""Operations as the outbox keeps them: JSON text, in the order of the fields of their classes."""

from __future__ import annotations

from typing import Any

import orjson

from coalition.ledger.lots import Lots
from coalition.ledger.operations import (
    Capture,
    Earn,
    Hold,
    Kind,
    Operation,
    Outcome,
    Redeem,
    Refund,
    Release,
    Reverse,
)

__all__ = ["from_content", "to_content"]

JSON_INTEGER_MAX = 1 << 53


def to_content(operation: Operation) -> bytes:
    """Return the text of one operation; its kind is kept beside it. Numbers beyond 53 bits are hexadecimal text."""
    match operation:
        case Earn():
            fields: list[Any] = [
                operation.member,
                _number(operation.receipt),
                _number(operation.spend_minor),
                operation.enrols,
            ]
        case Redeem() | Hold():
            fields = [
                operation.member,
                _number(operation.receipt),
                _number(operation.points),
                _number(operation.deadline),
                operation.signature.hex(),
            ]
        case Capture():
            fields = [_number(operation.receipt), _number(operation.points)]
        case Release():
            fields = [_number(operation.receipt)]
        case Reverse() | Refund():
            amount = operation.spend_minor if isinstance(operation, Reverse) else operation.points
            proof = [operation.before.hex(), [leaf.hex() for leaf in operation.later]]
            awards = [hex(word) for word in operation.awards] if isinstance(operation, Reverse) else []
            fields = [_number(operation.receipt), _number(amount), _outcome(operation.original), *proof, awards]
    return orjson.dumps(fields)


def from_content(kind: Kind, content: bytes) -> Operation:
    """Read what `to_content` wrote."""
    fields = orjson.loads(content)
    match kind:
        case Kind.EARN:
            return Earn(fields[0], _read(fields[1]), _read(fields[2]), fields[3])
        case Kind.REDEEM | Kind.HOLD:
            spend = Redeem if kind is Kind.REDEEM else Hold
            signature = bytes.fromhex(fields[4])
            return spend(fields[0], _read(fields[1]), _read(fields[2]), _read(fields[3]), signature)
        case Kind.CAPTURE:
            return Capture(_read(fields[0]), _read(fields[1]))
        case Kind.RELEASE:
            return Release(_read(fields[0]))
        case Kind.REVERSE | Kind.REFUND:
            original, before = _read_outcome(fields[2]), bytes.fromhex(fields[3])
            later = tuple(bytes.fromhex(leaf) for leaf in fields[4])
            proved = _read(fields[0]), _read(fields[1]), original, before, later
            if kind is Kind.REFUND:
                return Refund(*proved)
            return Reverse(*proved, tuple(_read(word) for word in fields[5]))


def _number(value: int) -> int | str:
    return value if -JSON_INTEGER_MAX < value < JSON_INTEGER_MAX else hex(value)


def _read(value: int | str) -> int:
    return value if isinstance(value, int) else int(value, 16)


def _outcome(outcome: Outcome) -> list[Any]:
    return [
        int(outcome.kind),
        outcome.member,
        _number(outcome.receipt),
        _number(outcome.spend_minor),
        _number(outcome.points),
        hex(outcome.lots.to_word()),
        outcome.awards.hex(),
    ]


def _read_outcome(fields: list[Any]) -> Outcome:
    kind, member, receipt, spend_minor, points, lots, awards = fields
    word = Lots.from_word(_read(lots))
    amounts = _read(receipt), _read(spend_minor), _read(points)
    return Outcome(Kind(kind), member, *amounts, word, bytes.fromhex(awards))
