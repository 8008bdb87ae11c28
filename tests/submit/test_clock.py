"""Gathering into one block on a real anvil, and what a process that is killed meanwhile leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coalition.bootstrap.home import node_of
from coalition.chain import mining, transactions
from coalition.chain.history import head
from coalition.chain.rpc import HttpRpc
from coalition.chain.signer import KeySigner
from coalition.settings import Settings
from coalition.submit.clock import Clock
from tests.submit.node import ROOT, Anvil, anvil_binary, running

pytestmark = pytest.mark.skipif(anvil_binary() is None, reason="anvil is not installed")

GATHERER = """
import os, signal, sys
from coalition.chain.rpc import HttpRpc
from coalition.submit.clock import Clock
rpc = HttpRpc(sys.argv[1])
with Clock(rpc).one_block():
    rpc.call("eth_sendRawTransaction", [sys.argv[2]])
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(params=[mining.EACH, mining.WHEN_ASKED])
def way(request: pytest.FixtureRequest) -> int:
    """How the node makes blocks."""
    found: int = request.param
    return found


@pytest.fixture
def anvil(way: int) -> Iterator[Anvil]:
    with running(*["--no-mining"] * (way == mining.WHEN_ASKED), mixed=False) as anvil:
        yield anvil


@pytest.fixture
def rpc(anvil: Anvil) -> Iterator[HttpRpc]:
    rpc = HttpRpc(anvil.url)
    yield rpc
    rpc.close()


def signed(key: KeySigner, nonce: int) -> tuple[str, str]:
    """An empty transaction, and its hash."""
    raw, name = transactions.sign_transaction(key, 31_337, nonce, key.address, b"", 100_000)
    return "0x" + raw.hex(), name


def left_by_a_killed_process(rpc: HttpRpc) -> str:
    """The hash of a transaction that waits on a node whose gatherer is gone."""
    raw, name = signed(KeySigner.random(), 0)
    killed = subprocess.run([sys.executable, "-c", GATHERER, rpc.url, raw], check=False, cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert transactions.receipt_of(rpc, name) is None
    assert mining.is_gathering(rpc)
    return name


def is_as_before(rpc: HttpRpc, way: int) -> bool:
    return not mining.is_gathering(rpc) and rpc.call("anvil_getAutomine", []) == (way == mining.EACH)


def test_what_is_sent_inside_goes_into_one_block(rpc: HttpRpc, way: int) -> None:
    key, before = KeySigner.random(), head(rpc).number

    with Clock(rpc).one_block():
        names = [rpc.call("eth_sendRawTransaction", [signed(key, nonce)[0]]) for nonce in range(3)]

    blocks = {transactions.wait_for(rpc, name, 60)["blockNumber"] for name in names}
    assert blocks == {hex(before + 1)} and head(rpc).number == before + 1
    assert is_as_before(rpc, way)


def test_the_next_clock_goes_on_after_a_killed_process(rpc: HttpRpc, way: int) -> None:
    name = left_by_a_killed_process(rpc)

    with Clock(rpc).one_block():
        pass

    assert transactions.wait_for(rpc, name, 5)["status"] == "0x1"
    assert is_as_before(rpc, way)


def test_any_command_goes_on_after_a_killed_process(rpc: HttpRpc, way: int, tmp_path: Path) -> None:
    name = left_by_a_killed_process(rpc)

    with node_of(Settings(home=tmp_path, rpc_url=rpc.url)) as node:
        assert transactions.wait_for(node.rpc, name, 5)["status"] == "0x1"

    assert is_as_before(rpc, way)


def test_a_process_that_runs_already_gets_its_block_too(rpc: HttpRpc, way: int) -> None:
    name = left_by_a_killed_process(rpc)

    assert transactions.wait_for(rpc, name, way + 5)["status"] == "0x1"


def test_a_node_with_block_times_of_its_own_keeps_them(tmp_path: Path) -> None:
    with running("--block-time", "2", mixed=False) as anvil:
        rpc = HttpRpc(anvil.url)
        with node_of(Settings(home=tmp_path, rpc_url=anvil.url)), Clock(rpc).one_block():
            pass
        assert rpc.call("anvil_getIntervalMining", []) == 2
        assert not rpc.call("anvil_getAutomine", [])
        rpc.close()
