"""What `make bench` reports: every figure that is promised, with limits on the right side."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
PROMISED = {
    "throughput.bulk": 5_000,
    "throughput.single": 400,
    "throughput.single_1s_blocks": 400,
    "throughput.postgres_single": None,
    "throughput.postgres_bulk": None,
    "ratio.postgres_single": 0.5,
    "ratio.postgres_bulk": 0.2,
    "throughput.naive": None,
    "latency.single_p99_ms": 1_500,
    "latency.balance_p99_ms": 25,
    "lag.p99_ms": 1_000,
    "signing.operations": 100_000,
    "memory.mib": 600,
}
GOOD = {
    "throughput.bulk": 6_000.0,
    "throughput.single": 500.0,
    "throughput.single_1s_blocks": 500.0,
    "throughput.postgres_single": 900.0,
    "throughput.postgres_bulk": 20_000.0,
    "throughput.naive": 50.0,
    "latency.single_p99_ms": 1_100.0,
    "latency.balance_64_tills_p99_ms": 9.0,
    "latency.balance_2000_tills_p99_ms": 20.0,
    "lag.64_tills_p99_ms": 50.0,
    "lag.2000_tills_p99_ms": 300.0,
    "signing.operations": 500_000.0,
    "memory.mib": 290.0,
}


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "scripts"), *sys.path])


def shown(figures: dict[str, float]) -> tuple[bool, str]:
    from benches import report

    console = Console(file=StringIO(), width=160)
    return report.show(console, figures), console.file.getvalue()  # type: ignore[attr-defined]


def test_every_figure_that_is_promised_is_shown_with_its_limit() -> None:
    from benches import report

    assert {line.key: line.least for line in report.SPEED if line.key in PROMISED} == PROMISED
    failed, text = shown(figures := dict(GOOD))
    assert not failed
    assert all(key in text for key in PROMISED)
    assert figures["latency.balance_p99_ms"] == 20 and figures["lag.p99_ms"] == 300
    assert figures["ratio.postgres_bulk"] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("throughput.bulk", 4_999.0),
        ("throughput.single", 399.0),
        ("throughput.postgres_single", 1_001.0),
        ("throughput.postgres_bulk", 30_001.0),
        ("latency.single_p99_ms", 1_501.0),
        ("latency.balance_64_tills_p99_ms", 26.0),
        ("lag.64_tills_p99_ms", 1_001.0),
        ("signing.operations", 99_999.0),
        ("memory.mib", 601.0),
    ],
)
def test_a_limit_that_is_passed_fails(key: str, value: float) -> None:
    assert shown(GOOD | {key: value})[0]


def test_plots_are_drawn_from_the_figures(tmp_path: Path) -> None:
    from benches import cost

    figures = {f"cost.bulk.history_{count}": 5_000.0 for count in (100_000, 1_000_000)}
    figures |= {f"cost.index_us.members_{count}": 20.0 for count in cost.MEMBERS}
    cost.plot(figures, tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text()
    assert drawn.count("<circle") == 6 and ">1 M<" in drawn and ">5,000<" in drawn


def test_the_yardstick_takes_what_the_service_takes() -> None:
    from benches import postgres_app

    from coalition.api.bulk_bodies import read_line

    member = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
    line = read_line({"kind": "earn", "member": member, "receipt": "17", "spend_minor": 500})
    asked = postgres_app._asked(3, line)
    assert (asked.number, asked.content) == (17, {"member": member, "spend_minor": 500})
