"""Measures what an operation costs and how many the ledger takes; prints tables and writes build/bench.json.

Gas is exact. Throughput depends on the machine and its other work: read it beside `throughput.naive` of the same run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benches import campaigns, gas, throughput
from rich.console import Console
from rich.table import Table

from coalition.chain.embedded import EmbeddedChain
from coalition.chain.rpc import HttpRpc

ROOT = Path(__file__).resolve().parent.parent
LOAD_AT_LEAST, LOAD_AIM = 4_000, 12_000


def main() -> None:
    """Measure, print, write; exit status 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=56, help="days of shopping to load (default 56)")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    with tempfile.TemporaryDirectory(prefix="coalition-bench-") as folder:
        console.print("measuring gas …")
        with EmbeddedChain(Path(folder) / "gas") as chain:
            figures: dict[str, float] = dict(gas.measure(HttpRpc(chain.url)))
            console.print("measuring gas with campaigns …")
            figures |= campaigns.measure(HttpRpc(chain.url))
        console.print(f"loading {options.days} days …")
        figures |= throughput.measure(Path(folder) / "load", options.days)
    _print_campaigns(console, figures)
    failed = _print_gas(console, figures) | _print_throughput(console, figures)
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    campaigns.plot(figures, target.with_name("bench-campaigns.svg"))
    target.write_text(json.dumps({name: round(value, 1) for name, value in figures.items()}, indent=2) + "\n")
    console.print(f"written: {target.relative_to(ROOT)}")
    raise SystemExit(1 if failed else 0)


def _print_gas(console: Console, figures: dict[str, float]) -> bool:
    table = Table("operation", "key", "gas", "at most", "aim", title="Gas per operation", title_justify="left")
    for column in table.columns[2:]:
        column.justify = "right"
    failed = False
    for key, (what, most, aim) in (gas.LIMITS | campaigns.LIMITS).items():
        over = most is not None and figures[key] > most
        failed |= over
        cells = (f"{figures[key]:,.0f}", f"{most:,}" if most else "–", f"{aim:,}" if aim else "–")
        table.add_row(what, key, *cells, style="red" if over else "")
    console.print(table)
    return failed


def _print_campaigns(console: Console, figures: dict[str, float]) -> None:
    table = Table(
        "campaigns at the partner", "gas", "each adds", title="Gas of an earn in a batch", title_justify="left"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    nothing = figures["gas.campaigns.0"]
    for count in campaigns.OPEN:
        gas_ = figures[f"gas.campaigns.{count}"]
        table.add_row(f"{count} stamp cards", f"{gas_:,.0f}", f"{(gas_ - nothing) / count:,.0f}" if count else "")
    for kind in campaigns.KINDS:
        gas_ = figures[f"gas.campaign.{kind}"]
        table.add_row(f"one {kind}", f"{gas_:,.0f}", f"{gas_ - nothing:,.0f}")
    console.print(table)


def _print_throughput(console: Console, figures: dict[str, float]) -> bool:
    table = Table("what", "key", "a second", "at least", "aim", title="Operations", title_justify="left")
    for column in table.columns[2:]:
        column.justify = "right"
    load, naive = figures["throughput.load"], figures["throughput.naive"]
    table.add_row(
        f"load of {figures['throughput.load_operations']:,.0f} operations at the base rate, file to confirmed and indexed",
        "throughput.load",
        f"{load:,.0f}",
        f"{LOAD_AT_LEAST:,}",
        f"{LOAD_AIM:,}",
        style="red" if load < LOAD_AT_LEAST else "",
    )
    table.add_row(
        "the same with the demo's campaigns, clock right to the day",
        "throughput.load_with_campaigns",
        f"{figures['throughput.load_with_campaigns']:,.0f}",
        "–",
        "–",
    )
    table.add_row("one transaction a purchase, plain web3.py", "throughput.naive", f"{naive:,.0f}", "–", "–")
    table.add_row("ratio", "", f"{load / naive:,.0f} ×", "–", "–")
    console.print(table)
    return load < LOAD_AT_LEAST


if __name__ == "__main__":
    main()
