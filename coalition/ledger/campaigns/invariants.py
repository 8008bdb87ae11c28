"""What must hold of campaigns: one function a name, each returning what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from coalition.ledger.campaigns.replay import Replay, ReplayEngine
from coalition.ledger.campaigns.seams import SimpleCoalition, Tiers
from coalition.ledger.campaigns.state import CampaignState
from coalition.ledger.campaigns.terms import Keccak, hash_of, share_up
from coalition.ledger.events import Event, Position
from coalition.ledger.rules.rule import Rule
from coalition.ledger.violation import Violation

__all__ = ["award_names_approved_terms", "campaign_within_budget", "progress_replays"]


def campaign_within_budget(state: CampaignState) -> list[Violation]:
    """No campaign paid more than its budget, what it paid is what its members have of it, and what sponsors have reserved is
    their part of the budgets of campaigns that are not closed."""
    name, found = "campaign_within_budget", []
    reserved: Counter[int] = Counter()
    for number, campaign in state.campaigns.items():
        budget = 0 if campaign.live is None else campaign.live.terms.budget_points
        if not 0 <= campaign.paid <= budget:
            found.append(Violation(name, f"campaign {number} paid {campaign.paid} points of {budget}"))
        held = sum(word.paid for word in campaign.words.values())
        if held != campaign.paid:
            found.append(Violation(name, f"campaign {number} paid {campaign.paid} points, its members have {held}"))
        for member, word in campaign.words.items():
            if word.paid < 0:
                found.append(Violation(name, f"campaign {number} took back more than {member} had"))
        version = campaign.next or campaign.live
        if version is not None and not campaign.closed:
            for sponsor in version.terms.sponsors:
                reserved[sponsor.partner] += share_up(version.terms.budget_points, sponsor.share_bps)
    for partner in sorted(reserved.keys() | state.reserved.keys()):
        if reserved[partner] != state.reserved.get(partner, 0):
            text = f"partner {partner} has {state.reserved.get(partner, 0)} points reserved, not {reserved[partner]}"
            found.append(Violation(name, text))
    return found


def award_names_approved_terms(state: CampaignState, chain_id: int, keccak: Keccak) -> list[Violation]:
    """Every hash is that of the terms it stands for; campaigns started with the approval of every sponsor, and each award
    named the terms that counted."""
    name = "award_names_approved_terms"
    found = [violation for violation in state.violations if violation.invariant == name]
    for number, campaign in state.campaigns.items():
        for proposed in campaign.proposed:
            own = hash_of(chain_id, state.agreements, number, proposed.version, proposed.terms, keccak)
            if own != proposed.terms_hash:
                text = f"version {proposed.version} of campaign {number} has the hash of other terms"
                found.append(Violation(name, text))
    return found


def progress_replays(
    events: Iterable[tuple[Position, Event]],
    rules: Mapping[str, Rule],
    keccak: Keccak,
    tiers: Tiers | None = None,
    is_hooked: bool = False,
) -> list[Violation]:
    """Every progress and award follows from the events and the approved terms: return the first that does not.

    `rules` are the twins by address. `events` are those of the ledger and of campaigns, in the order of the chain; where
    they do not tell that the ledger has its campaign book, `is_hooked` does.
    """
    coalition = SimpleCoalition()
    engine = ReplayEngine(CampaignState(), rules, coalition, keccak, tiers=tiers)
    found = Replay(engine, coalition, is_hooked).take_all(events)
    return [] if found is None else [found]
