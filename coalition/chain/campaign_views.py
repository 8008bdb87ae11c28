"""What the contracts of campaigns, tiers and badges answer, typed: questions for `views.read` and `views.read_all`."""

from __future__ import annotations

from typing import NamedTuple

from coalition.chain.addresses import from_word
from coalition.chain.deployment import Deployment
from coalition.chain.views import View, contract_view
from coalition.ledger.campaigns.views import Standing
from coalition.ledger.tiers import TierState

__all__ = [
    "Progress",
    "Seeds",
    "approved_until",
    "campaign_count",
    "campaign_of",
    "commitment_of",
    "floor_of",
    "has_badge",
    "has_revealed",
    "is_attested",
    "missing_to_next",
    "next_of",
    "open_at",
    "programme_count",
    "programme_now",
    "progress_of",
    "qualification_of",
    "referrer_of",
    "reserved_points_of",
    "rule_code_hash_of",
    "seeds_of",
    "terms_hash_of",
    "tier_of",
    "tier_state_of",
    "version_count",
]

Words = list[str]


class Progress(NamedTuple):
    """A member in a campaign: the rule's progress, points paid less what was taken back, and flags."""

    progress: int
    paid_points: int
    flags: int


class Seeds(NamedTuple):
    """How far a draw is: sponsors that showed their seed, and what the seeds come to."""

    revealed: int
    entropy: int


# ---- what sponsors agree on


def campaign_count(deployment: Deployment) -> View[int]:
    """Campaigns proposed so far; their numbers are 1 to this."""
    return contract_view(deployment, "CampaignAgreements", "campaignCount", _integer)


def version_count(deployment: Deployment, campaign: int) -> View[int]:
    """Versions proposed of a campaign."""
    return contract_view(deployment, "CampaignAgreements", "versionCount", _integer, campaign)


def terms_hash_of(deployment: Deployment, campaign: int, version: int) -> View[bytes]:
    """Hash of the terms of a version; 32 zero bytes if it was never proposed."""
    return contract_view(deployment, "CampaignAgreements", "termsHashOf", _bytes, campaign, version)


def approved_until(deployment: Deployment, terms_hash: bytes, sponsor: int) -> View[int]:
    """Unix time in seconds until which a sponsor's approval counts; 0 if there is none."""
    return contract_view(deployment, "CampaignAgreements", "approvedUntil", _integer, terms_hash, sponsor)


def commitment_of(deployment: Deployment, campaign: int, sponsor: int) -> View[bytes]:
    """What a sponsor committed to; 32 zero bytes if to nothing."""
    return contract_view(deployment, "CampaignAgreements", "commitmentOf", _bytes, campaign, sponsor)


def rule_code_hash_of(deployment: Deployment, rule: str) -> View[bytes]:
    """Hash of a listed rule's code; 32 zero bytes if it is not listed."""
    return contract_view(deployment, "CampaignAgreements", "ruleCodeHashOf", _bytes, rule)


# ---- campaigns


def campaign_of(deployment: Deployment, campaign: int) -> View[Standing]:
    """A campaign as it was last written; its `rule_terms` are kept elsewhere, and empty here."""
    return contract_view(deployment, "CampaignBook", "campaignOf", _standing, campaign)


def next_of(deployment: Deployment, campaign: int) -> View[Standing]:
    """The version that waits, as `campaign_of`; all zero if there is none."""
    return contract_view(deployment, "CampaignBook", "nextOf", _standing, campaign)


def open_at(deployment: Deployment, partner: int) -> View[list[int]]:
    """Campaigns that may be open at a partner, in the order in which they are asked."""
    return contract_view(deployment, "CampaignBook", "openAt", _integers, partner)


def progress_of(deployment: Deployment, campaign: int, member: str) -> View[Progress]:
    """A member in a campaign."""
    return contract_view(deployment, "CampaignBook", "progressOf", _progress, campaign, member)


def referrer_of(deployment: Deployment, campaign: int, member: str) -> View[str]:
    """Account that referred a member in a campaign; the zero address if none did."""
    return contract_view(deployment, "CampaignBook", "referrerOf", _address, campaign, member)


def is_attested(deployment: Deployment, campaign: int, number: int) -> View[bool]:
    """True if the attestor has used the number."""
    return contract_view(deployment, "CampaignBook", "isAttested", _flag, campaign, number)


def has_revealed(deployment: Deployment, campaign: int, sponsor: int) -> View[bool]:
    """True once a sponsor showed its seed."""
    return contract_view(deployment, "CampaignBook", "hasRevealed", _flag, campaign, sponsor)


def seeds_of(deployment: Deployment, campaign: int) -> View[Seeds]:
    """How far the draw is."""
    return contract_view(deployment, "CampaignBook", "seedsOf", _seeds, campaign)


def reserved_points_of(deployment: Deployment, sponsor: int) -> View[int]:
    """Points that a sponsor's campaigns have reserved."""
    return contract_view(deployment, "CampaignBook", "reservedPointsOf", _integer, sponsor)


# ---- tiers; `member_since` is the Unix time in seconds of the member's enrolment


def tier_of(deployment: Deployment, member: str, member_since: int) -> View[int]:
    """The member's tier now, 0 for the lowest."""
    return contract_view(deployment, "TierBook", "tierOf", _integer, member, member_since)


def missing_to_next(deployment: Deployment, member: str, member_since: int) -> View[int]:
    """What this membership year must still bring for the tier above: 0 at the top, 1 where any purchase is enough."""
    return contract_view(deployment, "TierBook", "missingToNext", _integer, member, member_since)


def qualification_of(deployment: Deployment, member: str, member_since: int) -> View[int]:
    """What this membership year has brought so far, in the programme's unit."""
    return contract_view(deployment, "TierBook", "qualificationOf", _integer, member, member_since)


def floor_of(deployment: Deployment, member: str) -> View[tuple[int, int]]:
    """The member's paid tier and the Unix time in seconds at which it lapses; 0 and 0 if there is none now."""
    return contract_view(deployment, "TierBook", "floorOf", _two, member)


def tier_state_of(deployment: Deployment, member: str) -> View[TierState]:
    """How things stood for a member at the latest purchase."""
    return contract_view(deployment, "TierBook", "stateOf", _tier_state, member)


def programme_now(deployment: Deployment) -> View[int]:
    """Version of the programme of tiers that counts now; 0 for none."""
    return contract_view(deployment, "TierBook", "programmeNow", _integer)


def programme_count(deployment: Deployment) -> View[int]:
    """Programmes announced so far, without those that were replaced."""
    return contract_view(deployment, "TierBook", "programmeCount", _integer)


# ---- badges


def has_badge(deployment: Deployment, member: str, badge: int) -> View[bool]:
    """True if the member has the badge."""
    return contract_view(deployment, "BadgeBook", "hasBadge", _flag, member, badge)


def _integer(words: Words) -> int:
    return int(words[0], 16)


def _flag(words: Words) -> bool:
    return int(words[0], 16) != 0


def _bytes(words: Words) -> bytes:
    return bytes.fromhex(words[0])


def _address(words: Words) -> str:
    return from_word(words[0])


def _two(words: Words) -> tuple[int, int]:
    return int(words[0], 16), int(words[1], 16)


def _integers(words: Words) -> list[int]:
    return [int(word, 16) for word in words[2:]]


def _progress(words: Words) -> Progress:
    return Progress(*(int(word, 16) for word in words[:3]))


def _seeds(words: Words) -> Seeds:
    return Seeds(*_two(words))


def _tier_state(words: Words) -> TierState:
    return TierState.from_word(int(words[0], 16))


def _standing(words: Words) -> Standing:
    """The words of the contract's `Campaign`, whose two inner tuples stand in line."""
    numbers = [int(word, 16) for word in words]
    return Standing(
        rule=from_word(words[0]),
        opens_at=numbers[1],
        closes_at=numbers[2],
        group=numbers[3],
        flags=numbers[4],
        budget=numbers[5],
        paid=numbers[6],
        member_cap=numbers[7],
        tier_mask=numbers[8],
        version=numbers[9],
        agreed_until=numbers[10],
        next_from=numbers[11],
        terms_hash=bytes.fromhex(words[12]),
        code_hash=bytes.fromhex(words[13]),
        segment=bytes.fromhex(words[15]),
        attestor=from_word(words[16]),
        end_notice_seconds=numbers[17],
    )
