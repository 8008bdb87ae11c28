"""Levels: an ordered chain of stages, each a condition and a reward; passing one opens the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

from coalition.ledger.rules.partner_set import bits_of, places_of, require_partners
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack, TermCountInvalid, TermInvalid
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.take_back import less, loses_count, spend_lost
from coalition.ledger.rules.terms import require_within

__all__ = ["Condition", "Levels", "LevelsTerms", "Stage", "describe"]

STAGES_MAX = 32
STAGE_BITS = 216
MASK_48 = (1 << 48) - 1
MASK_32 = (1 << 32) - 1
MASK_64 = (1 << 64) - 1


class Condition(IntEnum):
    """What a stage counts, numbered as on the chain."""

    VISITS = 1
    SPEND = 2
    PARTNERS = 3
    ACTIONS = 4


UNITS = {
    Condition.VISITS: "visits",
    Condition.SPEND: "minor",
    Condition.PARTNERS: "partners",
    Condition.ACTIONS: "actions",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """`points` and `badge` (0: none) at a count of `threshold`.

    Counted are purchases of at least `min_spend_minor`, their spend in minor units, or their different partners; or attested
    actions of `action` (0: of any code).
    """

    condition: int
    threshold: int
    min_spend_minor: int
    points: int
    badge: int
    action: int

    def to_word(self) -> int:
        """The word of the chain."""
        counted = self.condition | self.threshold << 8 | self.min_spend_minor << 56
        return counted | self.points << 104 | self.badge << 152 | self.action << 184

    @classmethod
    def from_word(cls, word: int) -> Self:
        """Read a word of the chain."""
        return cls(
            condition=word & 0xFF,
            threshold=word >> 8 & MASK_48,
            min_spend_minor=word >> 56 & MASK_48,
            points=word >> 104 & MASK_48,
            badge=word >> 152 & MASK_32,
            action=word >> 184 & MASK_32,
        )

    def is_sound(self, partner_count: int) -> bool:
        """True if it can be passed in a campaign with so many partners, and says nothing that has no meaning."""
        if self.threshold == 0 or self.condition not in UNITS:
            return False
        if self.condition == Condition.ACTIONS:
            return self.min_spend_minor == 0
        return self.action == 0 and (self.condition != Condition.PARTNERS or self.threshold <= partner_count)

    def reached(self, count: int) -> int:
        """How far `count` is towards the threshold."""
        return len(places_of(count)) if self.condition == Condition.PARTNERS else count


@dataclass(frozen=True, slots=True)
class LevelsTerms:
    """`stages` in their order; `partners`, numbers that rise, for stages that want different ones."""

    stages: tuple[Stage, ...]
    partners: tuple[int, ...] = ()

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        return (len(self.stages), *(stage.to_word() for stage in self.stages), *self.partners)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        stages = words[1 : 1 + words[0]]
        return cls(tuple(Stage.from_word(word) for word in stages), tuple(words[1 + words[0] :]))

    def counted(self, stage: Stage, count: int, happening: Happening) -> int:
        """Return the count of `stage` after something happened."""
        if stage.condition == Condition.ACTIONS:
            is_wanted = happening.occasion == Occasion.ATTESTATION and stage.action in (0, happening.subject)
            return count + is_wanted
        if happening.occasion != Occasion.PURCHASE or happening.spend_minor < stage.min_spend_minor:
            return count
        if stage.condition == Condition.PARTNERS:
            return bits_of(places_of(count) | self._places(happening.partner))
        return count + (happening.spend_minor if stage.condition == Condition.SPEND else 1)

    def uncounted(self, stage: Stage, count: int, happening: Happening, taken: TakenBack) -> int:
        """Return the count of `stage` without a purchase, or without a part of its spend."""
        if stage.condition == Condition.ACTIONS or happening.spend_minor < stage.min_spend_minor:
            return count
        if stage.condition == Condition.SPEND:
            return less(count, spend_lost(happening, taken))
        if not loses_count(happening, taken):
            return count
        if stage.condition == Condition.PARTNERS:
            return bits_of(places_of(count) - self._places(happening.partner))
        return less(count, 1)

    def _places(self, partner: int) -> frozenset[int]:
        return frozenset(place for place, known in enumerate(self.partners) if known == partner)


@dataclass(frozen=True, slots=True)
class Progress:
    """How many stages were `passed`, and whether the last of them `fell`: it does not stand until what is missing is made up.

    `count` is that of the open stage, `last_count` that of the last one passed; `opened` and `last_opened` are the Unix times
    in seconds at which the two opened.
    """

    passed: int
    fell: bool
    count: int
    last_count: int
    opened: int
    last_opened: int

    @classmethod
    def from_word(cls, word: int) -> Self:
        """Read the chain's 200 bits."""
        return cls(
            passed=word & 127,
            fell=bool(word >> 7 & 1),
            count=word >> 8 & MASK_64,
            last_count=word >> 72 & MASK_64,
            opened=word >> 136 & MASK_32,
            last_opened=word >> 168 & MASK_32,
        )

    def to_word(self) -> int:
        """The chain's 200 bits."""
        counts = self.count << 8 | self.last_count << 72
        return self.passed | int(self.fell) << 7 | counts | self.opened << 136 | self.last_opened << 168

    @property
    def stage(self) -> int:
        """Index of the stage that counts now: the one that fell, or else the open one."""
        return self.passed - int(self.fell)

    @property
    def stage_count(self) -> int:
        """Count of the stage that counts now."""
        return self.last_count if self.fell else self.count

    def with_count(self, count: int) -> Self:
        """The same with another count of the stage that counts now."""
        return replace(self, last_count=count) if self.fell else replace(self, count=count)

    def after_passing(self, now: int) -> Self:
        """The progress after the stage that counts now was passed at the Unix second `now`."""
        if self.fell:
            return replace(self, fell=False)
        return replace(
            self, passed=self.passed + 1, count=0, last_count=self.count, opened=now, last_opened=self.opened
        )


class Levels:
    """Stages are passed in their order. A reversal lets the last one passed fall; earlier ones stay passed."""

    kind = "levels"
    contract = "LevelsRule"

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        if len(terms) < 2:
            raise TermCountInvalid(len(terms), 2)
        require_within(terms, 0, 1, STAGES_MAX)
        first = 1 + terms[0]
        require_partners(terms, first, least=0)
        for index in range(1, first):
            stage = terms[index]
            if stage >> STAGE_BITS or not Stage.from_word(stage).is_sound(len(terms) - first):
                raise TermInvalid(index, stage)

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress after something happened, and the reward of the stage that it passed."""
        meant, known = LevelsTerms.from_words(terms), Progress.from_word(progress)
        if known.stage >= len(meant.stages):
            return progress, NO_AWARD
        stage = meant.stages[known.stage]
        count = meant.counted(stage, known.stage_count, happening)
        after = known.with_count(count)
        if count == known.stage_count or stage.reached(count) < stage.threshold:
            return after.to_word(), NO_AWARD
        return after.after_passing(happening.time).to_word(), Award(stage.points, badge=stage.badge)

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress without a purchase, and the reward of a stage that it leaves short.

        The purchase is looked for in the open stage, then in the last one passed. Of earlier stages, the purchase that passed
        one brings its own award back, and the stage stays passed.
        """
        meant, known = LevelsTerms.from_words(terms), Progress.from_word(progress)
        if known.passed > len(meant.stages):
            return progress, NO_AWARD
        if _is_since(known.opened, happening, taken) and known.passed < len(meant.stages):
            count = meant.uncounted(meant.stages[known.passed], known.count, happening, taken)
            if count != known.count:
                return replace(known, count=count).to_word(), NO_AWARD
        if known.passed == 0:
            return progress, NO_AWARD
        if not _is_since(known.last_opened, happening, taken):
            return progress, Award(taken.points) if loses_count(happening, taken) else NO_AWARD
        stage = meant.stages[known.passed - 1]
        after = replace(known, last_count=meant.uncounted(stage, known.last_count, happening, taken))
        if known.fell or after == known or stage.reached(after.last_count) >= stage.threshold:
            return after.to_word(), NO_AWARD
        return replace(after, fell=True).to_word(), Award(stage.points, badge=stage.badge)


def _is_since(opened: int, happening: Happening, taken: TakenBack) -> bool:
    """True if a purchase was counted after a stage opened. One that was paid at that very time passed the stage before."""
    return happening.time > opened or (happening.time == opened and taken.points == 0)


def describe(terms: LevelsTerms, progress: int, now: int) -> Standing:
    """Return the standing in the stage that counts now, in what it counts; it does not depend on the Unix second `now`."""
    known = Progress.from_word(progress)
    is_over = known.stage >= len(terms.stages)
    stage = terms.stages[-1] if is_over else terms.stages[known.stage]
    return Standing(
        done=stage.threshold if is_over else stage.reached(known.stage_count),
        needed=stage.threshold,
        unit=UNITS[Condition(stage.condition)],
        next_award_points=0 if is_over else stage.points,
        until=0,
        completed=known.stage,
    )
