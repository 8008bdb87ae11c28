"""What the fold remembers of tiers: programmes, and how each member stood after the latest purchase."""

from __future__ import annotations

from dataclasses import dataclass, field

from coalition.ledger import tiers
from coalition.ledger.campaigns.award_words import AwardWord
from coalition.ledger.tiers import Programme, TierState

__all__ = ["Bought", "TierBookState"]

NOBODY = "0x" + 40 * "0"
BUDGET_MAX = (1 << 40) - 1
"""Most points that a tier adds to one purchase: what a campaign pays at most in all its life."""


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase that counted for a tier: spend in minor units and points of the base rate."""

    spend_minor: int
    points: int


@dataclass(slots=True)
class TierBookState:
    """The book of tiers, folded. `keeper` is the campaign book whose purchases count; `hearing` are those that heard of a
    programme when it was announced, and tell of purchases only since.

    `schedule` are the programmes, each with the Unix time from which it counts; `states` go by member, `bought` by partner
    and receipt.
    """

    notice_seconds: int = 0
    keeper: str = NOBODY
    hearing: set[str] = field(default_factory=set)
    schedule: list[tuple[int, Programme]] = field(default_factory=list)
    states: dict[str, TierState] = field(default_factory=dict)
    bought: dict[tuple[int, int], Bought] = field(default_factory=dict)

    def is_running(self, timestamp: int) -> bool:
        """True if a programme counts at a Unix time in seconds."""
        return bool(self.schedule) and self.schedule[0][0] <= timestamp

    def is_told_by(self, campaign_book: str) -> bool:
        """True if purchases that this book hears of count for tiers."""
        return campaign_book == self.keeper and campaign_book in self.hearing

    def state_of(self, member: str) -> TierState:
        """How a member stood after the latest purchase."""
        return self.states.get(member, TierState())

    def purchased(
        self, place: tuple[int, int], member: str, member_since: int, time: int, spend_minor: int, points: int
    ) -> tuple[int, int]:
        """Count a purchase under `place`; return the member's tier just before, and what that adds to the points."""
        state = self.state_of(member)
        tier = tiers.tier_at(self.schedule, state, member_since, time)
        awarded = min(BUDGET_MAX, tiers.bonus_points(self.schedule, tier, points, time))
        amounts = {"points": points, "spend_minor": spend_minor}
        self.states[member] = tiers.qualified(self.schedule, state, member_since, time, **amounts)
        self.bought[place] = Bought(spend_minor, points)
        return tier, awarded

    def taken_back(
        self, place: tuple[int, int], member: str, member_since: int, words: tuple[int, ...], before: int, after: int
    ) -> None:
        """Let the purchase under `place` count less: its spend went from `before` to `after` minor units."""
        bought = self.bought.get(place)
        own = next((word for word in map(AwardWord.from_word, words) if word.campaign == 0), None)
        if bought is None or own is None:
            return
        points = bought.points * before // bought.spend_minor - bought.points * after // bought.spend_minor
        amounts = {"points": points, "spend_minor": before - after}
        state = self.state_of(member)
        self.states[member] = tiers.disqualified(self.schedule, state, member_since, own.time, **amounts)
