"""The getters of the campaign book, computed from the folded state."""

from __future__ import annotations

from dataclasses import dataclass

from coalition.ledger.campaigns.state import NOBODY, Campaign, CampaignState, Running, Word, flags_of
from coalition.ledger.campaigns.terms import NO_HASH, Keccak

__all__ = ["NO_STANDING", "Standing", "campaign_of", "next_of", "progress_of", "seeds_of"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What `campaignOf` and `nextOf` return, in the contract's order. `rule_terms` are the words that the contract keeps
    elsewhere."""

    rule: str = NOBODY
    opens_at: int = 0
    closes_at: int = 0
    group: int = 0
    flags: int = 0
    budget: int = 0
    paid: int = 0
    member_cap: int = 0
    tier_mask: int = 0
    version: int = 0
    agreed_until: int = 0
    next_from: int = 0
    terms_hash: bytes = NO_HASH
    code_hash: bytes = NO_HASH
    rule_terms: tuple[int, ...] = ()
    segment: bytes = NO_HASH
    attestor: str = NOBODY
    end_notice_seconds: int = 0


NO_STANDING = Standing()


def campaign_of(state: CampaignState, campaign: int) -> Standing:
    """A campaign as it was last written; `NO_STANDING` if it was never started."""
    known = state.campaigns.get(campaign)
    if known is None or known.live is None:
        return NO_STANDING
    next_from = 0 if known.next is None else known.next.terms.opens_at
    return _standing(known.live, known.flags, known.paid, next_from)


def next_of(state: CampaignState, campaign: int) -> Standing:
    """The version that waits; `NO_STANDING` if there is none."""
    known = state.campaigns.get(campaign)
    if known is None or known.next is None:
        return NO_STANDING
    return _standing(known.next, flags_of(known.next.terms), 0, 0)


def progress_of(state: CampaignState, campaign: int, member: str) -> tuple[int, int, int]:
    """A member in a campaign: the rule's progress, points paid less those taken back, and flags."""
    word = state.campaigns.get(campaign, Campaign(campaign)).words.get(member, Word())
    return word.progress, word.paid, word.flags


def seeds_of(state: CampaignState, campaign: int, keccak: Keccak) -> tuple[int, int]:
    """How many sponsors showed their seed, and what the seeds come to."""
    known = state.campaigns.get(campaign, Campaign(campaign))
    return len(known.seeds), known.entropy(keccak)


def _standing(version: Running, flags: int, paid: int, next_from: int) -> Standing:
    terms = version.terms
    return Standing(
        rule=terms.rule,
        opens_at=terms.opens_at,
        closes_at=version.closes_at,
        group=terms.group,
        flags=flags,
        budget=terms.budget_points,
        paid=paid,
        member_cap=terms.member_cap_points,
        tier_mask=terms.tier_mask,
        version=version.version,
        agreed_until=terms.closes_at,
        next_from=next_from,
        terms_hash=version.terms_hash,
        code_hash=version.code_hash,
        rule_terms=terms.rule_terms,
        segment=terms.segment,
        attestor=terms.attestor,
        end_notice_seconds=terms.end_notice_seconds,
    )
