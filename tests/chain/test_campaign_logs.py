"""Events of campaigns and tiers: each is read as its contract writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import eth_abi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coalition.chain import abi, logs
from coalition.chain.addresses import checksummed
from coalition.chain.artifacts import artifact
from coalition.chain.campaigns import terms_tuple
from coalition.chain.keccak import keccak
from coalition.errors import IntegrityError
from coalition.ledger import campaign_events, programme_events
from coalition.ledger.campaign_events import CampaignProposed, Progressed, Refusal
from coalition.ledger.campaigns.terms import Sponsor, Terms
from coalition.ledger.programme_events import ProgrammeAnnounced
from coalition.ledger.tiers import Downgrade, Programme, QualifyBy, Tier

MODULES = {"CampaignAgreements": campaign_events, "CampaignBook": campaign_events, "TierBook": programme_events}
words = st.integers(0, 2**256 - 1)
numbers = st.integers(0, 2**32 - 1)
hashes = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(lambda content: checksummed(content.hex()))
STRATEGIES: Mapping[str, st.SearchStrategy[Any]] = {
    "address": addresses,
    "bytes32": hashes,
    "uint256": words,
    "uint32": numbers,
    "enum ICampaignBook.Refusal": st.sampled_from(Refusal),
}
points = st.integers(0, 2**48 - 1)
times = st.integers(0, 2**40 - 1)
terms_ = st.builds(
    Terms,
    rule=addresses,
    rule_terms=st.lists(words, max_size=6).map(tuple),
    sponsors=st.lists(st.builds(Sponsor, numbers, st.integers(0, 2**16 - 1)), max_size=4).map(tuple),
    partners=st.lists(numbers, max_size=5).map(tuple),
    budget_points=points,
    opens_at=times,
    closes_at=times,
    member_cap_points=points,
    tier_mask=st.integers(0, 2**16 - 1),
    segment=hashes,
    group=st.integers(0, 255),
    opt_in=st.booleans(),
    takes_back_whole=st.booleans(),
    draws=st.booleans(),
    pausable=st.booleans(),
    end_notice_seconds=numbers,
    attestor=addresses,
    document=hashes,
)
programmes = st.builds(
    Programme,
    tiers=st.lists(st.builds(Tier, points, numbers), min_size=1, max_size=16).map(tuple),
    qualify_by=st.sampled_from(QualifyBy),
    downgrade=st.sampled_from(Downgrade),
    soft_landing_days=st.integers(0, 2**16 - 1),
    inactivity_days=st.integers(0, 2**16 - 1),
    inactivity_tiers=st.integers(0, 255),
)


def log_of(entry: Mapping[str, Any], values: list[Any]) -> dict[str, Any]:
    """The log that the contract would write."""
    pairs = list(zip(entry["inputs"], values, strict=True))
    topics = [eth_abi.encode([abi.type_of(one)], [value]).hex() for one, value in pairs if one["indexed"]]
    rest = [(abi.type_of(one), value) for one, value in pairs if not one["indexed"]]
    data = eth_abi.encode([kind for kind, _ in rest], [value for _, value in rest]).hex()
    return {
        "address": "0x" + "12" * 20,
        "topics": ["0x" + keccak(abi.signature(entry).encode()).hex(), *("0x" + topic for topic in topics)],
        "data": "0x" + data,
        "blockNumber": "0x7",
        "logIndex": "0x2",
        "transactionHash": "0xab",
    }


def entry_of(contract: str, name: str) -> Mapping[str, Any]:
    return next(entry for entry in artifact(contract).entries("event") if entry["name"] == name)


PLAIN = [
    (contract, entry)
    for contract in MODULES
    for entry in artifact(contract).entries("event")
    if entry["name"] not in (*logs.LIBRARY_EVENTS, "Progressed")
    and not any(one["type"] == "tuple" for one in entry["inputs"])
]


@pytest.mark.parametrize(("contract", "entry"), PLAIN, ids=lambda one: one if isinstance(one, str) else one["name"])
@given(data=st.data())
@settings(max_examples=20)
def test_each_event_is_read_as_it_was_written(contract: str, entry: Mapping[str, Any], data: st.DataObject) -> None:
    values = [data.draw(STRATEGIES.get(one["internalType"], STRATEGIES.get(one["type"]))) for one in entry["inputs"]]

    found = logs.decode_log(log_of(entry, values), {7: 1_700_000_000})

    assert found is not None
    position, event = found
    assert (position.block, position.log, position.timestamp, position.transaction) == (7, 2, 1_700_000_000, "0xab")
    assert type(event) is getattr(MODULES[contract], entry["name"])
    assert [getattr(event, field.name) for field in fields(event)] == values


@given(numbers, st.integers(0, 2**200 - 1))
@settings(max_examples=60)
def test_progress_and_its_campaign_are_read_from_one_word(campaign: int, progress: int) -> None:
    member = checksummed("ab" * 20)
    log = log_of(entry_of("CampaignBook", "Progressed"), [member, campaign << 200 | progress])

    found = logs.decode_log(log, {7: 1})

    assert found is not None
    assert found[1] == Progressed(campaign, member, progress)


@given(numbers, words, hashes, numbers, terms_)
@settings(max_examples=60)
def test_proposed_terms_are_read_whole(campaign: int, version: int, hash_: bytes, by: int, terms: Terms) -> None:
    entry = entry_of("CampaignAgreements", "CampaignProposed")
    log = log_of(entry, [campaign, version, hash_, by, terms_tuple(terms)])

    found = logs.decode_log(log, {7: 1})

    assert found is not None
    assert found[1] == CampaignProposed(campaign, version, hash_, by, terms)


@given(words, words, programmes)
@settings(max_examples=60)
def test_announced_programmes_are_read_whole(version: int, effective_from: int, programme: Programme) -> None:
    tiers = tuple((tier.threshold, tier.multiplier_bps) for tier in programme.tiers)
    head = int(programme.qualify_by), int(programme.downgrade), programme.soft_landing_days
    told = (*head, programme.inactivity_days, programme.inactivity_tiers, tiers)
    log = log_of(entry_of("TierBook", "ProgrammeAnnounced"), [version, effective_from, told])

    found = logs.decode_log(log, {7: 1})

    assert found is not None
    assert found[1] == ProgrammeAnnounced(version, effective_from, programme)


@pytest.mark.parametrize("cut", [64, 640, 1_300])
def test_terms_that_end_too_early_are_an_error(cut: int) -> None:
    terms = Terms("0x" + 40 * "0", (1, 2), (Sponsor(1, 10_000),), (1, 2), 5, 6, 7, attestor="0x" + 40 * "0")
    entry = entry_of("CampaignAgreements", "CampaignProposed")
    log = log_of(entry, [1, 1, bytes(32), 1, terms_tuple(terms)])

    with pytest.raises(IntegrityError) as refused:
        logs.decode_log({**log, "data": log["data"][:-cut]}, {7: 1})

    assert refused.value.code == "log_unreadable"


def test_an_unknown_refusal_is_an_error() -> None:
    entry = entry_of("CampaignBook", "OccasionRefused")

    with pytest.raises(IntegrityError):
        logs.decode_log(log_of(entry, [1, "0x" + "12" * 20, 3, 200]), {7: 1})


def test_events_of_different_contracts_have_different_topics() -> None:
    events = [
        entry["name"]
        for contract in logs.CLASSES
        for entry in artifact(contract).entries("event")
        if entry["name"] not in logs.LIBRARY_EVENTS
    ]

    assert len(events) == len(set(events)) == len(logs.TOPICS)
    assert "Locked" not in logs.TOPICS.values()
