"""How terms are put to the sponsors, and agreed: `ICampaignAgreements` in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coalition.ledger.campaign_events import (
    CampaignProposed,
    RuleDelisted,
    RuleListed,
    SeedCommitted,
    TermsApproved,
)
from coalition.ledger.campaigns import calls
from coalition.ledger.campaigns.state import Campaign
from coalition.ledger.campaigns.terms import BPS, NO_HASH, Sponsor, Terms, fixed_part, hash_of
from coalition.ledger.rules.rule import TermCountInvalid, TermInvalid

if TYPE_CHECKING:
    from coalition.ledger.campaigns.engine import CampaignRun

__all__ = [
    "BUDGET_MAX",
    "CAMPAIGN_PARTNERS_MAX",
    "RULE_TERMS_MAX",
    "VERSIONS_MAX",
    "agreed",
    "amend",
    "approve",
    "commit_seed",
    "delist_rule",
    "list_rule",
    "propose",
    "sponsor_for",
]

BUDGET_MAX = (1 << 40) - 1
CAMPAIGN_PARTNERS_MAX = 64
RULE_TERMS_MAX = 128
VERSIONS_MAX = (1 << 16) - 1


def list_rule(run: CampaignRun, call: calls.ListRule) -> None:
    """A kind may be used from now on."""
    run.require_operator()
    run.require(call.code_hash != b"", "RuleWithoutCode", call.rule)

    run.emit(RuleListed(call.rule, call.code_hash))


def delist_rule(run: CampaignRun, call: calls.DelistRule) -> None:
    """A kind may not be used any more."""
    run.require_operator()
    run.require(call.rule in run.state.rules, "RuleNotListed", call.rule)

    run.emit(RuleDelisted(call.rule))


def propose(run: CampaignRun, call: calls.Propose) -> None:
    """A campaign, with the first version of its terms."""
    _check_sponsors(run, call.terms.sponsors)

    _propose(run, len(run.state.campaigns) + 1, 1, call.terms)


def amend(run: CampaignRun, call: calls.Amend) -> None:
    """A further version; what sponsors rely on stays."""
    known = run.state.campaigns.get(call.campaign)
    if known is None:
        return run.require(False, "CampaignUnknown", call.campaign)
    same = fixed_part(known.proposed[0].terms) == fixed_part(call.terms)
    run.require(same, "TermsFixed", call.campaign)

    return _propose(run, call.campaign, len(known.proposed) + 1, call.terms)


def approve(run: CampaignRun, call: calls.Approve) -> None:
    """A sponsor agrees to exactly these terms."""
    require_proposed(run, call.campaign, call.version, call.terms_hash)
    partner = sponsor_for(run, call.campaign)
    run.require(call.until >= run.timestamp, "ApprovalTooShort", call.until)

    run.emit(TermsApproved(call.campaign, call.terms_hash, partner, call.until))


def commit_seed(run: CampaignRun, call: calls.CommitSeed) -> None:
    """A sponsor fixes its part of the draw, without showing it."""
    partner = sponsor_for(run, call.campaign)
    run.require(call.commitment != NO_HASH, "SeedZero", call.campaign, partner)
    known = run.state.campaigns[call.campaign].commitments
    run.require(partner not in known, "SeedCommittedAlready", call.campaign, partner)

    run.emit(SeedCommitted(call.campaign, partner, call.commitment))


def agreed(run: CampaignRun, campaign: int, version: int, terms: Terms) -> bytes:
    """Return the hash of terms that every sponsor approved, and still stands by."""
    terms_hash = hash_of(run.engine.chain_id, run.state.agreements, campaign, version, terms, run.engine.keccak)
    known = require_proposed(run, campaign, version, terms_hash)
    run.require(terms.rule in run.state.rules, "RuleNotListed", terms.rule)
    for sponsor in known.proposed[0].terms.sponsors:
        partner = sponsor.partner
        until = run.state.approvals.get((terms_hash, partner), 0)
        run.require(until != 0, "ApprovalMissing", partner)
        run.require(until >= run.timestamp, "ApprovalExpired", partner, until)
        run.require(not terms.draws or partner in known.commitments, "SeedMissing", campaign, partner)
    return terms_hash


def sponsor_for(run: CampaignRun, campaign: int) -> int:
    """Return the sponsor for which the caller may sign now."""
    partner = run.posting()
    known = run.state.campaigns.get(campaign)
    sponsors = () if known is None else known.proposed[0].terms.sponsors
    return _require_sponsor(run, campaign, partner, sponsors)


def require_proposed(run: CampaignRun, campaign: int, version: int, terms_hash: bytes) -> Campaign:
    """Return the campaign, of which a version has this hash."""
    known = run.state.campaigns.get(campaign)
    proposed = [] if known is None else [one.terms_hash for one in known.proposed[version - 1 : version] if version]
    if known is None or proposed != [terms_hash]:
        run.require(False, "TermsUnknown", campaign, version, terms_hash)
        raise AssertionError
    return known


def _propose(run: CampaignRun, campaign: int, version: int, terms: Terms) -> None:
    _check(run, terms)
    by = _require_sponsor(run, campaign, run.posting(), terms.sponsors)
    run.require(version <= VERSIONS_MAX, "VersionsTooMany", campaign, VERSIONS_MAX)
    _check_rule_terms(run, terms)

    terms_hash = hash_of(run.engine.chain_id, run.state.agreements, campaign, version, terms, run.engine.keccak)
    run.emit(CampaignProposed(campaign, version, terms_hash, by, terms))


def _require_sponsor(run: CampaignRun, campaign: int, partner: int, sponsors: Sequence[Sponsor]) -> int:
    run.require(bool(sponsors), "CampaignUnknown", campaign)
    run.require(any(one.partner == partner for one in sponsors), "NotSponsor", campaign, partner)
    return partner


def _check(run: CampaignRun, terms: Terms) -> None:
    run.require(terms.rule in run.state.rules, "RuleNotListed", terms.rule)
    words = len(terms.rule_terms)
    run.require(words <= RULE_TERMS_MAX, "RuleTermsTooMany", words, RULE_TERMS_MAX)
    _check_partners(run, terms.partners)
    run.require(terms.opens_at < terms.closes_at, "WindowInvalid", terms.opens_at, terms.closes_at)
    run.require(terms.opens_at >= run.timestamp, "WindowTooSoon", terms.opens_at, run.timestamp)
    budget = terms.budget_points
    run.require(0 < budget <= BUDGET_MAX, "BudgetInvalid", budget, 1, BUDGET_MAX)
    run.require(terms.tier_mask != 0, "TiersNone")


def _check_sponsors(run: CampaignRun, sponsors: Sequence[Sponsor]) -> None:
    run.require(0 < len(sponsors) <= CAMPAIGN_PARTNERS_MAX, "SponsorsInvalid", len(sponsors))
    last = 0
    for sponsor in sponsors:
        run.require(sponsor.partner > last, "SponsorsNotRising", sponsor.partner)
        last = sponsor.partner
    shares_bps = sum(sponsor.share_bps for sponsor in sponsors)
    run.require(shares_bps == BPS, "SharesInvalid", shares_bps)
    run.require(last <= run.engine.coalition.partner_count, "PartnerNotKnown", last)


def _check_partners(run: CampaignRun, partners: Sequence[int]) -> None:
    run.require(0 < len(partners) <= CAMPAIGN_PARTNERS_MAX, "PartnersInvalid", len(partners))
    last = 0
    for partner in partners:
        run.require(partner > last, "PartnersNotRising", partner)
        last = partner
    run.require(last <= run.engine.coalition.partner_count, "PartnerNotKnown", last)


def _check_rule_terms(run: CampaignRun, terms: Terms) -> None:
    try:
        run.engine.rules[terms.rule].check(terms.rule_terms)
    except TermInvalid as error:
        run.require(False, "TermInvalid", error.index, error.value)
    except TermCountInvalid as error:
        run.require(False, "TermCountInvalid", error.count, error.wanted)
