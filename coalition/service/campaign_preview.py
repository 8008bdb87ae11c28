"""What each campaign would pay for a purchase: the twin of the contracts, given what the chain says as of one block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from coalition.chain.addresses import ZERO_ADDRESS
from coalition.chain.campaign_reading import Question, ask_all, read_live
from coalition.chain.keccak import keccak
from coalition.ledger.campaign_events import AwardCut, Awarded, BadgeAwarded, CompanionAwarded
from coalition.ledger.campaigns.engine import Engine
from coalition.ledger.campaigns.seams import SimpleCoalition, Surroundings, Unanswered
from coalition.ledger.campaigns.state import MEMBER_REFERRED, Campaign, CampaignState, Running, Word
from coalition.ledger.operations import BPS
from coalition.ledger.rules.rule import Award, Happening, Rule, TakenBack
from coalition.ledger.rules.twins import rule_of
from coalition.ledger.tiers import Programme
from coalition.service.campaign_answers import AwardShown, LeftOut, LeftOutReason
from coalition.service.campaign_book import CampaignReader, kind_of

__all__ = ["PurchaseTrial"]


class _Elsewhere:
    """A rule whose twin is not here: the chain alone knows what it says."""

    kind = contract = ""

    def check(self, terms: Sequence[int]) -> None:
        """Nothing can be said."""
        raise Unanswered

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Nothing can be said."""
        raise Unanswered

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Nothing can be said."""
        raise Unanswered


@dataclass
class _TierOf:
    """The book of tiers, for one member as of one block."""

    tier: int
    programme: Programme
    running: bool
    awarded: int = field(default=0)

    def is_running(self, timestamp: int) -> bool:
        """True if there is a programme."""
        return self.running

    def tier_of(self, member: str, member_since: int, timestamp: int) -> int:
        """The member's tier."""
        return self.tier

    def qualify(
        self, run: Surroundings, member: str, member_since: int, spend_minor: int, points: int
    ) -> tuple[bool, int, int]:
        """What the tier adds."""
        self.awarded = points * (self.programme.tiers[self.tier].multiplier_bps - BPS) // BPS
        return self.running, self.tier, self.awarded

    def disqualify(
        self, run: Surroundings, member: str, member_since: int, time: int, spend_minor: int, points: int
    ) -> None:
        """Nothing is taken back in a preview."""


class PurchaseTrial:
    """The twin of the campaigns at one partner, with one member's progress, as of one block."""

    def __init__(self, reader: CampaignReader, partner: int, member: str, since: int, block: int) -> None:
        self._reader = reader
        self._partner = partner
        self._member = member
        self._since = since
        self._block = block

    def purchase(self, time: int, spend_minor: int, points: int) -> tuple[int, int, list[AwardShown], list[LeftOut]]:
        """Return the member's tier, what it adds, what each campaign pays, and what cannot be shown."""
        state = self._state()
        (running,) = self._ask([("TierBook", "isRunning", ())])[0]
        (tier,) = self._ask([("TierBook", "tierOf", (self._member, self._since))])[0]
        tiers = _TierOf(tier, self._reader.programme(self._block), running)
        deployment = self._reader.deployment
        rules: dict[str, Rule] = {}
        for campaign in state.campaigns.values():
            assert campaign.live is not None
            kind = kind_of(deployment, campaign.live.terms.rule)
            rules[campaign.live.terms.rule] = rule_of(kind, keccak) if kind else _Elsewhere()
        engine = Engine(state, rules, SimpleCoalition(), keccak, deployment.chain_id, tiers=tiers)
        run = engine.run(time)
        engine.earned(run, self._partner, self._member, 0, spend_minor, points, self._since)
        return tier, tiers.awarded if running else 0, self._shown(run.events), self._left_out(state, time)

    def _left_out(self, state: CampaignState, time: int) -> list[LeftOut]:
        """What campaigns that run pay for, beside this purchase."""
        found = []
        for number, campaign in state.campaigns.items():
            live = campaign.live
            if live is None or campaign.paused or not live.terms.opens_at <= time < live.closes_at:
                continue
            kind = kind_of(self._reader.deployment, live.terms.rule)
            reasons = {
                LeftOutReason.ATTESTED: live.terms.attestor != ZERO_ADDRESS,
                LeftOutReason.DRAWN: live.terms.draws,
                LeftOutReason.KIND_UNKNOWN: not kind,
                LeftOutReason.NOT_REFERRED: kind == "referral" and self._member not in campaign.referrers,
            }
            found += [LeftOut(number, self._name(number), reason) for reason, holds in reasons.items() if holds]
        return found

    def _shown(self, events: Sequence[object]) -> list[AwardShown]:
        paid: dict[int, int] = {}
        due: dict[int, int] = {}
        badges: dict[int, int] = {}
        others: dict[int, int] = {}
        for event in events:
            if isinstance(event, Awarded) and event.member == self._member:
                paid[event.campaign] = event.points
            elif isinstance(event, AwardCut) and event.member == self._member:
                due[event.campaign] = event.due_points
            elif isinstance(event, CompanionAwarded):
                others[event.campaign] = event.points
            elif isinstance(event, BadgeAwarded) and self._lacks(event.badge):
                badges[event.campaign] = event.badge
        return [
            AwardShown(
                one,
                self._name(one),
                paid.get(one, 0),
                due.get(one, paid.get(one, 0)),
                badges.get(one, 0),
                others.get(one, 0),
            )
            for one in sorted({*paid, *due, *badges, *others})
        ]

    def _lacks(self, badge: int) -> bool:
        return not self._ask([("BadgeBook", "hasBadge", (self._member, badge))])[0][0]

    def _name(self, campaign: int) -> str:
        return self._reader.name_of(campaign, self._reader.version(campaign).terms)

    def _state(self) -> CampaignState:
        deployment = self._reader.deployment
        state = CampaignState(agreements=deployment.agreements, badge_book=deployment.badge_book)
        numbers = list(self._ask([("CampaignBook", "openAt", (self._partner,))])[0][0])
        lives = read_live(self._reader.rpc, deployment, numbers, self._block)
        words = self._ask([("CampaignBook", "progressOf", (number, self._member)) for number in numbers])
        for number, live, word in zip(numbers, lives, words, strict=True):
            known = self._reader.proposals(number)
            campaign = Campaign(number, proposed=known, paid=live.paid_points, paused=live.is_paused)
            terms = known[live.version - 1].terms
            campaign.live = Running(live.version, terms, live.terms_hash, live.code_hash, live.closes_at)
            campaign.words[self._member] = Word(*word)
            if word[2] & MEMBER_REFERRED:
                self._add_referrer(campaign)
            state.campaigns[number] = campaign
            # a rule whose code is not the one that was listed does not answer
            state.rules[terms.rule] = live.code_hash
        state.open_at[self._partner] = numbers
        return state

    def _add_referrer(self, campaign: Campaign) -> None:
        (referrer,) = self._ask([("CampaignBook", "referrerOf", (campaign.number, self._member))])[0]
        campaign.referrers[self._member] = referrer
        campaign.words[referrer] = Word(*self._ask([("CampaignBook", "progressOf", (campaign.number, referrer))])[0])

    def _ask(self, questions: Sequence[Question]) -> list[tuple[Any, ...]]:
        return ask_all(self._reader.rpc, self._reader.deployment, questions, self._block)
