"""Terms of a campaign and the hash that its sponsors approve: the twins of `contracts/types/Terms.sol` and `TermsHash.sol`.

The hash is Keccak-256 of the contract ABI's encoding. The encoding is written out here, because the standard library has
neither; whoever calls brings Keccak.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = [
    "CAMPAIGN_BITS",
    "NEVER_EARLY",
    "NO_HASH",
    "Keccak",
    "Sponsor",
    "Terms",
    "abi_words",
    "encode",
    "fixed_part",
    "hash_of",
    "share_up",
]

BPS = 10_000
CAMPAIGN_BITS = 32
NEVER_EARLY = (1 << 32) - 1
"""As `end_notice_seconds`: no sponsor may end the campaign early."""

NO_HASH = bytes(32)
NO_ACCOUNT = "0x" + 40 * "0"
HEAD_WORDS = 18
WORD_BYTES = 32
Keccak = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Sponsor:
    """Who pays: a partner's number, and its part of every award in basis points."""

    partner: int
    share_bps: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What the sponsors of a campaign agree on; the fields are those of the contract.

    Points and times are integers, times in Unix seconds; `segment` and `document` have 32 bytes; `rule` and `attestor` are
    checksummed addresses.
    """

    rule: str
    rule_terms: tuple[int, ...]
    sponsors: tuple[Sponsor, ...]
    partners: tuple[int, ...]
    budget_points: int
    opens_at: int
    closes_at: int
    member_cap_points: int = 0
    tier_mask: int = 0xFFFF
    segment: bytes = NO_HASH
    group: int = 0
    opt_in: bool = False
    takes_back_whole: bool = False
    draws: bool = False
    pausable: bool = False
    end_notice_seconds: int = NEVER_EARLY
    attestor: str = NO_ACCOUNT
    document: bytes = NO_HASH

    @property
    def needs_joining(self) -> bool:
        """True if a member takes part only after joining."""
        return self.opt_in or self.segment != NO_HASH


def share_up(points: int, share_bps: int) -> int:
    """Return a sponsor's part of a budget, rounded up."""
    return -(-points * share_bps // BPS)


def abi_words(terms: Terms) -> tuple[int, ...]:
    """Return the words of the contract ABI for `terms`, without the offset that stands before a dynamic tuple."""
    rule_terms = (len(terms.rule_terms), *terms.rule_terms)
    sponsors = (len(terms.sponsors), *_pairs(terms.sponsors))
    partners = (len(terms.partners), *terms.partners)
    sponsors_at = HEAD_WORDS + len(rule_terms)
    head = (
        int(terms.rule, 16),
        HEAD_WORDS * WORD_BYTES,
        sponsors_at * WORD_BYTES,
        (sponsors_at + len(sponsors)) * WORD_BYTES,
        terms.budget_points,
        terms.member_cap_points,
        terms.opens_at,
        terms.closes_at,
        terms.tier_mask,
        int.from_bytes(terms.segment),
        terms.group,
        int(terms.opt_in),
        int(terms.takes_back_whole),
        int(terms.draws),
        int(terms.pausable),
        terms.end_notice_seconds,
        int(terms.attestor, 16),
        int.from_bytes(terms.document),
    )
    return (*head, *rule_terms, *sponsors, *partners)


def encode(terms: Terms) -> bytes:
    """Return the bytes of `abi_words`."""
    return joined(abi_words(terms))


def hash_of(chain_id: int, agreements: str, campaign: int, version: int, terms: Terms, keccak: Keccak) -> bytes:
    """Return what sponsors approve, 32 bytes: it names the chain, the contract of agreements, the campaign, the version
    and every term."""
    head = (chain_id, int(agreements, 16), campaign, version, 5 * WORD_BYTES)
    return keccak(joined(head) + encode(terms))


def fixed_part(terms: Terms) -> tuple[object, ...]:
    """Return what no version of a campaign changes: rule, sponsors with shares, partners, and whether members consent,
    reversals take all back, and seeds decide."""
    return terms.rule, terms.sponsors, terms.partners, terms.opt_in, terms.takes_back_whole, terms.draws


def joined(words: Sequence[int]) -> bytes:
    """Return words of 32 bytes one after another."""
    return b"".join([word.to_bytes(WORD_BYTES) for word in words])


def _pairs(sponsors: Sequence[Sponsor]) -> list[int]:
    return [value for sponsor in sponsors for value in (sponsor.partner, sponsor.share_bps)]
