"""Terms of campaigns, words of purchases and members, seeds and trees; written independently of contracts and twin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from eth_abi import encode
from eth_utils import keccak
from support import DAY, ZERO

CLAIM_SECONDS = 30 * DAY
REVEAL_SECONDS = 7 * DAY
NEVER_EARLY = 2**32 - 1
NO_HASH = bytes(32)
SAME_AGAIN = (0, 10_000, 127, 0, 1_440, 1_440, 0)
"""Terms of a multiplier: as many points again as the purchase earned."""

PAUSED, NEEDS_JOINING, TAKES_WHOLE, DRAWS, CLOSED, OPT_IN, PAUSABLE = (1 << bit for bit in range(7))
JOINED, REFERRED = 1, 2


class Refusal(IntEnum):
    """`ICampaignBook.Refusal`."""

    NONE = 0
    MEMBER_UNKNOWN = 1
    ID_USED = 2
    NOT_OPEN = 3
    NOT_ELIGIBLE = 4


class Manner(IntEnum):
    """`ScriptedRule.Behaviour`."""

    ANSWERING = 0
    REVERTING = 1
    LOOPING = 2
    SHORT_RETURNING = 3
    LONG_RETURNING = 4
    HUGE_RETURNING = 5
    HUGE_REVERTING = 6
    WRITING = 7


@dataclass(frozen=True)
class Terms:
    """`Terms` in the order of the contract."""

    rule: Any
    rule_terms: tuple[int, ...]
    sponsors: tuple[tuple[int, int], ...]
    partners: tuple[int, ...]
    opens_at: int
    closes_at: int
    budget: int = 10_000
    cap: int = 0
    tier_mask: int = 0xFFFF
    segment: bytes = NO_HASH
    group: int = 0
    opt_in: bool = False
    takes_whole: bool = False
    draws: bool = False
    pausable: bool = True
    end_notice: int = DAY
    attestor: Any = ZERO
    document: bytes = NO_HASH

    @property
    def abi(self) -> tuple:
        """The tuple that the contracts take."""
        return (
            str(self.rule),
            list(self.rule_terms),
            [list(one) for one in self.sponsors],
            list(self.partners),
            self.budget,
            self.cap,
            self.opens_at,
            self.closes_at,
            self.tier_mask,
            self.segment,
            self.group,
            self.opt_in,
            self.takes_whole,
            self.draws,
            self.pausable,
            self.end_notice,
            str(self.attestor),
            self.document,
        )

    def but(self, **changes: Any) -> "Terms":
        """The same terms with some of them changed."""
        return replace(self, **changes)


TERMS_ABI = (
    "(address,uint256[],(uint32,uint16)[],uint32[],uint48,uint48,uint40,uint40,uint16,bytes32,uint8,bool,bool,bool,bool,"
    "uint32,address,bytes32)"
)


def hash_of(chain_id: int, agreements: Any, campaign: int, version: int, terms: Terms) -> bytes:
    """What sponsors approve."""
    kinds = ["uint256", "address", "uint32", "uint256", TERMS_ABI]
    return keccak(encode(kinds, [chain_id, str(agreements), campaign, version, terms.abi]))


def word(
    campaign: int, points: int, time: int, *, version: int = 1, tier: int = 0, companion: int = 0, badge: int = 0
) -> int:
    """What a purchase counted for in one campaign."""
    return campaign | version << 32 | points << 48 | time << 96 | tier << 136 | companion << 144 | badge << 192


def awards_of(*words: int) -> str:
    """What the ledger commits to."""
    return "0x" + (keccak(b"".join(one.to_bytes(32) for one in words)) if words else NO_HASH).hex()


def to(account: Any, points: int) -> int:
    """Points for an account, as the book tells them."""
    return int(str(account), 16) | points << 160


def credited(tx: Any) -> list[int]:
    """What the book had the ledger credit outside of a purchase."""
    return [int(one) for one in tx.events["OthersAwarded"]["others"]]


def award(points: int = 0, companion: int = 0, badge: int = 0) -> int:
    """The word of a rule's award."""
    return points | companion << 48 | badge << 96


def commitment(campaign: int, partner: int, seed: bytes) -> bytes:
    """What a sponsor commits to."""
    return keccak(encode(["uint32", "uint32", "bytes32"], [campaign, partner, seed]))


def entropy_of(seeds: dict[int, bytes]) -> int:
    """What shown seeds come to."""
    mixed = 0
    for partner, seed in seeds.items():
        mixed ^= int.from_bytes(keccak(encode(["uint32", "bytes32"], [partner, seed])))
    return mixed


def random_word(seeds: dict[int, bytes], campaign: int, member: Any) -> int:
    """What a member's draw is made of."""
    return int.from_bytes(keccak(encode(["uint256", "uint32", "address"], [entropy_of(seeds), campaign, str(member)])))


def tree(accounts: Sequence[Any]) -> tuple[bytes, dict[str, list[bytes]]]:
    """Root of the Merkle tree of two accounts, and the proof of each."""
    one, other = (keccak(keccak(encode(["address"], [str(account)]))) for account in accounts)
    root = keccak(min(one, other) + max(one, other))
    return root, {str(accounts[0]): [other], str(accounts[1]): [one]}
