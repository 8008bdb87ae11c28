"""anvil as the engine of one machine: started, restored, looked after, and stored.

What was tried with anvil 1.7.1, and why it is used like this:

- Its own `--state-interval` writes while blocks are made, so that accounts and blocks of a file may differ, and rewrites the
  file in place. So `anvil_dumpState` is asked for here, and counts only if no block came meanwhile.
- After a restart its clock jumps to the present. It is set (`evm_setTime`) to what the ledger's clock would show.
- `--block-time` makes empty blocks, for ever kept; without it, transactions may be left waiting, or thousands of empty blocks
  come. So it makes none by itself, and `BlockMaker` asks for them.
- Each block costs the hashing of all storage, for the state root: 0.3 s once 190,000 purchases are in the book, and more with each
  purchase, however little the block holds. So what is loaded is put into few blocks.
- Each block keeps a copy of all accounts for `eth_call` at that block: the last 32 are kept, and none after a restart.
"""

from __future__ import annotations

import ctypes
import re
import signal
import socket
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path

import orjson

from coalition.chain.block_maker import BlockMaker
from coalition.chain.embedded import CHAIN_ID
from coalition.chain.history import head
from coalition.chain.keeper import STATE, write_file
from coalition.chain.rpc import HttpRpc, number
from coalition.errors import ChainUnavailable, SetupError

__all__ = ["FLAGS", "AnvilEngine"]

CLOCK = "clock.json"
PORT = "port"
KEPT_STATES = 32
FLAGS = (
    "--quiet",
    *("--accounts", "0"),
    *("--chain-id", str(CHAIN_ID)),
    *("--hardfork", "london"),
    *("--gas-limit", "1000000000"),
    *("--gas-price", "0"),
    *("--block-base-fee-per-gas", "0"),
    "--disable-min-priority-fee",
    *("--order", "fifo"),
    *("--prune-history", str(KEPT_STATES)),
    "--no-request-size-limit",
    "--no-cors",
)
START_SECONDS = 20.0
STORE_TIMEOUT = 600.0
STORE_TRIES = 3
CLOCK_SECONDS = 1.0
CLOCK_DRIFT_SECONDS = 2
PR_SET_PDEATHSIG = 1
# Code that returns `block.timestamp`, for a call that deploys it.
NOW = "0x4260005260206000f3"
BLOCK_NUMBER = re.compile(rb'^\{"block":\{"number":"(0x[0-9a-f]+)".*?"timestamp":"(0x[0-9a-f]+)"')


class AnvilEngine:
    """An anvil process of a folder, with its chain restored."""

    name = "anvil"

    def __init__(self, folder: Path, anvil: Path, start_timestamp: int | None) -> None:
        self._folder = folder
        self._ahead: int | None = None
        self._next_clock = 0.0
        self.durable_block: int | None = 0
        stored = folder / STATE
        flags = [] if stored.exists() or start_timestamp is None else ["--timestamp", str(start_timestamp)]
        self._process, self.url = _started(anvil, [*FLAGS, "--no-mining", *flags], folder)
        self._rpc = HttpRpc(self.url, timeout=STORE_TIMEOUT)
        self._blocks = BlockMaker(self._rpc)
        try:
            if stored.exists():
                self._restore(stored)
            else:
                self.store()
            self._keep_clock()
            self._blocks.start()
        except BaseException:
            self.close()
            raise

    def check(self) -> None:
        """See `Engine.check`."""
        if self._process.poll() is not None:
            raise ChainUnavailable(f"anvil ended by itself (status {self._process.returncode}). Start it again.")
        if time.monotonic() < self._next_clock:
            return
        self._next_clock = time.monotonic() + CLOCK_SECONDS
        self._keep_clock()

    def store(self) -> None:
        """See `Engine.store`."""
        before = head(self._rpc).number
        if before == self.durable_block and (self._folder / STATE).exists():
            return
        for _ in range(STORE_TRIES):
            with self._blocks.paused():
                dumped = self._dumped()
            if dumped is not None:
                write_file(self._folder / STATE, dumped)
                self.durable_block = _place(dumped)[0]
                return
        raise ChainUnavailable("Others went on making blocks while the chain was to be stored.")

    def close(self) -> None:
        """See `Engine.close`."""
        self._process.kill()
        self._process.wait()
        self._blocks.stop()
        self._rpc.close()

    def _dumped(self) -> bytes | None:
        """The chain, compressed; None if somebody made a block meanwhile."""
        before = head(self._rpc)
        dumped = bytes.fromhex(self._rpc.call("anvil_dumpState", [False])[2:])
        return dumped if head(self._rpc) == before and _place(dumped)[0] == before.number else None

    def _restore(self, stored: Path) -> None:
        content = stored.read_bytes()
        last_number, last_timestamp = _place(content)
        if not self._rpc.call("anvil_loadState", ["0x" + content.hex()]):
            raise SetupError(f"{stored} cannot be restored. Put a backup in its place.", code="chain_unusable")
        found = head(self._rpc)
        if found.number != last_number:
            raise SetupError(
                f"{stored} is damaged: it ends with block {found.number}, not {last_number}. Put a backup in its place.",
                code="chain_unusable",
            )
        self.durable_block = found.number
        ahead = self._stored_ahead()
        present = int(time.time())
        self._rpc.call("evm_setTime", [max(found.timestamp, last_timestamp if ahead is None else present + ahead)])

    def _keep_clock(self) -> None:
        """Store how far the chain's clock is ahead of this machine's (negative: behind), when that has changed."""
        chain_now = number(self._rpc.call("eth_call", [{"data": NOW}, "pending"]))
        ahead = chain_now - int(time.time())
        if self._ahead is None or abs(ahead - self._ahead) > CLOCK_DRIFT_SECONDS:
            write_file(self._folder / CLOCK, orjson.dumps({"ahead_seconds": ahead}))
            self._ahead = ahead

    def _stored_ahead(self) -> int | None:
        try:
            return int(orjson.loads((self._folder / CLOCK).read_bytes())["ahead_seconds"])
        except (FileNotFoundError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return None


def _started(anvil: Path, flags: list[str], folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """An anvil that answers, and its address. It ends when the thread that starts it does."""
    port = _free_port(folder / PORT)
    process = subprocess.Popen(
        [str(anvil), "--port", str(port), *flags],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 -- the keeper has no other threads yet
    )
    url = f"http://127.0.0.1:{port}"
    begin = time.monotonic()
    while time.monotonic() - begin < START_SECONDS and process.poll() is None:
        if _listens(port) and process.poll() is None:
            return process, url
        time.sleep(0.01)
    process.kill()
    process.wait()
    raise SetupError(f"anvil ({anvil}) does not start. Is it version 1.7.1, as in package.json?", code="chain_unusable")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_port(last: Path) -> int:
    """The port of the last time, so that the address stays the same, or else any free one."""
    wanted = int(last.read_text()) if last.exists() and last.read_text().isdecimal() else 0
    for candidate in (wanted, 0):
        with socket.socket() as probe, suppress(OSError, OverflowError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", candidate))
            port: int = probe.getsockname()[1]
            write_file(last, str(port).encode())
            return port
    raise SetupError("This machine has no free port for anvil.", code="chain_unusable")


def _place(stored: bytes) -> tuple[int, int]:
    """The number and the time of the last block of a stored chain, from the first bytes of it."""
    try:
        beginning = zlib.decompressobj(wbits=31).decompress(stored[:4096], 4096)
        found = BLOCK_NUMBER.match(beginning)
    except zlib.error:
        found = None
    if found is None:
        raise SetupError("The stored chain cannot be read. Put a backup in its place.", code="chain_unusable")
    return int(found[1], 16), int(found[2], 16)
