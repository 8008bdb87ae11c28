"""Operations as call data, by joining bytes.

What a day brings goes through here and through `logs`, so neither uses an ABI library: 200 earns are one `join`, and an
event is slices of its hexadecimal text. `tests/chain/test_codec.py` holds both against eth-abi.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from coalition.chain.abi import decode_result, encode_call, selector
from coalition.chain.logs import decode_log, decode_logs
from coalition.errors import InputError
from coalition.ledger.operations import (
    BATCH_MAX,
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

__all__ = [
    "FUNCTIONS",
    "decode_log",
    "decode_logs",
    "decode_result",
    "encode_batch",
    "encode_call",
    "encode_outcome",
    "kind_of",
]

FUNCTIONS = {
    Kind.EARN: "earn",
    Kind.REDEEM: "redeem",
    Kind.HOLD: "hold",
    Kind.CAPTURE: "capture",
    Kind.RELEASE: "release",
    Kind.REVERSE: "reverse",
    Kind.REFUND: "refund",
}
SELECTORS = {kind: selector("PointLedger", function) for kind, function in FUNCTIONS.items()}
PAD_ADDRESS = bytes(12)
SPEND_HEAD_BYTES = 5 * 32
CORRECTION_HEAD_BYTES = 12 * 32
BYTES28_PAD = bytes(4)


def kind_of(operation: Operation) -> Kind:
    """The kind that an operation is posted as."""
    return KINDS[type(operation)]


def encode_batch(kind: Kind, operations: Sequence[Operation]) -> bytes:
    """Return the call data that posts `operations`, all of one `kind`, in one transaction.

    Raises:
        InputError: `batch_size_invalid` unless there are 1 to 500 of them; `operation_invalid` if one is of another
            kind or does not fit the ABI (an address that is none, a number below 0 or beyond its width).
    """
    if not 0 < len(operations) <= BATCH_MAX:
        raise InputError(
            f"A transaction carries 1 to {BATCH_MAX} operations, not {len(operations)}.", code="batch_size_invalid"
        )
    wanted, encode = ENCODERS[kind]
    try:
        if any(type(operation) is not wanted for operation in operations):
            raise TypeError(f"not every one is a {wanted.__name__}")
        return SELECTORS[kind] + encode(operations)
    except (OverflowError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"An operation of this batch cannot be posted as {kind.name}: {error}.", code="operation_invalid"
        ) from error


def _earns(earns: Sequence[Any]) -> bytes:
    parts: list[bytes] = []
    add = parts.extend
    enrolling = 0
    bit = 1
    for earn in earns:
        add((PAD_ADDRESS, bytes.fromhex(earn.member[2:]), earn.receipt.to_bytes(32), earn.spend_minor.to_bytes(32)))
        if earn.enrols:
            enrolling |= bit
        bit <<= 1
    packed = b"".join(parts)
    if len(packed) != 96 * len(earns):
        raise ValueError("an address has not 20 bytes")
    words = (enrolling.bit_length() + 255) // 256
    flags = b"".join((enrolling >> (256 * i) & (1 << 256) - 1).to_bytes(32) for i in range(words))
    start = 64 + 32 + len(packed)
    return b"".join((_word(64), _word(start), _word(len(earns)), packed, _word(words), flags))


def _spends(spends: Sequence[Any]) -> bytes:
    return _dynamic([_spend(spend) for spend in spends])


def _captures(captures: Sequence[Any]) -> bytes:
    return _array([part.to_bytes(32) for c in captures for part in (c.receipt, c.points)], len(captures))


def _releases(releases: Sequence[Any]) -> bytes:
    return _array([release.receipt.to_bytes(32) for release in releases], len(releases))


def _reversals(reversals: Sequence[Any]) -> bytes:
    return _dynamic([_correction(reverse, reverse.spend_minor, reverse.awards) for reverse in reversals])


def _refunds(refunds: Sequence[Any]) -> bytes:
    return _dynamic([_correction(refund, refund.points) for refund in refunds])


def _spend(spend: Redeem | Hold) -> bytes:
    return b"".join(
        (
            _address(spend.member),
            spend.receipt.to_bytes(32),
            spend.points.to_bytes(32),
            spend.deadline.to_bytes(32),
            _word(SPEND_HEAD_BYTES),
            _word(len(spend.signature)),
            spend.signature,
            bytes(-len(spend.signature) % 32),
        )
    )


def _correction(correction: Reverse | Refund, amount: int, awards: Sequence[int] = ()) -> bytes:
    if correction.before and len(correction.before) != 28:
        raise ValueError("a chain has 28 bytes")
    if any(len(leaf) != 32 for leaf in correction.later):
        raise ValueError("a leaf has 32 bytes")
    return b"".join(
        (
            correction.receipt.to_bytes(32),
            amount.to_bytes(32),
            encode_outcome(correction.original),
            correction.before or bytes(28),
            BYTES28_PAD,
            _word(CORRECTION_HEAD_BYTES),
            _word(CORRECTION_HEAD_BYTES + 32 + 32 * len(correction.later)),
            _word(len(correction.later)),
            *correction.later,
            _word(len(awards)),
            *[word.to_bytes(32) for word in awards],
        )
    )


def encode_outcome(outcome: Outcome) -> bytes:
    """Return the seven words of an outcome, whose Keccak-256 is its leaf."""
    if len(outcome.awards) != 32:
        raise ValueError("a hash has 32 bytes")
    return b"".join(
        (
            _word(outcome.kind),
            _address(outcome.member),
            outcome.receipt.to_bytes(32),
            outcome.spend_minor.to_bytes(32),
            outcome.points.to_bytes(32),
            outcome.lots.to_word().to_bytes(32),
            outcome.awards,
        )
    )


def _array(words: list[bytes], length: int) -> bytes:
    """One dynamic array of static items as the only argument."""
    return b"".join((_word(32), _word(length), *words))


def _dynamic(items: list[bytes]) -> bytes:
    """One dynamic array of dynamic items as the only argument."""
    offsets: list[bytes] = []
    offset = 32 * len(items)
    for item in items:
        offsets.append(_word(offset))
        offset += len(item)
    return b"".join((_word(32), _word(len(items)), *offsets, *items))


def _address(text: str) -> bytes:
    packed = bytes.fromhex(text[2:])
    if len(packed) != 20:
        raise ValueError("an address has not 20 bytes")
    return PAD_ADDRESS + packed


def _word(value: int) -> bytes:
    return value.to_bytes(32)


ENCODERS: dict[Kind, tuple[type, Callable[[Sequence[Any]], bytes]]] = {
    Kind.EARN: (Earn, _earns),
    Kind.REDEEM: (Redeem, _spends),
    Kind.HOLD: (Hold, _spends),
    Kind.CAPTURE: (Capture, _captures),
    Kind.RELEASE: (Release, _releases),
    Kind.REVERSE: (Reverse, _reversals),
    Kind.REFUND: (Refund, _refunds),
}
KINDS: dict[type, Kind] = {wanted: kind for kind, (wanted, _) in ENCODERS.items()}
