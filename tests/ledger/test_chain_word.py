"""The hash chain over outcomes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from coalition.ledger.chain_word import CHAIN_START, chain_of, leaf_of, link, proof_for, proves, word_index, word_of
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Kind, Outcome
from tests.ledger.actors import MEMBER, OTHER_MEMBER

OUTCOMES = [
    Outcome(Kind.EARN, MEMBER, 64, 1_000, 10, Lots.single(3, 10)),
    Outcome(Kind.REDEEM, MEMBER, 65, 0, 4, Lots(3, (1, 3, 0, 0))),
    Outcome(Kind.EARN, OTHER_MEMBER, 95, 7, 0, Lots.single(4, 0)),
]
LEAVES = [leaf_of(outcome, keccak) for outcome in OUTCOMES]


def test_leaf_is_the_hash_of_six_words() -> None:
    words = [1, int(MEMBER, 16), 64, 1_000, 10, 3 << 192 | 10]

    assert LEAVES[0] == keccak(b"".join(word.to_bytes(32, "big") for word in words))


def test_golden_vectors() -> None:
    assert LEAVES[0].hex() == "1821c6bc1d258abe47ef2b7bcc714d18bfabf7471c74755ca9dcb873c355a6d5"
    assert chain_of(LEAVES, keccak).hex() == "f0cebc790c667c60ff5daa5692e047f0263e8a2f652faa1959f21641"


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
    [{"points": 11}, {"member": OTHER_MEMBER}, {"receipt": 66}, {"spend_minor": 1}, {"kind": Kind.CAPTURE}],
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
