"""Every progress and award again, from the events and the approved terms alone.

What the ledger and the registry tell says what happened: purchases, reversals, attestations. For each, the twins of the rules
say what the campaigns owe, and that must be what the campaign book told. What sponsors decide is taken as it was told. A
rule without a twin counts as it was told, too; budget, caps and groups are still checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from coalition.ledger import campaign_events as told
from coalition.ledger.book import NOBODY, Violation
from coalition.ledger.campaign_events import CampaignEvent
from coalition.ledger.campaigns.decide_occasions import ask, claim_time, draw_subject
from coalition.ledger.campaigns.engine import Answer, CampaignRun, Engine
from coalition.ledger.campaigns.fold import HANDLERS
from coalition.ledger.campaigns.seams import SimpleCoalition, Unanswered
from coalition.ledger.campaigns.state import Campaign
from coalition.ledger.campaigns.terms import Terms
from coalition.ledger.events import CampaignBookSet, Earned, Event, MemberEnrolled, Position, Reversed
from coalition.ledger.rules.rule import Award, Happening, Occasion, TakenBack

__all__ = ["Replay", "ReplayEngine"]

NAME = "progress_replays"
EFFECTS = frozenset(
    {
        told.AwardCut,
        told.AwardOutdone,
        told.AwardTakenBack,
        told.Awarded,
        told.BadgeAwarded,
        told.BadgeTakenBack,
        told.CampaignTurnedOver,
        told.CompanionAwarded,
        told.CompanionTakenBack,
        told.Progressed,
        told.RuleFailed,
    }
)


@dataclass
class ReplayEngine(Engine):
    """The twin, which believes of rules without one what was `told`."""

    told: list[Any] = field(default_factory=list)

    def applied(self, campaign: Campaign, member: str, happening: Happening) -> Answer:
        live = campaign.live
        self._require_answered(campaign, member)
        if live is not None and live.terms.rule in self.rules:
            return super().applied(campaign, member, happening)
        word = campaign.words.get(member)
        progress, companion = word.progress if word else 0, campaign.referrers.get(member, NOBODY)
        points = companion_points = badge = 0
        for event in self._of(campaign):
            match event:
                case told.Awarded(member=account) if account == member:
                    progress, points = event.progress, max(points, event.points)
                    break
                case told.Progressed(member=account) if account == member:
                    progress = event.progress
                    break
                case told.AwardOutdone(member=account) if account == member:
                    points, companion_points = event.points, 1  # anything: it is not paid
                case told.AwardCut(member=account) if account == member:
                    points = event.due_points
                case told.AwardCut(member=account) if account == companion:
                    companion_points = event.due_points
                case told.CompanionAwarded(member=account) if account == member:
                    companion_points = max(companion_points, event.points)
                case told.BadgeAwarded(member=account) if account == member:
                    badge = event.badge
        return progress, Award(points, companion_points, badge)

    def undone(self, campaign: Campaign, member: str, happening: Happening, taken: TakenBack, terms: Terms) -> Answer:
        self._require_answered(campaign, member)
        if terms.rule in self.rules:
            return super().undone(campaign, member, happening, taken, terms)
        word = campaign.words.get(member)
        progress, points, companion_points, badge = word.progress if word else 0, 0, 0, 0
        for event in self._of(campaign):
            match event:
                case told.AwardTakenBack():
                    progress, points = event.progress, event.points
                case told.Progressed():
                    progress = event.progress
                case told.CompanionTakenBack():
                    companion_points = event.points
                case told.BadgeTakenBack():
                    badge = event.badge
        return progress, Award(points, companion_points, badge)

    def _of(self, campaign: Campaign) -> list[Any]:
        return [event for event in self.told if event.campaign == campaign.number]

    def _require_answered(self, campaign: Campaign, member: str) -> None:
        if any(type(event) is told.RuleFailed and event.member == member for event in self._of(campaign)):
            raise Unanswered


@dataclass
class Bought:
    """A purchase that counted, and what is left of its spend in minor units."""

    purchase: tuple[int, str, int, int, int, int]
    words: tuple[int, ...]
    left: int


class Trial(CampaignRun):
    """A run that tells what would happen, without its happening."""

    def emit(self, event: Event) -> None:
        self.events.append(event)


@dataclass
class Replay:
    """Takes the events of all contracts in the order of the chain, and returns the first thing that does not follow.

    `engine` has an empty state, and a `SimpleCoalition` that learns of members here; its rules are the twins, its tiers, if
    there are any, hear of each purchase. Without `CampaignBookSet`, set `is_hooked`.
    """

    engine: ReplayEngine
    coalition: SimpleCoalition
    is_hooked: bool = False
    waiting: list[tuple[Position, CampaignEvent]] = field(default_factory=list)
    bought: dict[tuple[int, int], Bought] = field(default_factory=dict)

    def take_all(self, events: Iterable[tuple[Position, Event]]) -> Violation | None:
        """Take `events`; return the first divergence, or None."""
        for position, event in events:
            found = self.take(position, event)
            if found is not None:
                return found
        return self.finish()

    def take(self, position: Position, event: Event) -> Violation | None:
        """Take one event; return what does not follow from what happened before."""
        if self.waiting and _place(self.waiting[-1][0]) != _place(position):
            found = self.finish()
            if found is not None:
                return found
        if type(event) in EFFECTS:
            self.waiting.append((position, event))  # type: ignore[arg-type]  # EFFECTS are of these types
            return None
        match event:
            case Earned():
                return self._earned(position, event)
            case Reversed():
                return self._reversed(position, event)
            case told.Attested():
                return self._attested(position, event)
        return self._around(position, event)

    def _around(self, position: Position, event: Event) -> Violation | None:
        """Members, the hook, and what sponsors decide."""
        found = None
        if isinstance(event, MemberEnrolled):
            self.coalition.members[event.member] = position.timestamp
        elif isinstance(event, CampaignBookSet):
            self.is_hooked = event.book != NOBODY
        elif type(event) in HANDLERS:
            found = self.finish()
            HANDLERS[type(event)](self.engine.state, position, event)
        return found

    def finish(self) -> Violation | None:
        """What no purchase, reversal or attestation explains must be claims and draws."""
        while self.waiting:
            position, event = self.waiting[0]
            if type(event) is told.CampaignTurnedOver:
                found = self._turned_over(position, event)
            elif type(event) is told.RuleFailed and event.partner == 0:
                found, self.waiting = None, self.waiting[1:]
            else:
                found = self._claimed_or_drawn(position, event)
            if found is not None:
                return found
        return None

    def _earned(self, position: Position, event: Earned) -> Violation | None:
        if not self.is_hooked:
            return self.finish()
        since = self.coalition.member_since_of(event.member)
        purchase = event.partner, event.member, event.receipt, event.spend_minor, event.points, since
        run = self._run(position)
        paid = self.engine.earned(run, *purchase)
        if paid.words:
            place = event.partner, event.receipt
            self.bought[place] = Bought(purchase, tuple(paid.words), event.spend_minor)
        found = self._compared(position, run, f"the purchase {event.receipt} at partner {event.partner}")
        if found is None and paid.awarded != event.awarded:
            text = f"the purchase {event.receipt} at partner {event.partner} was awarded {event.awarded} points"
            return Violation(NAME, f"{text}; by the terms it is worth {paid.awarded}", position)
        return found

    def _reversed(self, position: Position, event: Reversed) -> Violation | None:
        bought = self.bought.get((event.partner, event.original_receipt))
        if bought is None or not self.is_hooked:
            return self.finish()
        run = self._run(position)
        after = bought.left - event.spend_minor
        back = self.engine.taken_back(run, *bought.purchase, bought.words, bought.left, after)
        bought.left = after
        what = f"the reversal {event.receipt} at partner {event.partner}"
        found = self._compared(position, run, what)
        if found is None and back.awarded != event.awarded:
            text = f"{what} took back {event.awarded} points of awards"
            return Violation(NAME, f"{text}; by the terms it is {back.awarded}", position)
        return found

    def _attested(self, position: Position, event: told.Attested) -> Violation | None:
        while self.waiting and type(self.waiting[0][1]) is told.CampaignTurnedOver:
            found = self._turned_over(*self.waiting[0])
            if found is not None:
                return found
        run = self._run(position)
        campaign = self.engine.state.campaigns[event.campaign]
        ask(run, campaign, event.member, Occasion.ATTESTATION, position.timestamp, event.action, event.id, [])
        found = self._compared(position, run, f"attestation {event.id} of campaign {event.campaign}")
        HANDLERS[told.Attested](self.engine.state, position, event)
        return found

    def _turned_over(self, position: Position, event: Any) -> Violation | None:
        waiting = self.engine.state.campaigns[event.campaign].next
        is_due = waiting is not None and waiting.terms.opens_at <= position.timestamp
        if waiting is None or not is_due or waiting.version != event.version:
            return Violation(NAME, f"version {event.version} of campaign {event.campaign} took over early", position)
        HANDLERS[told.CampaignTurnedOver](self.engine.state, position, event)
        self.waiting.pop(0)
        return None

    def _claimed_or_drawn(self, position: Position, event: Any) -> Violation | None:
        """The same events must come of a claim or of a draw of one member. Of several that explain what comes first, it was the one
        that explains most: who referred can claim, too.
        """
        campaign = self.engine.state.campaigns[event.campaign]
        live = campaign.live
        explained = 0
        for member in _who(event, campaign) if live is not None else ():
            sponsors = len(live.terms.sponsors) if live is not None else 0
            subject = draw_subject(campaign, sponsors, member, self.engine.keccak)
            time = position.timestamp if live is None else claim_time(live, position.timestamp)
            occasions = (Occasion.CLAIM, time, 0), (Occasion.DRAW, position.timestamp, subject)
            for occasion in occasions:
                self.engine.told = [one for _, one in self.waiting]
                trial = Trial(self.engine, "", position)
                ask(trial, campaign, member, *occasion, 0, [])
                count = len(trial.events)
                if count > explained and trial.events == [one for _, one in self.waiting[:count]]:
                    explained = count
        if explained:
            for place, one in self.waiting[:explained]:
                HANDLERS[type(one)](self.engine.state, place, one)
            self.waiting = self.waiting[explained:]
            return None
        return Violation(NAME, f"nothing that happened explains {event}", position)

    def _run(self, position: Position) -> CampaignRun:
        self.engine.told = [event for _, event in self.waiting]
        return CampaignRun(self.engine, "", position)

    def _compared(self, position: Position, run: CampaignRun, what: str) -> Violation | None:
        """What was decided is what was told."""
        said = [event for _, event in self.waiting]
        self.waiting = []
        if run.events == said:
            return None
        at = next((at for at, pair in enumerate(zip(run.events, said, strict=False)) if pair[0] != pair[1]), -1)
        at = min(len(said), len(run.events)) if at < 0 else at
        expected = run.events[at] if at < len(run.events) else "nothing more"
        found = said[at] if at < len(said) else "nothing more"
        return Violation(NAME, f"{what}: the book told {found}; by the terms it is {expected}", position)


def _place(position: Position) -> tuple[int, str]:
    return position.block, position.transaction


def _who(first: Any, campaign: Campaign) -> list[str]:
    """Members of whose claim or draw this may be the first event: the award of who referred is cut before anything else is told."""
    if type(first) is not told.AwardCut:
        return [first.member]
    return [first.member, *(member for member, referrer in campaign.referrers.items() if referrer == first.member)]
