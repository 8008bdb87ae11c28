"""What a campaign's file says, once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from coalition.campaigns.kinds import KINDS, Frame, RuleTerms
from coalition.campaigns.segment import Keccak, Segment
from coalition.ledger.campaigns.terms import Sponsor

__all__ = ["ANYBODY", "BEST_ONLY", "Campaign", "Context"]

BEST_ONLY = 255
"""Number of the group of all campaigns that say `best only`."""

ANYBODY = (1 << 16) - 1
"""Mask of all tiers."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a file is checked against.

    `partners` has the numbers of partners by name; `tiers` the names of the tiers, lowest first; `now` the Unix time in seconds
    before which nothing can open, None to allow any (a campaign that is tried on the past); `minor_digits` the decimals of
    the partners' currency.
    """

    partners: Mapping[str, int]
    keccak: Keccak
    tiers: tuple[str, ...] = ()
    now: int | None = None
    minor_digits: int = 2

    def partner_name(self, number: int) -> str:
        """A partner's name, or its number if it has none."""
        return next((name for name, known in self.partners.items() if known == number), str(number))


@dataclass(frozen=True)
class Campaign:
    """A campaign as its file says it. Partners are numbers, times Unix seconds, and `terms` what the kind's table reads."""

    name: str
    says: str
    kind: str
    opens_at: int
    closes_at: int
    partners: tuple[int, ...]
    sponsors: tuple[Sponsor, ...]
    budget_points: int
    member_cap_points: int
    terms: Mapping[str, Any]
    tier_mask: int
    group: int
    takes_back_whole: bool
    pausable: bool
    end_notice_seconds: int
    opt_in: bool
    attestor: str
    segment: Segment | None
    content: bytes = field(repr=False)

    @property
    def draws(self) -> bool:
        """True if the sponsors' seeds decide at the end."""
        return KINDS[self.kind].draws

    @property
    def frame(self) -> Frame:
        """What the kind's terms borrow."""
        return Frame(self.partners, self.opens_at, self.closes_at)

    @cached_property
    def rule_terms(self) -> RuleTerms:
        """The terms of the kind's twin."""
        return KINDS[self.kind].build(self.terms, self.frame)
