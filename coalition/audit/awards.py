"""Every progress and award, computed again from the purchases and the approved terms as the audit goes along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from coalition.audit.report import Divergence
from coalition.audit.rules import ForeignRule, rule_twins
from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.rpc import Rpc
from coalition.ledger.book import NOBODY
from coalition.ledger.campaign_events import RuleListed
from coalition.ledger.campaigns.replay import Replay, ReplayEngine
from coalition.ledger.campaigns.seams import SimpleCoalition, SimpleTiers
from coalition.ledger.campaigns.state import CampaignState
from coalition.ledger.events import CampaignBookSet, Earned, Event, Position, Reversed
from coalition.ledger.programme_events import FloorSet, ProgrammeAnnounced
from coalition.ledger.tiers import TierState, announced, with_floor
from coalition.ledger.violation import Violation

__all__ = ["PROGRESS", "AwardReplay"]

PROGRESS = "progress_replays"
BROKEN = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError)


class AwardReplay:
    """Takes all events in the order of the chain, up to the first that does not follow: `found`.

    `counted` are the purchases and reversals that were weighed again. A book of campaigns that is not the deployment's awards
    by rules of its own: what it gave is taken as it was told, and `is_foreign` says so.
    """

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self.found: Divergence | None = None
        self.counted = 0
        self.is_foreign = False
        self._rpc = rpc
        self._book = deployment.campaign_book
        self._rules = rule_twins(deployment)
        self._tiers = SimpleTiers()
        coalition = SimpleCoalition()
        engine = ReplayEngine(
            CampaignState(), self._rules, coalition, keccak, chain_id=deployment.chain_id, tiers=self._tiers
        )
        self._replay = Replay(engine, coalition)

    def take(self, events: Iterable[tuple[Position, Event]]) -> None:
        """Take more events. After the first that does not follow, nothing more is."""
        for at, event in events:
            if self.found is not None:
                return
            try:
                self._note(self._replay.take(at, self._prepared(at, event)))
            except BROKEN as error:
                self._broken(at, event, error)

    def close(self) -> None:
        """What is left must be claims and draws."""
        if self.found is None:
            self._note(self._replay.finish())

    def _prepared(self, at: Position, event: Event) -> Event:
        """Learn what the replay itself does not: tiers, kinds without a twin, and whose awards these are."""
        match event:
            case ProgrammeAnnounced():
                schedule = announced(self._tiers.schedule, event.programme, event.effective_from, at.timestamp)
                self._tiers.schedule = schedule
            case FloorSet():
                state = self._tiers.states.get(event.member, TierState())
                self._tiers.states[event.member] = with_floor(state, event.tier, event.until)
            case RuleListed() if event.rule not in self._rules:
                self._rules[event.rule] = ForeignRule(self._rpc, event.rule)
            case CampaignBookSet() if event.book != self._book:
                self.is_foreign = self.is_foreign or event.book != NOBODY
                return replace(event, book=NOBODY)
            case Earned() | Reversed():
                self.counted += self._replay.is_hooked
        return event

    def _note(self, violation: Violation | None) -> None:
        if violation is None:
            return
        at, what = violation.position, f"invariant {violation.invariant}: {violation.sentence}"
        self.found = Divergence(what) if at is None else Divergence(what, at.block, at.transaction or None, log=at.log)

    def _broken(self, at: Position, event: Event, error: Exception) -> None:
        what = f"invariant {PROGRESS}: {type(event).__name__} follows from nothing ({error!r})"
        self.found = Divergence(what, at.block, at.transaction, log=at.log)
