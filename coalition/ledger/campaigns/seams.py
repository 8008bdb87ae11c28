"""What the campaigns' twin asks of the rest: the coalition's partners and members, tiers, and rules that are not ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from coalition.ledger import tiers
from coalition.ledger.events import Event
from coalition.ledger.run import Others, Revert

__all__ = ["Coalition", "Others", "SimpleCoalition", "SimpleTiers", "Surroundings", "Tiers", "Unanswered"]


class Unanswered(Exception):
    """The twin of a rule raises it where the contract would revert, loop, or answer in another form."""


class Surroundings(Protocol):
    """A call under decision: the ledger's `Run`, or the campaigns' own."""

    timestamp: int

    def emit(self, event: Event) -> None:
        """What happens now."""
        ...


class Coalition(Protocol):
    """What the registry of partners and the point ledger say. Times in Unix seconds."""

    @property
    def notice_seconds(self) -> int:
        """The registry's notice period."""
        ...

    @property
    def partner_count(self) -> int:
        """Partners on-boarded so far."""
        ...

    def posting(self, key: str, timestamp: int) -> int | Revert:
        """The partner for which `key` may post, or why it may not."""
        ...

    def credit_limit_of(self, partner: int) -> int:
        """Points that a partner's campaigns may reserve; 0 for any number."""
        ...

    def member_since_of(self, account: str) -> int:
        """When an account was enrolled; 0 if it is no member's."""
        ...

    def signer_of(self, account: str, timestamp: int) -> str:
        """Key that signs for an account."""
        ...

    def award(self, others: Others) -> None:
        """Credit points outside of a purchase."""
        ...


class Tiers(Protocol):
    """The twin of the book of tiers: `ITierBook`."""

    def is_running(self, timestamp: int) -> bool:
        """True if there is a programme of tiers."""
        ...

    def tier_of(self, member: str, member_since: int, timestamp: int) -> int:
        """The member's tier, 0 for the lowest."""
        ...

    def qualify(
        self, run: Surroundings, member: str, member_since: int, spend_minor: int, points: int
    ) -> tuple[bool, int, int]:
        """A purchase counts: whether there is a programme, the tier just before, and points on top by it."""
        ...

    def disqualify(
        self, run: Surroundings, member: str, member_since: int, time: int, spend_minor: int, points: int
    ) -> None:
        """A purchase of that time was taken back by so much."""
        ...


@dataclass
class SimpleCoalition:
    """A coalition in dictionaries, for simulations and tests: partners by key, members by the time of their enrolment.

    Every account signs for itself; `awarded` counts what was credited outside of purchases.
    """

    notice_seconds: int = 0
    keys: dict[str, int] = field(default_factory=dict)
    members: dict[str, int] = field(default_factory=dict)
    credit_limits: dict[int, int] = field(default_factory=dict)
    awarded: dict[str, int] = field(default_factory=dict)

    @property
    def partner_count(self) -> int:
        """The highest number of a partner with a key."""
        return max(self.keys.values(), default=0)

    def posting(self, key: str, timestamp: int) -> int | Revert:
        """The partner of `key`."""
        return self.keys.get(key) or Revert("KeyUnknown", (key,))

    def credit_limit_of(self, partner: int) -> int:
        """Points that a partner's campaigns may reserve; 0 for any number."""
        return self.credit_limits.get(partner, 0)

    def member_since_of(self, account: str) -> int:
        """When an account was enrolled; 0 if it is no member's."""
        return self.members.get(account, 0)

    def signer_of(self, account: str, timestamp: int) -> str:
        """The account itself."""
        return account

    def award(self, others: Others) -> None:
        """Count points credited outside of a purchase."""
        for account, points in others:
            self.awarded[account] = self.awarded.get(account, 0) + points


@dataclass
class SimpleTiers:
    """The book of tiers in dictionaries, for simulations and tests: its schedule of programmes, and members' states."""

    schedule: list[tuple[int, tiers.Programme]] = field(default_factory=list)
    states: dict[str, tiers.TierState] = field(default_factory=dict)

    def is_running(self, timestamp: int) -> bool:
        """True if a programme counts."""
        return any(effective_from <= timestamp for effective_from, _ in self.schedule)

    def tier_of(self, member: str, member_since: int, timestamp: int) -> int:
        """The member's tier, 0 for the lowest."""
        return tiers.tier_at(self.schedule, self._state(member), member_since, timestamp)

    def qualify(
        self, run: Surroundings, member: str, member_since: int, spend_minor: int, points: int
    ) -> tuple[bool, int, int]:
        """A purchase counts towards the member's tier."""
        time = run.timestamp
        if not self.is_running(time):
            return False, 0, 0
        tier = self.tier_of(member, member_since, time)
        awarded = tiers.bonus_points(self.schedule, tier, points, time)
        self.states[member] = tiers.qualified(
            self.schedule, self._state(member), member_since, time, points=points, spend_minor=spend_minor
        )
        return True, tier, awarded

    def disqualify(
        self, run: Surroundings, member: str, member_since: int, time: int, spend_minor: int, points: int
    ) -> None:
        """A purchase of that time counts less."""
        self.states[member] = tiers.disqualified(
            self.schedule, self._state(member), member_since, time, points=points, spend_minor=spend_minor
        )

    def _state(self, member: str) -> tiers.TierState:
        return self.states.get(member, tiers.TierState())
