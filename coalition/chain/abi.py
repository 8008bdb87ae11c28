"""Calls as the contracts' ABIs have them, for whatever is not in the stream of operations (that is `codec`).

eth-abi is imported where it is used: it takes longer than all else of this layer, and the stream does without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from coalition.chain.addresses import from_word
from coalition.chain.artifacts import artifact
from coalition.chain.keccak import keccak

__all__ = [
    "decode_call",
    "decode_event",
    "decode_result",
    "encode_call",
    "encode_deployment",
    "selector",
    "signature",
    "topic",
    "type_of",
]


def type_of(parameter: Mapping[str, Any]) -> str:
    """The canonical type of an ABI parameter: tuples as their parts in parentheses."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(type_of(part) for part in parameter['components'])}){kind.removeprefix('tuple')}"


def signature(entry: Mapping[str, Any]) -> str:
    """The canonical signature of a function, an event or an error, such as `Transfer(address,address,uint256)`."""
    return f"{entry['name']}({','.join(type_of(parameter) for parameter in entry['inputs'])})"


@cache
def selector(contract: str, function: str) -> bytes:
    """The four bytes that name a function of a contract, which has it once only."""
    return keccak(signature(_entry(contract, function)).encode())[:4]


def encode_call(contract: str, function: str, args: Sequence[Any] = ()) -> bytes:
    """Return the call data of `function` of one of `artifacts.CONTRACTS`; addresses are text, `bytes` are bytes."""
    from eth_abi.abi import encode

    return selector(contract, function) + encode(_inputs(contract, function), args)


def encode_deployment(contract: str, args: Sequence[Any] = ()) -> bytes:
    """Return the data of the transaction that deploys `contract`."""
    from eth_abi.abi import encode

    constructor = artifact(contract).entries("constructor")
    types = [type_of(parameter) for entry in constructor for parameter in entry["inputs"]]
    return artifact(contract).bytecode + encode(types, args)


def decode_result(contract: str, function: str, data: bytes) -> tuple[Any, ...]:
    """Return what a call of `function` answered; addresses are checksummed text, also inside tuples.

    Raises:
        eth_abi.exceptions.DecodingError: the answer is not one of this function, as where there is no contract.
    """
    from eth_abi.abi import decode

    types = _outputs(contract, function)
    return tuple(_readable(kind, value) for kind, value in zip(types, decode(types, data), strict=True))


def decode_call(contract: str, function: str, data: bytes) -> tuple[Any, ...]:
    """Return the arguments of a call from its data without the selector; addresses are checksummed text.

    Raises:
        eth_abi.exceptions.DecodingError: they are not arguments of this function.
    """
    from eth_abi.abi import decode

    types = _inputs(contract, function)
    return tuple(_readable(kind, value) for kind, value in zip(types, decode(types, data), strict=True))


def decode_event(contract: str, event: str, data: bytes) -> tuple[Any, ...]:
    """Return the parameters of an event that are not indexed; addresses are checksummed text, also inside tuples."""
    from eth_abi.abi import decode

    (entry,) = (entry for entry in artifact(contract).entries("event") if entry["name"] == event)
    types = [type_of(parameter) for parameter in entry["inputs"] if not parameter["indexed"]]
    return tuple(_readable(kind, value) for kind, value in zip(types, decode(types, data), strict=True))


@cache
def topic(contract: str, event: str) -> str:
    """The first topic of an event's logs, `0x…`."""
    (entry,) = (entry for entry in artifact(contract).entries("event") if entry["name"] == event)
    return "0x" + keccak(signature(entry).encode()).hex()


def _readable(kind: str, value: Any) -> Any:
    if kind == "address":
        return from_word(value[2:].lower())
    if kind.startswith("(") and kind.endswith(")"):
        return tuple(_readable(part, item) for part, item in zip(_parts(kind[1:-1]), value, strict=True))
    if kind.endswith("[]"):
        return tuple(_readable(kind[:-2], item) for item in value)
    return value


def _parts(kinds: str) -> list[str]:
    """The types in a list with commas; those of a tuple within stay together."""
    parts, depth = [""], 0
    for sign in kinds:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


@cache
def _entry(contract: str, function: str) -> Mapping[str, Any]:
    (entry,) = (entry for entry in artifact(contract).entries("function") if entry["name"] == function)
    return entry


@cache
def _inputs(contract: str, function: str) -> tuple[str, ...]:
    return tuple(type_of(parameter) for parameter in _entry(contract, function)["inputs"])


@cache
def _outputs(contract: str, function: str) -> tuple[str, ...]:
    return tuple(type_of(parameter) for parameter in _entry(contract, function)["outputs"])
