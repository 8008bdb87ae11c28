"""What every kind of campaign is made of: the twin of `contracts/interfaces/IRule.sol`.

A rule is two pure functions over words: one applies what happened, one takes a purchase back. Words are unsigned
integers of 256 bits; progress has 200 bits and starts at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

__all__ = [
    "NO_AWARD",
    "PROGRESS_BITS",
    "Award",
    "Happening",
    "Occasion",
    "Rule",
    "TakenBack",
    "TermCountInvalid",
    "TermInvalid",
]

PROGRESS_BITS = 200


class Occasion(IntEnum):
    """Why a rule is asked, numbered as on the chain."""

    PURCHASE = 1
    ATTESTATION = 2
    CLAIM = 3
    DRAW = 4


@dataclass(frozen=True, slots=True)
class Happening:
    """What a rule looks at.

    `time` and `member_since` in Unix seconds, `spend_minor` in minor units, `points` those of the base rate. `subject` is
    an attestation's action code, a draw's random word (0 if a seed was withheld), or the account that referred the member.
    """

    occasion: Occasion
    partner: int = 0
    time: int = 0
    spend_minor: int = 0
    points: int = 0
    tier: int = 0
    member_since: int = 0
    subject: int = 0


@dataclass(frozen=True, slots=True)
class Award:
    """Points for the member, points for who referred the member, and the number of a badge (0: none)."""

    points: int = 0
    companion_points: int = 0
    badge: int = 0

    def to_word(self) -> int:
        """The word of the chain."""
        return self.points | self.companion_points << 48 | self.badge << 96

    @classmethod
    def from_word(cls, word: int) -> Award:
        """Read a word of the chain."""
        return cls(word & 0xFFFFFFFFFFFF, word >> 48 & 0xFFFFFFFFFFFF, word >> 96 & 0xFFFFFFFF)


NO_AWARD = Award()


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How much of a purchase is taken back: what was left of its spend before and after, in minor units.

    `points` is what the campaign had paid for it; `whole` says whether any part takes the whole award back.
    """

    spend_before: int
    spend_after: int
    points: int
    whole: bool


@dataclass(frozen=True)
class TermInvalid(Exception):
    """Terms that a kind cannot run on: which word, and its value."""

    index: int
    value: int


@dataclass(frozen=True)
class TermCountInvalid(Exception):
    """Terms with the wrong number of words."""

    count: int
    wanted: int


class Rule(Protocol):
    """A kind of campaign. `kind` is its name in campaign files, `contract` that of its contract."""

    kind: str
    contract: str

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        ...

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress after something happened, and what it is worth."""
        ...

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress after a purchase was taken back, and what goes back of the awards that it had led to."""
        ...
