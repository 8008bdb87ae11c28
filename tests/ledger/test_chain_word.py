"""The hash chain over outcomes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from coalition.ledger.chain_word import (
    CHAIN_START,
    awards_hash,
    chain_of,
    leaf_of,
    link,
    proof_for,
    proves,
    word_index,
    word_of,
)
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Kind, Outcome
from tests.ledger.actors import MEMBER, OTHER_MEMBER

OUTCOMES = [
    Outcome(Kind.EARN, MEMBER, 64, 1_000, 10, Lots.single(3, 10)),
    Outcome(Kind.REDEEM, MEMBER, 65, 0, 4, Lots(3, (1, 3, 0, 0))),
    Outcome(Kind.EARN, OTHER_MEMBER, 95, 7, 0, Lots.single(4, 0)),
]
LEAVES = [leaf_of(outcome, keccak) for outcome in OUTCOMES]


def test_leaf_is_the_hash_of_seven_words() -> None:
    words = [1, int(MEMBER, 16), 64, 1_000, 10, 3 << 192 | 10, 0]

    assert LEAVES[0] == keccak(b"".join(word.to_bytes(32, "big") for word in words))


def test_the_last_word_is_the_hash_of_the_award_words() -> None:
    awards = awards_hash([7, 2**256 - 1], keccak)
    words = [1, int(MEMBER, 16), 64, 1_000, 10, 3 << 192 | 10]

    assert awards == keccak((7).to_bytes(32) + b"\xff" * 32)
    assert awards_hash([], keccak) == bytes(32)
    leaf = leaf_of(replace(OUTCOMES[0], awards=awards), keccak)
    assert leaf == keccak(b"".join(word.to_bytes(32) for word in words) + awards)


def test_golden_vectors() -> None:
    assert LEAVES[0].hex() == "076dd75acc6a7859a1ad7c3299cb9d7fed963f2e918d1a61b5971b84e93393b6"
    assert chain_of(LEAVES, keccak).hex() == "8939a2ec5ae71f261301836d8d36860e33368cff936d4f4b4608e053"


def test_link_hashes_60_bytes_and_keeps_28() -> None:
    assert link(CHAIN_START, LEAVES[0], keccak) == keccak(bytes(28) + LEAVES[0])[:28]


@pytest.mark.parametrize("position", range(len(OUTCOMES)))
def test_every_outcome_can_be_proved(position: int) -> None:
    before, later = proof_for(OUTCOMES, position, keccak)

    assert before == chain_of(LEAVES[:position], keccak)
    assert later == tuple(LEAVES[position + 1 :])
    assert proves(chain_of(LEAVES, keccak), OUTCOMES[position], before, later, keccak)


@pytest.mark.parametrize(
    "change",
    [
        {"points": 11},
        {"member": OTHER_MEMBER},
        {"receipt": 66},
        {"spend_minor": 1},
        {"kind": Kind.CAPTURE},
        {"awards": bytes([1] * 32)},
    ],
)
def test_another_outcome_cannot(change: dict[str, object]) -> None:
    before, later = proof_for(OUTCOMES, 1, keccak)

    assert not proves(chain_of(LEAVES, keccak), replace(OUTCOMES[1], **change), before, later, keccak)


def test_nothing_can_be_proved_of_an_empty_word() -> None:
    assert not proves(CHAIN_START, OUTCOMES[0], CHAIN_START, (), keccak)


def test_32_receipts_share_a_word() -> None:
    assert [word_index(receipt) for receipt in (0, 31, 32, 2**256 - 1)] == [0, 0, 1, 2**251 - 1]


def test_word_has_the_chain_above_the_used_bits() -> None:
    assert word_of(b"\x01" + bytes(27), 5) == 1 << 248 | 5
