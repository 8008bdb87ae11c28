"""Purchases a second: the demo's load, from file to confirmed and indexed, beside the naive way.

`throughput.load` is the base rate only: the demo's purchases and redemptions in their order, no campaigns. As nothing then
depends on the day, the clock moves a week at a time. A development node works out its whole state for each block, so that
figure tells of the ledger, and not of how many blocks a node is asked for. `throughput.load_with_campaigns` is the demo as people
run it: the clock right to the day, a block or more for each, the demo's campaigns open. It counts the time from file to indexed,
as the demo does; what the sponsors' approvals before an opening take is not in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from web3 import Web3
from web3.middleware import SignAndSendRawMiddlewareBuilder

from coalition.bootstrap import OpenLedger, open_ledger
from coalition.chain.artifacts import artifact
from coalition.chain.signer import random_key
from coalition.demo import replay
from coalition.ledger.ids import receipt_number
from coalition.settings import Settings

__all__ = ["measure"]

NAIVE_EARNS = 200
WEEK = 7 * 86_400


def measure(home: Path, days: int) -> dict[str, float]:
    """Load `days` days of the demo's data into new ledgers under `home`.

    Some earns go the naive way after the first day, while the node still has little to work out for each block.
    """
    with _demo_ledger(home / "plain", WEEK) as ledger:
        operations, seconds = replay.replay(ledger, 1, _unseen, wanted=(), clock_step=WEEK)
        naive = _naive(ledger)
        more, longer = replay.replay(ledger, days - 1, _unseen, wanted=(), clock_step=WEEK)
        figures = {
            "throughput.load": (operations + more) / (seconds + longer),
            "throughput.load_operations": operations + more,
            "throughput.naive": naive,
        }
    with _demo_ledger(home / "campaigns", replay.CLOCK_STEP) as ledger:
        operations, seconds = replay.replay(ledger, days, _unseen)
    return figures | {"throughput.load_with_campaigns": operations / seconds}


@contextmanager
def _demo_ledger(home: Path, clock_step: int) -> Iterator[OpenLedger]:
    settings = Settings(home)
    replay.create_demo_ledger(settings)
    with open_ledger(settings, clock_follows=True, clock_step=clock_step) as ledger:
        replay.on_board(ledger)
        yield ledger


def _unseen(_done: int, _rows: int) -> None:
    pass


def _naive(ledger: OpenLedger) -> float:
    """One transaction per purchase, built and sent with plain web3.py, waiting for each. The same chain, the same members."""
    key = random_key()
    w3 = Web3(Web3.HTTPProvider(ledger.chain_url))
    account = w3.eth.account.from_key(key)
    w3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(account), layer=0)
    ledger.register_partner("naive", account.address, account.address, "USD", 100)
    contract: Any = w3.eth.contract(
        address=Web3.to_checksum_address(ledger.deployment.ledger), abi=artifact("PointLedger").abi
    )
    members = ledger.queries.issued_by_member()
    chosen = sorted(members)[:NAIVE_EARNS]
    begun = time.monotonic()
    for i, member in enumerate(chosen):
        call = contract.functions.earn([(member, receipt_number(f"naive-{i}"), 1_000)], [])
        sent = call.transact({"from": account.address, "gasPrice": 0})
        receipt = w3.eth.wait_for_transaction_receipt(sent, poll_latency=0.01)
        if receipt["status"] != 1:
            raise SystemExit("a naive earn reverted")
    return len(chosen) / (time.monotonic() - begun)
