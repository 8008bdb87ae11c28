"""The one list of the kinds of campaigns: each with its twin, its terms, and how it tells where a member stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from coalition.ledger.rules import (
    action,
    dividend,
    levels,
    milestone,
    multiplier,
    quest,
    referral,
    stamps,
    streak,
    surprise,
    threshold,
)
from coalition.ledger.rules.rule import Rule
from coalition.ledger.rules.standing import Standing

__all__ = ["CONTRACTS", "rule_of", "rules", "standing_of", "terms_of"]

Keccak = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Twin:
    """A kind: its rule, how its terms are read from words, and what its progress means at a Unix second."""

    rule: type[Any]
    from_words: Callable[[Sequence[int]], Any]
    describe: Callable[[Any, int, int], Standing]

    def make(self, keccak: Keccak) -> Rule:
        """Return the rule; only the draw hashes."""
        made: Rule = self.rule(keccak) if self.rule is surprise.Surprise else self.rule()
        return made


TWINS = {
    twin.rule.kind: twin
    for twin in (
        Twin(action.Action, action.ActionTerms.from_words, action.describe),
        Twin(dividend.Dividend, dividend.DividendTerms.from_words, dividend.describe),
        Twin(levels.Levels, levels.LevelsTerms.from_words, levels.describe),
        Twin(milestone.Milestone, milestone.MilestoneTerms.from_words, milestone.describe),
        Twin(multiplier.Multiplier, multiplier.MultiplierTerms.from_words, multiplier.describe),
        Twin(quest.Quest, quest.QuestTerms.from_words, quest.describe),
        Twin(referral.Referral, referral.ReferralTerms.from_words, referral.describe),
        Twin(stamps.Stamps, stamps.StampTerms.from_words, stamps.describe),
        Twin(streak.Streak, streak.StreakTerms.from_words, streak.describe),
        Twin(surprise.Surprise, surprise.SurpriseTerms.from_words, surprise.describe),
        Twin(threshold.Threshold, threshold.ThresholdTerms.from_words, threshold.describe),
    )
}

CONTRACTS: dict[str, str] = {kind: twin.rule.contract for kind, twin in TWINS.items()}
"""The contract of each kind."""


def rules(keccak: Keccak) -> tuple[Rule, ...]:
    """Return the twins of all kinds."""
    return tuple(twin.make(keccak) for twin in TWINS.values())


def rule_of(kind: str, keccak: Keccak) -> Rule:
    """Return the twin of one kind.

    Raises:
        KeyError: there is no such kind.
    """
    return TWINS[kind].make(keccak)


def terms_of(kind: str, words: Sequence[int]) -> Any:
    """Return the terms of a kind's twin."""
    return TWINS[kind].from_words(words)


def standing_of(kind: str, terms: Any, progress: int, now: int) -> Standing:
    """Return where a member with this progress stands at the Unix second `now`; `terms` are those of the kind's twin."""
    return TWINS[kind].describe(terms, progress, now)
