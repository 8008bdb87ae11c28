"""A ledger that is served, and the command on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import Served, coalition, left_running, up


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli") / "home"


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Served]:
    """The ledger, kept running, so that other commands start quickly."""
    deployed = coalition(home, "deploy", "--json").json
    assert deployed["chain_id"] == 31_337 and deployed["home"] == str(home)
    assert left_running(home) == []
    with up(home) as running:
        yield running


@pytest.fixture(scope="module")
def run(home: Path, served: Served) -> Any:
    """Run a command with `--json` and return what it printed; then without, which has to work too."""

    def one(*arguments: object, status: int = 0) -> Any:
        return coalition(home, *arguments, "--json", status=status).json

    for name, rate in (("grocery", 10_000), ("market", 150)):
        assert one("partner", "add", name, "--earn-rate-bps", rate)["name"] == name
    return one
