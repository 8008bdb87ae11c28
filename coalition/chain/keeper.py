"""The process that keeps a home's chain: `python -m coalition.chain.keeper FOLDER`, started by `embedded`.

It starts the engine, restores the chain and its clock, tells where it is in `process.json`, stores the chain now and then,
and stops with everything stored when no lease is left or on SIGTERM. The engine dies with it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

import orjson

from coalition.errors import CoalitionError, SetupError, StorageFull

__all__ = ["JOURNAL", "STATE", "STORED_AGAIN", "Engine", "main", "write_file"]

JOURNAL = "journal.jsonl"
STATE = "state.json.gz"
STORED_AGAIN = "The chain is stored again."  # in the log, after trouble
TICK_SECONDS = 0.1
STORE_SECONDS = 60.0
STORE_SHARE = 20  # store at most for a twentieth of the time: nobody is answered meanwhile
LOCK_SECONDS = 2.0
ALREADY_KEPT = 3


class Engine(Protocol):
    """A chain that runs in, or under, the keeper's process."""

    name: str

    @property
    def url(self) -> str:
        """Where it speaks JSON-RPC."""
        ...

    @property
    def durable_block(self) -> int | None:
        """The last block that is stored; None if every block is stored before anybody hears of it."""
        ...

    def check(self) -> None:
        """Look after it. Raises `CoalitionError` if it is gone."""
        ...

    def store(self) -> None:
        """Store what is new. Raises `StorageFull`, and then has stored nothing."""
        ...

    def close(self) -> None:
        """End it. What is not stored is lost."""
        ...


class Keeper:
    """Keeps one engine until nobody needs it."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._folder = folder
        self._engine = engine
        self._asked_to_stop = False
        self._state = "starting"
        self._is_troubled = False
        self._next_store = time.monotonic() + STORE_SECONDS

    def run(self, lease: IO[bytes]) -> None:
        """Keep the engine; return when it is stored and no lease is left."""
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGINT, self._ask_to_stop)
        self._tell("ready")
        while not self._asked_to_stop and not _taken(lease):
            self._engine.check()
            if time.monotonic() > self._next_store:
                self._store()
            time.sleep(TICK_SECONDS)
        self._state = "stopping"
        with suppress(StorageFull):
            self._tell(self._state)
        self._store()

    def _ask_to_stop(self, *_: object) -> None:
        self._asked_to_stop = True

    def _store(self) -> None:
        begin = time.monotonic()
        try:
            self._engine.store()
            self._tell(self._state)
        except CoalitionError as error:
            self._is_troubled = True
            self._log(error.message)
        else:
            if self._is_troubled:
                self._is_troubled = False
                self._log(STORED_AGAIN)
        took = time.monotonic() - begin
        self._next_store = time.monotonic() + max(STORE_SECONDS, STORE_SHARE * took)

    def _log(self, words: str) -> None:
        with suppress(OSError):  # the log may be on the disk that is full
            print(words, file=sys.stderr, flush=True)

    def _tell(self, state: str) -> None:
        self._state = state
        process = {
            "state": state,
            "pid": os.getpid(),
            "url": self._engine.url,
            "engine": self._engine.name,
            "durable_block": self._engine.durable_block,
        }
        write_file(self._folder / "process.json", orjson.dumps(process))


def write_file(file: Path, content: bytes) -> None:
    """Replace a file at once, so that a reader or a crash finds the old content or the new, on the disk when it returns.

    Raises:
        StorageFull: it could not be written; the old content is still there.
    """
    draft = file.with_name(f".{file.name}.new")
    try:
        with draft.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StorageFull(f"{file} cannot be written ({error.strerror}). Make room on the disk.") from None


def main() -> int:
    """Keep the chain of a folder; return the exit status."""
    parser = argparse.ArgumentParser(description="Keep the chain of a ledger's home. Started by other commands.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--start-timestamp", type=int)
    parser.add_argument("--engine", choices=["anvil", "eth-tester"])
    asked = parser.parse_args()
    with (asked.folder / "keeper.lock").open("ab") as lock, (asked.folder / "lease").open("ab") as lease:
        if not _locked(lock):
            return ALREADY_KEPT
        (asked.folder / "process.json").unlink(missing_ok=True)
        try:
            return _keep(asked, lease)
        finally:
            (asked.folder / "process.json").unlink(missing_ok=True)


def _locked(lock: IO[bytes]) -> bool:
    """True as soon as this is the folder's keeper. Others hold the lock for moments, to see whether there is one."""
    give_up = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up:
                return False
            time.sleep(TICK_SECONDS / 10)
        else:
            return True


def _keep(asked: argparse.Namespace, lease: IO[bytes]) -> int:
    try:
        engine = _engine(asked.folder, asked.engine, asked.start_timestamp)
    except CoalitionError as error:
        print(error.message, file=sys.stderr, flush=True)
        return 1
    try:
        Keeper(asked.folder, engine).run(lease)
    except CoalitionError as error:
        print(error.message, file=sys.stderr, flush=True)
        return 1
    finally:
        engine.close()
    return 0


def _engine(folder: Path, wanted: str | None, start_timestamp: int | None) -> Engine:
    """The engine that the folder's chain was made with; for a new chain the one wanted, else anvil if there is one."""
    from coalition.chain.embedded import find_anvil

    anvil = find_anvil()
    made_by_anvil, made_by_tester = (folder / STATE).exists(), (folder / JOURNAL).exists()
    if made_by_tester or (not made_by_anvil and (wanted == "eth-tester" or (wanted is None and anvil is None))):
        from coalition.chain.engine_tester import TesterEngine

        return TesterEngine(folder, start_timestamp)
    if anvil is None:
        raise SetupError(
            "This ledger's chain needs anvil, which is not installed: run `npm ci` in the checkout, or put anvil on PATH."
        )
    from coalition.chain.engine_anvil import AnvilEngine

    return AnvilEngine(folder, anvil, start_timestamp)


def _taken(lease: IO[Any]) -> bool:
    """True if no lease was left; from then on nobody gets one until this process ends."""
    try:
        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
