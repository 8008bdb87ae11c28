"""`TillRegistry.hashOf`: what a till signs, as EIP-712 has it."""

from brownie import web3
from eth_account.messages import encode_typed_data
from eth_utils import keccak

FIELDS = (
    ("partner", "uint32"),
    ("till", "uint32"),
    ("number", "uint48"),
    ("kind", "uint8"),
    ("member", "address"),
    ("amount", "uint48"),
    ("currency", "bytes3"),
    ("issuedAt", "uint40"),
)


def test_is_the_typed_data_of_the_voucher(till_registry, member):
    domain = {
        "name": "Coalition Tills",
        "version": "1",
        "chainId": web3.eth.chain_id,
        "verifyingContract": till_registry.address,
    }
    types = {"Voucher": [{"name": name, "type": kind} for name, kind in FIELDS]}
    hashes = set()
    for values in (
        (1, 7, 41, 1, member.address, 1999, b"USD", 1_772_366_400),
        (2**32 - 1, 2**32 - 1, 2**48 - 1, 2, member.address, 2**48 - 1, bytes(3), 2**40 - 1),
    ):
        message = dict(zip((name for name, _ in FIELDS), values, strict=True))
        signable = encode_typed_data(domain, types, message)
        expected = keccak(b"\x19" + signable.version + signable.header + signable.body)
        assert bytes(till_registry.hashOf(values)) == expected
        hashes.add(expected)
    assert len(hashes) == 2


def test_knows_the_partners(till_registry, registry):
    assert till_registry.registry() == registry
