"""Run worlds by seed, count what was exercised, and shrink what fails.

python -m tests.fuzz.runner --operations 100000 --processes 2
python -m tests.fuzz.runner --seed 17
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from coalition.ledger import calls, events
from coalition.ledger.events import Event
from coalition.ledger.invariants import violations
from coalition.ledger.machine import Revert
from tests.fuzz.generate import Generator
from tests.fuzz.getters import Touched, compare, compare_transfers, everything
from tests.fuzz.world import GENESIS, Divergence, Parameters, Roles, World

STEPS = 300
WHOLE_EVERY = 60
SHRINK_TRIES = 400
PROGRESS_SECONDS = 10


@dataclass(frozen=True)
class Step:
    """One call: all that is needed to send it again."""

    timestamp: int
    sender: str
    call: calls.Call


@dataclass
class Report:
    """What a run exercised."""

    operations: int = 0
    steps: int = 0
    worlds: int = 0
    getters: int = 0
    seconds: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)

    def count(self, call: calls.Call, told: list[Event] | Revert) -> None:
        """Count a step."""
        name = type(call).__name__
        self.steps += 1
        self.operations += len(call.operations) if isinstance(call, calls.Post) else 1
        if isinstance(told, Revert):
            self.seen[f"revert {told.name}"] += 1
            return
        self.seen[f"call {name}"] += 1
        for event in told:
            if isinstance(event, events.OperationRejected):
                self.seen[f"{event.kind.name.lower()} {event.code.code}"] += 1
            else:
                self.seen[f"event {type(event).__name__}"] += 1
                if getattr(event, "awarded", 0):
                    self.seen[f"event {type(event).__name__} with awards"] += 1

    def add(self, other: Report) -> None:
        """Count another run in."""
        self.operations += other.operations
        self.steps += other.steps
        self.worlds += other.worlds
        self.getters += other.getters
        self.seconds = max(self.seconds, other.seconds)
        self.seen += other.seen

    def __str__(self) -> str:
        rate = self.operations / self.seconds if self.seconds else 0
        calls_, worlds = f"{self.steps} calls of {self.worlds} worlds", f"{self.getters} getters"
        lines = [f"{self.operations} operations in {calls_}, {worlds}, {rate:.0f} operations/s"]
        return "\n".join([*lines, *(f"  {count:>9} {what}" for what, count in sorted(self.seen.items()))])


class Failure(AssertionError):
    """A divergence, with the seed that leads to it and the shortest steps found."""


def run_world(seed: int, report: Report, steps: int = STEPS, shrinks: bool = True, **options: Any) -> None:
    """Run one world of `seed`.

    Raises:
        Failure: contracts and twin differ, or an invariant does not hold.
    """
    generator = Generator(seed)
    options = {"hook_accounts": generator.hook_accounts} | options
    world = World(generator.parameters, generator.roles, **options)
    generator.bind(world)
    log: list[Step] = []
    try:
        for sender, call in generator.setup():
            _step(world, Step(GENESIS, sender, call), log, report, generator)
        for _ in range(steps):
            timestamp = generator.next_time()
            world.timestamp = timestamp
            sender, call = generator.next_call()
            _step(world, Step(timestamp, sender, call), log, report, generator)
        _whole(world, report)
    except Divergence as divergence:
        shortest, why = log[-1:], str(divergence)
        if shrinks:
            shortest, why = shrink(log, generator.parameters, generator.roles, why, options)
        raise Failure(_story(seed, generator.parameters, log, shortest, why)) from None
    report.worlds += 1


def _step(world: World, step: Step, log: list[Step], report: Report, generator: Generator) -> None:
    log.append(step)
    told = world.send(step.timestamp, step.sender, step.call)
    report.count(step.call, told)
    report.getters += compare(world, Touched.by(world, step.sender, step.call, told))
    if not isinstance(told, Revert):
        generator.learn(told)
    if len(log) % WHOLE_EVERY == 0:
        _whole(world, report)


def _whole(world: World, report: Report) -> None:
    report.getters += compare(world, everything(world))
    compare_transfers(world)
    broken = violations(world.state)
    if broken:
        raise Divergence(f"invariant {broken[0].invariant}: {broken[0].sentence}")


def replay(steps: Iterable[Step], parameters: Parameters, roles: Roles, options: dict[str, Any]) -> str | None:
    """Send `steps` to a new world; return why they fail, or None."""
    world = World(parameters, roles, **options)
    try:
        for step in steps:
            told = world.send(step.timestamp, step.sender, step.call)
            compare(world, Touched.by(world, step.sender, step.call, told))
        _whole(world, Report())
    except Divergence as divergence:
        return str(divergence)
    return None


def shrink(
    log: list[Step], parameters: Parameters, roles: Roles, why: str, options: dict[str, Any]
) -> tuple[list[Step], str]:
    """Leave out steps, then operations, as long as the rest still fails."""
    tries, size, steps = 0, max(1, len(log) // 2), list(log)
    while tries < SHRINK_TRIES:
        at = 0
        while at < len(steps) and tries < SHRINK_TRIES:
            shorter = steps[:at] + steps[at + size :]
            tries += 1
            still = replay(shorter, parameters, roles, options)
            if still is None:
                at += size
            else:
                steps, why = shorter, still
        if size == 1:
            break
        size //= 2
    for at in range(len(steps)):
        why = _shrink_batch(steps, at, why, lambda: replay(steps, parameters, roles, options))
    return steps, why


def _shrink_batch(steps: list[Step], at: int, why: str, fails: Callable[[], str | None]) -> str:
    """Leave out operations of one batch, in place, as long as the rest still fails; return why it does."""
    place = 0
    while isinstance(call := steps[at].call, calls.Post) and place < len(call.operations):
        whole = steps[at]
        rest = call.operations[:place] + call.operations[place + 1 :]
        steps[at] = replace(whole, call=replace(call, operations=rest))
        still = fails()
        if still is None:
            steps[at] = whole
            place += 1
        else:
            why = still
    return why


def _story(seed: int, parameters: Parameters, log: list[Step], steps: list[Step], why: str) -> str:
    lines = [f"seed {seed} fails at step {len(log)}: python -m tests.fuzz.runner --seed {seed}", why, str(parameters)]
    lines += [f"  {step.timestamp - GENESIS:+} {step.sender}\n    {step.call}" for step in steps]
    return "\n".join(lines)


def run(
    first_seed: int, operations: int, progress: Callable[[Report], None] | None = None, shrinks: bool = True
) -> Report:
    """Run worlds of seeds from `first_seed` on until `operations` were sent."""
    report, seed, start = Report(), first_seed, time.monotonic()
    while report.operations < operations:
        run_world(seed, report, shrinks=shrinks)
        seed += 1
        report.seconds = time.monotonic() - start
        if progress is not None:
            progress(report)
    return report


def _progress(first_seed: int) -> Callable[[Report], None]:
    told = [time.monotonic()]

    def progress(report: Report) -> None:
        if time.monotonic() - told[0] > PROGRESS_SECONDS:
            told[0] = time.monotonic()
            rate = report.operations / report.seconds
            print(f"seeds from {first_seed}: {report.operations} operations, {rate:.0f}/s", flush=True)

    return progress


def _worker(work: tuple[int, int]) -> Report | str:
    first_seed, operations = work
    try:
        return run(first_seed, operations, _progress(first_seed))
    except Failure as failure:
        return str(failure)


def run_parallel(first_seed: int, operations: int, processes: int) -> Report:
    """As `run`, in processes; seeds of different processes are 10^6 apart."""
    start = time.monotonic()
    work = [(first_seed + 1_000_000 * number, operations // processes) for number in range(processes)]
    total = Report()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for result in pool.imap_unordered(_worker, work):
            if isinstance(result, str):
                raise Failure(result)
            total.add(result)
    total.seconds = time.monotonic() - start
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one world only")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--brief", action="store_true", help="do not shrink what fails")
    chosen = parser.parse_args()
    if chosen.seed is not None:
        report = Report()
        run_world(chosen.seed, report, shrinks=not chosen.brief)
    elif chosen.processes == 1:
        report = run(chosen.first_seed, chosen.operations, _progress(chosen.first_seed), not chosen.brief)
    else:
        report = run_parallel(chosen.first_seed, chosen.operations, chosen.processes)
    print(report)


if __name__ == "__main__":
    main()
