"""What the read model's work costs as members become more, and what a million operations cost in memory and in speed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from benches.served import ledger
from benches.watch import percentile
from coalition.bootstrap import LedgerParameters, create_ledger
from coalition.chain.keccak import keccak
from coalition.index import book, projection
from coalition.index.database import migrate, open_database, writing
from coalition.index.queries import Queries
from coalition.ledger.events import Earned, Event, MemberEnrolled, Position
from coalition.settings import Settings

__all__ = ["MEMBERS", "OPERATIONS", "measure_history", "measure_members", "plot"]

MEMBERS = (1_000, 10_000, 100_000, 1_000_000)
EARNS, READS = 20_000, 500
RANGE_EVENTS = 5_000
OPERATIONS = 1_000_000
STEPS = 10
REQUEST_OPERATIONS = 10_000


def measure_members(folder: Path, most: int, told: Callable[[float], None]) -> dict[str, float]:
    """Microseconds to write an earn into the read model and to read a balance, by members there are."""
    deployment = create_ledger(Settings(folder / "members"), LedgerParameters())
    engine = open_database(f"sqlite:///{folder / 'members.db'}")
    migrate(engine)
    queries, dice = Queries(engine), random.Random(5)
    block, members, figures = deployment.block, list[str](), dict[str, float]()
    with writing(engine) as connection:
        book.open_book(connection, deployment)
        epochs = book.epochs_of(connection)

    def write(events: list[Event]) -> float:
        nonlocal block
        begun = time.perf_counter()
        for start in range(0, len(events), RANGE_EVENTS):
            at = [
                (Position(block, log, deployment.epoch_origin + 1, f"0x{block:064x}"), event)
                for log, event in enumerate(events[start : start + RANGE_EVENTS])
            ]
            with writing(engine) as connection:
                projection.project(connection, epochs, at, block, block)
            block += 1
        return (time.perf_counter() - begun) / len(events) * 1e6

    for count in (count for count in MEMBERS if count <= most):
        new = ["0x" + keccak(f"member {number}".encode())[12:].hex() for number in range(len(members), count)]
        members += new
        write([MemberEnrolled(member) for member in new])
        receipts = range(count * 10, count * 10 + EARNS)
        earns: list[Event] = [Earned(1, dice.choice(members), receipt, 1_000, 10) for receipt in receipts]
        figures[f"cost.index_us.members_{count}"] = write(earns)
        reads = []
        for _ in range(READS):
            begun = time.perf_counter()
            queries.balance(dice.choice(members), deployment.epoch_origin + 2)
            reads.append((time.perf_counter() - begun) * 1e6)
        figures[f"cost.balance_us.members_{count}"] = percentile(reads, 0.5)
        told(count / most)
    engine.dispose()
    return figures


def measure_history(folder: Path, operations: int, told: Callable[[float], None]) -> dict[str, float]:
    """Bulk operations a second and memory of the serving process (MiB, resident) as the history grows."""
    figures: dict[str, float] = {}
    each = operations // STEPS
    with ledger(folder / "memory") as server:
        for step in range(1, STEPS + 1):
            found = server.bulks(max(1, each // REQUEST_OPERATIONS), min(each, REQUEST_OPERATIONS))
            done = step * each
            figures[f"cost.bulk.history_{done}"] = found["a_second"]
            figures[f"cost.memory_mib.history_{done}"] = _resident_mib(server.pid)
            told(step / STEPS)
        figures["memory.mib"] = _resident_mib(server.pid)
        figures["memory.operations"] = operations
    return figures


def plot(figures: dict[str, float], target: Path) -> None:
    """Write four small plots as one SVG."""
    panels = (
        ("Read model: µs to write an earn, by members", "cost.index_us.members_", True),
        ("Read model: µs to read a balance, by members", "cost.balance_us.members_", True),
        ("Bulk earns a second, by operations in the ledger", "cost.bulk.history_", False),
        ("Memory of the serving process, MiB, by operations", "cost.memory_mib.history_", False),
    )
    drawn = "".join(
        f'<g transform="translate({at % 2 * 480},{at // 2 * 280})">{_panel(title, _points(figures, prefix), is_log)}</g>'
        for at, (title, prefix, is_log) in enumerate(panels)
    )
    target.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="960" height="560" font-family="sans-serif" font-size="11">'
        f'<rect width="100%" height="100%" fill="white"/>{drawn}</svg>\n'
    )


def _points(figures: dict[str, float], prefix: str) -> list[tuple[int, float]]:
    return sorted((int(key.removeprefix(prefix)), value) for key, value in figures.items() if key.startswith(prefix))


def _panel(title: str, points: list[tuple[int, float]], is_log: bool) -> str:
    """A line with a number at each point; evenly spaced where the counts are powers of ten."""
    most = max((value for _, value in points), default=1.0)
    left, top, width, height = 50, 50, 390, 170
    marks, line = "", []
    for place, (count, value) in enumerate(points):
        share = place / max(1, len(points) - 1) if is_log else count / points[-1][0]
        x, y = left + width * share, top + height * (1 - value / most)
        line.append(f"{x:.1f},{y:.1f}")
        marks += (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/><text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{value:,.0f}</text>'
            f'<text x="{x:.1f}" y="{top + height + 16}" text-anchor="middle">{_short(count)}</text>'
        )
    return (
        f'<text x="{left}" y="24" font-size="13">{title}</text>'
        f'<path d="M{left} {top - 10}V{top + height}H{left + width + 10}" fill="none" stroke="black"/>'
        f'<polyline points="{" ".join(line)}" fill="none" stroke="#1f6feb" stroke-width="2"/>{marks}'
    )


def _short(count: int) -> str:
    return (
        f"{count // 1_000_000} M" if count % 1_000_000 == 0 else f"{count // 1_000} k" if count >= 1_000 else str(count)
    )


def _resident_mib(pid: int) -> float:
    for row in Path(f"/proc/{pid}/status").read_text().splitlines():
        if row.startswith("VmRSS:"):
            return int(row.split()[1]) / 1024
    raise SystemExit("This system does not tell the memory of a process.")
