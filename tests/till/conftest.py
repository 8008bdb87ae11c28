"""A service, and tills of partner 1 of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coalition.chain.tills import set_till
from coalition.client import Client, Patience
from coalition.till import Till
from tests.api.stack import Stack, running, signer

QUICK = Patience(deadline_seconds=30, first_pause_seconds=0.01, longest_pause_seconds=0.05)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("till"), start=int(time.time())) as found:
        found.allow(1, 50)
        yield found


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url, stack.keys[1], patience=QUICK) as found:
        yield found


@pytest.fixture
def register(stack: Stack) -> Callable[[Till], None]:
    """What the partner does about a new till."""

    def one(till: Till) -> None:
        set_till(stack.rpc, stack.deployment, signer("Corner Grocery"), till.place.till, till.key)

    return one


@pytest.fixture
def new_till(tmp_path: Path, client: Client, register: Callable[[Till], None]) -> Callable[[int], Till]:
    def make(number: int) -> Till:
        till = Till.set_up(tmp_path / f"till-{number}", client, number)
        register(till)
        return till

    return make
