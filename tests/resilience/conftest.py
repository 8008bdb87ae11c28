"""Ledgers that are made once, copied for each test, and loaded with purchases whose sum is known."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from coalition.index.database import open_database
from coalition.index.queries import Queries
from tests.cli.process import coalition, left_running

RATES = {"grocery": 100, "market": 10_000, "fuel": 250}


@dataclass(frozen=True)
class Purchases:
    """A file, and what it must add up to."""

    path: Path
    rows: int
    points: int
    points_of: Counter[str]


def write_purchases(path: Path, rows: int, seed: int = 1) -> Purchases:
    """Write `rows` purchases of many members at three partners."""
    chance = random.Random(seed)
    points_of: Counter[str] = Counter()
    lines = ["member,partner,receipt,spend_minor"]
    for number in range(rows):
        partner = chance.choice(list(RATES))
        member, spend = f"member-{chance.randrange(40)}", chance.randrange(1, 20_000)
        lines.append(f"{member},{partner},till-{seed}-{number:06},{spend}")
        points_of[member] += spend * RATES[partner] // 10_000
    path.write_text("\n".join(lines) + "\n")
    return Purchases(path, rows, points_of.total(), points_of)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with three partners and no purchase."""
    home = tmp_path_factory.mktemp("template") / "home"
    coalition(home, "deploy")
    for name, rate in RATES.items():
        coalition(home, "partner", "add", name, "--earn-rate-bps", rate)
    assert left_running(home) == []
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(template, tmp_path / "home")


def check_book(home: Path, purchases: Purchases) -> None:
    """The book holds exactly these purchases: audit, and points of members added up on their own."""
    report = coalition(home, "audit", "--json").json
    assert report["verdict"] == "match"
    engine = open_database(f"sqlite:///{home / 'index.db'}")
    queries = Queries(engine)
    totals = queries.totals(queries.head().timestamp)
    engine.dispose()
    assert (totals.purchases, totals.points_issued) == (purchases.rows, purchases.points)
    member, points = purchases.points_of.most_common(1)[0]
    assert coalition(home, "balance", member, "--json").json["points"] == points
    assert left_running(home) == []
