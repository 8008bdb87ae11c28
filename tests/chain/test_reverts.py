"""The table of refusals: complete, and each row a whole sentence."""

from __future__ import annotations

import eth_abi
import pytest

from coalition.chain import abi, reverts
from coalition.chain.artifacts import CONTRACTS, artifact
from coalition.chain.keccak import keccak
from coalition.chain.rpc import RpcError
from coalition.errors import AccessDenied, Refused

EXAMPLES = {"address": "0x" + "12" * 20, "bool": True, "bytes32": b"\1" * 32, "bytes4": b"\1" * 4, "string": "text"}


NEVER_GIVEN = {
    "InvalidAccountNonce",  # signatures carry the nonce in what is signed: a wrong one is no signature
    "InvalidShortString",  # the name of the EIP-712 domain is short, and written in the contract
    "StringTooLong",
    "SafeCastOverflowedUintDowncast",  # the chain's time, to 48 bits
}
"""Errors that libraries bring into the contracts' ABIs, and that no call can meet."""


def test_the_table_has_each_custom_error_of_the_contracts_and_no_other() -> None:
    named = {entry["name"] for contract in CONTRACTS for entry in artifact(contract).entries("error")}

    assert named - NEVER_GIVEN == set(reverts.TABLE) and named > NEVER_GIVEN


@pytest.mark.parametrize("entry", reverts.ERRORS.values(), ids=lambda entry: str(entry["name"]))
def test_each_error_gives_its_sentence(entry: dict[str, object]) -> None:
    parameters = entry["inputs"]
    assert isinstance(parameters, list)
    types = [abi.type_of(parameter) for parameter in parameters]
    values = [EXAMPLES.get(kind, 7) for kind in types]
    data = "0x" + (keccak(abi.signature(entry).encode())[:4] + eth_abi.encode(types, values)).hex()
    kind, code, _ = reverts.TABLE[str(entry["name"])]

    error = reverts.decoded(data)

    assert type(error) is kind
    assert error.code == code and code.islower()
    assert error.message.endswith(".") and "{" not in error.message
    assert error.details["error"] == entry["name"]


def test_addresses_in_sentences_are_checksummed() -> None:
    data = "0x" + (keccak(b"KeyUnknown(address)")[:4] + bytes(12) + b"\xab" * 20).hex()

    error = reverts.decoded(data)

    assert isinstance(error, AccessDenied)
    assert "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB" in error.message


@pytest.mark.parametrize(
    ("time", "shown"), [(1_793_320_000, "2026-10-30T00:26:40Z"), (1 << 39, "Unix time 549755813888")]
)
def test_times_in_sentences_are_readable(time: int, shown: str) -> None:
    data = "0x" + (keccak(b"CampaignOver(uint32,uint256)")[:4] + (3).to_bytes(32) + time.to_bytes(32)).hex()

    error = reverts.decoded(data)

    assert error.message == f"For campaign 3 this was possible to {shown}."
    assert error.details["arguments"]["closesAt"] == time, "machines get the number"


@pytest.mark.parametrize("data", ["0x12345678", "0x" + keccak(b"KeyUnknown(address)")[:4].hex() + "12"])
def test_unknown_or_damaged_data_are_kept(data: str) -> None:
    error = reverts.decoded(data)

    assert type(error) is Refused and error.code == "reverted"
    assert error.details["data"] == data


def test_what_nodes_answer() -> None:
    plain = RpcError(-32_000, "nonce too low")
    data = "0x" + keccak(b"LedgerPaused()")[:4].hex()

    assert reverts.translated(plain) is plain
    assert reverts.translated(RpcError(3, "execution reverted", data)).code == "ledger_paused"
    assert reverts.translated(RpcError(-32_000, "Reverted", {"data": data})).code == "ledger_paused"
    assert reverts.translated(RpcError(3, "execution reverted", "0x")).code == "reverted"
