"""What the fold of the campaigns' events remembers."""

from __future__ import annotations

from dataclasses import dataclass, field

from coalition.ledger.campaigns.terms import Keccak, Terms, joined
from coalition.ledger.events import Position
from coalition.ledger.violation import Violation

__all__ = [
    "CLAIM_SECONDS",
    "FLAG_CLOSED",
    "FLAG_DRAWS",
    "FLAG_NEEDS_JOINING",
    "FLAG_OPT_IN",
    "FLAG_PAUSABLE",
    "FLAG_PAUSED",
    "FLAG_TAKES_WHOLE",
    "MEMBER_JOINED",
    "MEMBER_REFERRED",
    "NOBODY",
    "REVEAL_SECONDS",
    "Campaign",
    "CampaignState",
    "Proposed",
    "Running",
    "Word",
    "flags_of",
]

NOBODY = "0x" + 40 * "0"
CLAIM_SECONDS = 30 * 86_400
"""How long after a campaign it can still be claimed from, drawn, and not yet be closed."""

REVEAL_SECONDS = 7 * 86_400
"""How long after a campaign its sponsors show their seeds."""

FLAG_PAUSED = 1
FLAG_NEEDS_JOINING = 2
FLAG_TAKES_WHOLE = 4
FLAG_DRAWS = 8
FLAG_CLOSED = 16
FLAG_OPT_IN = 32
FLAG_PAUSABLE = 64

MEMBER_JOINED = 1
MEMBER_REFERRED = 2


@dataclass(frozen=True, slots=True)
class Proposed:
    """One version of a campaign's terms, as `by`, a partner, put it to the sponsors."""

    version: int
    terms: Terms
    terms_hash: bytes
    by: int


@dataclass(slots=True)
class Running:
    """A version that was started. `closes_at` is the end by the terms, or an earlier one that a sponsor chose."""

    version: int
    terms: Terms
    terms_hash: bytes
    code_hash: bytes
    closes_at: int


@dataclass(slots=True)
class Word:
    """A member in a campaign: the rule's progress, points paid less those taken back, and flags."""

    progress: int = 0
    paid: int = 0
    flags: int = 0


@dataclass(slots=True)
class Campaign:
    """One campaign. `live` is the version that was written last, `next` the one that waits.

    `proposed` are its versions in order; `paid` points of all members; `gave` pairs of a member and a badge; `commitments`
    and `seeds` go by partner.
    """

    number: int
    proposed: list[Proposed] = field(default_factory=list)
    live: Running | None = None
    next: Running | None = None
    paid: int = 0
    paused: bool = False
    closed: bool = False
    words: dict[str, Word] = field(default_factory=dict)
    referrers: dict[str, str] = field(default_factory=dict)
    attested: set[int] = field(default_factory=set)
    gave: set[tuple[str, int]] = field(default_factory=set)
    commitments: dict[int, bytes] = field(default_factory=dict)
    seeds: dict[int, bytes] = field(default_factory=dict)

    @property
    def flags(self) -> int:
        """The flags of the contract."""
        if self.live is None:
            return 0
        return flags_of(self.live.terms) | FLAG_PAUSED * self.paused | FLAG_CLOSED * self.closed

    def at(self, timestamp: int) -> Running | None:
        """The version that counts at a Unix time in seconds, whether it was written or not."""
        waiting = self.next
        return waiting if waiting is not None and waiting.terms.opens_at <= timestamp else self.live

    def word(self, member: str) -> Word:
        """The member's word, made if there was none."""
        word = self.words.get(member)
        if word is None:
            word = self.words[member] = Word()
        return word

    def entropy(self, keccak: Keccak) -> int:
        """What the seeds shown so far come to."""
        mixed = 0
        for partner, seed in self.seeds.items():
            mixed ^= int.from_bytes(keccak(joined((partner, int.from_bytes(seed)))))
        return mixed


@dataclass(slots=True)
class CampaignState:
    """Everything that the events tell, folded.

    `rules` are the listed ones with the hash of their code; `approvals` go by hash of terms and partner, and say until when
    (Unix seconds); `reserved` points go by sponsor; `open_at` has the campaigns of each partner in the contract's order;
    `badges` are pairs of a member and a badge. `pending_awards` are the words of the purchase under way, without tiers.
    `violations` are contradictions met on the way: the fold goes on.
    """

    registry: str = NOBODY
    agreements: str = NOBODY
    ledger: str = NOBODY
    tiers: str = NOBODY
    badge_book: str = NOBODY
    rules: dict[str, bytes] = field(default_factory=dict)
    campaigns: dict[int, Campaign] = field(default_factory=dict)
    approvals: dict[tuple[bytes, int], int] = field(default_factory=dict)
    reserved: dict[int, int] = field(default_factory=dict)
    open_at: dict[int, list[int]] = field(default_factory=dict)
    badges: set[tuple[str, int]] = field(default_factory=set)
    pending_awards: list[int] = field(default_factory=list)
    pending_in: tuple[int, str] = (0, "")
    violations: list[Violation] = field(default_factory=list)

    def take_awards(self, position: Position) -> tuple[int, ...]:
        """Return the words of the purchase that an `Earned` at `position` ends, and begin anew.

        What collected in another transaction was a reversal's or a claim's.
        """
        words = tuple(self.pending_awards) if self.pending_in == (position.block, position.transaction) else ()
        self.pending_awards.clear()
        return words


def flags_of(terms: Terms) -> int:
    """The flags that terms give a campaign."""
    return (
        FLAG_NEEDS_JOINING * terms.needs_joining
        | FLAG_OPT_IN * terms.opt_in
        | FLAG_TAKES_WHOLE * terms.takes_back_whole
        | FLAG_DRAWS * terms.draws
        | FLAG_PAUSABLE * terms.pausable
    )
