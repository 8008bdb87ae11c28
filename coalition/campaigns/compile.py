"""From files to what the chain is given."""

from __future__ import annotations

from coalition.campaigns.document import Campaign
from coalition.campaigns.segment import Keccak, checksum_address
from coalition.ledger.campaigns.terms import Terms

__all__ = ["compile_terms"]

NOBODY = "0x" + 40 * "0"


def compile_terms(campaign: Campaign, rule: str, keccak: Keccak) -> Terms:
    """Return the terms that sponsors approve; `rule` is the address of the kind's contract.

    `document` is the hash of the file's bytes: whoever holds the file can tell that it is the one that was approved.
    """
    return Terms(
        rule=checksum_address(rule, keccak),
        rule_terms=campaign.rule_terms.to_words(),
        sponsors=campaign.sponsors,
        partners=campaign.partners,
        budget_points=campaign.budget_points,
        opens_at=campaign.opens_at,
        closes_at=campaign.closes_at,
        member_cap_points=campaign.member_cap_points,
        tier_mask=campaign.tier_mask,
        segment=campaign.segment.root if campaign.segment else bytes(32),
        group=campaign.group,
        opt_in=campaign.opt_in,
        takes_back_whole=campaign.takes_back_whole,
        draws=campaign.draws,
        pausable=campaign.pausable,
        end_notice_seconds=campaign.end_notice_seconds,
        attestor=checksum_address(campaign.attestor or NOBODY, keccak),
        document=keccak(campaign.content),
    )
