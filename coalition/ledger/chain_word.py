"""The hash chain that commits to outcomes: the twin of `contracts/libraries/OutcomeChain.sol`.

32 neighbouring receipts of a partner (`receipt // 32`) share a word: 224 bits of chain over the outcomes of accepted
earns, redemptions and captures in the order in which they were decided, and 32 bits that say which receipts were used.
The standard library has no Keccak-256, so whoever calls brings it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coalition.ledger.operations import NO_AWARDS, RECEIPT_BITS, Outcome

__all__ = [
    "CHAIN_BYTES",
    "CHAIN_START",
    "awards_hash",
    "chain_of",
    "leaf_of",
    "link",
    "proof_for",
    "proves",
    "word_index",
    "word_of",
]

CHAIN_BYTES = 28
CHAIN_START = bytes(CHAIN_BYTES)
Keccak = Callable[[bytes], bytes]


def word_index(receipt: int) -> int:
    """Index of the word that holds `receipt`."""
    return receipt // RECEIPT_BITS


def awards_hash(words: Sequence[int], keccak: Keccak) -> bytes:
    """What an outcome says of its award words, 32 bytes: Keccak-256 of them one after another, 0 for none."""
    return keccak(b"".join([word.to_bytes(32) for word in words])) if words else NO_AWARDS


def leaf_of(outcome: Outcome, keccak: Keccak) -> bytes:
    """Leaf of one outcome, 32 bytes: Keccak-256 of its seven words."""
    words = (
        int(outcome.kind),
        int(outcome.member, 16),
        outcome.receipt,
        outcome.spend_minor,
        outcome.points,
        outcome.lots.to_word(),
    )
    return keccak(b"".join([word.to_bytes(32) for word in words]) + outcome.awards)


def link(chain: bytes, leaf: bytes, keccak: Keccak) -> bytes:
    """The chain, 28 bytes, after one more leaf."""
    return keccak(chain + leaf)[:CHAIN_BYTES]


def chain_of(leaves: Sequence[bytes], keccak: Keccak, start: bytes = CHAIN_START) -> bytes:
    """The chain, 28 bytes, over `leaves` in order."""
    for leaf in leaves:
        start = link(start, leaf, keccak)
    return start


def proof_for(outcomes: Sequence[Outcome], position: int, keccak: Keccak) -> tuple[bytes, tuple[bytes, ...]]:
    """Proof of `outcomes[position]`, where `outcomes` are all of its word in order: (`before`, `later`).

    `before` is the chain just before it (28 bytes), `later` are the leaves after it.
    """
    leaves = [leaf_of(outcome, keccak) for outcome in outcomes]
    return chain_of(leaves[:position], keccak), tuple(leaves[position + 1 :])


def proves(chain: bytes, outcome: Outcome, before: bytes, later: Sequence[bytes], keccak: Keccak) -> bool:
    """True if `outcome`, after `before` and followed by `later`, leads to `chain`."""
    return chain_of([leaf_of(outcome, keccak), *later], keccak, before) == chain


def word_of(chain: bytes, used: int) -> int:
    """The word as the contract stores it: the chain above, the used bits below."""
    return int.from_bytes(chain) << RECEIPT_BITS | used
