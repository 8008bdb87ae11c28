"""Quest: an award for visits to so many different partners out of a set, within a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from coalition.ledger.operations import SPEND_MINOR_MAX
from coalition.ledger.rules.partner_set import bits_of, places_of, require_partners
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.take_back import loses_count
from coalition.ledger.rules.terms import require_award, require_within

__all__ = ["Quest", "QuestTerms", "describe"]

FIRST_PARTNER = 6
REPEATS_MAX = (1 << 16) - 2
WINDOW_SECONDS_MAX = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class QuestTerms:
    """`points` and `badge` (0: none) for purchases of at least `min_spend_minor` at `partners_needed` of `partners`.

    They lie within `window_seconds` (0: the campaign's own window). The quest can be done `repeats_max` times more.
    `partners` are numbers, rising.
    """

    partners_needed: int
    points: int
    window_seconds: int
    min_spend_minor: int
    badge: int
    repeats_max: int
    partners: tuple[int, ...]

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        award = self.partners_needed, self.points
        return (*award, self.window_seconds, self.min_spend_minor, self.badge, self.repeats_max, *self.partners)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        needed, points, window_seconds, min_spend_minor, badge, repeats_max, *partners = words
        return cls(needed, points, window_seconds, min_spend_minor, badge, repeats_max, tuple(partners))

    def place_of(self, happening: Happening) -> int | None:
        """The place in the set of the partner that a purchase visits; None if it is no visit."""
        if happening.spend_minor < self.min_spend_minor or happening.partner not in self.partners:
            return None
        return self.partners.index(happening.partner)

    def is_lapsed(self, begun: int, now: int) -> bool:
        """True if a round that began at the Unix second `begun` is over."""
        return self.window_seconds > 0 and now >= begun + self.window_seconds


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest round, and what counts of earlier ones.

    `visited` are places in the set; `begun` and `since` Unix times in seconds at which the newest round began, and the first
    one since a round last lapsed. `rounds` stand, the newest among them if `stands`. `spare` visits are left over from
    rounds that fell.
    """

    visited: frozenset[int]
    begun: int
    since: int
    rounds: int
    spare: int
    stands: bool

    @classmethod
    def from_word(cls, word: int) -> Self:
        """Read the chain's 200 bits."""
        return cls(
            visited=places_of(word),
            begun=word >> 64 & (1 << 40) - 1,
            since=word >> 104 & (1 << 40) - 1,
            rounds=word >> 144 & (1 << 16) - 1,
            spare=word >> 160 & (1 << 6) - 1,
            stands=bool(word >> 166),
        )

    def to_word(self) -> int:
        """The chain's 200 bits."""
        times = self.begun << 64 | self.since << 104
        return bits_of(self.visited) | times | self.rounds << 144 | self.spare << 160 | int(self.stands) << 166

    @property
    def earlier_rounds(self) -> int:
        """Rounds that stand, without the newest."""
        return self.rounds - int(self.stands)

    def in_round(self, terms: QuestTerms, now: int) -> Self:
        """The progress in which a visit at the Unix second `now` has a round to belong to."""
        if not self.begun:
            return replace(self, begun=now, since=now)
        if self.stands or not self.visited:
            return replace(self, visited=frozenset(), begun=now, stands=False)
        if terms.is_lapsed(self.begun, now):
            return replace(self, visited=frozenset(), begun=now, since=now, spare=0)
        return self


class Quest:
    """Visits to different partners make up rounds; a complete round pays, and falls with the first of its visits lost."""

    kind = "quest"
    contract = "QuestRule"

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        require_partners(terms, FIRST_PARTNER, least=1)
        require_within(terms, 0, 1, len(terms) - FIRST_PARTNER)
        require_award(terms, points_at=1, badge_at=4)
        require_within(terms, 2, 0, WINDOW_SECONDS_MAX)
        require_within(terms, 3, 0, SPEND_MINOR_MAX)
        require_within(terms, 5, 0, REPEATS_MAX)

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress after a visit, and the award if it was the last one that a round wanted."""
        meant, known = QuestTerms.from_words(terms), Progress.from_word(progress)
        place = meant.place_of(happening)
        if happening.occasion != Occasion.PURCHASE or place is None or known.rounds > meant.repeats_max:
            return progress, NO_AWARD
        before = known.in_round(meant, happening.time)
        if place in before.visited:
            return progress, NO_AWARD
        after = replace(before, visited=before.visited | {place})
        if len(after.visited) < meant.partners_needed:
            return after.to_word(), NO_AWARD
        done = replace(after, rounds=after.rounds + 1, stands=True)
        return done.to_word(), Award(meant.points, badge=meant.badge)

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress without a visit, and the award of the round that does not stand without it."""
        meant, known = QuestTerms.from_words(terms), Progress.from_word(progress)
        place = meant.place_of(happening)
        if place is None or not loses_count(happening, taken):
            return progress, NO_AWARD
        if happening.time >= known.begun and place in known.visited:
            after = replace(known, visited=known.visited - {place})
            return (
                _fallen(meant, replace(after, stands=False), meant.points)
                if known.stands
                else (after.to_word(), NO_AWARD)
            )
        if happening.time > known.begun:
            return progress, NO_AWARD
        return _without_earlier(meant, known, happening.time, taken.points)


def _without_earlier(terms: QuestTerms, known: Progress, time: int, points_paid: int) -> tuple[int, Award]:
    """Take a visit of an earlier round back, which was at the Unix second `time` and was paid `points_paid`."""
    is_closed = time < known.since
    if known.spare and not is_closed:
        return replace(known, spare=known.spare - 1).to_word(), NO_AWARD
    if not known.earlier_rounds or (is_closed and not points_paid):
        return known.to_word(), NO_AWARD
    if is_closed:
        return _fallen(terms, known, points_paid)
    return _fallen(terms, replace(known, spare=terms.partners_needed - 1), terms.points)


def _fallen(terms: QuestTerms, after: Progress, points: int) -> tuple[int, Award]:
    """Let one round fall: `points` go back, and the badge with the last round that stood."""
    left = replace(after, rounds=after.rounds - 1)
    return left.to_word(), Award(points, badge=0 if left.rounds else terms.badge)


def describe(terms: QuestTerms, progress: int, now: int) -> Standing:
    """Return the standing at the Unix second `now`, counted in partners of the round under way."""
    known = Progress.from_word(progress)
    is_over = known.rounds > terms.repeats_max
    is_under_way = bool(known.visited) and not known.stands and not terms.is_lapsed(known.begun, now)
    return Standing(
        done=terms.partners_needed if is_over else len(known.visited) * is_under_way,
        needed=terms.partners_needed,
        unit="partners",
        next_award_points=0 if is_over else terms.points,
        until=known.begun + terms.window_seconds if is_under_way and terms.window_seconds else 0,
        completed=known.rounds,
    )
