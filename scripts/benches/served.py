"""Ledgers that serve, as processes of their own, and their tills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from coalition.bootstrap import LedgerParameters, create_ledger, open_ledger
from coalition.chain.signer import KeySigner
from coalition.settings import Settings

__all__ = ["HERE", "MEMBERS", "PARTNERS", "Server", "ledger", "server"]

HERE = Path(__file__).resolve().parent
MEMBERS = 1_000
PARTNERS = 4
STOP_SECONDS = 120
ORDER_SECONDS = 900


@dataclass
class Server:
    """A process that serves; `keys` are API keys, a partner each, `members` accounts."""

    host: str
    port: int
    pid: int
    keys: list[str]
    members: list[str]
    receipts: int = 1_000_000

    def tills(self, tills: int, seconds: float, warm_seconds: float = 3.0) -> dict[str, Any]:
        """Have that many tills earn at once, each waiting for its outcome."""
        return self._order({"tills": tills, "seconds": seconds, "warm_seconds": warm_seconds})

    def bulks(self, requests: int, operations: int = 10_000) -> dict[str, Any]:
        """Send bulk requests, two for each partner at a time."""
        return self._order({"bulks": 2 * len(self.keys), "requests": requests, "operations": operations})

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        base = {
            "host": self.host,
            "port": self.port,
            "keys": self.keys,
            "members": self.members,
            "first": self.receipts,
        }
        self.receipts += 10_000_000
        done = subprocess.run(
            [sys.executable, str(HERE / "tills.py")],
            input=json.dumps(base | order).encode(),
            stdout=subprocess.PIPE,
            check=True,
            timeout=ORDER_SECONDS,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        if found.get("others") or found["wrong"]:
            raise SystemExit(f"tills got other answers than expected: {found}")
        return found


@contextmanager
def ledger(home: Path, rpc_url: str | None = None, profile: Path | None = None) -> Iterator[Server]:
    """A new ledger with four partners and a thousand members, served by a process of its own."""
    settings = Settings(home, rpc_url)
    create_ledger(settings, LedgerParameters())
    members = [KeySigner.random().address for _ in range(MEMBERS)]
    with open_ledger(settings) as opened:
        partners = [opened.add_partner(f"partner {number}", "USD", 100).partner for number in range(PARTNERS)]
        for start in range(0, MEMBERS, 200):
            opened.enrol(members[start : start + 200])
        keys = [opened.access.credentials.issue(partner, "bench") for partner in partners]
    script = [str(HERE / "server.py"), str(home), *([str(profile)] if profile else [])]
    with server(script, keys, members, {"COALITION_RPC_URL": rpc_url or "", "COALITION_LOG": "warning"}) as found:
        yield found


@contextmanager
def server(script: list[str], keys: list[str], members: list[str], environment: dict[str, str]) -> Iterator[Server]:
    """A Python script that serves and says where on its first line."""
    process = subprocess.Popen(
        [sys.executable, *script],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE.parents[1])])} | environment,
    )
    assert process.stdout is not None
    try:
        address = urlsplit(process.stdout.readline().strip())
        if address.hostname is None or address.port is None:
            raise SystemExit(f"{script[0]} did not start")
        yield Server(address.hostname, address.port, process.pid, keys, members)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
