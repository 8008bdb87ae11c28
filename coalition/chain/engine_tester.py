"""eth-tester as the engine of one machine, where there is no Node: a chain in the keeper's process, with a journal.

The journal has a line for each block: its time and its transactions, on the disk before anybody hears of them. A start
replays it, at some hundreds of operations a second, and comes to the same blocks with the same hashes.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import orjson

from coalition.chain.keeper import JOURNAL
from coalition.chain.rpc import RpcError
from coalition.chain.serving import RpcServer
from coalition.chain.tester import TesterRpc
from coalition.errors import SetupError

__all__ = ["TesterEngine"]

FORMAT = "coalition chain 1"


class TesterEngine:
    """A chain in this process, served over HTTP on this machine."""

    name = "eth-tester"
    durable_block: int | None = None

    def __init__(self, folder: Path, start_timestamp: int | None) -> None:
        self._file = folder / JOURNAL
        if not self._file.exists():
            start = int(time.time()) if start_timestamp is None else start_timestamp
            self._file.write_bytes(orjson.dumps({"format": FORMAT, "start_timestamp": start}) + b"\n")
        rpc, length, behind = self._replayed()
        with self._file.open("r+b") as journal:
            journal.truncate(length)  # a line that a crash cut off was never answered
        self._journal = self._file.open("ab", buffering=0)
        self._rpc = rpc
        rpc.go_on_from(time.time() + behind)
        rpc.on_block = self._append
        self._server = RpcServer(rpc)
        self.url = self._server.url

    def check(self) -> None:
        """See `Engine.check`."""

    def store(self) -> None:
        """See `Engine.store`: every block is stored as it is made."""

    def close(self) -> None:
        """See `Engine.close`."""
        self._server.close()
        self._journal.close()

    def _append(self, timestamp: int, transactions: list[str]) -> None:
        line = {"timestamp": timestamp, "transactions": transactions, "at": int(time.time())}
        content = orjson.dumps(line) + b"\n"
        before = os.fstat(self._journal.fileno()).st_size
        try:
            if self._journal.write(content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._journal.fileno())
        except OSError as error:
            self._journal.truncate(before)
            raise RpcError(-32_000, f"the chain cannot be stored ({error.strerror}); make room on the disk") from None

    def _replayed(self) -> tuple[TesterRpc, int, float]:
        """The chain, the length of the journal's whole lines, and how far its clock was ahead of this machine's."""
        content = self._file.read_bytes()
        content = content[: content.rfind(b"\n") + 1]
        try:
            first, *lines = [orjson.loads(line) for line in content.splitlines()]
            if first["format"] != FORMAT:
                raise SetupError(f"{self._file} was written by another version. Use that version.")
            rpc = TesterRpc(first["start_timestamp"])
            for line in lines:
                _replay(rpc, line)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, RpcError) as error:
            raise SetupError(f"{self._file} is damaged ({error}). Put a backup in its place.") from None
        last = lines[-1] if lines else {"timestamp": first["start_timestamp"], "at": time.time()}
        return rpc, len(content), last["timestamp"] - last["at"]


def _replay(rpc: TesterRpc, line: dict[str, Any]) -> None:
    rpc.call("evm_setNextBlockTimestamp", [line["timestamp"]])
    if not line["transactions"]:
        rpc.call("evm_mine", [])
    for raw in line["transactions"]:
        rpc.call("eth_sendRawTransaction", [raw])
