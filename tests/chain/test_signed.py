"""Signed transactions of others: read as they were signed, and refused where they could be read in two ways."""

from __future__ import annotations

import pytest
import rlp
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition.chain.codec import encode_batch
from coalition.chain.keccak import keccak
from coalition.chain.signed import read_batch, read_transaction, signer_of
from coalition.chain.signer import CURVE_ORDER, KeySigner
from coalition.chain.transactions import sign_transaction
from coalition.errors import InputError
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Capture, Earn, Hold, Kind, Outcome, Redeem, Refund, Release, Reverse

KEY = KeySigner(bytes(31) + b"\7")
LEDGER = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
MEMBER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
WEB3 = "0x" + "07".rjust(64, "0")
ORIGINAL = Outcome(Kind.EARN, MEMBER, 7, 900, 9, Lots.single(3, 9), b"\5" * 32)
OPERATIONS = {
    Kind.EARN: [Earn(MEMBER, at, 100 + at, at in (0, 300)) for at in range(301)],
    Kind.REDEEM: [Redeem(MEMBER, 1 << 255, 5, 99, b"\1" * 65), Redeem(MEMBER, 2, 6, 98)],
    Kind.HOLD: [Hold(MEMBER, 3, 5, 99, b"\1" * 65)],
    Kind.CAPTURE: [Capture(3, 4), Capture(4, 1)],
    Kind.RELEASE: [Release(3), Release(5)],
    Kind.REVERSE: [Reverse(8, 100, ORIGINAL, b"\2" * 28, (b"\3" * 32,), (1 << 200, 5))],
    Kind.REFUND: [Refund(9, 3, ORIGINAL, bytes(28), (b"\3" * 32, b"\4" * 32))],
}


def raw_of(data: bytes = b"\1\2", **changed: int) -> bytes:
    fields = {"nonce": 3, "gas": 90_000, "chain_id": 31_337} | changed
    return sign_transaction(KEY, fields["chain_id"], fields["nonce"], LEDGER, data, fields["gas"])[0]


def refused(raw: bytes) -> str:
    with pytest.raises(InputError) as raised:
        read_transaction(raw)
    assert raised.value.code == "transaction_malformed"
    return raised.value.message


@given(
    nonce=st.integers(0, 1 << 63),
    gas=st.integers(0, 1 << 40),
    chain=st.integers(1, 1 << 40),
    data=st.binary(max_size=90),
)
@settings(max_examples=60, deadline=None)
def test_what_was_signed_is_read(nonce: int, gas: int, chain: int, data: bytes) -> None:
    raw, hash_ = sign_transaction(KEY, chain, nonce, LEDGER, data, gas)
    found = read_transaction(raw)
    assert (found.raw, found.hash, found.key, found.to) == (raw, hash_, KEY.address, LEDGER)
    assert (found.chain_id, found.nonce, found.gas, found.data) == (chain, nonce, gas, data)
    assert (found.gas_price, found.value) == (0, 0)


def test_other_libraries_sign_what_is_read() -> None:
    wanted = {"to": LEDGER, "value": 5, "gas": 1_000_000, "gasPrice": 7, "nonce": 0, "chainId": 1, "data": b"\0\1"}
    signed = Account.sign_transaction(wanted, WEB3)
    found = read_transaction(bytes(signed.raw_transaction))
    assert (found.key, found.value, found.gas_price, found.nonce) == (Account.from_key(WEB3).address, 5, 7, 0)
    assert found.hash == "0x" + signed.hash.hex()


def test_other_forms_are_refused() -> None:
    later = {"to": LEDGER, "gas": 1_000_000, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0, "nonce": 0, "chainId": 1}
    assert "legacy" in refused(bytes(Account.sign_transaction(later | {"type": 2}, WEB3).raw_transaction))
    assert "legacy" in refused(b"")
    assert "no RLP" in refused(raw_of()[:-1])
    assert "no RLP" in refused(raw_of() + b"\0")
    assert "nine fields" in refused(rlp.encode([b""] * 8))
    assert "nine fields" in refused(rlp.encode([b"", b"", b"", b"", b"", [b""], b"", b"", b""]))
    assert "nodes take" in refused(raw_of(bytes(131_000)))
    unprotected = Account.sign_transaction({"to": LEDGER, "gas": 9, "gasPrice": 0, "nonce": 0}, WEB3)
    assert "EIP-155" in refused(bytes(unprotected.raw_transaction))


def test_a_second_reading_is_refused() -> None:
    fields = rlp.decode(raw_of())
    assert "canonical" in refused(rlp.encode([b"\0" + fields[0], *fields[1:]]))
    s = CURVE_ORDER - int.from_bytes(fields[8])
    v = int.from_bytes(fields[6])
    mirrored = (v - 35 ^ 1) + 35
    # The same signature, mirrored: chains refuse it since EIP-2, and its hash would be another.
    assert "signature" in refused(rlp.encode([*fields[:6], mirrored.to_bytes(2), fields[7], s.to_bytes(32)]))
    assert "signature" in refused(rlp.encode([*fields[:7], b"", b""]))
    assert "receiver" in refused(rlp.encode([*fields[:3], b"\1" * 19, *fields[4:]]))


@pytest.mark.parametrize("kind", Kind)
def test_operations_are_read_as_they_were_encoded(kind: Kind) -> None:
    assert read_batch(encode_batch(kind, OPERATIONS[kind])) == (kind, OPERATIONS[kind])


@pytest.mark.parametrize("kind", Kind)
def test_nothing_may_stand_beside_the_operations(kind: Kind) -> None:
    data = encode_batch(kind, OPERATIONS[kind])
    for damaged in (data + bytes(32), data[:-32], data[:4] + data[36:], b"\1\2\3\4" + data[4:], b""):
        with pytest.raises(InputError) as raised:
            read_batch(damaged)
        assert raised.value.code == "operation_invalid"


def test_no_operations_are_no_batch() -> None:
    empty = encode_batch(Kind.RELEASE, [Release(1)])[:36] + bytes(32)
    with pytest.raises(InputError) as raised:
        read_batch(empty)
    assert raised.value.code == "batch_size_invalid"


def test_a_signature_names_its_key_or_nobody() -> None:
    digest = keccak(b"x")
    signature = KEY.sign(digest)
    assert signer_of(digest, signature) == KEY.address
    assert signer_of(keccak(b"y"), signature) not in (KEY.address, None)
    for none in (
        b"",
        signature[:64],
        signature + b"\0",
        signature[:64] + b"\0",
        bytes(64) + b"\x1b",
        b"\xff" * 64 + b"\x1b",
    ):
        assert signer_of(digest, none) is None
