"""The twin of each kind, by the name that it has in files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coalition.campaigns.segment import Keccak
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
from coalition.ledger.rules.action import Action
from coalition.ledger.rules.dividend import Dividend
from coalition.ledger.rules.levels import Levels
from coalition.ledger.rules.milestone import Milestone
from coalition.ledger.rules.multiplier import Multiplier
from coalition.ledger.rules.quest import Quest
from coalition.ledger.rules.referral import Referral
from coalition.ledger.rules.rule import Rule
from coalition.ledger.rules.stamps import Stamps
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.streak import Streak
from coalition.ledger.rules.surprise import Surprise
from coalition.ledger.rules.threshold import Threshold

__all__ = ["rule_of", "rules", "standing_of"]


def rules(keccak: Keccak) -> tuple[Rule, ...]:
    """Return the twins of all kinds."""
    plain: tuple[Rule, ...] = (
        Multiplier(),
        Threshold(),
        Stamps(),
        Streak(),
        Dividend(),
        Quest(),
        Levels(),
        Milestone(),
    )
    return (*plain, Referral(), Action(), Surprise(keccak))


def rule_of(kind: str, keccak: Keccak) -> Rule:
    """Return the twin of one kind.

    Raises:
        KeyError: there is no such kind.
    """
    return {rule.kind: rule for rule in rules(keccak)}[kind]


def standing_of(kind: str, terms: Any, progress: int, now: int) -> Standing:
    """Return where a member with this progress stands at the Unix second `now`; `terms` are those of the kind's twin."""
    return DESCRIBE[kind](terms, progress, now)


DESCRIBE: dict[str, Callable[[Any, int, int], Standing]] = {
    "action": action.describe,
    "dividend": dividend.describe,
    "levels": levels.describe,
    "milestone": milestone.describe,
    "multiplier": multiplier.describe,
    "quest": quest.describe,
    "referral": referral.describe,
    "stamps": stamps.describe,
    "streak": streak.describe,
    "surprise": surprise.describe,
    "threshold": threshold.describe,
}
