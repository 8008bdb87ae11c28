"""Purchases a second: the demo's load, from file to confirmed and indexed, beside the naive way."""

from __future__ import annotations

import time
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


def measure(home: Path, days: int) -> dict[str, float]:
    """Load `days` days of the demo's data into a new ledger under `home`; then post some earns the naive way."""
    settings = Settings(home)
    replay.create_demo_ledger(settings)
    with open_ledger(settings, clock_follows=True, clock_step=replay.CLOCK_STEP) as ledger:
        replay.on_board(ledger)
        operations, seconds = replay.replay(ledger, days, lambda done, total: None)
        return {
            "throughput.load": operations / seconds,
            "throughput.load_operations": operations,
            "throughput.naive": _naive(ledger),
        }


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
