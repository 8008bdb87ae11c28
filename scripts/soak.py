"""Lets tills work while API, follower, chain and a receiver of webhooks are killed, paused and slowed; then compares every promise.

Everything random comes from one seed. The ledger is made anew in a temporary folder, or with --folder in that one, where it
stays for a look at it. Two nodes (API and follower each) share the outbox, the signing keys and the embedded chain. Prints a line
every few seconds and a closing table, and writes build/soak.json. Exit status 1 where something does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import quantiles
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from soaking.chaos import Chaos
from soaking.judge import Check, judged, settle
from soaking.nodes import Ledger, Node, Receiver
from soaking.offline import allow, hand_in, set_up
from soaking.tills import Asked, Load, Partner
from soaking.webhooks import Webhooks

from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.rpc import HttpRpc
from coalition.chain.signer import KeySigner
from coalition.chain.typed_data import Domain
from coalition.till import Till

ROOT = Path(__file__).resolve().parent.parent
MEMBERS = 24
ALLOWING = 12
NODES = 2
SCOPES = ("--scope", "earn", "--scope", "redeem", "--scope", "read", "--scope", "admin")
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
    deployment = Deployment.from_json((ledger.home / "deployment.json").read_text())
    members = [KeySigner(keccak(f"soak member {number}".encode())) for number in range(MEMBERS)]
    nodes = [Node(ledger, f"node {number + 1}") for number in range(NODES)]
    receiver = Receiver(ledger, seed)
    webhooks = Webhooks(nodes, receiver)
    partners, offline = _partners(ledger, deployment, nodes[0], webhooks, members)
    load = Load(nodes, partners, members, Domain(deployment.chain_id, deployment.ledger), offline, seed)
    load.asked += _first(ledger, folder, partners[0], members)
    chaos = Chaos(ledger, nodes, receiver, webhooks, random.Random(f"{seed} chaos"))
    outbox = sa.create_engine(ledger.outbox_url)
    try:
        for process in (receiver, *nodes):
            process.start()
        with _progress(console, load, chaos):
            chaos.start()
            asyncio.run(load.run(seconds, tills))
            chaos.stop()
        console.print("calming down …")
        settle((receiver, *nodes), nodes, outbox)
        handed_in = list(hand_in(offline, nodes[0], nodes[-1]))
        settle((receiver, *nodes), nodes, outbox)
        checks = list(judged(ledger, HttpRpc(ledger.chain_url()), deployment, nodes, load, handed_in, outbox))
        checks += [webhooks.drained(), *webhooks.judged(chain_was_killed=chaos.counts["kill chain"] > 0)]
    finally:
        outbox.dispose()
        for process in (*nodes, receiver):
            if process.pid is not None:
                process.end(signal.SIGTERM)
    if chaos.error is not None:
        checks.append(Check("nodes start again", "", (repr(chaos.error)[:2_000],)))
    return _report(console, load, chaos, checks, seed, seconds)


def _partners(
    ledger: Ledger, deployment: Deployment, node: Node, webhooks: Webhooks, members: list[KeySigner]
) -> tuple[list[Partner], list[tuple[Partner, Till]]]:
    """Partners, each with a webhook and a till without a line. When the node has ended, the chain has stored all that."""
    partners, offline = [], []
    node.start()
    try:
        for name in ("bakery", "cafe"):
            made = ledger.run("partner", "add", name, "--earn-rate-bps", 500)
            key = ledger.run("api-key", "issue", name, "--label", "soak", *SCOPES)["api_key"]
            partner = Partner(made["partner"], key)
            partners.append(partner)
            offline.append((partner, set_up(ledger, node, partner, name)))
            allow(ledger, deployment.ledger, made["account"], members[:ALLOWING])
            webhooks.add(partner)
    finally:
        node.end(signal.SIGTERM)
    return partners, offline


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


@contextmanager
def _progress(console: Console, load: Load, chaos: Chaos) -> Iterator[None]:
    """Print how it goes."""
    ending = threading.Event()
    began = time.monotonic()

    def tell() -> None:
        while not ending.wait(LINE_SECONDS):
            counts = _counts(load)
            console.print(
                f"{time.monotonic() - began:6.0f} s  asked {counts['asked']:>7,}  acknowledged {counts['acknowledged']:>7,}  "
                f"refused {counts['refused']:>5,}  open {counts['open']:>5,}  faults {chaos.counts.total():>4}  {chaos.now}",
                highlight=False,
            )

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


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
