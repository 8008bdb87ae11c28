"""What partners ask of the ledger, and how it can answer: the twin of `contracts/types/Operation.sol`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from coalition.ledger.lots import LOT_MAX, Lots

__all__ = [
    "AWARDS_MAX",
    "BATCH_MAX",
    "BPS",
    "HOLD_SECONDS_MAX",
    "NO_AWARDS",
    "POINTS_MAX",
    "RECEIPT_BITS",
    "SPEND_MINOR_MAX",
    "Capture",
    "Earn",
    "Hold",
    "Kind",
    "Operation",
    "Outcome",
    "Purpose",
    "Redeem",
    "Refund",
    "Rejection",
    "Release",
    "Reverse",
    "points_for_spend_down",
]

AWARDS_MAX = (1 << 47) - 1
BATCH_MAX = 500
BPS = 10_000
HOLD_SECONDS_MAX = 30 * 86_400
NO_AWARDS = bytes(32)
POINTS_MAX = LOT_MAX
RECEIPT_BITS = 32
SPEND_MINOR_MAX = (1 << 48) - 1


class Kind(IntEnum):
    """Kinds of operations, numbered as on the chain."""

    EARN = 1
    REDEEM = 2
    HOLD = 3
    CAPTURE = 4
    RELEASE = 5
    REVERSE = 6
    REFUND = 7


class Rejection(IntEnum):
    """Why the ledger refused one operation, numbered as on the chain. `code` is the stable name outside."""

    RECEIPT_USED = 1
    MEMBER_UNKNOWN = 2
    AMOUNT_ZERO = 3
    AMOUNT_TOO_LARGE = 4
    BALANCE_TOO_LOW = 5
    SIGNATURE_INVALID = 6
    DEADLINE_PASSED = 7
    DEADLINE_TOO_FAR = 8
    ALLOWANCE_TOO_LOW = 9
    HOLD_UNKNOWN = 10
    HOLD_EXCEEDED = 11
    PROOF_INVALID = 12
    ORIGINAL_EXCEEDED = 13

    @property
    def code(self) -> str:
        """The stable name in files, answers and documents, such as `receipt_used`."""
        return self.name.lower()


class Purpose(IntEnum):
    """What a member's authorization allows, numbered as on the chain."""

    REDEEM = 1
    HOLD = 2


@dataclass(frozen=True, slots=True)
class Earn:
    """A purchase that earns. `spend_minor` in minor units; `enrols` makes an unknown account a member's first."""

    member: str
    receipt: int
    spend_minor: int
    enrols: bool = False


@dataclass(frozen=True, slots=True)
class Redeem:
    """Points to redeem. `deadline` in Unix seconds; an empty `signature` means the member's allowance."""

    member: str
    receipt: int
    points: int
    deadline: int
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Hold:
    """Points to put aside until `deadline` (Unix seconds); an empty `signature` means the member's allowance."""

    member: str
    receipt: int
    points: int
    deadline: int
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Capture:
    """Points of the open hold `receipt` to redeem; the rest goes back."""

    receipt: int
    points: int


@dataclass(frozen=True, slots=True)
class Release:
    """End of the open hold `receipt`."""

    receipt: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the ledger decided for an earn, a redemption or a capture: what a correction has to prove.

    `spend_minor` is 0 unless it is an earn; `points` are those of the base rate; `lots` says into which, or from which,
    lots the points went, an earn's awards included; `awards` is the hash (32 bytes) of an earn's award words, 0 for none.
    """

    kind: Kind
    member: str
    receipt: int
    spend_minor: int
    points: int
    lots: Lots
    awards: bytes = NO_AWARDS


@dataclass(frozen=True, slots=True)
class Reverse:
    """Takes `spend_minor` of the earn `original` back.

    `before` is 28 bytes, `later` are leaves of 32 bytes each, `awards` the words whose hash is in the original.
    """

    receipt: int
    spend_minor: int
    original: Outcome
    before: bytes = b""
    later: tuple[bytes, ...] = ()
    awards: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Refund:
    """Gives `points` of the redemption or capture `original` back. Proof as in `Reverse`."""

    receipt: int
    points: int
    original: Outcome
    before: bytes = b""
    later: tuple[bytes, ...] = ()


Operation = Earn | Redeem | Hold | Capture | Release | Reverse | Refund


def points_for_spend_down(spend_minor: int, rate_bps: int) -> int:
    """Points for a spend in minor units at a rate in basis points of a point per minor unit, rounded down."""
    return spend_minor * rate_bps // BPS
