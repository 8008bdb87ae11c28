"""Surprise: each purchase is an entry in a draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from enum import IntEnum
from typing import Self

from coalition.ledger.operations import BPS, SPEND_MINOR_MAX
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.take_back import loses_count
from coalition.ledger.rules.terms import POINTS_MAX, require_count, require_within

__all__ = ["Surprise", "SurpriseTerms", "describe"]

ENTRIES_MAX = 128
Keccak = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class SurpriseTerms:
    """A prize of `prize_points` with a chance of `chance_bps` basis points for each purchase of `min_spend_minor` or more.

    At most `max_entries` purchases enter.
    """

    chance_bps: int
    prize_points: int
    max_entries: int
    min_spend_minor: int

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        return astuple(self)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        return cls(*words)

    def expected_points(self, entries: int) -> int:
        """Points that so many entries win on average, rounded down."""
        return min(POINTS_MAX, entries * self.prize_points * self.chance_bps // BPS)


class Draw(IntEnum):
    """What became of the draw, numbered as on the chain."""

    OPEN = 0
    DRAWN = 1
    DRAWN_BLIND = 2


@dataclass(frozen=True, slots=True)
class Progress:
    """How many purchases entered, what became of the draw, and which entries won."""

    entries: int
    draw: Draw
    winners: frozenset[int]

    @classmethod
    def from_word(cls, word: int) -> Self:
        """Read the chain's 200 bits."""
        winners = frozenset(entry for entry in range(ENTRIES_MAX) if word >> (10 + entry) & 1)
        return cls(word & 0xFF, Draw(word >> 8 & 3), winners)

    def to_word(self) -> int:
        """The chain's 200 bits."""
        return self.entries | self.draw << 8 | sum(1 << (10 + entry) for entry in self.winners)


class Surprise:
    """Entry `i` wins if Keccak-256 of (random word, `i`), as a number, is below the chance modulo 10,000.

    If a seed was withheld, there is no random word, and the entries are worth what they win on average.
    """

    kind = "surprise"
    contract = "SurpriseRule"

    def __init__(self, keccak: Keccak) -> None:
        self._keccak = keccak

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        require_count(terms, 4)
        require_within(terms, 0, 1, BPS)
        require_within(terms, 2, 1, ENTRIES_MAX)
        require_within(terms, 1, 1, POINTS_MAX // terms[2])
        require_within(terms, 3, 0, SPEND_MINOR_MAX)

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress with one entry more, or what the draw gives; it is drawn once."""
        meant, known = SurpriseTerms.from_words(terms), Progress.from_word(progress)
        if known.draw != Draw.OPEN:
            return progress, NO_AWARD
        if happening.occasion == Occasion.DRAW:
            return self._drawn(meant, known, happening.subject)
        enters = happening.occasion == Occasion.PURCHASE and happening.spend_minor >= meant.min_spend_minor
        entries = known.entries + (enters and known.entries < meant.max_entries)
        return replace(known, entries=entries).to_word(), NO_AWARD

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress without the last entry, and what that one had won."""
        meant, known = SurpriseTerms.from_words(terms), Progress.from_word(progress)
        enters = happening.spend_minor >= meant.min_spend_minor and known.entries > 0
        if not enters or not loses_count(happening, taken):
            return progress, NO_AWARD
        last = known.entries - 1
        after = Progress(last, known.draw, known.winners - {last})
        if known.draw == Draw.DRAWN_BLIND:
            return after.to_word(), Award(meant.expected_points(known.entries) - meant.expected_points(last))
        return after.to_word(), Award(meant.prize_points) if last in known.winners else NO_AWARD

    def _drawn(self, terms: SurpriseTerms, known: Progress, random: int) -> tuple[int, Award]:
        if random == 0:
            return replace(known, draw=Draw.DRAWN_BLIND).to_word(), Award(terms.expected_points(known.entries))
        winners = frozenset(entry for entry in range(known.entries) if self._lot(random, entry) < terms.chance_bps)
        after = Progress(known.entries, Draw.DRAWN, winners)
        return after.to_word(), Award(min(POINTS_MAX, len(winners) * terms.prize_points))

    def _lot(self, random: int, entry: int) -> int:
        """The lot of an entry, in basis points."""
        return int.from_bytes(self._keccak(random.to_bytes(32) + entry.to_bytes(32))) % BPS


def describe(terms: SurpriseTerms, progress: int, now: int) -> Standing:
    """Return the standing, counted in entries; it does not depend on the Unix second `now`.

    Until the draw `next_award_points` is what the entries win on average; `completed` counts prizes.
    """
    known = Progress.from_word(progress)
    return Standing(
        done=known.entries,
        needed=terms.max_entries,
        unit="entries",
        next_award_points=terms.expected_points(known.entries) if known.draw == Draw.OPEN else 0,
        until=0,
        completed=len(known.winners),
    )
