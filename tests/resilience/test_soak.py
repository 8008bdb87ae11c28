"""A short soak: `make soak` for half a minute."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.process import ROOT

MUST_HOLD = 9


def test_half_a_minute_of_trouble(tmp_path: Path) -> None:
    report = tmp_path / "soak.json"
    command = [sys.executable, "-W", "ignore", "scripts/soak.py", "--minutes", "0.5", "--tills", "8", "--seed", "20261"]
    done = subprocess.run(
        [*command, "--report", report], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr

    found = json.loads(report.read_text())
    assert found["verdict"] == "holds" and "seed 20261" in done.stdout
    assert [check["ok"] for check in found["checks"]] == [True] * MUST_HOLD
    assert found["operations"]["acknowledged"] > 50
    assert sum(found["faults"].values()) >= 2
