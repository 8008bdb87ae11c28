"""The audit of a chain in another process, whose storage can be altered behind the contracts' back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from coalition.audit.run import audit
from coalition.chain import history
from coalition.chain.keccak import keccak
from coalition.chain.rpc import HttpRpc
from coalition.index.follower import Follower
from coalition.index.queries import Queries
from tests.index.support import Books, everything, followed, opened
from tests.submit import node

pytestmark = pytest.mark.skipif(node.anvil_binary() is None, reason="anvil is neither in node_modules nor on PATH")


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    anvil = node.Anvil()
    rpc = HttpRpc(anvil.url)
    books = Books(rpc)
    everything(books)
    yield books
    rpc.close()
    anvil.stop()


@pytest.fixture
def engine(books: Books, tmp_path: Path) -> Iterator[Engine]:
    engine = opened(tmp_path / "index.db")
    followed(engine, books)
    yield engine
    engine.dispose()


def slot_of(books: Books, account: str) -> str:
    """Where the ledger keeps the word of an account, found by looking."""
    for index in range(32):
        slot = "0x" + keccak(int(account, 16).to_bytes(32) + index.to_bytes(32)).hex()
        word = books.rpc.call("eth_getStorageAt", [books.deployment.ledger, slot, "latest"])
        if int(word, 16) >> 216 & 1:
            return slot
    raise AssertionError("no such account")


def test_good_books_match(books: Books, engine: Engine) -> None:
    assert audit(books.rpc, books.deployment, Queries(engine)).verdict == "match"


def test_altered_storage_is_named_with_the_account_and_block(books: Books, engine: Engine) -> None:
    member = books.members[1].address
    slot = slot_of(books, member)
    ledger = books.deployment.ledger
    word = books.rpc.call("eth_getStorageAt", [ledger, slot, "latest"])
    books.earn(1, 2, 900)
    before = history.head(books.rpc).number
    books.rpc.call("anvil_setStorageAt", [ledger, slot, f"0x{int(word, 16) + 5:064x}"])
    books.earn(1, 2, 901)
    altered = history.head(books.rpc).number
    follower = Follower(engine, books.rpc, books.deployment)
    deadline = time.monotonic() + 10
    while follower.status().block < altered and time.monotonic() < deadline:
        follower.catch_up()
    report = audit(books.rpc, books.deployment, Queries(engine))
    assert report.verdict == "mismatch"
    found = report.first_divergence
    assert found is not None
    assert found.what == f"points of {member}"
    assert found.block in (before, altered)
    assert found.operation == "no operation of this block concerns it"
    books.rpc.call("anvil_setStorageAt", [ledger, slot, word])
