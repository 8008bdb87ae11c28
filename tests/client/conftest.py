"""A service of its own for the client: contracts, database, uvicorn on a port."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from coalition.client import Client, Patience
from tests.api.conftest import MEMBER
from tests.api.stack import Stack, running

QUICK = Patience(deadline_seconds=30, first_pause_seconds=0.01, longest_pause_seconds=0.05)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("client"), start=int(time.time())) as found:
        found.allow(1, 1_000)
        yield found


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url, stack.keys[1], patience=QUICK) as found:
        yield found


def counted(stack: Stack, receipt: str) -> int:
    """How many operations the ledger accepted under a receipt, by its own read model."""
    with Client(stack.url, stack.keys[1], patience=QUICK) as found:
        return [one.receipt for one in found.history(member=MEMBER, status="accepted")].count(receipt)
