"""A short soak: `make soak` for twenty seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.process import ROOT

MUST_HOLD = 15


def test_twenty_seconds_of_trouble(tmp_path: Path) -> None:
    report = tmp_path / "soak.json"
    options = ["--minutes", "0.35", "--tills", "6", "--seed", "22416"]
    command = [sys.executable, "-W", "ignore", "scripts/soak.py", *options]
    done = subprocess.run(
        [*command, "--report", report], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr

    found = json.loads(report.read_text())
    assert found["verdict"] == "holds" and "seed 22416" in done.stdout
    assert [check["ok"] for check in found["checks"]] == [True] * MUST_HOLD
    assert found["operations"]["acknowledged"] > 50
    assert sum(found["faults"].values()) >= 2
