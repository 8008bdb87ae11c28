"""The list of kinds names each kind once, and all that there are."""

from __future__ import annotations

import pytest

from coalition.campaigns.kinds import KINDS
from coalition.chain.deploy import RULES
from coalition.chain.keccak import keccak
from coalition.ledger.rules.twins import CONTRACTS, rule_of, rules


def test_the_list_has_every_contract_and_every_kind_of_a_file() -> None:
    assert sorted(CONTRACTS.values()) == sorted(RULES)
    assert CONTRACTS.keys() == KINDS.keys()


def test_a_twin_is_found_by_its_name() -> None:
    assert {kind: rule_of(kind, keccak).kind for kind in CONTRACTS} == {kind: kind for kind in CONTRACTS}
    assert [rule.contract for rule in rules(keccak)] == list(CONTRACTS.values())
    with pytest.raises(KeyError):
        rule_of("lottery", keccak)
