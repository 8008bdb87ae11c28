"""Tills against a ledger that serves over HTTP: on the embedded chain, which mines at once, and on one with a block a second."""

from __future__ import annotations

import http.client
import json
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benches.served import Server, ledger
from benches.watch import percentile, watched
from coalition.chain.embedded import EmbeddedChain, find_anvil
from coalition.chain.engine_anvil import FLAGS
from coalition.chain.rpc import HttpRpc
from coalition.errors import ChainUnavailable

__all__ = ["measure", "measure_with_blocks", "profile"]

TILLS, TILLS_WAITING = 64, 2_000
BLOCK_SECONDS = 1


def measure(folder: Path, seconds: float, bulk_requests: int) -> dict[str, float]:
    """Lone earns of 64 tills at once, and bulk requests."""
    home = folder / "embedded"
    with ledger(home) as server:
        node = EmbeddedChain.running(home)
        assert node is not None
        with watched(server, node, home) as seen:
            single = server.tills(TILLS, seconds)
        bulk = server.bulks(bulk_requests)
    return {
        "throughput.single": single["a_second"],
        "throughput.single_p50_ms": single["p50_ms"],
        "throughput.single_p99_ms": single["p99_ms"],
        "throughput.bulk": bulk["a_second"],
        "latency.balance_64_tills_p99_ms": percentile(seen.balance_ms, 0.99),
        "lag.64_tills_p99_ms": percentile(seen.lag_ms, 0.99),
    }


def measure_with_blocks(folder: Path, seconds: float, lone: int) -> dict[str, float]:
    """2,000 tills, each waiting for a block of its own second; then one till alone at an idle ledger."""
    home = folder / "blocks"
    with _node(folder) as rpc, ledger(home, rpc.url) as server:
        rpc.call("evm_setAutomine", [False])
        rpc.call("evm_setIntervalMining", [BLOCK_SECONDS])
        with watched(server, rpc.url, home) as seen:
            many = server.tills(TILLS_WAITING, seconds, warm_seconds=5)
        alone = _alone(server, lone)
    return {
        "throughput.single_1s_blocks": many["a_second"],
        "throughput.single_1s_blocks_p99_ms": many["p99_ms"],
        "latency.balance_2000_tills_p99_ms": percentile(seen.balance_ms, 0.99),
        "lag.2000_tills_p99_ms": percentile(seen.lag_ms, 0.99),
        "latency.single_p50_ms": percentile(alone, 0.50),
        "latency.single_p99_ms": percentile(alone, 0.99),
    }


def profile(folder: Path, seconds: float, bulk_requests: int) -> dict[str, float]:
    """Microseconds of processor time an operation, by stage: of lone earns of 64 tills, and of bulk ones."""
    figures: dict[str, float] = {}
    for name, work in (
        ("single", lambda server: server.tills(TILLS, seconds, warm_seconds=0)),
        ("bulk", lambda server: server.bulks(bulk_requests)),
    ):
        target = folder / f"profile-{name}.json"
        with ledger(folder / f"profile-{name}", profile=target) as server:
            counted = work(server)["counted"]
        for stage, used in json.loads(target.read_text()).items():
            figures[f"profile.{name}.{stage}"] = used / counted * 1e6
    return figures


def _alone(server: Server, count: int) -> list[float]:
    """Milliseconds of earns, one after another, at moments that have nothing to do with the blocks'."""
    dice, found = random.Random(11), []
    headers = {"Authorization": f"Bearer {server.keys[0]}", "Content-Type": "application/json"}
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=60)) as connection:
        for number in range(count):
            time.sleep(dice.random() * BLOCK_SECONDS)
            body = {"member": dice.choice(server.members), "receipt": f"alone-{number}", "spend_minor": 1_000}
            begun = time.perf_counter()
            connection.request("POST", "/v1/earn", json.dumps(body), headers)
            answer = connection.getresponse()
            if answer.status != 201:
                raise SystemExit(f"a lone earn was answered by {answer.status}: {answer.read()!r}")
            answer.read()
            found.append((time.perf_counter() - begun) * 1000)
    return found


@contextmanager
def _node(folder: Path) -> Iterator[HttpRpc]:
    """An anvil with the settings of the embedded chain; it makes a block for each transaction until it is told otherwise."""
    anvil = find_anvil()
    if anvil is None:
        raise SystemExit("This part needs anvil: run `make node`.")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([str(anvil), "--port", str(port), *FLAGS], cwd=folder, stdin=subprocess.DEVNULL)
    rpc = HttpRpc(f"http://127.0.0.1:{port}")
    try:
        for _ in range(200):
            try:
                rpc.call("eth_chainId", [])
                break
            except ChainUnavailable:
                time.sleep(0.05)
        yield rpc
    finally:
        rpc.close()
        process.kill()
        process.wait()
