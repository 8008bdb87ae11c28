"""The classes of campaigns against the contracts: events, terms, refusals and constants."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from coalition.chain.artifacts import artifact
from coalition.chain.logs import LIBRARY_EVENTS
from coalition.ledger import campaign_events, events
from coalition.ledger.campaign_events import AgreementsEvent, CampaignEvent, Refusal
from coalition.ledger.campaigns.terms import Sponsor, Terms
from coalition.ledger.events import Event

# Progress and its campaign share a word.
PACKED = {"Progressed": ["member", "standing"]}
CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
CLASSES = {
    name: value
    for name in campaign_events.__all__
    if isinstance(value := getattr(campaign_events, name), type)
    and issubclass(value, Event)
    and value not in (AgreementsEvent, CampaignEvent)
}


def snake(name: str) -> str:
    """The Python name of an argument in an ABI."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def abi_events(contract: str) -> dict[str, list[str]]:
    return {
        entry["name"]: [snake(argument["name"]) for argument in entry["inputs"]]
        for entry in artifact(contract).entries("event")
        if entry["name"] not in LIBRARY_EVENTS
    }


@pytest.mark.parametrize("contract", ["CampaignAgreements", "CampaignBook"])
def test_each_event_of_the_abi_has_its_class_with_the_same_fields(contract: str) -> None:
    classes = {name: kind for name, kind in CLASSES.items() if kind.contract == contract}

    expected = {name: PACKED.get(name, [field.name for field in fields(kind)]) for name, kind in classes.items()}
    assert expected == abi_events(contract)


def test_no_event_has_the_name_of_one_of_the_ledger() -> None:
    assert not set(CLASSES) & set(events.__all__)


@pytest.mark.parametrize(("name", "kind"), [("Terms", Terms), ("Sponsor", Sponsor)])
def test_the_terms_have_the_fields_of_the_source(name: str, kind: type[Terms | Sponsor]) -> None:
    source = (CONTRACTS / "types" / "Terms.sol").read_text()
    body = re.search(rf"struct {name} \{{(.*?)\}}", source, re.DOTALL)
    assert body is not None
    written = [snake(field) for field in re.findall(r"(\w+);", body[1])]

    assert sorted(field.name for field in fields(kind)) == sorted(written)


def test_the_refusals_are_those_of_the_source() -> None:
    source = (CONTRACTS / "interfaces" / "ICampaignBook.sol").read_text()
    body = re.search(r"enum Refusal \{(.*?)\}", source, re.DOTALL)
    assert body is not None
    members = re.findall(r"\w+", body[1])

    assert {snake(member).upper(): number for number, member in enumerate(members) if number} == {
        member.name: int(member) for member in Refusal
    }
