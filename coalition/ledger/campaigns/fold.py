"""The fold of the campaigns' events: events in, state out. Nothing else is read.

`HANDLERS` has one function an event; `apply` calls it. What a purchase counted for collects in
`CampaignState.pending_awards`, until whoever folds the ledger's `Earned` takes it with `take_awards`; whoever folds `Reversed`
does the same, because progress that is taken back looks the same. Events in another transaction begin anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from coalition.ledger import campaign_events as told
from coalition.ledger.campaigns.award_words import award_word
from coalition.ledger.campaigns.state import (
    MEMBER_JOINED,
    MEMBER_REFERRED,
    Campaign,
    CampaignState,
    Proposed,
    Running,
)
from coalition.ledger.campaigns.terms import Terms, share_up
from coalition.ledger.events import Event, Position
from coalition.ledger.violation import Violation

__all__ = ["HANDLERS", "apply", "apply_all"]


def apply(state: CampaignState, position: Position, event: Event) -> None:
    """Fold one event of the two contracts into `state`. Events come in the order of the chain.

    Raises:
        KeyError: the event names a campaign, version or rule that no earlier event told of, or is no event of campaigns.
    """
    HANDLERS[type(event)](state, position, event)


def apply_all(state: CampaignState, events: Iterable[tuple[Position, Event]]) -> CampaignState:
    """Fold those of `events` that are of campaigns into `state`, and return it."""
    for position, event in events:
        handler = HANDLERS.get(type(event))
        if handler is not None:
            handler(state, position, event)
    return state


def _agreements_opened(state: CampaignState, position: Position, event: told.CampaignAgreementsOpened) -> None:
    state.registry = event.registry


def _book_opened(state: CampaignState, position: Position, event: told.CampaignBookOpened) -> None:
    state.ledger = event.ledger
    state.agreements = event.agreements
    state.tiers = event.tiers
    state.badge_book = event.badges


def _rule_listed(state: CampaignState, position: Position, event: told.RuleListed) -> None:
    state.rules[event.rule] = event.code_hash


def _rule_delisted(state: CampaignState, position: Position, event: told.RuleDelisted) -> None:
    del state.rules[event.rule]


def _proposed(state: CampaignState, position: Position, event: told.CampaignProposed) -> None:
    if event.version == 1:
        state.campaigns[event.campaign] = Campaign(event.campaign)
    versions = state.campaigns[event.campaign].proposed
    versions.append(Proposed(event.version, event.terms, event.terms_hash, event.by))


def _approved(state: CampaignState, position: Position, event: told.TermsApproved) -> None:
    state.approvals[event.terms_hash, event.partner] = event.approved_until


def _seed_committed(state: CampaignState, position: Position, event: told.SeedCommitted) -> None:
    state.campaigns[event.campaign].commitments[event.partner] = event.commitment


def _started(state: CampaignState, position: Position, event: told.CampaignStarted) -> None:
    campaign = state.campaigns[event.campaign]
    terms = campaign.proposed[event.version - 1].terms
    code_hash = state.rules[terms.rule]
    _check_started(state, position, campaign, event)
    version = Running(event.version, terms, event.terms_hash, code_hash, terms.closes_at)
    if campaign.live is None:
        _reserve(state, terms, terms.budget_points, 0)
        for partner in terms.partners:
            _open(state, partner, event.campaign, position.timestamp)
        campaign.live = version
    else:
        _reserve(state, terms, terms.budget_points, campaign.live.terms.budget_points)
        campaign.next = version


def _check_started(state: CampaignState, position: Position, campaign: Campaign, event: told.CampaignStarted) -> None:
    """Every sponsor approved exactly these terms, and still stood by it."""
    if event.terms_hash != campaign.proposed[event.version - 1].terms_hash:
        _violated(state, position, f"campaign {event.campaign} started with terms that are not those of its version")
    for sponsor in campaign.proposed[0].terms.sponsors:
        if state.approvals.get((event.terms_hash, sponsor.partner), 0) < position.timestamp:
            text = f"campaign {event.campaign} started version {event.version} without partner {sponsor.partner}"
            _violated(state, position, text)


def _check_named(state: CampaignState, position: Position, campaign: Campaign, terms_hash: bytes) -> None:
    if campaign.live is None or campaign.live.terms_hash != terms_hash:
        text = f"campaign {campaign.number} paid by terms that did not count: {terms_hash.hex()}"
        _violated(state, position, text)


def _violated(state: CampaignState, position: Position, sentence: str) -> None:
    state.violations.append(Violation("award_names_approved_terms", sentence, position))


def _reserve(state: CampaignState, terms: Terms, budget: int, before: int) -> None:
    for sponsor in terms.sponsors:
        more = share_up(budget, sponsor.share_bps) - share_up(before, sponsor.share_bps)
        state.reserved[sponsor.partner] = state.reserved.get(sponsor.partner, 0) + more


def _open(state: CampaignState, partner: int, campaign: int, timestamp: int) -> None:
    """A campaign whose time is over gives its place to another."""
    open_ = state.open_at.setdefault(partner, [])
    for place, number in enumerate(open_):
        other = state.campaigns[number]
        if other.live is not None and other.live.closes_at <= timestamp and other.next is None:
            open_[place] = campaign
            return
    open_.append(campaign)


def _turned_over(state: CampaignState, position: Position, event: told.CampaignTurnedOver) -> None:
    campaign = state.campaigns[event.campaign]
    campaign.live, campaign.next = campaign.next, None


def _paused(state: CampaignState, position: Position, event: told.CampaignPaused) -> None:
    state.campaigns[event.campaign].paused = True


def _resumed(state: CampaignState, position: Position, event: told.CampaignResumed) -> None:
    state.campaigns[event.campaign].paused = False


def _ended(state: CampaignState, position: Position, event: told.CampaignEnded) -> None:
    live = state.campaigns[event.campaign].live
    if live is None:
        raise KeyError(event.campaign)
    live.closes_at = event.closes_at


def _closed(state: CampaignState, position: Position, event: told.CampaignClosed) -> None:
    campaign = state.campaigns[event.campaign]
    if campaign.live is None:
        raise KeyError(event.campaign)
    terms = campaign.live.terms
    campaign.closed = True
    _reserve(state, terms, 0, terms.budget_points)
    for partner in terms.partners:
        open_ = state.open_at[partner]
        if event.campaign in open_:
            place = open_.index(event.campaign)
            open_[place] = open_[-1]
            open_.pop()


def _joined(state: CampaignState, position: Position, event: told.MemberJoined) -> None:
    state.campaigns[event.campaign].word(event.member).flags |= MEMBER_JOINED


def _referred(state: CampaignState, position: Position, event: told.MemberReferred) -> None:
    campaign = state.campaigns[event.campaign]
    campaign.word(event.member).flags |= MEMBER_REFERRED
    campaign.referrers[event.member] = event.referrer


def _progressed(state: CampaignState, position: Position, event: told.Progressed) -> None:
    campaign = state.campaigns[event.campaign]
    campaign.word(event.member).progress = event.progress
    _collect(state, position, campaign, event)


def _awarded(state: CampaignState, position: Position, event: told.Awarded) -> None:
    campaign = state.campaigns[event.campaign]
    word = campaign.word(event.member)
    word.progress = event.progress
    word.paid += event.points
    campaign.paid += event.points
    _check_named(state, position, campaign, event.terms_hash)
    _collect(state, position, campaign, event)


def _companion_awarded(state: CampaignState, position: Position, event: told.CompanionAwarded) -> None:
    campaign = state.campaigns[event.campaign]
    campaign.word(event.companion).paid += event.points
    campaign.paid += event.points
    _check_named(state, position, campaign, event.terms_hash)
    _collect(state, position, campaign, event)


def _badge_awarded(state: CampaignState, position: Position, event: told.BadgeAwarded) -> None:
    state.badges.add((event.member, event.badge))
    state.campaigns[event.campaign].gave.add((event.member, event.badge))
    _collect(state, position, state.campaigns[event.campaign], event)


def _award_cut(state: CampaignState, position: Position, event: told.AwardCut) -> None:
    _collect(state, position, state.campaigns[event.campaign], event)


def _collect(state: CampaignState, position: Position, campaign: Campaign, event: Any) -> None:
    """Events of one campaign and purchase follow each other, and lead to one word."""
    pending, place = state.pending_awards, (position.block, position.transaction)
    if place != state.pending_in:
        pending.clear()
        state.pending_in = place
    version = 0 if campaign.live is None else campaign.live.version
    if pending and pending[-1] & 0xFFFFFFFF == event.campaign:
        pending[-1] = award_word(event, version, position.timestamp, pending[-1])
    else:
        pending.append(award_word(event, version, position.timestamp))


def _taken_back(state: CampaignState, position: Position, event: told.AwardTakenBack) -> None:
    campaign = state.campaigns[event.campaign]
    word = campaign.word(event.member)
    word.progress = event.progress
    word.paid -= event.points
    campaign.paid -= event.points
    if all(event.terms_hash != one.terms_hash for one in campaign.proposed):
        _violated(state, position, f"campaign {event.campaign} took back by terms that it never had")


def _companion_taken_back(state: CampaignState, position: Position, event: told.CompanionTakenBack) -> None:
    campaign = state.campaigns[event.campaign]
    campaign.word(event.companion).paid -= event.points
    campaign.paid -= event.points


def _badge_taken_back(state: CampaignState, position: Position, event: told.BadgeTakenBack) -> None:
    state.badges.discard((event.member, event.badge))
    state.campaigns[event.campaign].gave.discard((event.member, event.badge))


def _attested(state: CampaignState, position: Position, event: told.Attested) -> None:
    state.campaigns[event.campaign].attested.add(event.id)


def _seed_revealed(state: CampaignState, position: Position, event: told.SeedRevealed) -> None:
    state.campaigns[event.campaign].seeds[event.partner] = event.seed


def _tells_no_change(state: CampaignState, position: Position, event: Event) -> None:
    """Nothing: the event says why something did not happen."""


HANDLERS: dict[type[Event], Callable[[CampaignState, Position, Any], None]] = {
    told.Attested: _attested,
    told.AwardCut: _award_cut,
    told.AwardOutdone: _tells_no_change,
    told.AwardTakenBack: _taken_back,
    told.Awarded: _awarded,
    told.BadgeAwarded: _badge_awarded,
    told.BadgeTakenBack: _badge_taken_back,
    told.CampaignAgreementsOpened: _agreements_opened,
    told.CampaignBookOpened: _book_opened,
    told.CampaignClosed: _closed,
    told.CampaignEnded: _ended,
    told.CampaignPaused: _paused,
    told.CampaignProposed: _proposed,
    told.CampaignResumed: _resumed,
    told.CampaignStarted: _started,
    told.CampaignTurnedOver: _turned_over,
    told.CompanionAwarded: _companion_awarded,
    told.CompanionTakenBack: _companion_taken_back,
    told.MemberJoined: _joined,
    told.MemberReferred: _referred,
    told.OccasionRefused: _tells_no_change,
    told.Progressed: _progressed,
    told.RuleDelisted: _rule_delisted,
    told.RuleFailed: _tells_no_change,
    told.RuleListed: _rule_listed,
    told.SeedCommitted: _seed_committed,
    told.SeedRevealed: _seed_revealed,
    told.TermsApproved: _approved,
}
