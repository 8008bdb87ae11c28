"""A chain in this process: eth-tester behind the same JSON-RPC as a node, for tests and for machines without one.

Every transaction gets a block of its own at once, gas is free (Berlin rules), accounts need no balance. One whose nonce
is too high waits for those before it, as in a node's pool. Some hundreds of operations a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from eth.exceptions import Revert
from eth_tester import EthereumTester
from eth_tester.exceptions import BlockNotFound, TransactionFailed
from eth_tester.exceptions import ValidationError as Refused
from eth_utils.exceptions import ValidationError

from coalition.chain.rpc import REVERTED, RpcError, number
from coalition.chain.tester_backend import CHAIN_ID, GAS_LIMIT, LedgerBackend

__all__ = ["TesterRpc"]

CALLER = "0x" + "00" * 20
TAGS = ("earliest", "latest", "pending", "safe", "finalized")
METHOD_UNKNOWN = -32_601
PARAMETERS_WRONG = -32_602
REFUSED = -32_003
NOT_FOUND = -32_001

Json = dict[str, Any]


class TesterRpc:
    """A chain of its own, from nothing. `start_timestamp` is the first block's Unix time, the present if None.

    Speaks the part of JSON-RPC that `Rpc`'s callers use, and `evm_setNextBlockTimestamp`, `evm_mine`, `evm_snapshot`,
    `evm_revert`. After a timestamp was set, time goes on from there.

    eth-tester makes the blocks, keeps the state and answers calls. What it told of a block is kept as JSON: it would look for
    a transaction through all blocks each time, and check every log of it anew.
    """

    __test__ = False  # its name makes pytest take it for tests

    def __init__(self, start_timestamp: int | None = None) -> None:
        start = int(time.time()) if start_timestamp is None else start_timestamp
        self._backend = LedgerBackend(start)
        self._tester = EthereumTester(self._backend)
        self._lock = threading.RLock()
        self._ahead = start - time.time()
        self._next_timestamp: int | None = None
        self._waiting: dict[tuple[str, int], str] = {}
        self._snapshots: dict[str, tuple[int, int]] = {}
        self._blocks: list[Json] = []
        self._logs: list[list[Json]] = []
        self._receipts: dict[str, Json] = {}
        self._transactions: dict[str, Json] = {}
        self.on_block: Callable[[int, list[str]], None] | None = None
        self._keep()

    def call(self, method: str, params: list[Any]) -> Any:
        """See `Rpc.call`."""
        answer = METHODS.get(method)
        if answer is None:
            raise RpcError(METHOD_UNKNOWN, f"the method {method} does not exist here")
        with self._lock:
            try:
                return answer(self, *params)
            except BlockNotFound as error:
                raise RpcError(NOT_FOUND, str(error)) from error
            except (TypeError, ValueError, KeyError, Refused) as error:
                raise RpcError(PARAMETERS_WRONG, f"{method}: {error}") from error

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        """See `Rpc.batch`."""
        with self._lock:
            return [self._attempt(method, params) for method, params in calls]

    def go_on_from(self, timestamp: float) -> None:
        """Let the chain's clock show `timestamp` (Unix seconds) now."""
        self._ahead = timestamp - time.time()

    def close(self) -> None:
        """Nothing to close; here so that it can stand in for `HttpRpc`."""

    def _attempt(self, method: str, params: list[Any]) -> Any:
        try:
            return self.call(method, params)
        except RpcError as error:
            return error

    # ---- what can be asked

    def _chain_id(self) -> str:
        return hex(CHAIN_ID)

    def _client_version(self) -> str:
        return "eth-tester in process"

    def _block_number(self) -> str:
        return hex(len(self._blocks) - 1)

    def _block(self, tag: str, full: bool = False) -> Json | None:
        at = self._index(tag)
        if at >= len(self._blocks):
            return None
        block = self._blocks[at]
        if not full:
            return block
        return {**block, "transactions": [self._transactions[name] for name in block["transactions"]]}

    def _block_by_hash(self, block_hash: str, full: bool = False) -> Json | None:
        found = [block["number"] for block in self._blocks if block["hash"] == block_hash.lower()]
        return self._block(found[0], full) if found else None

    def _receipt(self, transaction: str) -> Json | None:
        return self._receipts.get(transaction.lower())

    def _transaction(self, transaction: str) -> Json | None:
        return self._transactions.get(transaction.lower())

    def _nonce(self, account: str, tag: str = "latest") -> str:
        return hex(self._tester.get_nonce(account, _place(tag)))

    def _balance(self, account: str, tag: str = "latest") -> str:
        return hex(self._tester.get_balance(account, _place(tag)))

    def _code(self, account: str, tag: str = "latest") -> str:
        return str(self._tester.get_code(account, _place(tag)))

    def _storage(self, account: str, slot: str, tag: str = "latest") -> str:
        return str(self._tester.get_storage_at(account, slot, _place(tag)))

    def _eth_call(self, question: Json, tag: str = "latest") -> str:
        if tag == "pending":
            self._open_block()
        return str(self._asked(self._tester.call, question, tag))

    def _estimate(self, question: Json, tag: str = "latest") -> str:
        return hex(self._asked(self._tester.estimate_gas, question, "latest" if tag == "pending" else tag))

    def _simulate(self, payload: Json, tag: str = "latest") -> list[Json]:
        """The part of `eth_simulateV1` that `simulation` uses: one block after the head, with a time of its own."""
        (block,) = payload["blockStateCalls"]
        if self._index(tag) != len(self._blocks) - 1:
            raise RpcError(NOT_FOUND, "only what follows the last block can be simulated here")
        try:
            found = self._backend.simulate(block["calls"], number(block["blockOverrides"]["time"]))
        except ValidationError as error:
            raise RpcError(REFUSED, str(error)) from error
        return [{"calls": [_simulated_json(computation) for computation in found]}]

    def _gas_price(self) -> str:
        return "0x0"

    def _get_logs(self, wanted: Json) -> list[Json]:
        first, last = self._index(wanted.get("fromBlock", "latest")), self._index(wanted.get("toBlock", "latest"))
        addresses = _choice(wanted.get("address"))
        topics = [_choice(topic) for topic in wanted.get("topics", [])]
        return [
            log
            for logs in self._logs[first : last + 1]
            for log in logs
            if (addresses is None or log["address"] in addresses) and _has(log["topics"], topics)
        ]

    # ---- what changes the chain

    def _send(self, raw: str) -> str:
        sender, nonce, name = self._read(raw)
        next_nonce = self._tester.get_nonce(sender)
        if name in self._receipts or (sender, nonce) in self._waiting:
            raise RpcError(REFUSED, "transaction already imported")
        if nonce < next_nonce:
            raise RpcError(REFUSED, "nonce too low")
        if nonce == next_nonce:
            self._mine(raw)
        else:  # eth-tester takes none ahead of its nonce
            self._waiting[sender, nonce] = raw
        while (waited := self._waiting.pop((sender, self._tester.get_nonce(sender)), None)) is not None:
            self._mine(waited)
        return name

    def _read(self, raw: str) -> tuple[str, int, str]:
        """The sender, nonce and hash of a signed transaction, which eth-tester tells only after it carried it out."""
        try:
            transaction = self._backend.chain.get_transaction_builder().decode(bytes.fromhex(raw[2:]))
            return _hex(transaction.sender), transaction.nonce, _hex(transaction.hash)
        except Exception as error:  # py-evm and rlp have no common base for what cannot be read
            raise RpcError(PARAMETERS_WRONG, f"the transaction cannot be read: {error}") from error

    def _mine_empty(self, timestamp: str | int | None = None) -> str:
        if timestamp is not None:
            self._set_next_timestamp(timestamp)
        self._mine(None)
        return "0x0"

    def _set_next_timestamp(self, timestamp: str | int) -> None:
        wanted = number(timestamp) if isinstance(timestamp, str) else timestamp
        last = number(self._blocks[-1]["timestamp"])
        if wanted < last:
            raise RpcError(PARAMETERS_WRONG, f"{wanted} is before the last block's time {last}")
        self._next_timestamp = wanted

    def _snapshot(self) -> str:
        name = hex(len(self._snapshots))
        self._snapshots[name] = (self._tester.take_snapshot(), len(self._blocks))
        return name

    def _revert(self, name: str) -> bool:
        if self.on_block is not None:
            raise RpcError(REFUSED, "a chain that is stored does not go back")
        snapshot, height = self._snapshots.pop(name, (None, 0))
        if snapshot is None or height > len(self._blocks):
            return False
        self._tester.revert_to_snapshot(snapshot)
        self._forget(height)
        self._waiting.clear()
        return True

    def _forget(self, height: int) -> None:
        """Keep the first `height` blocks only."""
        for block in self._blocks[height:]:
            for transaction in block["transactions"]:
                del self._receipts[transaction], self._transactions[transaction]
        del self._blocks[height:], self._logs[height:]

    def _mine(self, raw: str | None) -> None:
        """Make a block of one signed transaction, or an empty one."""
        timestamp = self._open_block()
        parent = self._backend.take_snapshot()
        try:
            if raw is None:
                self._tester.mine_block()
            else:
                self._tester.send_raw_transaction(raw)
        except ValidationError as error:
            raise RpcError(REFUSED, str(error)) from error
        try:
            if self.on_block is not None:
                self.on_block(timestamp, [] if raw is None else [raw])
        except RpcError:
            self._backend.revert_to_snapshot(parent)
            raise
        self._keep()
        if self._next_timestamp is not None:
            self._ahead = timestamp - time.time()
            self._next_timestamp = None

    def _open_block(self) -> int:
        """Give the next block its time, and return it."""
        timestamp = self._next_timestamp
        if timestamp is None:
            timestamp = max(number(self._blocks[-1]["timestamp"]), int(time.time() + self._ahead))
        self._backend.open_block(timestamp)
        return timestamp

    # ---- inside

    def _keep(self) -> None:
        """Keep what eth-tester tells of the last block."""
        block = self._tester.get_block_by_number("latest", full_transactions=True)
        names = [transaction["hash"] for transaction in block["transactions"]]
        receipts = [_receipt_json(self._tester.get_transaction_receipt(name)) for name in names]
        self._transactions |= {one["hash"]: _transaction_json(one) for one in block["transactions"]}
        self._receipts |= {receipt["transactionHash"]: receipt for receipt in receipts}
        self._logs.append([log for receipt in receipts for log in receipt["logs"]])
        self._blocks.append(_block_json(block, names))

    def _asked(self, ask: Callable[[Json, Any], Any], question: Json, tag: str) -> Any:
        """What `ask` answers to a call on the block at `tag`."""
        transaction = {
            "from": question.get("from") or CALLER,
            "to": question.get("to") or "",
            "data": question.get("data") or question.get("input") or "0x",
            "gas": min(number(question.get("gas", hex(GAS_LIMIT))), GAS_LIMIT),
            "gas_price": 0,
        }
        try:
            return ask(transaction, _place(tag))
        except TransactionFailed as failed:
            error = failed.args[0]
            output = error.args[0] if isinstance(error, Revert) and error.args else b""
            raise RpcError(REVERTED, "execution reverted", _hex(output)) from failed
        except ValidationError as error:
            raise RpcError(REFUSED, str(error)) from error

    def _index(self, tag: str) -> int:
        if tag in TAGS:
            return 0 if tag == "earliest" else len(self._blocks) - 1
        return number(tag)


METHODS: dict[str, Callable[..., Any]] = {
    "eth_blockNumber": TesterRpc._block_number,
    "eth_call": TesterRpc._eth_call,
    "eth_chainId": TesterRpc._chain_id,
    "eth_estimateGas": TesterRpc._estimate,
    "eth_gasPrice": TesterRpc._gas_price,
    "eth_getBalance": TesterRpc._balance,
    "eth_getBlockByHash": TesterRpc._block_by_hash,
    "eth_getBlockByNumber": TesterRpc._block,
    "eth_getCode": TesterRpc._code,
    "eth_getLogs": TesterRpc._get_logs,
    "eth_getStorageAt": TesterRpc._storage,
    "eth_getTransactionByHash": TesterRpc._transaction,
    "eth_getTransactionCount": TesterRpc._nonce,
    "eth_getTransactionReceipt": TesterRpc._receipt,
    "eth_sendRawTransaction": TesterRpc._send,
    "eth_simulateV1": TesterRpc._simulate,
    "evm_mine": TesterRpc._mine_empty,
    "evm_revert": TesterRpc._revert,
    "evm_setNextBlockTimestamp": TesterRpc._set_next_timestamp,
    "evm_snapshot": TesterRpc._snapshot,
    "web3_clientVersion": TesterRpc._client_version,
}


def _place(tag: str) -> str | int:
    """A block, as eth-tester names it."""
    return tag if tag in TAGS else number(tag)


def _hex(content: bytes) -> str:
    return "0x" + content.hex()


def _choice(wanted: str | list[str] | None) -> frozenset[str] | None:
    """What a filter allows in one place; None is anything."""
    if wanted is None or wanted == []:
        return None
    return frozenset(one.lower() for one in ([wanted] if isinstance(wanted, str) else wanted))


def _has(topics: list[str], wanted: list[frozenset[str] | None]) -> bool:
    return len(wanted) <= len(topics) and all(
        choice is None or topic in choice for topic, choice in zip(topics, wanted, strict=False)
    )


def _block_json(block: Json, names: list[str]) -> Json:
    return {
        "number": hex(block["number"]),
        "hash": block["hash"],
        "parentHash": block["parent_hash"],
        "timestamp": hex(block["timestamp"]),
        "gasLimit": hex(block["gas_limit"]),
        "gasUsed": hex(block["gas_used"]),
        "stateRoot": block["state_root"],
        "transactions": names,
    }


def _transaction_json(transaction: Json) -> Json:
    return {
        "hash": transaction["hash"],
        **_where(transaction),
        "from": transaction["from"].lower(),
        "to": _account(transaction["to"]),
        "nonce": hex(transaction["nonce"]),
        "gas": hex(transaction["gas"]),
        "gasPrice": "0x0",
        "value": "0x0",
        "input": transaction["data"],
    }


def _receipt_json(receipt: Json) -> Json:
    where = {"transactionHash": receipt["transaction_hash"], **_where(receipt)}
    return {
        **where,
        "from": receipt["from"].lower(),
        "to": _account(receipt["to"]),
        "status": hex(receipt["status"]),
        "gasUsed": hex(receipt["gas_used"]),
        "contractAddress": _account(receipt["contract_address"]),
        "logs": [_log_json(log, where) for log in receipt["logs"]],
    }


def _simulated_json(computation: Any) -> Json:
    if computation.is_error:
        error = {"code": REVERTED, "message": "execution reverted"}
        return {"status": "0x0", "returnData": _hex(computation.output), "logs": [], "error": error}
    logs = [
        {"address": _hex(address), "topics": [f"0x{topic:064x}" for topic in topics], "data": _hex(data)}
        for address, topics, data in computation.get_log_entries()
    ]
    return {"status": "0x1", "returnData": _hex(computation.output), "logs": logs}


def _log_json(log: Json, where: Json) -> Json:
    return {
        **where,
        "address": log["address"].lower(),
        "topics": list(log["topics"]),
        "data": log["data"],
        "logIndex": hex(log["log_index"]),
        "removed": False,
    }


def _where(found: Json) -> Json:
    return {
        "blockNumber": hex(found["block_number"]),
        "blockHash": found["block_hash"],
        "transactionIndex": hex(found["transaction_index"]),
    }


def _account(address: str | None) -> str | None:
    return address.lower() if address else None
