"""Calls to calldata, logs to events, revert data to `Revert`, by the committed ABIs and joined 32-byte words.

The environment variable `FUZZ_ARTIFACTS` names another folder of artifacts, for changed contracts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from coalition.ledger import calls, events
from coalition.ledger.lots import Lots
from coalition.ledger.machine import Revert
from coalition.ledger.operations import Kind, Outcome, Rejection

try:
    from sha3 import keccak_256

    def keccak(data: bytes) -> bytes:
        return keccak_256(data).digest()
except ImportError:  # the C extension is an optional part of the requirements
    from eth_hash.auto import keccak

COMMITTED = Path(__file__).parents[2] / "coalition" / "chain" / "artifacts"
ARTIFACTS = Path(os.environ.get("FUZZ_ARTIFACTS", COMMITTED))
CONTRACTS = ("PointLedger", "PartnerRegistry", "AccessManager")


def artifact(name: str, folder: Path = ARTIFACTS) -> dict[str, Any]:
    return json.loads((folder / f"{name}.json").read_text())


def word(value: int | str | bytes) -> bytes:
    """One ABI word: a number, an address, or bytes, which stand to the left."""
    if isinstance(value, bytes):
        return value.ljust(32, b"\0")
    return (int(value, 16) if isinstance(value, str) else value).to_bytes(32)


def words(*values: int | str | bytes) -> bytes:
    return b"".join([word(value) for value in values])


def tail(data: bytes) -> bytes:
    """A dynamic `bytes` or `string`."""
    return word(len(data)) + data.ljust(-(-len(data) // 32) * 32, b"\0")


@cache
def checksummed(raw: bytes) -> str:
    digits = raw.hex()
    marks = keccak(digits.encode()).hex()
    return "0x" + "".join(c.upper() if int(mark, 16) > 7 else c for c, mark in zip(digits, marks, strict=False))


def canonical(entry: dict[str, Any]) -> str:
    def kind(item: dict[str, Any]) -> str:
        if not item["type"].startswith("tuple"):
            return item["type"]
        return "(" + ",".join(kind(part) for part in item["components"]) + ")" + item["type"][5:]

    return entry["name"] + "(" + ",".join(kind(item) for item in entry["inputs"]) + ")"


ABI = [entry for name in CONTRACTS for entry in artifact(name)["abi"]]
SELECTORS = {entry["name"]: keccak(canonical(entry).encode())[:4] for entry in ABI if entry["type"] == "function"}


HOOK_AWARD = keccak(b"award(address,uint256[])")[:4]


def _dynamic(items: Sequence[bytes]) -> bytes:
    """An array of dynamic items."""
    offsets, offset = [], 32 * len(items)
    for item in items:
        offsets.append(offset)
        offset += len(item)
    return words(len(items), *offsets) + b"".join(items)


def _post(call: calls.Post) -> bytes:
    operations: Any = call.operations
    name = call.kind.name.lower()
    match call.kind:
        case Kind.EARN:
            purchases = b"".join([words(o.member, o.receipt, o.spend_minor) for o in operations])
            bits = sum(1 << i for i, o in enumerate(operations) if o.enrols)
            enrolling = []
            while bits:
                enrolling.append(bits & ((1 << 256) - 1))
                bits >>= 256
            first = word(len(operations)) + purchases
            body = words(64, 64 + len(first)) + first + words(len(enrolling), *enrolling)
        case Kind.REDEEM | Kind.HOLD:
            items = [words(o.member, o.receipt, o.points, o.deadline, 160) + tail(o.signature) for o in operations]
            body = word(32) + _dynamic(items)
        case Kind.CAPTURE:
            body = words(32, len(operations)) + b"".join([words(o.receipt, o.points) for o in operations])
        case Kind.RELEASE:
            body = words(32, len(operations), *[o.receipt for o in operations])
        case Kind.REVERSE:
            body = word(32) + _dynamic([_correction(o, o.spend_minor, o.awards) for o in operations])
        case Kind.REFUND:
            body = word(32) + _dynamic([_correction(o, o.points) for o in operations])
    return SELECTORS[name] + body


def _correction(operation: Any, amount: int, awards: Sequence[int] = ()) -> bytes:
    before, later = operation.before, operation.later
    head = operation.receipt, amount, *outcome_words(operation.original), before, 384, 416 + 32 * len(later)
    return words(*head, len(later), *later, len(awards), *awards)


def outcome_words(outcome: Outcome) -> tuple[int | str | bytes, ...]:
    fields = outcome.member, outcome.receipt, outcome.spend_minor, outcome.points
    return int(outcome.kind), *fields, outcome.lots.to_word(), outcome.awards


Encoder = Callable[[Any], bytes]
ENCODERS: dict[type[calls.Call], tuple[str, Encoder]] = {
    calls.Enrol: ("enrol", lambda c: words(32, len(c.members), *c.members)),
    calls.ReleaseLapsed: ("releaseLapsed", lambda c: words(c.partner, c.receipt)),
    calls.Pause: ("pause", lambda c: b""),
    calls.Unpause: ("unpause", lambda c: b""),
    calls.SetCampaignBook: ("setCampaignBook", lambda c: words(c.book)),
    calls.Award: ("award", lambda c: words(32, len(c.others), *[int(who, 16) | n << 160 for who, n in c.others])),
    calls.AnnounceKeyRotation: (
        "announceKeyRotation",
        lambda c: words(c.account, c.next, c.deadline, 128) + tail(c.signature),
    ),
    calls.AnnounceKeyRecovery: ("announceKeyRecovery", lambda c: words(c.account, c.next)),
    calls.CancelKeyChange: ("cancelKeyChange", lambda c: words(c.account, c.deadline, 96) + tail(c.signature)),
    calls.Approve: ("approve", lambda c: words(c.spender, c.value)),
    calls.Permit: (
        "permit",
        lambda c: words(c.owner, c.spender, c.value, c.deadline, c.signature[64], c.signature[:32], c.signature[32:64]),
    ),
    calls.Transfer: ("transfer", lambda c: words(c.to, c.value)),
    calls.TransferFrom: ("transferFrom", lambda c: words(c.from_, c.to, c.value)),
    calls.TransferAtEpoch: ("transferAtEpoch", lambda c: words(c.epoch, c.to, c.value)),
    calls.TransferFromAtEpoch: ("transferFromAtEpoch", lambda c: words(c.epoch, c.from_, c.to, c.value)),
    calls.TransferWithAuthorization: (
        "transferWithAuthorization",
        lambda c: words(c.from_, c.to, c.value, c.valid_after, c.valid_before, c.nonce, 224) + tail(c.signature),
    ),
    calls.CancelAuthorization: (
        "cancelAuthorization",
        lambda c: words(c.authorizer, c.nonce, 96) + tail(c.signature),
    ),
    calls.AddPartner: (
        "addPartner",
        lambda c: words(160, c.account, c.key, c.currency.encode(), c.earn_rate_bps) + tail(c.name.encode()),
    ),
    calls.SuspendPartner: ("suspendPartner", lambda c: words(c.partner)),
    calls.ReinstatePartner: ("reinstatePartner", lambda c: words(c.partner)),
    calls.AddKey: ("addKey", lambda c: words(c.partner, c.key)),
    calls.RevokeKey: ("revokeKey", lambda c: words(c.key)),
    calls.AnnounceEarnRate: ("announceEarnRate", lambda c: words(c.partner, c.earn_rate_bps, c.effective_from)),
    calls.SetTerms: (
        "setTerms",
        lambda c: words(c.partner, c.issue_price_micros, c.reimbursement_micros, c.credit_limit_points),
    ),
}
REGISTRY_CALLS = (
    calls.AddPartner,
    calls.SuspendPartner,
    calls.ReinstatePartner,
    calls.AddKey,
    calls.RevokeKey,
    calls.AnnounceEarnRate,
    calls.SetTerms,
)


def calldata(call: calls.Call) -> bytes:
    """The bytes to send. A registry's call goes to the registry (`REGISTRY_CALLS`), any other to the ledger."""
    if isinstance(call, calls.Post):
        return _post(call)
    name, encode = ENCODERS[type(call)]
    return SELECTORS[name] + encode(call)


def _lots(raw: bytes) -> Lots:
    value = int.from_bytes(raw)
    lots = Lots.from_word(value)
    assert lots.to_word() == value, "an event's lots carry flags"
    return lots


def _converter(item: dict[str, Any]) -> Callable[[bytes], Any]:
    internal = item.get("internalType", "").rpartition(" ")[2]
    if internal == "Lots":
        return _lots
    if internal in ("OperationKind", "RejectionCode"):
        enum = Kind if internal == "OperationKind" else Rejection
        return lambda raw: enum(int.from_bytes(raw))
    return CONVERTERS.get(item["type"], int.from_bytes)


CONVERTERS: dict[str, Callable[[bytes], Any]] = {
    "address": lambda raw: checksummed(raw[12:]),
    "bool": lambda raw: bool(int.from_bytes(raw)),
    "bytes3": lambda raw: raw[:3].decode(),
    "bytes32": bytes,
}


def _decoder(entry: dict[str, Any], make: Any) -> Callable[[list[bytes], bytes], Any]:
    steps, topic, place = [], 1, 0
    for item in entry["inputs"]:
        if item["indexed"]:
            steps.append((True, topic, _converter(item)))
            topic += 1
        else:
            steps.append((False, place, str if item["type"] == "string" else _converter(item)))
            place += 32

    def decode(topics: list[bytes], data: bytes) -> Any:
        values = []
        for indexed, at, convert in steps:
            raw = topics[at] if indexed else data[at : at + 32]
            if convert is str:
                start = int.from_bytes(raw) + 32
                values.append(data[start : start + int.from_bytes(data[start - 32 : start])].decode())
            else:
                values.append(convert(raw))
        return make(*values)

    return decode


DECODERS = {
    keccak(canonical(entry).encode()): _decoder(entry, getattr(events, entry["name"]))
    for entry in ABI
    if entry["type"] == "event" and entry["name"] in events.__all__
}


def event_of(topics: list[bytes], data: bytes) -> events.Event | None:
    """The event of one log; None if it is none of the ledger's or registry's."""
    decode = DECODERS.get(topics[0])
    return None if decode is None else decode(topics, data)


PANIC = {"name": "Panic", "inputs": [{"type": "uint256"}], "type": "error"}
ERRORS = {
    keccak(canonical(entry).encode())[:4]: (entry["name"], [_converter(item) for item in entry["inputs"]])
    for entry in [*ABI, PANIC]
    if entry["type"] == "error"
}


def revert_of(data: bytes) -> Revert:
    """The custom error in revert data."""
    if data[:4] not in ERRORS:
        return Revert("Unknown", (data.hex(),))
    name, converters = ERRORS[data[:4]]
    return Revert(name, tuple(convert(data[4 + 32 * i : 36 + 32 * i]) for i, convert in enumerate(converters)))
