"""What goes wrong during a soak: processes are killed, stopped, paused and slowed, at random times from one seed."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress

from soaking.nodes import Ledger, Node

__all__ = ["Chaos"]

CALM_SECONDS = (1.0, 6.0)
DOWN_SECONDS = (0.0, 4.0)
PAUSE_SECONDS = (0.3, 5.0)
SLOW_SECONDS = (2.0, 6.0)
SLOW_TURN_SECONDS = 0.04
FAULTS = ("kill node", "stop node", "pause node", "slow node", "kill chain", "pause chain", "slow chain")
WEIGHTS = (3, 2, 3, 2, 2, 3, 2)


class Chaos:
    """A thread that does one thing after another to nodes and chain. What it paused goes on when it stops."""

    def __init__(self, ledger: Ledger, nodes: list[Node], chance: random.Random) -> None:
        self.counts: Counter[str] = Counter()
        self.now = "calm"
        self.error: Exception | None = None
        self._ledger = ledger
        self._nodes = nodes
        self._chance = chance
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End what is being done, and do no more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._chance.uniform(*CALM_SECONDS)):
                (fault,) = self._chance.choices(FAULTS, WEIGHTS)
                self.now = fault
                self.counts[fault] += 1
                what, _, whom = fault.partition(" ")
                if whom == "node":
                    self._to_node(what, self._chance.choice(self._nodes))
                else:
                    self._to_chain(what)
                self.now = "calm"
        except Exception as error:
            self.error = error

    def _to_node(self, what: str, node: Node) -> None:
        if what in ("kill", "stop"):
            node.end(signal.SIGKILL if what == "kill" else signal.SIGTERM)
            self._stopping.wait(self._chance.uniform(*DOWN_SECONDS))
            node.start()
        elif node.pid is not None:
            self._hold_up(what, [node.pid])

    def _to_chain(self, what: str) -> None:
        found = self._ledger.chain()
        if not found:
            return
        if what == "kill":
            with suppress(ProcessLookupError):
                os.kill(found.get("engine", found["keeper"]), signal.SIGKILL)
            return  # whoever calls it next starts it again
        self._hold_up(what, list(found.values()))

    def _hold_up(self, what: str, processes: list[int]) -> None:
        """Pause processes, or let them run half of the time only."""
        if what == "pause":
            with _paused(processes):
                self._stopping.wait(self._chance.uniform(*PAUSE_SECONDS))
            return
        until = time.monotonic() + self._chance.uniform(*SLOW_SECONDS)
        while time.monotonic() < until and not self._stopping.is_set():
            with _paused(processes):
                time.sleep(SLOW_TURN_SECONDS)
            time.sleep(SLOW_TURN_SECONDS)


class _paused:  # noqa: N801 - read as a verb: `with _paused(…)`
    def __init__(self, processes: list[int]) -> None:
        self._processes = processes

    def __enter__(self) -> None:
        self._send(signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: int) -> None:
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.kill(process, number)
