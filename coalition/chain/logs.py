"""Logs of the chain as events of the ledger.

The hot events have readers of their own; every other event is read by a plan made from the ABI. `LIBRARY_EVENTS` are
those of OpenZeppelin that say nothing about points or partners, and are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from coalition.chain import abi
from coalition.chain.addresses import from_word
from coalition.chain.artifacts import artifact
from coalition.chain.keccak import keccak
from coalition.errors import IntegrityError
from coalition.ledger import events
from coalition.ledger.events import Earned, Event, MemberEnrolled, OperationRejected, Position, Redeemed
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Kind, Rejection

__all__ = ["DOMAIN_TOPICS", "LIBRARY_EVENTS", "TOPICS", "decode_log", "decode_logs"]

LIBRARY_EVENTS = frozenset({"AuthorityUpdated", "EIP712DomainChanged"})
TOKEN_EVENTS = frozenset({"Approval", "Transfer"})

Json = Mapping[str, Any]
Reader = Callable[[Json], Event]


def decode_log(log: Json, timestamps: Mapping[int, int]) -> tuple[Position, Event] | None:
    """Return the event that a log of JSON-RPC tells, and where it stands; None if it is no event of the ledger.

    `timestamps` has the Unix time of the log's block by block number.

    Raises:
        IntegrityError: `log_unreadable` if it does not have the form that the ABI gives it.
    """
    read = READERS.get(log["topics"][0]) if log["topics"] else None
    if read is None:
        return None
    block = int(log["blockNumber"], 16)
    position = Position(block, int(log["logIndex"], 16), timestamps[block], log["transactionHash"])
    try:
        return position, read(log)
    except (ValueError, LookupError) as error:
        raise IntegrityError(
            f"Log {position.log} of block {block} is not one that this version can read ({error}). "
            "Check that the deployment is this version's.",
            code="log_unreadable",
            block=block,
            log=position.log,
        ) from error


def decode_logs(logs: Iterable[Json], timestamps: Mapping[int, int]) -> list[tuple[Position, Event]]:
    """Return what `decode_log` returns for each of `logs`, without what is no event of the ledger."""
    decoded = (decode_log(log, timestamps) for log in logs)
    return [found for found in decoded if found is not None]


def _earned(log: Json) -> Event:
    _, partner, member = log["topics"]
    data = log["data"]
    return Earned(
        int(partner, 16), from_word(member), int(data[2:66], 16), int(data[66:130], 16), int(data[130:194], 16)
    )


def _redeemed(log: Json) -> Event:
    _, partner, member = log["topics"]
    data = log["data"]
    return Redeemed(
        int(partner, 16),
        from_word(member),
        int(data[2:66], 16),
        int(data[66:130], 16),
        Lots.from_word(int(data[130:194], 16)),
    )


def _rejected(log: Json) -> Event:
    data = log["data"]
    return OperationRejected(
        int(log["topics"][1], 16), int(data[2:66], 16), KINDS[int(data[66:130], 16)], REJECTIONS[int(data[130:194], 16)]
    )


def _enrolled(log: Json) -> Event:
    return MemberEnrolled(from_word(log["topics"][1]))


def _integer(word: str) -> int:
    return int(word, 16)


def _flag(word: str) -> bool:
    return int(word, 16) != 0


def _lots(word: str) -> Lots:
    return Lots.from_word(int(word, 16))


def _kind(word: str) -> Kind:
    return Kind(int(word, 16))


def _rejection(word: str) -> Rejection:
    return Rejection(int(word, 16))


def _code(word: str) -> str:
    """Three letters (`bytes3`), such as a currency."""
    return bytes.fromhex(word[:6]).rstrip(b"\0").decode("ascii", "replace")


BY_INTERNAL_TYPE: dict[str, Callable[[str], Any]] = {
    "Lots": _lots,
    "enum OperationKind": _kind,
    "enum RejectionCode": _rejection,
}
BY_TYPE: dict[str, Callable[[str], Any]] = {
    "address": from_word,
    "bool": _flag,
    "bytes3": _code,
    "bytes32": bytes.fromhex,
    "uint256": _integer,
    "uint32": _integer,
}
KINDS: dict[int, Kind] = {int(kind): kind for kind in Kind}
REJECTIONS: dict[int, Rejection] = {int(code): code for code in Rejection}
HOT: dict[str, Reader] = {
    "Earned": _earned,
    "MemberEnrolled": _enrolled,
    "OperationRejected": _rejected,
    "Redeemed": _redeemed,
}


def _planned(entry: Json) -> Reader:
    """A reader for one event of an ABI."""
    build = getattr(events, entry["name"])
    plan: list[tuple[bool, int, Callable[[str], Any] | None]] = []
    topic, word = 1, 0
    for parameter in entry["inputs"]:
        read = BY_INTERNAL_TYPE.get(parameter["internalType"]) or BY_TYPE.get(parameter["type"])
        if parameter["indexed"]:
            plan.append((True, topic, read))
            topic += 1
        else:
            plan.append((False, 2 + 64 * word, read))
            word += 1

    def reader(log: Json) -> Event:
        topics, data = log["topics"], log["data"]
        fields = []
        for indexed, at, read in plan:
            text = topics[at][2:] if indexed else data[at : at + 64]
            fields.append(_string(data, int(text, 16)) if read is None else read(text))
        event: Event = build(*fields)
        return event

    return reader


def _string(data: str, offset: int) -> str:
    start = 2 + 2 * offset
    length = int(data[start : start + 64], 16)
    return bytes.fromhex(data[start + 64 : start + 64 + 2 * length]).decode("utf-8", "replace")


def _topics() -> dict[str, Json]:
    known: dict[str, Json] = {}
    for contract in ("PointLedger", "PartnerRegistry"):
        for entry in artifact(contract).entries("event"):
            if entry["name"] not in LIBRARY_EVENTS:
                known["0x" + keccak(abi.signature(entry).encode()).hex()] = entry
    return known


ENTRIES = _topics()
TOPICS: dict[str, str] = {topic: entry["name"] for topic, entry in ENTRIES.items()}
DOMAIN_TOPICS: list[str] = sorted(topic for topic, name in TOPICS.items() if name not in TOKEN_EVENTS)
READERS: dict[str, Reader] = {topic: HOT.get(entry["name"]) or _planned(entry) for topic, entry in ENTRIES.items()}
