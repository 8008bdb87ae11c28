"""Logs of the chain as events of the ledger.

The hot events have readers of their own; every other event is read by a plan made from the ABI. `LIBRARY_EVENTS` are
those of OpenZeppelin that say nothing about points or partners, and are passed over. So are the badge book's: a badge
moves as an ERC-721 token, whose `Transfer` has the topic of ERC-20's, and the campaign book tells of every badge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from coalition.chain import abi
from coalition.chain.addresses import from_word
from coalition.chain.artifacts import artifact
from coalition.chain.keccak import keccak
from coalition.chain.structs import read_programme, read_terms
from coalition.errors import IntegrityError
from coalition.ledger import campaign_events, events, programme_events
from coalition.ledger.campaign_events import Awarded, AwardTakenBack, CampaignProposed, Progressed, Refusal
from coalition.ledger.events import Earned, Event, MemberEnrolled, OperationRejected, Position, Redeemed
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Kind, Rejection
from coalition.ledger.programme_events import ProgrammeAnnounced
from coalition.ledger.rules.rule import PROGRESS_BITS

__all__ = ["DOMAIN_TOPICS", "LIBRARY_EVENTS", "TOPICS", "decode_log", "decode_logs"]

LIBRARY_EVENTS = frozenset({"AuthorityUpdated", "EIP712DomainChanged"})
TOKEN_EVENTS = frozenset({"Approval", "Transfer"})
CLASSES = {
    "CampaignAgreements": campaign_events,
    "CampaignBook": campaign_events,
    "PartnerRegistry": events,
    "PointLedger": events,
    "TierBook": programme_events,
}
"""The contracts whose events are read, each with the module that has a class for every one of them."""

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
        int(partner, 16),
        from_word(member),
        int(data[2:66], 16),
        int(data[66:130], 16),
        int(data[130:194], 16),
        int(data[194:258], 16),
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


def _awarded(log: Json) -> Event:
    return Awarded(*_award(log))


def _taken_back(log: Json) -> Event:
    return AwardTakenBack(*_award(log))


def _award(log: Json) -> tuple[int, str, bytes, int, int, int, int]:
    _, campaign, member = log["topics"]
    data = log["data"]
    return (
        int(campaign, 16),
        from_word(member),
        bytes.fromhex(data[2:66]),
        int(data[66:130], 16),
        int(data[130:194], 16),
        int(data[194:258], 16),
        int(data[258:322], 16),
    )


def _progressed(log: Json) -> Event:
    campaign, progress = divmod(int(log["data"], 16), 1 << PROGRESS_BITS)
    return Progressed(campaign, from_word(log["topics"][1]), progress)


def _proposed(log: Json) -> Event:
    _, campaign, version, terms_hash = log["topics"]
    data = log["data"][2:]
    terms = read_terms(data, 1)
    return CampaignProposed(
        int(campaign, 16), int(version, 16), bytes.fromhex(terms_hash[2:]), int(data[:64], 16), terms
    )


def _programme(log: Json) -> Event:
    data = log["data"][2:]
    return ProgrammeAnnounced(int(log["topics"][1], 16), int(data[:64], 16), read_programme(data, 1))


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


def _refusal(word: str) -> Refusal:
    return Refusal(int(word, 16))


def _code(word: str) -> str:
    """Three letters (`bytes3`), such as a currency."""
    return bytes.fromhex(word[:6]).rstrip(b"\0").decode("ascii", "replace")


BY_INTERNAL_TYPE: dict[str, Callable[[str], Any]] = {
    "Lots": _lots,
    "enum ICampaignBook.Refusal": _refusal,
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
    "AwardTakenBack": _taken_back,
    "Awarded": _awarded,
    "Earned": _earned,
    "MemberEnrolled": _enrolled,
    "OperationRejected": _rejected,
    "Progressed": _progressed,
    "Redeemed": _redeemed,
}
NESTED: dict[str, Reader] = {"CampaignProposed": _proposed, "ProgrammeAnnounced": _programme}


def _planned(contract: str, entry: Json) -> Reader:
    """A reader for one event of an ABI."""
    build = getattr(CLASSES[contract], entry["name"])
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


def _topics() -> dict[str, tuple[str, Json]]:
    """The contract and the ABI's entry of each topic."""
    known: dict[str, tuple[str, Json]] = {}
    for contract in CLASSES:
        for entry in artifact(contract).entries("event"):
            if entry["name"] not in LIBRARY_EVENTS:
                known["0x" + keccak(abi.signature(entry).encode()).hex()] = contract, entry
    return known


def _reader(contract: str, entry: Json) -> Reader:
    name = entry["name"]
    return HOT.get(name) or NESTED.get(name) or _planned(contract, entry)


ENTRIES = _topics()
TOPICS: dict[str, str] = {topic: entry["name"] for topic, (_, entry) in ENTRIES.items()}
DOMAIN_TOPICS: list[str] = sorted(topic for topic, name in TOPICS.items() if name not in TOKEN_EVENTS)
READERS: dict[str, Reader] = {topic: _reader(*found) for topic, found in ENTRIES.items()}
