"""The twin of the campaign contracts that decides: a call in, its events or a named revert out.

Written from the documentation of `ICampaignAgreements`, `ICampaignBook` and `IEarnHook`. It looks at the folded state, and
acts by folding its own events. It needs no chain:

    engine = Engine(CampaignState(agreements=…), rules={address: Stamps()}, coalition=SimpleCoalition(…), keccak=…)
    told = engine.execute(key, calls.Propose(terms), Position(block, 0, timestamp))     # list of events, or a Revert
    paid = engine.earned(engine.run(timestamp), partner, member, receipt, spend_minor, points, member_since)
    back = engine.taken_back(run, partner, member, receipt, spend_minor, points, member_since, paid.words, before, after)

`paid.awarded` are points for the member, `paid.others` for others, `paid.words` what a reversal must bring back. Calls are
the classes of `coalition.ledger.campaigns.calls`. A rule is the twin of its contract; one that is not ours may be any
object with `check`, `apply` and `take_back`, and raises `Unanswered` where its contract would not answer. `hook` fits the
ledger's machine, whose fold must fold these events into the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coalition.ledger.campaigns import (
    calls,
    decide_agreements,
    decide_awards,
    decide_life,
    decide_occasions,
)
from coalition.ledger.campaigns.decide_awards import Payment
from coalition.ledger.campaigns.fold import HANDLERS
from coalition.ledger.campaigns.seams import Coalition, Others, Surroundings, Tiers, Unanswered
from coalition.ledger.campaigns.state import Campaign, CampaignState, Running
from coalition.ledger.campaigns.terms import Keccak, Terms
from coalition.ledger.events import Event, Position
from coalition.ledger.rules.rule import Award, Happening, Rule, TakenBack
from coalition.ledger.run import Revert, Stopped

__all__ = ["CampaignRun", "Engine", "Hook", "Payment", "Unanswered"]

Answer = tuple[int, Award]


@dataclass
class Engine:
    """The twin. `rules` goes by the address of the contract; `operators` may list rules; `tiers` is None where there are none.

    `chain_id` and the state's `agreements` are in the hash of terms.
    """

    state: CampaignState
    rules: Mapping[str, Rule]
    coalition: Coalition
    keccak: Keccak
    chain_id: int = 1
    operators: frozenset[str] = frozenset()
    tiers: Tiers | None = None

    def run(self, timestamp: int, sender: str = "", start: Position | None = None) -> CampaignRun:
        """Begin to decide something at a Unix time in seconds."""
        return CampaignRun(self, sender, start or Position(0, 0, timestamp))

    def execute(self, sender: str, call: calls.Call, start: Position) -> list[Event] | Revert:
        """Decide `call` of `sender` as the contracts do, `start` being where its first event stands.

        The events returned are folded into the state; after a revert the state is as it was.
        """
        run = CampaignRun(self, sender, start)
        try:
            DECISIONS[type(call)](run, call)
        except Stopped as stopped:
            return stopped.revert
        return run.events

    def applied(self, campaign: Campaign, member: str, happening: Happening) -> Answer:
        """Return what the rule makes of something that happened, by the terms that count. Raises `Unanswered`."""
        terms, word = _live(campaign).terms, campaign.words.get(member)
        return self.rules[terms.rule].apply(terms.rule_terms, word.progress if word else 0, happening)

    def undone(self, campaign: Campaign, member: str, happening: Happening, taken: TakenBack, terms: Terms) -> Answer:
        """Return what the rule takes back of a purchase that counted by `terms`. Raises `Unanswered`."""
        word = campaign.words.get(member)
        rule = self.rules[terms.rule]
        return rule.take_back(terms.rule_terms, word.progress if word else 0, happening, taken)

    def is_open_at(self, partner: int, timestamp: int) -> bool:
        """True if a purchase at the partner can mean anything beyond its base points."""
        has_campaigns = bool(self.state.open_at.get(partner))
        return has_campaigns or (self.tiers is not None and self.tiers.is_running(timestamp))

    def earned(
        self,
        run: Surroundings,
        partner: int,
        member: str,
        receipt: int,
        spend_minor: int,
        points: int,
        member_since: int,
    ) -> Payment:
        """A purchase was accepted, with `points` of the base rate."""
        return decide_awards.earned(self, run, partner, member, receipt, spend_minor, points, member_since)

    def taken_back(
        self,
        run: Surroundings,
        partner: int,
        member: str,
        receipt: int,
        spend_minor: int,
        points: int,
        member_since: int,
        words: Sequence[int],
        spend_before: int,
        spend_after: int,
    ) -> Payment:
        """A purchase was taken back, whole or in part; spends are what was left of it before and after, in minor units."""
        purchase = partner, member, receipt, spend_minor, points, member_since
        return decide_awards.taken_back(self, run, *purchase, words, spend_before, spend_after)


@dataclass
class CampaignRun:
    """A call that is being decided: every event is folded at once, so that what follows sees it."""

    engine: Engine
    sender: str
    start: Position
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = self.engine.state
        self.timestamp = self.start.timestamp

    def emit(self, event: Event) -> None:
        """What happens now. The fold looks only at block, transaction and time of a position."""
        HANDLERS[type(event)](self.state, self.start, event)
        self.events.append(event)

    def require(self, condition: bool, name: str, *values: Any) -> None:
        """Stop the whole call with the contract's error unless `condition` holds."""
        if not condition:
            raise Stopped(Revert(name, values))

    def require_operator(self) -> None:
        """Only who may list rules may go on."""
        self.require(self.sender in self.engine.operators, "AccessManagedUnauthorized", self.sender)

    def posting(self) -> int:
        """The partner for which the caller may post now."""
        partner = self.engine.coalition.posting(self.sender, self.timestamp)
        if isinstance(partner, Revert):
            raise Stopped(partner)
        return partner


@dataclass(frozen=True)
class Hook:
    """The engine as the ledger's machine asks it: the twin of `IEarnHook`. A purchase is the ledger's `Purchase`."""

    engine: Engine

    def is_open_at(self, run: Surroundings, partner: int) -> bool:
        """True if a purchase at the partner can mean anything beyond its base points."""
        return self.engine.is_open_at(partner, run.timestamp)

    def earned(self, run: Surroundings, purchase: Any) -> tuple[int, Others]:
        """A purchase was accepted: points awarded to the member, and to others."""
        paid = self.engine.earned(run, *_fields(purchase))
        return paid.awarded, paid.others

    def taken_back(
        self, run: Surroundings, purchase: Any, words: tuple[int, ...], spend_before: int, spend_after: int
    ) -> tuple[int, Others]:
        """A purchase was taken back: points that the member gives back of its awards, and others."""
        back = self.engine.taken_back(run, *_fields(purchase), words, spend_before, spend_after)
        return back.awarded, back.others


def _live(campaign: Campaign) -> Running:
    if campaign.live is None:
        raise KeyError(campaign.number)
    return campaign.live


def _fields(purchase: Any) -> tuple[int, str, int, int, int, int]:
    return (
        purchase.partner,
        purchase.member,
        purchase.receipt,
        purchase.spend_minor,
        purchase.points,
        purchase.member_since,
    )


DECISIONS: dict[type[calls.Call], Callable[[CampaignRun, Any], None]] = {
    calls.Amend: decide_agreements.amend,
    calls.Approve: decide_agreements.approve,
    calls.Attest: decide_occasions.attest,
    calls.Claim: decide_occasions.claim,
    calls.Close: decide_life.close,
    calls.CommitSeed: decide_agreements.commit_seed,
    calls.DelistRule: decide_agreements.delist_rule,
    calls.Draw: decide_occasions.draw,
    calls.EndCampaign: decide_life.end,
    calls.Join: decide_occasions.join,
    calls.ListRule: decide_agreements.list_rule,
    calls.PauseCampaign: decide_life.pause,
    calls.Propose: decide_agreements.propose,
    calls.Refer: decide_occasions.refer,
    calls.ResumeCampaign: decide_life.resume,
    calls.RevealSeed: decide_occasions.reveal_seed,
    calls.Start: decide_life.start,
}
