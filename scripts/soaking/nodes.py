"""The processes of a soak: a ledger's embedded chain, API nodes over it, each with a follower of its own, and a receiver."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from soaking.receiver import Mood, Orders, order_receiver

__all__ = ["Ledger", "Node", "Process", "Receiver", "wait_until"]

START = [sys.executable, "-W", "ignore", "-c", "from coalition.cli import main; main(prog_name='coalition')"]
ROOT = Path(__file__).resolve().parents[2]
RECEIVER = Path(__file__).parent / "receiver.py"
RECEIVER_PORTS = range(20_000, 30_000)
START_SECONDS = 120.0
STOP_SECONDS = 3


def wait_until(is_so: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something is true.

    Raises:
        TimeoutError: it did not come to be.
    """
    give_up = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() >= give_up:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


class Ledger:
    """A ledger in a folder of its own. `database` is the URL of a PostgreSQL; None: SQLite files."""

    def __init__(self, folder: Path, database: str | None) -> None:
        self.home = folder / "home"
        self.folder = folder
        self._database = database

    @property
    def environment(self) -> dict[str, str]:
        """What the processes of the ledger run in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COALITION_")}
        own = {"COALITION_HOME": str(self.home), "COALITION_STOP_SECONDS": str(STOP_SECONDS), "PYTHONPATH": str(ROOT)}
        return kept | own | ({"COALITION_DATABASE_URL": self._database} if self._database else {})

    def run(self, *arguments: object) -> Any:
        """Run a command to its end and return what it printed as JSON.

        Raises:
            RuntimeError: it failed.
        """
        words = [*START, *map(str, arguments), "--json"]
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        if not lines:
            raise RuntimeError(f"{arguments} printed nothing and ended with {done.returncode}: {done.stderr[-2_000:]}")
        return json.loads(lines[-1])

    @property
    def index_file(self) -> Path | None:
        """The file of the read model; None if PostgreSQL has it."""
        return None if self._database else self.home / "index.db"

    @property
    def index_url(self) -> str:
        """Where the read model is."""
        return self._database or f"sqlite:///{self.home / 'index.db'}"

    @property
    def outbox_url(self) -> str:
        """Where the outbox is."""
        return self._database or f"sqlite:///{self.home / 'outbox.db'}"

    def chain(self) -> dict[str, int]:
        """Process ids of the embedded chain: its keeper and, with anvil, its engine; empty while it is down."""
        try:
            keeper = json.loads((self.home / "chain" / "process.json").read_bytes())["pid"]
            children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()
        except (OSError, ValueError, KeyError):
            return {}
        return {"keeper": keeper} | ({"engine": int(children[0])} if children else {})

    def chain_url(self) -> str:
        """Where the chain speaks JSON-RPC."""
        url: str = json.loads((self.home / "chain" / "process.json").read_bytes())["url"]
        return url


class Process:
    """A process of a soak, which may be killed and started again. What it writes to standard error is kept, a file a start."""

    listens_sign = b"API: "
    """What it writes when it listens."""

    def __init__(self, ledger: Ledger, name: str, command: Sequence[object]) -> None:
        self.name = name
        self.starts = 0
        self._ledger = ledger
        self._command = [str(word) for word in command]
        self._process: subprocess.Popen[bytes] | None = None
        self._changing = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process id, None while it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def log(self) -> str:
        """What it wrote since its last start."""
        return self._log(self.starts).read_text(errors="replace")

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._changing:
            self.starts += 1
            with self._log(self.starts).open("wb") as stream:
                self._process = process = subprocess.Popen(self._command, env=self._ledger.environment, stderr=stream)

            def listens() -> bool:
                if process.poll() is not None:
                    raise RuntimeError(f"{self.name} ended with {process.returncode}: {self.log[-2_000:]}")
                return self.listens_sign in self._log(self.starts).read_bytes()

            wait_until(listens, START_SECONDS, f"{self.name} listens")

    def end(self, number: int) -> int:
        """Send it a signal that ends it; return the exit status."""
        with self._changing:
            process = self._process
            if process is None:
                return 0
            process.send_signal(number)
            return process.wait(START_SECONDS)

    def faults(self) -> list[str]:
        """Lines of its logs that tell of a fault of the program."""
        found = []
        for number in range(1, self.starts + 1):
            for line in self._log(number).read_text(errors="replace").splitlines():
                if "Traceback" in line or "internal error" in line or "fault of the program" in line:
                    found.append(line[:2_000])
        return found

    def _log(self, number: int) -> Path:
        return self._ledger.folder / f"{self.name}-{number}.log"


class Node(Process):
    """One `coalition up`."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        super().__init__(ledger, name, [*START, "up", "--port", "0"])
        self.url = ""

    def start(self) -> None:
        """Start it, and wait until it listens."""
        super().start()
        said = next(line for line in self.log.splitlines() if line.startswith("API: "))
        self.url = said.split()[1].removesuffix("/v1")

    def checks(self) -> list[dict[str, Any]]:
        """What `/ready` says is wrong; empty if nothing is."""
        try:
            answer = httpx.get(f"{self.url}/ready", timeout=10).json()
        except (httpx.HTTPError, ValueError) as error:
            return [{"name": "http", "ok": False, "detail": type(error).__name__}]
        return [check for check in answer.get("checks", [{"ok": False, **answer}]) if not check["ok"]]


class Receiver(Process):
    """The process that receives all partners' webhooks (`receiver.py`), on a port that stays its own."""

    listens_sign = b"receives"

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self.folder = ledger.folder / "receiver"
        self.folder.mkdir()
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(ledger, "receiver", [sys.executable, RECEIVER, self.folder, port, seed])
        self._secrets: dict[str, str] = {}
        self.behave(Mood())

    def expect(self, path: str, secret: str) -> None:
        """Let it take what comes under a path, signed with a secret."""
        self._secrets[path] = secret
        self.behave(Mood())

    def behave(self, mood: Mood) -> None:
        """Let it answer so from now on, after a start too."""
        order_receiver(self.folder, Orders(self._secrets, mood))


def _free_port() -> int:
    """A port below those that the system gives to whoever asks for any, so that it is still free when the receiver comes back."""
    for port in random.Random().sample(RECEIVER_PORTS, 100):
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")
