"""Every getter of the campaign contracts against the fold."""

from __future__ import annotations

from collections.abc import Iterable

from coalition.ledger.campaigns.state import NOBODY, REVEAL_SECONDS
from coalition.ledger.campaigns.terms import NO_HASH
from coalition.ledger.campaigns.views import Standing, campaign_of, next_of, progress_of, seeds_of
from tests.fuzz.campaign_world import PARTNERS, World
from tests.fuzz.encoding import keccak, words

BADGES = (5, 6, 7)
__all__ = ["REVEAL_SECONDS", "compare_all", "compare_campaign", "compare_member", "compare_partner"]


def compare_campaign(world: World, campaign: int) -> int:
    """What is known of one campaign; returns how many getters were asked."""
    state = world.state
    known = state.campaigns.get(campaign)
    _same(world, "CampaignBook", "campaignOf", _words(campaign_of(state, campaign)), campaign)
    _same(world, "CampaignBook", "nextOf", _words(next_of(state, campaign)), campaign)
    _same(world, "CampaignBook", "seedsOf", words(*seeds_of(state, campaign, keccak)), campaign)
    proposed = [] if known is None else known.proposed
    _same(world, "CampaignAgreements", "versionCount", words(len(proposed)), campaign)
    sponsors = proposed[0].terms.sponsors if proposed else ()
    pairs = [value for one in sponsors for value in (one.partner, one.share_bps)]
    _same(world, "CampaignAgreements", "sponsorsOf", words(32, len(sponsors), *pairs), campaign)
    for version in (*range(1, len(proposed) + 1)[-2:], len(proposed) + 1):
        terms_hash = proposed[version - 1].terms_hash if version <= len(proposed) else NO_HASH
        _same(world, "CampaignAgreements", "termsHashOf", words(terms_hash), campaign, version)
        for one in sponsors if proposed else ():
            until = state.approvals.get((terms_hash, one.partner), 0)
            _same(world, "CampaignAgreements", "approvedUntil", words(until), terms_hash, one.partner)
    for one in sponsors:
        commitment = known.commitments.get(one.partner, NO_HASH) if known else NO_HASH
        _same(world, "CampaignAgreements", "commitmentOf", words(commitment), campaign, one.partner)
        is_revealed = known is not None and one.partner in known.seeds
        _same(world, "CampaignBook", "hasRevealed", words(is_revealed), campaign, one.partner)
    return 5 + 4 * len(sponsors)


def compare_member(world: World, campaign: int, member: str) -> int:
    """What is known of a member in a campaign."""
    state = world.state
    _same(world, "CampaignBook", "progressOf", words(*progress_of(state, campaign, member)), campaign, member)
    known = state.campaigns.get(campaign)
    referrer = known.referrers.get(member, NOBODY) if known else NOBODY
    _same(world, "CampaignBook", "referrerOf", words(referrer), campaign, member)
    return 2


def compare_badges(world: World, member: str) -> int:
    """Badges of a member."""
    if world.badge_book == NOBODY:
        return 0
    for badge in BADGES:
        _same(world, "BadgeBook", "hasBadge", words((member, badge) in world.state.badges), member, badge)
    return len(BADGES)


def compare_partner(world: World, partner: int) -> int:
    """What is open at a partner, and reserved by it."""
    state = world.state
    open_ = state.open_at.get(partner, [])
    _same(world, "CampaignBook", "openAt", words(32, len(open_), *open_), partner)
    _same(world, "CampaignBook", "reservedPointsOf", words(state.reserved.get(partner, 0)), partner)
    _same(world, "CampaignBook", "briefingFor", words(_briefing(world, open_)), partner)
    return 3


def _briefing(world: World, open_: list[int]) -> int:
    """The first word of the list of what is open: their number, and seven of them; and whether tiers run."""
    first = sum(campaign << 32 * (place + 1) for place, campaign in enumerate(open_[:7]))
    tiers_run = world.engine.tiers is not None and world.engine.tiers.is_running(world.timestamp)
    return len(open_) | first | tiers_run << 31


def compare_all(world: World, members: Iterable[str]) -> int:
    """Everything."""
    state, asked = world.state, 1
    _same(world, "CampaignAgreements", "campaignCount", words(len(state.campaigns)))
    for rule in world.engine.rules:
        _same(world, "CampaignAgreements", "ruleCodeHashOf", words(state.rules.get(rule, NO_HASH)), rule)
        asked += 1
    for partner in range(PARTNERS + 2):
        asked += compare_partner(world, partner)
    for campaign in range(len(state.campaigns) + 2):
        asked += compare_campaign(world, campaign)
        known = state.campaigns.get(campaign)
        for id_ in (*(list(known.attested)[:20] if known else ()), 1 << 255):
            is_attested = known is not None and id_ in known.attested
            _same(world, "CampaignBook", "isAttested", words(is_attested), campaign, id_)
            asked += 1
        asked += sum(compare_member(world, campaign, member) for member in members)
    return asked + sum(compare_badges(world, member) for member in members)


def _same(world: World, contract: str, name: str, twin: bytes, *arguments: int | str | bytes) -> None:
    answer = world.read(contract, name, *arguments)
    if name in ("campaignOf", "nextOf"):
        # where the rule's terms are is the contract's own affair, how many they are is not
        place = int.from_bytes(answer[14 * 32 : 15 * 32]) >> 160
        answer = answer[: 14 * 32] + place.to_bytes(32) + answer[15 * 32 :]
    world.same(f"{name}{arguments}", answer, twin)


def _words(standing: Standing) -> bytes:
    return words(
        standing.rule,
        standing.opens_at,
        standing.closes_at,
        standing.group,
        standing.flags,
        standing.budget,
        standing.paid,
        standing.member_cap,
        standing.tier_mask,
        standing.version,
        standing.agreed_until,
        standing.next_from,
        standing.terms_hash,
        standing.code_hash,
        len(standing.rule_terms),
        standing.segment,
        standing.attestor,
        standing.end_notice_seconds,
    )
