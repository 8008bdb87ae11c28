"""The figures as tables, beside what is wanted of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benches import campaigns, gas
from benches.stages import STAGES

__all__ = ["show"]

Figures = dict[str, float]


@dataclass(frozen=True)
class Line:
    """One figure. `least` and `aim` are limits from below, or from above where `is_most`; None where it is only reported."""

    what: str
    key: str
    unit: str
    least: float | None = None
    aim: float | None = None
    is_most: bool = False

    def passes(self, value: float) -> bool:
        """True if the limit holds."""
        return self.least is None or (value <= self.least if self.is_most else value >= self.least)


SPEED = (
    Line("bulk earns, HTTP request to confirmed and readable", "throughput.bulk", "/s", 5_000, 15_000),
    Line("lone earns, 64 tills, embedded chain", "throughput.single", "/s", 400, 1_200),
    Line("lone earns, 2,000 tills, 1 s blocks", "throughput.single_1s_blocks", "/s", 400, 1_200),
    Line("PostgreSQL behind the same routes, lone", "throughput.postgres_single", "/s"),
    Line("PostgreSQL behind the same routes, bulk", "throughput.postgres_bulk", "/s"),
    Line("lone earns, share of PostgreSQL's", "ratio.postgres_single", "×", 0.5, 0.9),
    Line("bulk earns, share of PostgreSQL's", "ratio.postgres_bulk", "×", 0.2, 0.5),
    Line("one transaction an earn, plain web3.py", "throughput.naive", "/s"),
    Line("bulk earns, multiple of the naive way", "ratio.naive_bulk", "×", None, 50),
    Line("load of a file at the base rate, to confirmed and indexed", "throughput.load", "/s", 4_000, 12_000),
    Line("the same with the demo's campaigns, to the day", "throughput.load_with_campaigns", "/s"),
    Line("lone earn at an idle till, 1 s blocks, p99", "latency.single_p99_ms", "ms", 1_500, 1_100, True),
    Line("balance under load, p99", "latency.balance_p99_ms", "ms", 25, 8, True),
    Line("  beside 64 tills, embedded chain", "latency.balance_64_tills_p99_ms", "ms"),
    Line("  beside 2,000 tills, 1 s blocks", "latency.balance_2000_tills_p99_ms", "ms"),
    Line("index lag under load, p99", "lag.p99_ms", "ms", 1_000, 300, True),
    Line("signing and encoding, one core", "signing.operations", "/s", 100_000, 400_000),
    Line("memory of API, submit and index", "memory.mib", "MiB", 600, 300, True),
    Line("  after operations", "memory.operations", ""),
)
DERIVED: dict[str, tuple[tuple[str, str], Callable[[float, float], float]]] = {
    "ratio.postgres_single": (("throughput.single", "throughput.postgres_single"), lambda one, other: one / other),
    "ratio.postgres_bulk": (("throughput.bulk", "throughput.postgres_bulk"), lambda one, other: one / other),
    "ratio.naive_bulk": (("throughput.bulk", "throughput.naive"), lambda one, other: one / other),
    "latency.balance_p99_ms": (("latency.balance_64_tills_p99_ms", "latency.balance_2000_tills_p99_ms"), max),
    "lag.p99_ms": (("lag.64_tills_p99_ms", "lag.2000_tills_p99_ms"), max),
}


def show(console: Console, figures: Figures) -> bool:
    """Add what follows from the figures, print them all, and return whether a limit is passed."""
    for key, ((one, other), of) in DERIVED.items():
        if one in figures and other in figures:
            figures[key] = of(figures[one], figures[other])
    failed = _gas(console, figures) | _speed(console, figures)
    _campaigns(console, figures)
    _profile(console, figures)
    return failed


def _table(title: str, first: int, *columns: str) -> Table:
    table = Table(*columns, title=title, title_justify="left")
    for column in table.columns[first:]:
        column.justify = "right"
    return table


def _speed(console: Console, figures: Figures) -> bool:
    table = _table("Speed", 2, "what", "key", "measured", "limit", "aim")
    failed = False
    for line in SPEED:
        value = figures.get(line.key)
        if value is None:
            continue
        passes = line.passes(value)
        failed |= not passes
        table.add_row(
            line.what,
            line.key,
            *(_text(number, line.unit) for number in (value, line.least, line.aim)),
            style="" if passes else "red",
        )
    if table.rows:
        console.print(table)
    return failed


def _text(number: float | None, unit: str) -> str:
    if number is None:
        return "–"
    return f"{number:,.2f} {unit}" if unit == "×" and number < 10 else f"{number:,.0f} {unit}"


def _gas(console: Console, figures: Figures) -> bool:
    table = _table("Gas per operation", 2, "operation", "key", "gas", "at most", "aim")
    failed = False
    for key, (what, most, aim) in (gas.LIMITS | campaigns.LIMITS).items():
        if key not in figures:
            continue
        over = most is not None and figures[key] > most
        failed |= over
        cells = (f"{figures[key]:,.0f}", f"{most:,}" if most else "–", f"{aim:,}" if aim else "–")
        table.add_row(what, key, *cells, style="red" if over else "")
    if table.rows:
        console.print(table)
    return failed


def _campaigns(console: Console, figures: Figures) -> None:
    if "gas.campaigns.0" not in figures:
        return
    table = _table("Gas of an earn in a batch", 1, "campaigns at the partner", "gas", "each adds")
    nothing = figures["gas.campaigns.0"]
    for count in campaigns.OPEN:
        gas_ = figures[f"gas.campaigns.{count}"]
        table.add_row(f"{count} stamp cards", f"{gas_:,.0f}", f"{(gas_ - nothing) / count:,.0f}" if count else "")
    for kind in campaigns.KINDS:
        gas_ = figures[f"gas.campaign.{kind}"]
        table.add_row(f"one {kind}", f"{gas_:,.0f}", f"{gas_ - nothing:,.0f}")
    console.print(table)


def _profile(console: Console, figures: Figures) -> None:
    totals = {
        name: sum(value for key, value in figures.items() if key.startswith(f"profile.{name}."))
        for name in ("single", "bulk")
    }
    if not totals["single"]:
        return
    table = _table(
        "Processor time of the serving process, µs an operation", 1, "stage", "lone", "share", "bulk", "share"
    )
    for stage in [*(stage for stage, _ in STAGES), "others"]:
        cells = []
        for name, total in totals.items():
            used = figures.get(f"profile.{name}.{stage}", 0.0)
            cells += [f"{used:,.0f}", f"{used / total:.0%}"]
        table.add_row(stage, *cells)
    table.add_row("together", f"{totals['single']:,.0f}", "", f"{totals['bulk']:,.0f}", "")
    console.print(table)
