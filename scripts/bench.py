"""Measures what operations cost and how many the ledger takes; prints tables and writes build/bench.json.

Gas is exact. All else depends on the machine and its other work: what compares two things compares them in one run, and the
machine's load stands beside each part. `--only` measures some parts and only prints; `--quick` measures all of them shortly.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # this checkout is measured, whatever is installed

from benches import campaigns, cost, gas, postgres, report, serving, signing, throughput  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn  # noqa: E402

from coalition.chain.embedded import EmbeddedChain  # noqa: E402
from coalition.chain.rpc import HttpRpc  # noqa: E402

Told = Callable[[float], None]


@dataclass(frozen=True)
class Amounts:
    """How much is measured."""

    days: int = 56
    seconds: float = 20.0
    bulk_requests: int = 16
    lone: int = 100
    operations: int = cost.OPERATIONS
    members: int = cost.MEMBERS[-1]


QUICK = Amounts(days=7, seconds=5.0, bulk_requests=4, lone=10, operations=100_000, members=10_000)
PARTS: dict[str, Callable[[Path, Amounts, Told], dict[str, float]]] = {
    "gas": lambda folder, _amounts, _told: _on_chain(folder / "gas", gas.measure),
    "campaigns": lambda folder, _amounts, _told: _on_chain(folder / "campaigns", campaigns.measure),
    "signing": lambda _folder, _amounts, _told: signing.measure(),
    "serving": lambda folder, amounts, _told: serving.measure(folder, amounts.seconds, amounts.bulk_requests),
    "postgres": lambda folder, amounts, _told: postgres.measure(
        folder, serving.TILLS, amounts.seconds, amounts.bulk_requests
    ),
    "blocks": lambda folder, amounts, _told: serving.measure_with_blocks(folder, amounts.seconds, amounts.lone),
    "load": lambda folder, amounts, _told: throughput.measure(folder / "load", amounts.days),
    "profile": lambda folder, amounts, _told: serving.profile(folder, amounts.seconds / 2, amounts.bulk_requests // 2),
    "history": lambda folder, amounts, told: cost.measure_history(folder, amounts.operations, told),
    "members": lambda folder, amounts, told: cost.measure_members(folder, amounts.members, told),
}


def main() -> None:
    """Measure, print, write; exit status 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="measure everything shortly, for a look")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    figures = _measured(console, options.only or list(PARTS), QUICK if options.quick else Amounts())
    failed = report.show(console, figures)
    if not options.only:
        target = ROOT / "build" / "bench.json"
        target.parent.mkdir(exist_ok=True)
        campaigns.plot(figures, target.with_name("bench-campaigns.svg"))
        cost.plot(figures, target.with_name("bench-cost.svg"))
        target.write_text(json.dumps({name: round(value, 1) for name, value in figures.items()}, indent=2) + "\n")
        console.print(f"written: {target.relative_to(ROOT)}, bench-campaigns.svg, bench-cost.svg")
    raise SystemExit(1 if failed else 0)


def _measured(console: Console, wanted: list[str], amounts: Amounts) -> dict[str, float]:
    figures: dict[str, float] = {}
    columns = (TextColumn("{task.description:10}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[load]}"))
    with tempfile.TemporaryDirectory(prefix="coalition-bench-") as folder, Progress(*columns, console=console) as bars:
        for name in wanted:
            bar = bars.add_task(name, total=1.0, load="")
            figures |= PARTS[name](Path(folder), amounts, _moving(bars, bar))
            figures[f"load_average.{name}"] = os.getloadavg()[0]
            bars.update(bar, completed=1.0, load=f"load {os.getloadavg()[0]:.1f}")
    return figures


def _moving(bars: Progress, bar: TaskID) -> Told:
    return lambda share: bars.update(bar, completed=share)


def _on_chain(folder: Path, measure: Callable[[HttpRpc], dict[str, float]]) -> dict[str, float]:
    with EmbeddedChain(folder) as chain:
        return measure(HttpRpc(chain.url))


if __name__ == "__main__":
    main()
