"""The blocks of the embedded chain, on a real anvil."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coalition.chain import embedded, history, mining, transactions
from coalition.chain.embedded import EmbeddedChain
from coalition.chain.engine_anvil import AnvilEngine
from coalition.chain.rpc import HttpRpc
from coalition.chain.signer import KeySigner

pytestmark = pytest.mark.skipif(embedded.find_anvil() is None, reason="anvil is not installed")

CHAIN_ID = 31_337
# Code that runs until 2,000,000 gas are used up, for a call that deploys it: so a block takes some time.
SLOW = bytes.fromhex("5b600056")
SLOW_GAS = 2_000_000


@pytest.fixture
def rpc(tmp_path: Path) -> Iterator[HttpRpc]:
    with EmbeddedChain(tmp_path, engine="anvil") as chain:
        rpc = HttpRpc(chain.url)
        yield rpc
        rpc.close()


def signed(key: KeySigner, nonce: int) -> tuple[str, str]:
    """A transaction that changes nothing, and its hash."""
    raw, name = transactions.sign_transaction(key, CHAIN_ID, nonce, key.address, b"", 100_000)
    return "0x" + raw.hex(), name


def slow(key: KeySigner, nonce: int) -> str:
    raw, _ = transactions.sign_transaction(key, CHAIN_ID, nonce, "", SLOW, SLOW_GAS)
    return "0x" + raw.hex()


def counts(rpc: HttpRpc) -> list[int]:
    """How many transactions each block has, after the first."""
    asked = [("eth_getBlockTransactionCountByNumber", [hex(at)]) for at in range(1, history.head(rpc).number + 1)]
    return [int(count, 16) for count in rpc.batch(asked)]


def until_mined(rpc: HttpRpc, transactions: int) -> None:
    give_up = time.monotonic() + 60
    while sum(counts(rpc)) < transactions:
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_lone_transaction_gets_a_block_and_then_there_are_no_more(rpc: HttpRpc) -> None:
    raw, name = signed(KeySigner.random(), 0)
    rpc.call("eth_sendRawTransaction", [raw])
    assert transactions.wait_for(rpc, name, 30)["status"] == "0x1"
    time.sleep(0.3)
    assert counts(rpc) == [1]


def test_what_is_sent_together_goes_into_few_blocks(rpc: HttpRpc) -> None:
    key = KeySigner.random()
    rpc.batch([("eth_sendRawTransaction", [signed(key, nonce)[0]]) for nonce in range(30)])
    until_mined(rpc, 30)
    assert len(counts(rpc)) <= 4


def test_many_that_come_while_blocks_are_made_leave_no_empty_blocks(rpc: HttpRpc) -> None:
    keys = [KeySigner.random() for _ in range(8)]
    for nonce in range(25):
        for key in keys:
            rpc.call("eth_sendRawTransaction", [slow(key, nonce)])
    until_mined(rpc, 200)
    time.sleep(0.2)
    made = counts(rpc)
    assert sum(made) == 200 and 0 not in made and len(made) < 150


def test_while_somebody_gathers_no_block_is_made_here(rpc: HttpRpc) -> None:
    raw, name = signed(KeySigner.random(), 0)
    way = mining.way_of(rpc)
    assert way == mining.WHEN_ASKED
    mining.gather(rpc, way)
    rpc.call("eth_sendRawTransaction", [raw])
    time.sleep(0.5)
    assert transactions.receipt_of(rpc, name) is None
    mining.make_block(rpc, way)
    assert transactions.wait_for(rpc, name, 5)["status"] == "0x1"
    raw, name = signed(KeySigner.random(), 0)
    rpc.call("eth_sendRawTransaction", [raw])
    assert transactions.wait_for(rpc, name, 5)["status"] == "0x1"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[AnvilEngine]:
    """An engine in this process, without a keeper."""
    anvil = embedded.find_anvil()
    assert anvil is not None
    (tmp_path / "chain").mkdir()
    engine = AnvilEngine(tmp_path / "chain", anvil, None)
    yield engine
    engine.close()


def test_one_that_cannot_be_carried_out_does_not_bring_block_after_block(engine: AnvilEngine) -> None:
    rpc = HttpRpc(engine.url)
    key, other = KeySigner.random(), KeySigner.random()
    with engine._blocks.paused():
        rpc.call("eth_sendRawTransaction", [signed(key, 0)[0]])
        rpc.call("evm_setBlockGasLimit", ["0x7530"])
    time.sleep(3)
    assert rpc.call("txpool_status", [])["pending"] == "0x1"
    assert 1 <= len(counts(rpc)) < 20
    rpc.call("evm_setBlockGasLimit", ["0x3b9aca00"])
    rpc.call("eth_sendRawTransaction", [signed(other, 0)[0]])
    until_mined(rpc, 2)
    rpc.close()


def test_while_the_chain_is_stored_what_comes_waits(engine: AnvilEngine) -> None:
    rpc = HttpRpc(engine.url)
    raw, name = signed(KeySigner.random(), 0)
    with engine._blocks.paused():
        rpc.call("eth_sendRawTransaction", [raw])
        time.sleep(0.3)
        assert transactions.receipt_of(rpc, name) is None
    assert transactions.wait_for(rpc, name, 30)["status"] == "0x1"
    rpc.close()
