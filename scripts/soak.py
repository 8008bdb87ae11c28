"""Lets tills work while API, follower and chain are killed, stopped, paused and slowed; then compares every promise with the chain.

Everything random comes from one seed. The ledger is made anew in a temporary folder, or with --folder in that one, where it
stays for a look at it. Two nodes (API and follower each) share the outbox, the signing keys and the embedded chain. Prints a line
every few seconds and a closing table, and writes build/soak.json. Exit status 1 where something does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path
from statistics import quantiles
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from soaking.chaos import Chaos
from soaking.judge import Check, judged, settle
from soaking.nodes import Ledger, Node
from soaking.tills import Asked, Load, Partner

from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.rpc import HttpRpc
from coalition.chain.signer import KeySigner
from coalition.chain.typed_data import Domain

ROOT = Path(__file__).resolve().parent.parent
MEMBERS = 24
NODES = 2
FIRST_SPEND_MINOR = 5_000_000
LINE_SECONDS = 5.0


def main() -> None:
    """Make a ledger, soak it, judge it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long tills work (default 30)")
    parser.add_argument(
        "--seed", type=int, default=None, help="of everything random (default: a new one, which is printed)"
    )
    parser.add_argument("--tills", type=int, default=16, help="tills that work at once (default 16)")
    parser.add_argument("--folder", type=Path, default=None, help="a new folder for the ledger, which is kept")
    parser.add_argument("--database", default=None, help="URL of an empty PostgreSQL (default: SQLite files)")
    parser.add_argument("--report", type=Path, default=ROOT / "build" / "soak.json", help="where the report goes")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    console = Console(width=None if sys.stdout.isatty() else 150)
    console.print(f"seed {seed}", highlight=False)
    with tempfile.TemporaryDirectory(prefix="coalition-soak-") as folder:
        report = soak(
            console, options.folder or Path(folder), options.database, options.minutes * 60, options.tills, seed
        )
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(json.dumps(report, indent=2) + "\n")
    console.print(f"written: {options.report}", highlight=False)
    raise SystemExit(0 if report["verdict"] == "holds" else 1)


def soak(console: Console, folder: Path, database: str | None, seconds: float, tills: int, seed: int) -> dict[str, Any]:
    """Do all of it, and return the report."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder, database)
    ledger.run("deploy")
    partners = []
    for name in ("bakery", "cafe"):
        number = ledger.run("partner", "add", name, "--earn-rate-bps", 500)["partner"]
        partners.append(Partner(number, ledger.run("api-key", "issue", name, "--label", "soak")["api_key"]))
    members = [KeySigner(keccak(f"soak member {number}".encode())) for number in range(MEMBERS)]
    deployment = Deployment.from_json((ledger.home / "deployment.json").read_text())
    nodes = [Node(ledger, f"node {number + 1}") for number in range(NODES)]
    load = Load(nodes, partners, members, Domain(deployment.chain_id, deployment.ledger), seed)
    load.asked += _first(ledger, folder, partners[0], members)
    for node in nodes:
        node.start()
    chaos = Chaos(ledger, nodes, random.Random(f"{seed} chaos"))
    try:
        with _progress(console, load, chaos):
            chaos.start()
            asyncio.run(load.run(seconds, tills))
            chaos.stop()
        console.print("calming down …")
        url = database or f"sqlite:///{ledger.home / 'outbox.db'}"
        outbox = sa.create_engine(url)
        settle(nodes, outbox)
        checks = list(judged(ledger, HttpRpc(ledger.chain_url()), deployment, nodes, load, outbox))
        outbox.dispose()
    finally:
        for node in nodes:
            if node.pid is not None:
                node.end(15)
    if chaos.error is not None:
        checks.append(Check("nodes start again", "", (repr(chaos.error)[:2_000],)))
    return _report(console, load, chaos, checks, seed, seconds)


def _first(ledger: Ledger, folder: Path, partner: Partner, members: list[KeySigner]) -> list[Asked]:
    """Points for everybody, in blocks that the chain has stored: whatever it loses later, no redemption comes to lack them."""
    rows = [f"{member.address},{partner.number},first/{at},{FIRST_SPEND_MINOR}" for at, member in enumerate(members)]
    file = folder / "first.csv"
    file.write_text("\n".join(["member,partner,receipt,spend_minor", *rows]) + "\n")
    loaded = ledger.run("load", file)
    assert loaded["accepted"] == len(members), loaded
    spend = {"spend_minor": FIRST_SPEND_MINOR}
    return [
        Asked(partner, "earn", {"receipt": f"first/{at}", "member": member.address} | spend, attempts=1)
        for at, member in enumerate(members)
    ]


class _progress:  # noqa: N801 - read as a verb: `with _progress(…)`
    """Prints how it goes."""

    def __init__(self, console: Console, load: Load, chaos: Chaos) -> None:
        self._console, self._load, self._chaos = console, load, chaos
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._ending.wait(LINE_SECONDS):
            counts = _counts(self._load)
            faults = self._chaos.counts.total()
            self._console.print(
                f"{time.monotonic() - began:6.0f} s  asked {counts['asked']:>7,}  acknowledged {counts['acknowledged']:>7,}  "
                f"refused {counts['refused']:>5,}  open {counts['open']:>5,}  faults {faults:>4}  {self._chaos.now}",
                highlight=False,
            )


def _counts(load: Load) -> dict[str, int]:
    acknowledged = sum(one.answer is not None for one in list(load.asked))
    refused = sum(one.answer is None and one.refusal is not None for one in list(load.asked))
    asked = len(load.asked)
    return {"asked": asked, "acknowledged": acknowledged, "refused": refused, "open": asked - acknowledged - refused}


def _report(
    console: Console, load: Load, chaos: Chaos, checks: list[Check], seed: int, seconds: float
) -> dict[str, Any]:
    cuts = quantiles(load.seconds, n=100) if len(load.seconds) > 1 else [0.0] * 99
    verdict = "holds" if all(check.ok for check in checks) else "broken"
    table = Table("must hold", "found", "", title=f"After {seconds:,.0f} s of seed {seed}", title_justify="left")
    for check in checks:
        table.add_row(check.name, check.found, "yes" if check.ok else "NO", style="" if check.ok else "red")
    console.print(table)
    for check in checks:
        for line in check.wrong:
            console.print(f"{check.name}: {line}", style="red", highlight=False, markup=False)
    faults = ", ".join(f"{name} {times}" for name, times in sorted(chaos.counts.items()))
    console.print(f"faults: {faults}", highlight=False)
    console.print(
        f"first answer that counted after: median {cuts[49]:.2f} s, 99 of 100 within {cuts[98]:.2f} s", highlight=False
    )
    console.print(f"verdict: {verdict}", style="bold", highlight=False)
    return {
        "verdict": verdict,
        "seed": seed,
        "seconds": seconds,
        "operations": _counts(load),
        "answers": dict(load.statuses),
        "faults": dict(chaos.counts),
        "acknowledged_after_seconds": {"p50": round(cuts[49], 3), "p99": round(cuts[98], 3)},
        "checks": [asdict(check) | {"ok": check.ok} for check in checks],
    }


if __name__ == "__main__":
    main()
