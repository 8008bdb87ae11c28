"""Signatures and transactions, held against eth-account and the standards."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition.chain import transactions
from coalition.chain.keccak import keccak
from coalition.chain.rpc import RpcError
from coalition.chain.signer import KeySigner
from coalition.chain.tester import TesterRpc
from coalition.errors import OutcomePending, SetupError
from coalition.ledger.operations import Kind

KEY = bytes.fromhex("46" * 32)


def test_the_example_of_eip_155() -> None:
    """https://eips.ethereum.org/EIPS/eip-155, with the value that this function does not send left out of the check."""
    raw, _ = transactions.sign_transaction(KeySigner(KEY), 1, 9, "0x" + "35" * 20, b"", 21_000, 20 * 10**9)

    assert KeySigner(KEY).address == "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"
    assert raw.hex().startswith("f864098504a817c800825208943535353535353535353535353535353535353535808025a0")


@given(
    nonce=st.integers(0, 2**40),
    to=st.sampled_from(["", "0x" + "35" * 20]),
    data=st.binary(max_size=300),
    gas=st.integers(21_000, 10**9),
    gas_price=st.integers(0, 10**12),
    chain_id=st.sampled_from([1, 31_337, 2**40]),
)
@settings(max_examples=50)
def test_transactions_are_those_of_eth_account(
    nonce: int, to: str, data: bytes, gas: int, gas_price: int, chain_id: int
) -> None:
    fields: dict[str, Any] = {
        "nonce": nonce, "gas": gas, "gasPrice": gas_price, "value": 0, "data": data, "chainId": chain_id
    }  # fmt: skip
    theirs = Account.sign_transaction(fields | ({"to": to} if to else {}), KEY)

    raw, name = transactions.sign_transaction(KeySigner(KEY), chain_id, nonce, to, data, gas, gas_price)

    assert raw == bytes(theirs.raw_transaction)
    assert name == "0x" + bytes(theirs.hash).hex()


def test_a_signature_has_65_bytes_and_recovers_to_the_address() -> None:
    signer = KeySigner.random()
    digest = keccak(b"content")

    signature = signer.sign(digest)

    assert len(signature) == 65 and signature[64] in (27, 28)
    assert Account._recover_hash(digest, signature=signature) == signer.address
    assert int.from_bytes(signature[32:64]) <= 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@pytest.mark.parametrize("key", [b"", b"\1" * 31, bytes(32), b"\xff" * 32])
def test_what_is_no_private_key(key: bytes) -> None:
    with pytest.raises(SetupError) as refused:
        KeySigner(key)

    assert refused.value.code == "key_invalid"
    assert key.hex() not in str(refused.value) or not key


def test_a_key_does_not_show() -> None:
    signer = KeySigner(KEY)

    assert KEY.hex() not in repr(signer) + str(signer) + f"{vars(type(signer))}"
    with pytest.raises(TypeError):
        pickle.dumps(signer)
    with pytest.raises(TypeError):
        copy.copy(signer)


def test_the_gas_limit_grows_with_the_batch_and_fits_a_block() -> None:
    for kind in Kind:
        assert 0 < transactions.gas_limit(kind, 1) < transactions.gas_limit(kind, 500) < 1_000_000_000


def test_waiting_for_a_transaction_that_does_not_come(tester: TesterRpc) -> None:
    with pytest.raises(OutcomePending) as pending:
        transactions.wait_for(tester, "0x" + "12" * 32, timeout=0.05)

    assert pending.value.details["transaction"] == "0x" + "12" * 32


def test_the_node_own_errors_are_passed_on(tester: TesterRpc) -> None:
    with pytest.raises(RpcError):
        transactions.send(tester, KeySigner(KEY), "0x" + "12" * 20, b"", gas=100)
