"""Roots and proofs of lists, against the published example of OpenZeppelin's tree and against its contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from coalition.campaigns.findings import Place, Report
from coalition.campaigns.segment import Segment, read_segment, tree_of
from coalition.chain.keccak import keccak
from coalition.ledger.campaigns.decide_occasions import is_proved, leaf_of
from tests.campaigns.files import account

SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 33, 100]


def commutative(proof: list[bytes], leaf: bytes) -> bytes:
    """The root that a proof leads to: `MerkleProof.processProof`."""
    for other in proof:
        leaf = keccak(min(leaf, other) + max(leaf, other))
    return leaf


def members(count: int) -> list[str]:
    return [account(0x1000 + 7 * number) for number in range(count)]


@pytest.mark.parametrize("count", SIZES)
def test_every_account_has_a_proof(count: int) -> None:
    segment = tree_of(members(count), keccak)

    for member in members(count):
        leaf = keccak(keccak(bytes(12) + bytes.fromhex(member[2:])))
        assert commutative(segment.proof_of(member), leaf) == segment.root


@pytest.mark.parametrize("count", SIZES)
def test_the_campaigns_twin_takes_the_proofs(count: int) -> None:
    segment = tree_of(members(count), keccak)
    member, stranger = members(count)[-1], account(5)

    proof = tuple(segment.proof_of(member))

    assert is_proved(leaf_of(member, keccak), proof, segment.root, keccak)
    assert not is_proved(leaf_of(stranger, keccak), proof, segment.root, keccak)


def test_the_order_and_the_letters_of_a_list_do_not_matter(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("\n".join(members(9)))
    other.write_text("account\r\n" + "\r\n".join(reversed([f"0x{known[2:].upper()}" for known in members(9)])))

    roots = {read(path).root for path in (one, other)}

    assert len(roots) == 1
    assert tree_of(members(8), keccak).root not in roots


def test_who_is_not_in_the_list_has_no_proof() -> None:
    with pytest.raises(KeyError):
        tree_of(members(4), keccak).proof_of(account(5))


def read(path: Path) -> Segment:
    report = Report("may.yaml")
    segment = read_segment(path, Place(1, 1), "segment", report, keccak)
    assert segment is not None, report.findings
    return segment
