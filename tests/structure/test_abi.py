"""The classes of the ledger against the contracts: events against the ABI, enums and constants against the sources."""

from __future__ import annotations

import re
from dataclasses import fields
from enum import IntEnum
from pathlib import Path

import pytest

from coalition.chain.artifacts import artifact
from coalition.chain.logs import LIBRARY_EVENTS
from coalition.ledger import events, lots, operations
from coalition.ledger.operations import Kind, Purpose, Rejection

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
CLASSES = {
    name: value
    for name in events.__all__
    if isinstance(value := getattr(events, name), type)
    and issubclass(value, events.Event)
    and name not in ("Event", "RegistryEvent")
}


def snake(name: str) -> str:
    """The Python name of an argument in an ABI."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return name + "_" if name == "from" else name


def abi_events(contract: str) -> dict[str, list[str]]:
    return {
        entry["name"]: [snake(argument["name"]) for argument in entry["inputs"]]
        for entry in artifact(contract).entries("event")
        if entry["name"] not in LIBRARY_EVENTS
    }


@pytest.mark.parametrize("contract", ["PointLedger", "PartnerRegistry"])
def test_each_event_of_the_abi_has_its_class_with_the_same_fields(contract: str) -> None:
    classes = {name: kind for name, kind in CLASSES.items() if kind.contract == contract}

    assert {name: [field.name for field in fields(kind)] for name, kind in classes.items()} == abi_events(contract)


def test_the_two_contracts_share_no_event() -> None:
    assert not abi_events("PointLedger").keys() & abi_events("PartnerRegistry").keys()


@pytest.mark.parametrize(
    ("name", "kind"), [("OperationKind", Kind), ("RejectionCode", Rejection), ("Purpose", Purpose)]
)
def test_the_enums_are_those_of_the_source(name: str, kind: type[IntEnum]) -> None:
    source = (CONTRACTS / "types" / "Operation.sol").read_text()
    body = re.search(rf"enum {name} \{{(.*?)\}}", source, re.DOTALL)
    assert body is not None
    members = re.findall(r"\w+", body[1])

    assert members[0] == "None"
    assert {snake(member).upper(): number for number, member in enumerate(members) if number} == {
        member.name: int(member) for member in kind
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWARDS_MAX", operations.AWARDS_MAX),
        ("BATCH_MAX", operations.BATCH_MAX),
        ("BPS", operations.BPS),
        ("HOLD_SECONDS_MAX", operations.HOLD_SECONDS_MAX),
        ("LOT_COUNT", lots.LOT_COUNT),
        ("LOT_MAX", lots.LOT_MAX),
        ("RECEIPT_BITS", operations.RECEIPT_BITS),
        ("SPEND_MINOR_MAX", operations.SPEND_MINOR_MAX),
    ],
)
def test_the_constants_are_those_of_the_source(name: str, value: int) -> None:
    source = (CONTRACTS / "libraries" / "Constants.sol").read_text()
    found = re.search(rf"constant {name} = ([^;]+);", source)
    assert found is not None
    written = found[1].replace("_", "").replace(" days", " * 86400")

    assert eval(written, {}) == value
