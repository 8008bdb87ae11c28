"""What files compile to, before the contracts themselves in an EVM: they take the terms, and the proofs of lists."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

pytest.importorskip("pyrevm")

from coalition.campaigns.check import check
from coalition.campaigns.compile import compile_terms
from coalition.campaigns.document import Campaign
from coalition.campaigns.segment import checksum_address, tree_of
from coalition.chain.keccak import keccak
from coalition.ledger.campaign_events import CampaignProposed, MemberJoined
from coalition.ledger.campaigns import calls
from coalition.ledger.campaigns.terms import Terms
from coalition.ledger.run import Revert
from tests.campaigns.files import account, campaign_of, with_lines
from tests.campaigns.programmes import FILES, context_of
from tests.fuzz import campaign_world
from tests.fuzz.campaign_encoding import address
from tests.fuzz.campaign_world import DEPLOYER, World

OPENS = 1_924_992_000
SIZES = [1, 2, 3, 5, 8, 13, 100]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """The contracts beside their twin, with partners for every example; each call is compared."""
    monkeypatch.setattr(campaign_world, "PARTNERS", 7)
    world = World(random.Random(3))
    for rule in world.engine.rules:
        if rule not in world.hostile:
            world.send(DEPLOYER, calls.ListRule(rule, bytes(world.evm.basic(rule).code_hash)))
    return world


def key_of(partner: int) -> str:
    return address(0x2000 + partner)


def terms_of(world: World, campaign: Campaign) -> Terms:
    rules = {rule.kind: where for where, rule in world.engine.rules.items() if where not in world.hostile}
    return compile_terms(campaign, rules[campaign.kind], keccak)


def proposed(world: World, terms: Terms) -> CampaignProposed:
    told = world.send(key_of(terms.sponsors[0].partner), calls.Propose(terms))
    assert isinstance(told, list), told
    (event,) = [event for event in told if isinstance(event, CampaignProposed)]
    return event


def member(number: int) -> str:
    return checksum_address(account(0x5000 + 3 * number), keccak)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_the_contracts_take_the_terms_of_every_example(world: World, file: Path) -> None:
    campaign = check(file, context_of(file.parent)).campaign
    assert campaign is not None
    terms = terms_of(world, campaign)

    assert proposed(world, terms).terms == terms


@pytest.mark.parametrize("count", SIZES)
def test_the_contract_lets_exactly_the_list_join(world: World, tmp_path: Path, count: int) -> None:
    members = [member(number) for number in range(count)]
    (tmp_path / "members.csv").write_text("account\n" + "\n".join(members) + "\n")
    text = with_lines({4: "opens: 2031-01-01", 5: "closes: 2031-02-01"}, "segment: members.csv")
    campaign = campaign_of(tmp_path, text)
    assert campaign.segment is not None
    terms = terms_of(world, campaign)
    event = proposed(world, terms)
    for sponsor in terms.sponsors:
        world.send(key_of(sponsor.partner), calls.Approve(1, 1, event.terms_hash, OPENS))
    assert isinstance(world.send(DEPLOYER, calls.Start(1, 1, terms)), list)
    stranger = member(-1)
    for one in [*members, stranger]:
        world.enrol(one, world.timestamp)

    joinings = tuple(calls.Joining(one, tuple(campaign.segment.proof_of(one))) for one in members)
    for joining in joinings:
        refused = world.send(DEPLOYER, calls.Join(1, (calls.Joining(stranger, joining.proof),)))
        assert isinstance(refused, Revert) and refused.name == "JoiningRefused"
    told = world.send(DEPLOYER, calls.Join(1, joinings))

    assert told == [MemberJoined(1, one) for one in members]


def test_a_proof_of_another_list_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text(f"{member(1)}\n{member(2)}\n")
    campaign = campaign_of(
        tmp_path, with_lines({4: "opens: 2031-01-01", 5: "closes: 2031-02-01"}, "segment: members.csv")
    )
    terms = terms_of(world, campaign)
    event = proposed(world, terms)
    for sponsor in terms.sponsors:
        world.send(key_of(sponsor.partner), calls.Approve(1, 1, event.terms_hash, OPENS))
    world.send(DEPLOYER, calls.Start(1, 1, terms))
    world.enrol(member(1), world.timestamp)
    other = tree_of([member(1), member(3)], keccak)

    refused = world.send(DEPLOYER, calls.Join(1, (calls.Joining(member(1), tuple(other.proof_of(member(1)))),)))

    assert isinstance(refused, Revert) and refused.name == "JoiningRefused"
