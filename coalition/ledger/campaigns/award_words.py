"""What a purchase counted for, in words: the layout of `IEarnHook.earned`, and which events stand for which word.

A purchase has one word for the member's tier, if there is a programme of tiers, and one for each campaign that it counted
for, in the order in which they paid. A reversal brings them back, so whoever folds the chain must be able to write them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coalition.ledger.campaign_events import (
    AwardCut,
    Awarded,
    BadgeAwarded,
    CampaignEvent,
    CompanionAwarded,
    Progressed,
)

__all__ = ["AWARD_EVENTS", "BADGE_AT", "COMPANION_AT", "POINTS_AT", "TIER_AT", "AwardWord", "award_word", "with_tier"]

VERSION_AT, POINTS_AT, TIME_AT, TIER_AT, COMPANION_AT, BADGE_AT = 32, 48, 96, 136, 144, 192
POINTS_MASK = (1 << 48) - 1
TIME_MASK = (1 << 40) - 1

AWARD_EVENTS = (AwardCut, Awarded, BadgeAwarded, CompanionAwarded, Progressed)
"""Events that say that a purchase counted for a campaign."""


@dataclass(frozen=True, slots=True)
class AwardWord:
    """What a purchase counted for in one campaign, or, with campaign 0, for the member's tier.

    `time` is the purchase's in Unix seconds, `tier` the member's just before; points are what was paid, `badge` what was
    given (0: none).
    """

    campaign: int
    version: int
    points: int
    time: int
    tier: int = 0
    companion_points: int = 0
    badge: int = 0

    def to_word(self) -> int:
        """The word of the chain."""
        return (
            self.campaign
            | self.version << VERSION_AT
            | self.points << POINTS_AT
            | self.time << TIME_AT
            | self.tier << TIER_AT
            | self.companion_points << COMPANION_AT
            | self.badge << BADGE_AT
        )

    @classmethod
    def from_word(cls, word: int) -> AwardWord:
        """Read a word of the chain."""
        return cls(
            word & 0xFFFFFFFF,
            word >> VERSION_AT & 0xFFFF,
            word >> POINTS_AT & POINTS_MASK,
            word >> TIME_AT & TIME_MASK,
            word >> TIER_AT & 0xFF,
            word >> COMPANION_AT & POINTS_MASK,
            word >> BADGE_AT & 0xFFFFFFFF,
        )


def award_word(event: CampaignEvent, version: int, time: int, before: int = 0) -> int:
    """Return the word of the campaign that `event`, one of `AWARD_EVENTS`, tells of, as far as it tells it.

    `version` of the terms that count, `time` of the block, `before` the word that earlier events of the same purchase and
    campaign led to. The member's tier is in no event of the campaign book: `with_tier` adds it.
    """
    campaign: int = event.campaign  # type: ignore[attr-defined]  # each of AWARD_EVENTS has it
    word = before or campaign | version << VERSION_AT | time << TIME_AT
    if type(event) is Awarded:
        return word | event.points << POINTS_AT
    if type(event) is CompanionAwarded:
        return word | event.points << COMPANION_AT
    if type(event) is BadgeAwarded:
        return word | event.badge << BADGE_AT
    return word


def with_tier(words: Sequence[int], tier: int, awarded: int, time: int) -> list[int]:
    """Return the words of a purchase of a member of that tier, which awarded it so many points.

    The tier's own word comes first. The book of tiers says both; without a programme of tiers, words stay as they are.
    """
    own = awarded << POINTS_AT | time << TIME_AT | tier << TIER_AT
    return [own, *(word | tier << TIER_AT for word in words)]
