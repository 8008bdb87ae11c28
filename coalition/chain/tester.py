"""A chain in this process: py-evm behind the same JSON-RPC as a node, for tests and for machines without one.

Every transaction gets a block of its own at once, gas is free (Berlin rules), accounts need no balance. One whose nonce
is too high waits for those before it, as in a node's pool. Some hundreds of operations a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from eth import constants
from eth._utils.address import generate_contract_address
from eth.chains.base import MiningChain
from eth.consensus.applier import ConsensusApplier
from eth.consensus.noproof import NoProofConsensus
from eth.db.atomic import AtomicDB
from eth.vm.forks.berlin import BerlinVM
from eth.vm.spoof import SpoofTransaction
from eth_utils.exceptions import ValidationError

from coalition.chain.rpc import REVERTED, RpcError, number

__all__ = ["TesterRpc"]

CHAIN_ID = 31_337
GAS_LIMIT = 1_000_000_000
CALLER = "0x" + "00" * 20
METHOD_UNKNOWN = -32_601
PARAMETERS_WRONG = -32_602
REFUSED = -32_003
NOT_FOUND = -32_001

Json = dict[str, Any]


class _Machine(BerlinVM):
    def validate_block(self, block: Any) -> None:
        """Blocks are made here only; as on other development nodes, two of them may have the same time."""


class _Chain(MiningChain):
    chain_id = CHAIN_ID
    vm_configuration = ConsensusApplier(NoProofConsensus).amend_vm_configuration(((0, _Machine),))

    def validate_block(self, block: Any) -> None:
        """See `_Machine.validate_block`."""

    def create_header_from_parent(self, parent_header: Any, **header_params: Any) -> Any:
        """Keep the gas limit, which the rules would let drift."""
        return super().create_header_from_parent(parent_header, **{**header_params, "gas_limit": GAS_LIMIT})


class TesterRpc:
    """A chain of its own, from nothing. `start_timestamp` is the first block's Unix time, the present if None.

    Speaks the part of JSON-RPC that `Rpc`'s callers use, and `evm_setNextBlockTimestamp`, `evm_mine`, `evm_snapshot`,
    `evm_revert`. After a timestamp was set, time goes on from there.
    """

    __test__ = False  # its name makes pytest take it for tests

    def __init__(self, start_timestamp: int | None = None) -> None:
        start = int(time.time()) if start_timestamp is None else start_timestamp
        genesis: Json = {
            "difficulty": 1,
            "gas_limit": GAS_LIMIT,
            "timestamp": start,
            "extra_data": b"",
            "nonce": bytes(8),
        }
        self._chain: Any = _Chain.from_genesis(AtomicDB(), {**genesis, "coinbase": constants.ZERO_ADDRESS}, {})
        self._lock = threading.RLock()
        self._ahead = start - time.time()
        self._next_timestamp: int | None = None
        self._waiting: dict[tuple[bytes, int], Any] = {}
        self._snapshots: dict[str, int] = {}
        self._headers: list[Any] = []
        self._blocks: list[Json] = []
        self._logs: list[list[Json]] = []
        self._receipts: dict[str, Json] = {}
        self._transactions: dict[str, Json] = {}
        self.on_block: Callable[[int, list[str]], None] | None = None
        self._keep(self._chain.get_canonical_block_by_number(constants.GENESIS_BLOCK_NUMBER), [], [])

    def call(self, method: str, params: list[Any]) -> Any:
        """See `Rpc.call`."""
        answer = METHODS.get(method)
        if answer is None:
            raise RpcError(METHOD_UNKNOWN, f"the method {method} does not exist here")
        with self._lock:
            try:
                return answer(self, *params)
            except (TypeError, ValueError, KeyError) as error:
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
        return "py-evm in process"

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
        return hex(self._state(tag).get_nonce(_bytes(account)))

    def _balance(self, account: str, tag: str = "latest") -> str:
        return hex(self._state(tag).get_balance(_bytes(account)))

    def _code(self, account: str, tag: str = "latest") -> str:
        return _hex(self._state(tag).get_code(_bytes(account)))

    def _storage(self, account: str, slot: str, tag: str = "latest") -> str:
        return f"0x{self._state(tag).get_storage(_bytes(account), number(slot)):064x}"

    def _eth_call(self, question: Json, tag: str = "latest") -> str:
        output, _ = self._executed(question, tag)
        return _hex(output)

    def _gas_price(self) -> str:
        return "0x0"

    def _estimate(self, question: Json, tag: str = "latest") -> str:
        _, gas_used = self._executed(question, tag)
        return hex(gas_used * 3 // 2)

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
        try:
            transaction = self._vm(self._headers[-1]).get_transaction_builder().decode(_bytes(raw))
            sender = transaction.sender
        except Exception as error:  # py-evm and rlp have no common base for what cannot be read
            raise RpcError(PARAMETERS_WRONG, f"the transaction cannot be read: {error}") from error
        name = _hex(transaction.hash)
        next_nonce = self._state("latest").get_nonce(sender)
        if name in self._receipts or (sender, transaction.nonce) in self._waiting:
            raise RpcError(REFUSED, "transaction already imported")
        if transaction.nonce < next_nonce:
            raise RpcError(REFUSED, "nonce too low")
        if transaction.nonce == next_nonce:
            self._mine([transaction])
        else:
            self._waiting[sender, transaction.nonce] = transaction
        while (waited := self._waiting.pop((sender, self._state("latest").get_nonce(sender)), None)) is not None:
            self._mine([waited])
        return name

    def _mine_empty(self, timestamp: str | int | None = None) -> str:
        if timestamp is not None:
            self._set_next_timestamp(timestamp)
        self._mine([])
        return "0x0"

    def _set_next_timestamp(self, timestamp: str | int) -> None:
        wanted = number(timestamp) if isinstance(timestamp, str) else timestamp
        if wanted < self._headers[-1].timestamp:
            raise RpcError(PARAMETERS_WRONG, f"{wanted} is before the last block's time {self._headers[-1].timestamp}")
        self._next_timestamp = wanted

    def _snapshot(self) -> str:
        name = hex(len(self._snapshots))
        self._snapshots[name] = len(self._blocks)
        return name

    def _revert(self, name: str) -> bool:
        if self.on_block is not None:
            raise RpcError(REFUSED, "a chain that is stored does not go back")
        height = self._snapshots.pop(name, None)
        if height is None or height > len(self._blocks):
            return False
        self._forget(height)
        self._waiting.clear()
        return True

    def _forget(self, height: int) -> None:
        """Go back to the first `height` blocks."""
        for block in self._blocks[height:]:
            for transaction in block["transactions"]:
                del self._receipts[transaction], self._transactions[transaction]
        del self._blocks[height:], self._logs[height:], self._headers[height:]

    def _mine(self, transactions: list[Any]) -> None:
        parent = self._headers[-1]
        timestamp = self._timestamp(parent.timestamp)
        chain = self._chain
        chain.header = chain.create_header_from_parent(parent, timestamp=max(timestamp, parent.timestamp + 1))
        chain.header = chain.header.copy(timestamp=timestamp)
        try:
            mined, receipts, _ = chain.mine_all(transactions)
        except ValidationError as error:
            raise RpcError(REFUSED, str(error)) from error
        self._keep(mined.imported_block, transactions, list(receipts))
        try:
            if self.on_block is not None:
                self.on_block(timestamp, [_hex(transaction.encode()) for transaction in transactions])
        except RpcError:
            self._forget(len(self._blocks) - 1)
            raise
        if self._next_timestamp is not None:
            self._ahead = timestamp - time.time()
            self._next_timestamp = None

    def _timestamp(self, parent: int) -> int:
        if self._next_timestamp is not None:
            return self._next_timestamp
        return max(parent, int(time.time() + self._ahead))

    # ---- inside

    def _keep(self, block: Any, transactions: list[Any], receipts: list[Any]) -> None:
        header = block.header
        place = {"blockNumber": hex(header.block_number), "blockHash": _hex(header.hash)}
        names = [_hex(transaction.hash) for transaction in transactions]
        logs: list[Json] = []
        gas_before = 0
        for index, (transaction, receipt) in enumerate(zip(transactions, receipts, strict=True)):
            where = {**place, "transactionHash": names[index], "transactionIndex": hex(index)}
            own = [_log(log, where, len(logs) + i) for i, log in enumerate(receipt.logs)]
            logs += own
            self._transactions[names[index]] = _transaction_json(transaction, where)
            self._receipts[names[index]] = {
                **where,
                "from": _hex(transaction.sender),
                "to": _hex(transaction.to) if transaction.to else None,
                "status": hex(int.from_bytes(receipt.state_root)),
                "gasUsed": hex(receipt.gas_used - gas_before),
                "contractAddress": _created(transaction),
                "logs": own,
            }
            gas_before = receipt.gas_used
        self._headers.append(header)
        self._logs.append(logs)
        self._blocks.append(
            {
                "number": place["blockNumber"],
                "hash": place["blockHash"],
                "parentHash": _hex(header.parent_hash),
                "timestamp": hex(header.timestamp),
                "gasLimit": hex(header.gas_limit),
                "gasUsed": hex(header.gas_used),
                "stateRoot": _hex(header.state_root),
                "transactions": names,
            }
        )

    def _executed(self, question: Json, tag: str) -> tuple[bytes, int]:
        vm = self._vm(self._pending() if tag == "pending" else self._header(tag))
        caller = _bytes(question.get("from", CALLER))
        transaction = vm.create_unsigned_transaction(
            nonce=vm.state.get_nonce(caller),
            gas_price=0,
            gas=min(number(question.get("gas", hex(GAS_LIMIT))), GAS_LIMIT),
            to=_bytes(question.get("to") or "0x"),
            value=0,
            data=_bytes(question.get("data") or question.get("input") or "0x"),
        )
        try:
            computation = vm.state.apply_transaction(SpoofTransaction(transaction, from_=caller))
        except ValidationError as error:
            raise RpcError(REFUSED, str(error)) from error
        if computation.is_error:
            raise RpcError(REVERTED, "execution reverted", _hex(computation.output))
        return computation.output, computation.get_gas_used()

    def _index(self, tag: str) -> int:
        if tag == "earliest":
            return 0
        if tag in ("latest", "pending", "safe", "finalized"):
            return len(self._blocks) - 1
        return number(tag)

    def _header(self, tag: str) -> Any:
        at = self._index(tag)
        if at >= len(self._headers):
            raise RpcError(NOT_FOUND, f"block {at} is not there; the last is {len(self._headers) - 1}")
        return self._headers[at]

    def _pending(self) -> Any:
        """What the next block would begin with."""
        last = self._headers[-1]
        return last.copy(block_number=last.block_number + 1, timestamp=self._timestamp(last.timestamp))

    def _vm(self, header: Any) -> Any:
        return self._chain.get_vm(header)

    def _state(self, tag: str) -> Any:
        return self._vm(self._header(tag)).state


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
    "evm_mine": TesterRpc._mine_empty,
    "evm_revert": TesterRpc._revert,
    "evm_setNextBlockTimestamp": TesterRpc._set_next_timestamp,
    "evm_snapshot": TesterRpc._snapshot,
    "web3_clientVersion": TesterRpc._client_version,
}


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


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


def _log(log: Any, where: Json, index: int) -> Json:
    return {
        **where,
        "address": _hex(log.address),
        "topics": [f"0x{topic:064x}" for topic in log.topics],
        "data": _hex(log.data),
        "logIndex": hex(index),
        "removed": False,
    }


def _transaction_json(transaction: Any, where: Json) -> Json:
    return {
        "hash": where["transactionHash"],
        "blockHash": where["blockHash"],
        "blockNumber": where["blockNumber"],
        "transactionIndex": where["transactionIndex"],
        "from": _hex(transaction.sender),
        "to": _hex(transaction.to) if transaction.to else None,
        "nonce": hex(transaction.nonce),
        "gas": hex(transaction.gas),
        "gasPrice": "0x0",
        "value": "0x0",
        "input": _hex(transaction.data),
    }


def _created(transaction: Any) -> str | None:
    if transaction.to:
        return None
    return _hex(generate_contract_address(transaction.sender, transaction.nonce))
