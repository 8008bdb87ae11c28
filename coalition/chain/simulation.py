"""What transactions would do if they were in the next block, by the contracts themselves: `eth_simulateV1`. Nothing is sent.

`eth_call` tells what a function returns; what becomes of an operation is told by events, which only a simulation has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coalition.chain import reverts
from coalition.chain.deployment import Deployment
from coalition.chain.history import BlockHeader
from coalition.chain.logs import decode_log
from coalition.chain.rpc import REVERTED, Rpc, RpcError
from coalition.errors import Unavailable
from coalition.ledger.events import Event, Position

__all__ = ["SimulatedCall", "simulate"]

METHOD_UNKNOWN = -32_601
NO_HASH = "0x" + "00" * 32


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """A call of a contract at `to`, as if `sender` had signed it."""

    sender: str
    to: str
    data: bytes


def simulate(
    rpc: Rpc, deployment: Deployment, calls: Sequence[SimulatedCall], head: BlockHeader, timestamp: int
) -> list[tuple[Position, Event]]:
    """Return the ledger's events that the last of `calls` would tell, one after another in a block after `head`.

    `timestamp` is that block's, in Unix seconds. Positions name the block; they have no transaction.

    Raises:
        CoalitionError: what the contract said (`reverts`), if it refused one of the calls.
        Unavailable: `preview_unsupported` if the node cannot simulate.
    """
    at = max(timestamp, head.timestamp + 1)
    asked = [{"from": call.sender, "to": call.to, "input": "0x" + call.data.hex()} for call in calls]
    payload = {"blockStateCalls": [{"blockOverrides": {"time": hex(at)}, "calls": asked}]}
    try:
        (block,) = rpc.call("eth_simulateV1", [payload, hex(head.number)])
    except RpcError as error:
        if error.rpc_code == METHOD_UNKNOWN:
            raise Unavailable(
                "The node cannot simulate (eth_simulateV1), so nothing can be previewed. Ask the operator.",
                code="preview_unsupported",
            ) from None
        raise reverts.translated(error) from None
    for answer in block["calls"]:
        if answer["status"] != "0x1":
            raise reverts.translated(_error(answer))
    followed = {address.lower() for address in deployment.followed}
    logs = [log for log in block["calls"][-1]["logs"] if log["address"].lower() in followed]
    return _events(logs, head.number + 1, at)


def _events(logs: Sequence[dict[str, Any]], block: int, timestamp: int) -> list[tuple[Position, Event]]:
    placed = (
        log | {"blockNumber": hex(block), "logIndex": hex(at), "transactionHash": NO_HASH}
        for at, log in enumerate(logs)
    )
    found = (decode_log(log, {block: timestamp}) for log in placed)
    return [one for one in found if one is not None]


def _error(answer: dict[str, Any]) -> RpcError:
    told = answer.get("error", {})
    return RpcError(REVERTED, str(told.get("message", "reverted")), answer.get("returnData"))
