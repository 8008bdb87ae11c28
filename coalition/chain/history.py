"""What the chain has told so far: headers of blocks, and the ledger's events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from coalition.chain.deployment import Deployment
from coalition.chain.logs import DOMAIN_TOPICS, decode_logs
from coalition.chain.rpc import Rpc, RpcError, number
from coalition.errors import ChainUnavailable
from coalition.ledger.events import Event, Position

__all__ = ["BlockHeader", "events", "events_and_headers", "head", "headers"]

LIMIT_EXCEEDED = -32_005  # EIP-1474
LIMIT_WORDS = ("limit", "too many", "too large", "exceed", "range")


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """A block: its number, its hash and that of the one before (`0x…`), and its Unix time in seconds."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int


def head(rpc: Rpc) -> BlockHeader:
    """Return the newest block.

    Raises:
        ChainUnavailable: the node does not answer.
    """
    return _header(rpc.call("eth_getBlockByNumber", ["latest", False]))


def headers(rpc: Rpc, numbers: Iterable[int]) -> dict[int, BlockHeader]:
    """Return the headers of blocks by their numbers, without those that the chain does not have."""
    return _headers(rpc.batch(_header_calls(sorted(set(numbers)))))


def events(
    rpc: Rpc, deployment: Deployment, first: int, last: int, *, domain_only: bool = False
) -> list[tuple[Position, Event]]:
    """Return what both contracts told in the blocks `first` to `last`, both included, in order.

    `domain_only` leaves out the `Transfer` and `Approval` of ERC-20, of which the ledger has its own account.

    Raises:
        ChainUnavailable: the node does not answer; `chain_reorganised` if blocks were replaced while they were read.
    """
    return events_and_headers(rpc, deployment, first, last, domain_only=domain_only)[0]


def events_and_headers(
    rpc: Rpc, deployment: Deployment, first: int, last: int, *, domain_only: bool = False, also: Iterable[int] = ()
) -> tuple[list[tuple[Position, Event]], dict[int, BlockHeader]]:
    """Return what `events` returns, and the headers of the blocks in which it happened, and of those in `also`.

    Where `also` names the blocks in which something happened, the node is asked once.
    """
    logs, known = _logs(rpc, deployment, first, last, domain_only, sorted(set(also)))
    hashes = {number(log["blockNumber"]): log["blockHash"] for log in logs}
    missing = hashes.keys() - known.keys()
    known |= headers(rpc, missing) if missing else {}
    for at, block_hash in hashes.items():
        if at not in known or known[at].hash != block_hash:
            raise ChainUnavailable(
                f"Block {at} was replaced while it was read. Read again from the last block that both chains have.",
                code="chain_reorganised",
                block=at,
            )
    return decode_logs(logs, {at: header.timestamp for at, header in known.items()}), known


def _logs(
    rpc: Rpc, deployment: Deployment, first: int, last: int, domain_only: bool, also: Sequence[int]
) -> tuple[list[dict[str, Any]], dict[int, BlockHeader]]:
    """The logs of a range, and headers; cut in two where a node finds it too large."""
    wanted: dict[str, Any] = {
        "fromBlock": hex(first),
        "toBlock": hex(last),
        "address": list(deployment.followed),
    }
    if domain_only:
        wanted["topics"] = [DOMAIN_TOPICS]
    found, *blocks = rpc.batch([("eth_getLogs", [wanted]), *_header_calls(also)])
    known = _headers(blocks)
    if not isinstance(found, RpcError):
        return found, known
    too_large = found.rpc_code == LIMIT_EXCEEDED or any(word in found.message.lower() for word in LIMIT_WORDS)
    if first >= last or not too_large:
        raise found
    middle = (first + last) // 2
    before, _ = _logs(rpc, deployment, first, middle, domain_only, ())
    after, _ = _logs(rpc, deployment, middle + 1, last, domain_only, ())
    return before + after, known


def _header_calls(numbers: Iterable[int]) -> list[tuple[str, list[Any]]]:
    return [("eth_getBlockByNumber", [hex(at), False]) for at in numbers]


def _headers(blocks: Iterable[Any]) -> dict[int, BlockHeader]:
    found = {}
    for block in blocks:
        if isinstance(block, RpcError):
            raise block
        if block is not None:
            header = _header(block)
            found[header.number] = header
    return found


def _header(block: dict[str, Any]) -> BlockHeader:
    return BlockHeader(number(block["number"]), block["hash"], block["parentHash"], number(block["timestamp"]))
