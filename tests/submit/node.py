"""An anvil of its own for tests that need a chain outside of their process."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coalition.chain.rpc import HttpRpc
from coalition.errors import ChainUnavailable

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--gas-price 0 --block-base-fee-per-gas 0 --disable-min-priority-fee --hardfork london --order fifo "
    "--gas-limit 1000000000 --silent --preserve-historical-states"
)
MIXED = ("--block-time", "1", "--mixed-mining")


def anvil_binary() -> str | None:
    """Where anvil is, None if it is not installed."""
    found = sorted(ROOT.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
    return str(found[0]) if found else shutil.which("anvil")


class Anvil:
    """A running anvil; `stop` and `start` again on the same port."""

    def __init__(self, *more: str, mixed: bool = True) -> None:
        self._mining = MIXED if mixed else ()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start(*more)

    def start(self, *more: str) -> None:
        binary = anvil_binary()
        assert binary is not None
        command = [binary, *FLAGS.split(), *self._mining, "--port", str(self.port), *more]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rpc = HttpRpc(self.url, timeout=5)
        give_up = time.monotonic() + 20
        while True:
            try:
                rpc.call("eth_chainId", [])
                break
            except ChainUnavailable:
                assert time.monotonic() < give_up, "anvil does not start"
                time.sleep(0.05)
        rpc.close()

    def kill(self) -> None:
        """As kill -9."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """With time to write its state."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running(*more: str, mixed: bool = True) -> Iterator[Anvil]:
    """An anvil with a block for each transaction; where it is `mixed`, one every second besides."""
    anvil = Anvil(*more, mixed=mixed)
    try:
        yield anvil
    finally:
        anvil.kill()
