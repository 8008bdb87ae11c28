"""What the contracts of campaigns, tiers and badges tell, beside the fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from coalition.audit.check import Check
from coalition.chain import campaign_views as chain
from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.views import View
from coalition.ledger.campaigns import views as fold
from coalition.ledger.campaigns.state import NOBODY, Campaign
from coalition.ledger.campaigns.terms import NO_HASH
from coalition.ledger.state import State
from coalition.ledger.tiers import TierState

__all__ = ["campaign_checks"]

Expected = Callable[[State, int], Any]


def campaign_checks(deployment: Deployment, state: State) -> Iterator[Check]:
    """Yield everything that the fold knows of campaigns, tiers and badges, and a view tells."""
    yield from _of_agreements(deployment, state)
    for number, campaign in state.campaigns.campaigns.items():
        yield from _of_campaign(deployment, number, campaign)
    for partner in state.partners:
        reserved, open_ = chain.reserved_points_of(deployment, partner), chain.open_at(deployment, partner)
        yield _check("reserved points", f"points reserved by partner {partner}", reserved, partial(_reserved, partner))
        yield _check("open campaigns", f"campaigns open at partner {partner}", open_, partial(_open, partner))
    yield _check("settings", "number of programmes of tiers", chain.programme_count(deployment), _programmes)
    for member in state.tiers.states:
        view = chain.tier_state_of(deployment, member)
        yield _check("tiers", f"tier of {member}", view, partial(_tier, member), member)
    for member, badge in state.campaigns.badges:
        view_ = chain.has_badge(deployment, member, badge)
        yield _check("badges", f"badge {badge} of {member}", view_, partial(_badge, member, badge), member)


def _of_agreements(deployment: Deployment, state: State) -> Iterator[Check]:
    yield _check("settings", "number of campaigns", chain.campaign_count(deployment), _campaign_count)
    for rule in sorted({*state.campaigns.rules, *deployment.rules.values()}):
        view = chain.rule_code_hash_of(deployment, rule)
        yield _check("rules", f"rule {rule}", view, partial(_rule, rule))
    for terms_hash, partner in state.campaigns.approvals:
        until = chain.approved_until(deployment, terms_hash, partner)
        what = f"approval of 0x{terms_hash.hex()} by partner {partner}"
        yield _check("approvals", what, until, partial(_approval, (terms_hash, partner)))


def _of_campaign(deployment: Deployment, number: int, campaign: Campaign) -> Iterator[Check]:
    what = f"campaign {number}"
    yield _check("campaigns", what, chain.campaign_of(deployment, number), partial(_standing, fold.campaign_of, number))
    waiting = chain.next_of(deployment, number)
    yield _check("campaigns", f"next version of {what}", waiting, partial(_standing, fold.next_of, number))
    versions = chain.version_count(deployment, number)
    yield _check("campaigns", f"versions of {what}", versions, partial(_version_count, number))
    yield _check("campaigns", f"seeds of {what}", chain.seeds_of(deployment, number), partial(_seeds, number))
    for proposed in campaign.proposed:
        version = proposed.version
        hash_ = chain.terms_hash_of(deployment, number, version)
        yield _check("terms", f"terms of version {version} of {what}", hash_, partial(_terms_hash, number, version))
    for member in campaign.words:
        progress = chain.progress_of(deployment, number, member)
        yield _check(
            "progress", f"progress of {member} in {what}", progress, partial(_progress, number, member), member
        )
    for member in campaign.referrers:
        referrer = chain.referrer_of(deployment, number, member)
        yield _check(
            "referrers", f"referrer of {member} in {what}", referrer, partial(_referrer, number, member), member
        )
    for id_ in campaign.attested:
        attested = chain.is_attested(deployment, number, id_)
        yield _check("attestations", f"attestation {id_} of {what}", attested, partial(_attested, number, id_))


def _check(kind: str, what: str, view: View[Any], expected: Expected, account: str | None = None) -> Check:
    return Check(kind, what, view, expected, account)


def _campaign_count(state: State, time: int) -> int:
    return len(state.campaigns.campaigns)


def _programmes(state: State, time: int) -> int:
    return len(state.tiers.schedule)


def _rule(rule: str, state: State, time: int) -> bytes:
    return state.campaigns.rules.get(rule, NO_HASH)


def _approval(place: tuple[bytes, int], state: State, time: int) -> int:
    return state.campaigns.approvals.get(place, 0)


def _standing(look: Callable[..., fold.Standing], number: int, state: State, time: int) -> fold.Standing:
    return replace(look(state.campaigns, number), rule_terms=())  # the contract keeps them elsewhere


def _version_count(number: int, state: State, time: int) -> int:
    known = state.campaigns.campaigns.get(number)
    return 0 if known is None else len(known.proposed)


def _terms_hash(number: int, version: int, state: State, time: int) -> bytes:
    known = state.campaigns.campaigns.get(number)
    return NO_HASH if known is None or len(known.proposed) < version else known.proposed[version - 1].terms_hash


def _seeds(number: int, state: State, time: int) -> tuple[int, int]:
    return fold.seeds_of(state.campaigns, number, keccak)


def _progress(number: int, member: str, state: State, time: int) -> tuple[int, int, int]:
    return fold.progress_of(state.campaigns, number, member)


def _referrer(number: int, member: str, state: State, time: int) -> str:
    known = state.campaigns.campaigns.get(number)
    return NOBODY if known is None else known.referrers.get(member, NOBODY)


def _attested(number: int, id_: int, state: State, time: int) -> bool:
    known = state.campaigns.campaigns.get(number)
    return known is not None and id_ in known.attested


def _reserved(partner: int, state: State, time: int) -> int:
    return state.campaigns.reserved.get(partner, 0)


def _open(partner: int, state: State, time: int) -> list[int]:
    return state.campaigns.open_at.get(partner, [])


def _tier(member: str, state: State, time: int) -> TierState:
    return state.tiers.state_of(member)


def _badge(member: str, badge: int, state: State, time: int) -> bool:
    return (member, badge) in state.campaigns.badges
