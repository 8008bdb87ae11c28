"""The committed artifacts with ordinary tools: web3.py contract objects on eth-tester, under its present rules."""

from __future__ import annotations

from typing import Any

import pytest
from eth_tester import EthereumTester, PyEVMBackend
from web3 import Web3
from web3.logs import DISCARD
from web3.providers.eth_tester import EthereumTesterProvider

from coalition.chain.artifacts import artifact

DAY = 86_400
GAS = 20_000_000
RECEIPTS = (7, 8)


@pytest.fixture(scope="module")
def w3() -> Web3:
    """A chain in this process, with accounts that can pay for gas."""
    parameters = PyEVMBackend.generate_genesis_params({"gas_limit": 100_000_000})
    return Web3(EthereumTesterProvider(EthereumTester(PyEVMBackend(genesis_parameters=parameters))))


@pytest.fixture(scope="module")
def ledger(w3: Web3) -> Any:
    """A ledger whose first account administers it, and whose second is the key of partner 1."""
    admin, key, account = w3.eth.accounts[:3]
    manager = deployed(w3, "AccessManager", admin)
    registry = deployed(w3, "PartnerRegistry", manager.address, DAY)
    now = w3.eth.get_block("latest")["timestamp"]
    opened = deployed(w3, "PointLedger", manager.address, registry.address, now, 30 * DAY, 4, DAY, DAY)
    sent(w3, registry.functions.addPartner("bakery", account, key, b"USD", 250), admin)
    return opened


def deployed(w3: Web3, name: str, *args: Any) -> Any:
    made = artifact(name)
    factory = w3.eth.contract(abi=list(made.abi), bytecode=made.bytecode)
    receipt = sent(w3, factory.constructor(*args), w3.eth.accounts[0])
    return w3.eth.contract(address=receipt["contractAddress"], abi=list(made.abi))


def sent(w3: Web3, call: Any, sender: str) -> Any:
    receipt = w3.eth.wait_for_transaction_receipt(call.transact({"from": sender, "gas": GAS}))
    assert receipt["status"] == 1
    return receipt


def test_a_batch_earns_and_a_repeat_is_rejected(w3: Web3, ledger: Any) -> None:
    key, member, other = w3.eth.accounts[1], w3.eth.accounts[4], w3.eth.accounts[5]
    earns = [(member, RECEIPTS[0], 1_234), (other, RECEIPTS[1], 399), (member, RECEIPTS[0], 1_234)]

    receipt = sent(w3, ledger.functions.earn(earns, [0b11]), key)

    earned = ledger.events.Earned().process_receipt(receipt, errors=DISCARD)
    rejected = ledger.events.OperationRejected().process_receipt(receipt, errors=DISCARD)
    assert [(one.args.member, one.args.points) for one in earned] == [(member, 30), (other, 9)]
    assert [(one.args.receipt, one.args.code) for one in rejected] == [(RECEIPTS[0], 1)]
    assert ledger.functions.balanceOf(member).call() == 30


def test_members_transfer_points_as_any_token(w3: Web3, ledger: Any) -> None:
    key, member, other = w3.eth.accounts[1], w3.eth.accounts[6], w3.eth.accounts[7]
    sent(w3, ledger.functions.earn([(member, 9, 1_200), (other, 10, 400)], [0b11]), key)
    supply = ledger.functions.totalSupply().call()

    sent(w3, ledger.functions.transfer(other, 10), member)

    assert ledger.functions.balanceOf(member).call() == 20
    assert ledger.functions.balanceOf(other).call() == 20
    assert ledger.functions.totalSupply().call() == supply
