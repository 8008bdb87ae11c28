"""Cyclic garbage is looked for while nobody waits, and in the end in any case."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from coalition.bootstrap import memory
from coalition.bootstrap.memory import BUSY_SECONDS, IDLE_SECONDS, OBJECTS_MAX, Sweeper, swept
from tests.cli.process import wait_until


class Ring:
    """Refers to itself, so that only a search frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    """Searches of Python's own would disturb."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def ring() -> weakref.ref[Ring]:
    return weakref.ref(Ring())


def test_it_waits_until_nobody_waits_and_not_for_ever() -> None:
    now, idle = [0.0], [False]
    sweeper = Sweeper(lambda: idle[0], lambda: now[0])
    left = ring()

    now[0] = IDLE_SECONDS
    assert not sweeper.sweep() and left() is not None, "somebody waits"
    idle[0] = True
    assert sweeper.sweep() and left() is None
    left = ring()
    assert not sweeper.sweep() and left() is not None, "it is too soon"

    idle[0] = False
    now[0] += BUSY_SECONDS - 1
    assert not sweeper.sweep()
    now[0] += 1
    assert sweeper.sweep() and left() is None
    assert not sweeper.sweep()


def test_a_process_that_serves_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(memory, "LOOK_SECONDS", 0.01)
    before = gc.get_threshold()
    with swept(lambda: True):
        assert gc.get_threshold()[0] == OBJECTS_MAX and gc.get_freeze_count() > 0
        left = ring()
        wait_until(lambda: left() is None)
    assert gc.get_threshold() == before and gc.get_freeze_count() == 0
