"""The chain of one machine: found, shared, or started.

A ledger's home has at most one running chain. It is kept by a process of its own (`keeper`), which lives as long as any
process holds a lease on it, however those end: a lease is a shared lock on `chain/lease`, and the kernel gives it back. The
last one out makes the keeper store the chain and stop. So Ctrl-C, `kill -9`, and a command next to a running server are
all the same case.
"""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from coalition.chain.keeper import STORED_AGAIN
from coalition.chain.rpc import Rpc
from coalition.errors import SetupError

__all__ = ["CHAIN_ID", "EmbeddedChain", "find_anvil", "set_next_timestamp"]

CHAIN_ID = 31_337
WAIT_SECONDS = 600.0
POLL_SECONDS = 0.02
MESSAGE_SECONDS = 3.0
SHARED_SECONDS = 0.4
ANVIL_GLOB = "node_modules/@foundry-rs/anvil-*/bin/anvil"
PACKAGES = Path(__file__).resolve().parents[2]
LOG = logging.getLogger(__name__)

# Keepers that this process started. They may outlive it; if they do not, it has to take note of their end.
STARTED: list[subprocess.Popen[bytes]] = []


class EmbeddedChain:
    """A lease on the chain of a home; a context manager.

    `started` says whether this process started the chain.
    """

    def __init__(self, home: Path, start_timestamp: int | None = None, *, engine: str | None = None) -> None:
        """Find the home's chain, or start it. The first start makes it, at Unix time `start_timestamp` (None: now).

        `engine` is for tests; by default it is that of the home, and for a new one anvil if it is installed.

        Raises:
            SetupError: `chain_unusable` if it cannot be started; the message has the node's own words.
        """
        self._folder = home.absolute() / "chain"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lease: IO[bytes] | None = _locked(self._folder / "lease", "another start or stop of this chain")
        self.started = False
        try:
            self._process = self._found() or self._start(start_timestamp, engine)
        except BaseException:
            self._release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the chain speaks JSON-RPC. With anvil it stays the same if the port is free."""
        url: str = self._process["url"]
        return url

    @property
    def engine(self) -> str:
        """`anvil` or `eth-tester`."""
        engine: str = self._process["engine"]
        return engine

    def ensure(self) -> bool:
        """Start the chain again if it is gone, killed perhaps; return whether it was. Raises as the constructor."""
        found = self._found()
        self._process = found or self._start(None, None)
        return found is None

    @staticmethod
    def running(home: Path) -> str | None:
        """The address of the home's chain if it runs now, without a lease: it may stop at any time."""
        process = _process(home / "chain")
        return process["url"] if process is not None and process.get("state") == "ready" else None

    @property
    def durable_block(self) -> int | None:
        """The last block that would survive a loss of power; None if every block does, as on a network of validators."""
        process = _read(self._folder) or self._process
        durable: int | None = process["durable_block"]
        return durable

    def stop(self) -> None:
        """Give the lease back. If nobody else has one, wait until the chain is stored and its processes are gone."""
        if self._lease is None:
            return
        self._release()
        begin = time.monotonic()
        shared_since: float | None = None
        said = False
        while time.monotonic() - begin < WAIT_SECONDS:
            process = _process(self._folder)
            if process is None:
                STARTED[:] = [keeper for keeper in STARTED if keeper.poll() is None]
                self._warn()
                return
            shared_since = (shared_since or time.monotonic()) if process["state"] == "ready" and self._held() else None
            if shared_since is not None and time.monotonic() - shared_since > SHARED_SECONDS:
                return  # others hold leases
            if not said and shared_since is None and time.monotonic() - begin > MESSAGE_SECONDS:
                said = True
                LOG.warning("Storing the chain; a year of purchases takes about 10 seconds.")
            time.sleep(POLL_SECONDS)

    def _warn(self) -> None:
        """Pass on what the keeper had to say and is still so, such as that the disk is full; each sentence once."""
        said = (self._folder / "keeper.log").read_text(errors="replace").rpartition(STORED_AGAIN)[2]
        for words in dict.fromkeys(said.split("\n")):
            if words:
                LOG.warning("%s", words)

    def _release(self) -> None:
        if self._lease is not None:
            self._lease.close()
            self._lease = None

    def _held(self) -> bool:
        """True if anybody holds a lease, or the keeper has shut it."""
        with (self._folder / "lease").open("ab") as lease:
            try:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def _found(self) -> dict[str, Any] | None:
        process = _process(self._folder)
        return process if process is not None and process["state"] == "ready" else None

    def _start(self, start_timestamp: int | None, engine: str | None) -> dict[str, Any]:
        command = [sys.executable, "-P", "-m", "coalition.chain.keeper", str(self._folder)]
        command += [] if start_timestamp is None else ["--start-timestamp", str(start_timestamp)]
        command += [] if engine is None else ["--engine", engine]
        # No standard input, and a session of its own: Ctrl-C in the terminal is for the command, not for the chain.
        path = os.pathsep.join(filter(None, [str(PACKAGES), os.environ.get("PYTHONPATH")]))
        with (self._folder / "keeper.log").open("ab") as log:
            log.truncate(0)
            keeper = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env={**os.environ, "PYTHONPATH": path},
            )
        STARTED.append(keeper)
        begin = time.monotonic()
        while time.monotonic() - begin < WAIT_SECONDS:
            exited = keeper.poll() is not None
            if (process := self._found()) is not None:
                self.started = process["pid"] == keeper.pid
                return process
            if exited and _process(self._folder) is None and not _is_locked(self._folder / "keeper.lock"):
                raise self._unusable()
            time.sleep(POLL_SECONDS)
        raise self._unusable()

    def _unusable(self) -> SetupError:
        log = self._folder / "keeper.log"
        words = log.read_text(errors="replace").strip().splitlines()[-1:]
        return SetupError(
            f"The chain in {self._folder} does not start. {words[0] if words else f'See {log}.'}",
            code="chain_unusable",
            log=str(log),
        )


def find_anvil() -> Path | None:
    """The anvil of this checkout's npm packages, else that on PATH, None if there is none."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    candidates = [*sorted(PACKAGES.glob(ANVIL_GLOB)), *(folder / "anvil" for folder in folders)]
    return next((file for file in candidates if file.is_file() and os.access(file, os.X_OK)), None)


def set_next_timestamp(rpc: Rpc, timestamp: int) -> None:
    """Let the next block have this Unix time, and time go on from there. Only development chains do that.

    Raises:
        RpcError: it is before the last block's time, or the node is no development chain.
    """
    rpc.call("evm_setNextBlockTimestamp", [timestamp])


def _process(folder: Path) -> dict[str, Any] | None:
    """What the home's keeper says of itself; None if none runs, or it is not ready to say."""
    process = _read(folder)
    if process is None or not _is_locked(folder / "keeper.lock"):
        return None
    return process


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = orjson.loads((folder / "process.json").read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return content


def _is_locked(file: Path) -> bool:
    """True if a process holds the lock on a file: unlike a process number in a file, that cannot be stale."""
    try:
        with file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _locked(file: Path, by: str) -> IO[bytes]:
    """`file` with a shared lock, as soon as nobody has it for itself."""
    opened = file.open("ab")
    begin = time.monotonic()
    said = False
    while time.monotonic() - begin < WAIT_SECONDS:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if not said and time.monotonic() - begin > MESSAGE_SECONDS:
                said = True
                LOG.warning("Waiting for %s to end.", by)
            time.sleep(POLL_SECONDS)
        else:
            return opened
    opened.close()
    raise SetupError(f"{file} is locked by {by} for {WAIT_SECONDS:g} s. End it first.", code="chain_unusable")
