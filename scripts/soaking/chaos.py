"""What goes wrong during a soak: processes are killed, stopped, paused and slowed, the receiver fails, the read model is held or
lost; at random times from one seed.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from coalition.index import book
from coalition.index.database import open_database, writing
from soaking.nodes import Ledger, Node, Process, Receiver
from soaking.receiver import Mood
from soaking.webhooks import Webhooks

__all__ = ["Chaos"]

CALM_SECONDS = (1.0, 6.0)
DOWN_SECONDS = (0.0, 4.0)
PAUSE_SECONDS = (0.3, 5.0)
SLOW_SECONDS = (2.0, 6.0)
SLOW_TURN_SECONDS = 0.04
HOLD_SECONDS = (0.5, 6.0)
HOLD_LONG_SECONDS = 36.0
"""Longer than a follower waits for the database."""

HOLDS_LONG = 0.15
SICK_SECONDS = (1.0, 10.0)
SICK = (Mood(fails_before=60), Mood(fails_after=40), Mood(1.0), Mood(3.0, 20, 20), Mood(fails_before=100))
REPLAYED_SECONDS = 60
FAULTS = {
    "kill node": 3,
    "stop node": 2,
    "pause node": 3,
    "slow node": 2,
    "kill chain": 2,
    "pause chain": 3,
    "slow chain": 2,
    "kill receiver": 2,
    "pause receiver": 2,
    "slow receiver": 1,
    "sick receiver": 3,
    "replay webhook": 1,
    "hold index": 2,
    "lose index": 1,
}


class Chaos:
    """A thread that does one thing after another to the parts. What it paused goes on when it stops."""

    def __init__(
        self, ledger: Ledger, nodes: Sequence[Node], receiver: Receiver, webhooks: Webhooks, chance: random.Random
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.now = "calm"
        self.error: Exception | None = None
        self._ledger = ledger
        self._nodes = nodes
        self._receiver = receiver
        self._webhooks = webhooks
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
                (fault,) = self._chance.choices(list(FAULTS), list(FAULTS.values()))
                self.now = fault
                self.counts[fault] += 1
                what, _, whom = fault.partition(" ")
                match whom:
                    case "node":
                        self._to_process(what, self._chance.choice(self._nodes))
                    case "chain":
                        self._to_chain(what)
                    case "index":
                        self._to_index(what)
                    case "webhook":
                        self._webhooks.replay(self._chance, self._chance.uniform(0, REPLAYED_SECONDS))
                    case _:
                        self._to_receiver(what)
                self.now = "calm"
        except Exception as error:
            self.error = error

    def _to_process(self, what: str, process: Process) -> None:
        if what in ("kill", "stop"):
            process.end(signal.SIGKILL if what == "kill" else signal.SIGTERM)
            self._stopping.wait(self._chance.uniform(*DOWN_SECONDS))
            process.start()
        elif process.pid is not None:
            self._hold_up(what, [process.pid])

    def _to_receiver(self, what: str) -> None:
        """As to a node, or let it fail and be late. Afterwards its owner has what failed sent again, or leaves that to time."""
        if what == "sick":
            self._receiver.behave(self._chance.choice(SICK))
            self._stopping.wait(self._chance.uniform(*SICK_SECONDS))
            self._receiver.behave(Mood())
        else:
            self._to_process(what, self._receiver)
        if self._chance.random() < 0.5:
            self._webhooks.redrive(self._chance)

    def _to_chain(self, what: str) -> None:
        found = self._ledger.chain()
        if not found:
            return
        if what == "kill":
            with suppress(ProcessLookupError):
                os.kill(found.get("engine", found["keeper"]), signal.SIGKILL)
            return  # whoever calls it next starts it again
        self._hold_up(what, list(found.values()))

    def _to_index(self, what: str) -> None:
        """Hold the read model as a follower that hangs while it writes, or let everybody die and the read model be gone."""
        file = self._ledger.index_file
        if what == "hold" or file is None:
            long = self._chance.random() < HOLDS_LONG
            seconds = HOLD_LONG_SECONDS if long else self._chance.uniform(*HOLD_SECONDS)
            engine = open_database(self._ledger.index_url)
            with writing(engine) as connection:
                book.cursor_of(connection, lock=True)
                self._stopping.wait(seconds)
            engine.dispose()
            return
        for node in self._nodes:
            node.end(signal.SIGKILL)
        for one in file.parent.glob(f"{file.name}*"):
            one.unlink()
        for node in self._nodes:
            node.start()

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


@contextmanager
def _paused(processes: Sequence[int]) -> Iterator[None]:
    _send(signal.SIGSTOP, processes)
    try:
        yield
    finally:
        _send(signal.SIGCONT, processes)


def _send(number: signal.Signals, processes: Sequence[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)
