#!/usr/bin/env python3
"""Run every check and test of the repository, and close with one line of totals.

Uses the standard library only, because it also makes the environments. A part that counts its own tests
(pytest, brownie) adds those to the totals, any other part counts as one. What takes long runs in two lanes side by side, since
each of them mostly waits for chains; the output of a part stays together. What pytest notes of error codes is compared in the
end, see `tests/error_codes.py`.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PART_SECONDS_MAX = 1_600
FAILURES = {"failed", "error", "errors"}


@dataclass
class Part:
    """One command, whether its output closes with pytest's totals, and whether the rest needs it."""

    name: str
    command: str
    counts: bool = False
    needed: bool = False
    totals: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


FIRST = (
    Part("set-up of node", "scripts/setup.sh node", needed=True),
    Part("set-up of python", "scripts/setup.sh python", needed=True),
    Part("set-up of brownie", "scripts/setup.sh brownie", needed=True),
    Part("set-up of slither", "scripts/setup.sh slither", needed=True),
    Part("ruff", ".venv/bin/ruff check"),
    Part("formatting", ".venv/bin/ruff format --check"),
    Part("types", ".venv/bin/mypy"),
    Part("layers", ".venv/bin/lint-imports"),
)
PYTEST = ".venv/bin/python -m pytest -p tests.error_codes"
PROCESSES = ("tests/cli", "tests/resilience")
LANES = (
    (
        Part("artifacts", ".venv/bin/python scripts/compile.py --check"),
        Part("slither", "scripts/slither"),
        Part("brownie", "scripts/brownie test tests/contracts --network development", counts=True),
        Part("pytest, processes", f"{PYTEST} {' '.join(PROCESSES)}", counts=True),
    ),
    (
        Part(
            "pytest, the rest",
            f"{PYTEST} {' '.join(f'--ignore={folder}' for folder in PROCESSES)}",
            counts=True,
        ),
    ),
)
LAST = (Part("every error code", ".venv/bin/python -m tests.error_codes"),)
NOTES = ROOT / "build" / "error-codes"
PRINTING = threading.Lock()


def run(command: str) -> tuple[int, str, list[str]]:
    """Run one command; return its status, its last line of totals, and its output."""
    process = subprocess.Popen(
        command.split(),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    limit = threading.Timer(PART_SECONDS_MAX, os.killpg, (process.pid, signal.SIGKILL))
    limit.start()
    closing, output = "", []
    assert process.stdout is not None
    for line in process.stdout:
        output.append(line)
        if re.search(r"\d+ (passed|failed|errors?|skipped|deselected)\b.* in \d", line):
            closing = line
    status = process.wait()
    if not limit.is_alive():
        output.append(f"stopped after {PART_SECONDS_MAX} s\n")
    limit.cancel()
    return status, closing, output


def totals(part: Part, status: int, closing: str) -> dict[str, int]:
    """Return how many tests of one part passed, failed and were skipped."""
    found = {"passed": 0, "failed": 0, "skipped": 0}
    if part.counts:
        for number, word in re.findall(r"(\d+) (\w+)", closing):
            outcome = "failed" if word in FAILURES else word
            if outcome in found:
                found[outcome] += int(number)
    elif status == 0:
        found["passed"] = 1
    if status != 0 and not found["failed"]:
        found["failed"] = 1
    return found


def run_all(parts: tuple[Part, ...]) -> bool:
    """Run parts one after the other, and show each once it has ended; return False where one that is needed failed."""
    for part in parts:
        started = time.monotonic()
        with PRINTING:
            print(f"begins: {part.name}", flush=True)
        status, closing, output = run(part.command)
        part.totals = totals(part, status, closing)
        part.seconds = time.monotonic() - started
        with PRINTING:
            print(f"\n=== {part.name}: {part.command}")
            print("".join(output), end="", flush=True)
        if part.needed and part.totals["failed"]:
            return False
    return True


def main() -> int:
    """Run the parts; return 0 where nothing failed."""
    shutil.rmtree(NOTES, ignore_errors=True)
    if run_all(FIRST):
        lanes = [threading.Thread(target=run_all, args=(lane,)) for lane in LANES]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        run_all(LAST)
    done = [part for part in (*FIRST, *(part for lane in LANES for part in lane), *LAST) if part.totals]

    print("\n=== summary")
    for part in done:
        verdict = "FAILED" if part.totals["failed"] else "ok"
        print(f"{part.name:<20} {verdict:<6} {part.totals['passed']:>5} passed  {part.seconds:>6.1f} s")
    total = {word: sum(part.totals[word] for part in done) for word in ("passed", "failed", "skipped")}
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}", flush=True)
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
