"""Run worlds of campaigns by seed, and count what was exercised.

python -m tests.fuzz.campaign_runner --steps 100000 --processes 2
python -m tests.fuzz.campaign_runner --seed 17
"""

from __future__ import annotations

import argparse
import multiprocessing
import time

from tests.fuzz.campaign_steps import STEPS, Report, Steps


def run(first_seed: int, steps: int) -> Report:
    """Run worlds until so many steps were done."""
    report, seed, began = Report(), first_seed, time.monotonic()
    while report.steps < steps:
        Steps(seed, report).go(min(STEPS, steps - report.steps))
        seed += 1
    report.seconds = time.monotonic() - began
    return report


def _part(first_seed: int, steps: int) -> Report:
    return run(first_seed, steps)


def run_parallel(first_seed: int, steps: int, processes: int) -> Report:
    """As `run`, in several processes with seeds of their own."""
    report, share = Report(), -(-steps // processes)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        parts = [(first_seed + number * 1_000_000, share) for number in range(processes)]
        for part in pool.starmap(_part, parts):
            report.add(part)
    return report


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    print(run_parallel(options.seed, options.steps, options.processes))


if __name__ == "__main__":
    main()
