"""The classes of tiers and badges against the contracts: events and the programme against the ABI, constants and enums
against the sources."""

from __future__ import annotations

import re
from dataclasses import fields
from enum import IntEnum
from pathlib import Path

import pytest

from coalition.chain.artifacts import artifact
from coalition.chain.logs import LIBRARY_EVENTS
from coalition.ledger import badges, programme_events, tiers

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
NEVER_TOLD = {"Approval", "ApprovalForAll", "Unlocked"}
BASES = {"BadgeBookEvent", "TierBookEvent"}
CLASSES = [getattr(programme_events, name) for name in programme_events.__all__ if name not in BASES]


def snake(name: str) -> str:
    """The Python name of an argument in an ABI."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return name + "_" if name == "from" else name


@pytest.mark.parametrize("contract", ["BadgeBook", "TierBook"])
def test_each_event_of_the_abi_has_its_class_with_the_same_fields(contract: str) -> None:
    classes = {kind.__name__: [field.name for field in fields(kind)] for kind in CLASSES if kind.contract == contract}
    told = {
        entry["name"]: [snake(argument["name"]) for argument in entry["inputs"]]
        for entry in artifact(contract).entries("event")
        if entry["name"] not in LIBRARY_EVENTS | NEVER_TOLD
    }

    assert classes == told


def test_a_programme_has_the_fields_of_the_abi() -> None:
    (event,) = (one for one in artifact("TierBook").entries("event") if one["name"] == "ProgrammeAnnounced")
    parts = {snake(part["name"]): part for part in event["inputs"][2]["components"]}

    assert parts.keys() == {field.name for field in fields(tiers.Programme)}
    assert [snake(part["name"]) for part in parts["tiers"]["components"]] == [
        field.name for field in fields(tiers.Tier)
    ]


@pytest.mark.parametrize("kind", [tiers.QualifyBy, tiers.Downgrade])
def test_the_enums_are_those_of_the_source(kind: type[IntEnum]) -> None:
    source = (CONTRACTS / "types" / "TierProgramme.sol").read_text()
    body = re.search(rf"enum {kind.__name__} \{{(.*?)\}}", source, re.DOTALL)
    assert body is not None

    assert [snake(member).upper() for member in re.findall(r"\w+", body[1])] == [member.name for member in kind]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BADGES_PER_GROUP", badges.BADGES_PER_GROUP),
        ("MEMBERSHIP_YEAR_DAYS", tiers.YEAR_DAYS),
        ("QUALIFICATION_MAX", tiers.COUNT_MAX),
    ],
)
def test_the_constants_are_those_of_the_source(name: str, value: int) -> None:
    source = (CONTRACTS / "libraries" / "Constants.sol").read_text()
    found = re.search(rf"constant {name} = ([^;]+);", source)
    assert found is not None

    assert int(found[1].replace("_", ""), 0) == value
