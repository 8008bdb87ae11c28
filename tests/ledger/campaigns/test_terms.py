"""Terms in the words of the ABI, and the hash that sponsors approve."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest
from eth_abi import encode as abi_encode
from eth_hash.auto import keccak

from coalition.ledger.campaigns.terms import Sponsor, Terms, abi_words, encode, fixed_part, hash_of, share_up
from tests.ledger.campaigns.support import BOOK, TERMS

TYPE = (
    "(address,uint256[],(uint32,uint16)[],uint32[],uint48,uint48,uint40,uint40,uint16,bytes32,uint8,bool,bool,bool,"
    "bool,uint32,address,bytes32)"
)
LARGE = Terms(
    rule="0x" + "Ab" * 20,
    rule_terms=tuple(range(128)),
    sponsors=tuple(Sponsor(number, 156) for number in range(1, 65)),
    partners=tuple(range(1, 65)),
    budget_points=(1 << 40) - 1,
    opens_at=(1 << 40) - 2,
    closes_at=(1 << 40) - 1,
    member_cap_points=(1 << 48) - 1,
    tier_mask=5,
    segment=b"\7" * 32,
    group=255,
    opt_in=True,
    takes_back_whole=True,
    draws=True,
    pausable=True,
    end_notice_seconds=7,
    attestor="0x" + "9" * 40,
    document=b"\x08" * 32,
)


def in_order_of_the_contract(terms: Terms) -> tuple[object, ...]:
    at_the_end = ("opens_at", "closes_at")
    first = terms.rule, terms.rule_terms, [astuple(one) for one in terms.sponsors], terms.partners
    money = terms.budget_points, terms.member_cap_points, *(getattr(terms, name) for name in at_the_end)
    who = terms.tier_mask, terms.segment, terms.group, terms.opt_in, terms.takes_back_whole, terms.draws
    return (*first, *money, *who, terms.pausable, terms.end_notice_seconds, terms.attestor, terms.document)


@pytest.mark.parametrize("terms", [TERMS, LARGE, replace(LARGE, rule_terms=(), sponsors=(), partners=())])
def test_encoding_is_that_of_the_abi(terms: Terms) -> None:
    values = in_order_of_the_contract(terms)

    assert (32).to_bytes(32) + encode(terms) == abi_encode([TYPE], [values])
    assert len(abi_words(terms)) * 32 == len(encode(terms))


def test_hash_names_chain_contract_campaign_version_and_terms() -> None:
    types = ["uint256", "address", "uint32", "uint256", TYPE]
    expected = keccak(abi_encode(types, [7, BOOK, 3, 2, in_order_of_the_contract(LARGE)]))

    assert hash_of(7, BOOK, 3, 2, LARGE, keccak) == expected
    others = [hash_of(8, BOOK, 3, 2, LARGE, keccak), hash_of(7, BOOK, 4, 2, LARGE, keccak)]
    others += [hash_of(7, BOOK, 3, 1, LARGE, keccak), hash_of(7, BOOK, 3, 2, replace(LARGE, group=1), keccak)]
    assert expected not in others


def test_what_no_version_changes() -> None:
    assert fixed_part(replace(TERMS, budget_points=1, group=3)) == fixed_part(TERMS)
    assert fixed_part(replace(TERMS, partners=(1,))) != fixed_part(TERMS)


@pytest.mark.parametrize(("points", "share", "part"), [(1_000, 3_333, 334), (1_000, 6_667, 667), (0, 1, 0), (1, 1, 1)])
def test_a_sponsors_part_is_rounded_up(points: int, share: int, part: int) -> None:
    assert share_up(points, share) == part
