"""How a campaign starts, changes, pauses and ends: `contracts/CampaignLife.sol` in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coalition.ledger.campaign_events import (
    CampaignClosed,
    CampaignEnded,
    CampaignPaused,
    CampaignResumed,
    CampaignStarted,
)
from coalition.ledger.campaigns import calls
from coalition.ledger.campaigns.decide_agreements import agreed, sponsor_for
from coalition.ledger.campaigns.decide_awards import turn_over
from coalition.ledger.campaigns.state import CLAIM_SECONDS, Campaign, Running
from coalition.ledger.campaigns.terms import NEVER_EARLY, Terms, share_up

if TYPE_CHECKING:
    from coalition.ledger.campaigns.engine import CampaignRun

__all__ = ["CAMPAIGNS_MAX", "close", "end", "pause", "require_started", "resume", "start"]

CAMPAIGNS_MAX = 32


def start(run: CampaignRun, call: calls.Start) -> None:
    """Terms that every sponsor approved take effect, at once or when their version opens."""
    terms = call.terms
    terms_hash = agreed(run, call.campaign, call.version, terms)
    campaign = run.state.campaigns[call.campaign]
    live = campaign.at(run.timestamp)
    if live is None:
        _require_early(run, terms, run.timestamp)
        _require_credit(run, terms, 0)
        _require_room(run, terms)
    else:
        _require_next(run, campaign, live, call)
        _require_credit(run, terms, live.terms.budget_points)

    turn_over(run, campaign)
    run.emit(CampaignStarted(call.campaign, call.version, terms_hash, terms.opens_at))


def pause(run: CampaignRun, call: calls.PauseCampaign) -> None:
    """Nothing counts any more, where the terms let a sponsor say so."""
    campaign, live = require_started(run, call.campaign)
    by = sponsor_for(run, call.campaign)
    run.require(live.terms.pausable, "CampaignNotPausable", call.campaign)
    run.require(not campaign.paused, "CampaignPauseUnchanged", call.campaign, True)

    turn_over(run, campaign)
    run.emit(CampaignPaused(call.campaign, by))


def resume(run: CampaignRun, call: calls.ResumeCampaign) -> None:
    """Purchases count again."""
    campaign, _ = require_started(run, call.campaign)
    by = sponsor_for(run, call.campaign)
    run.require(campaign.paused, "CampaignPauseUnchanged", call.campaign, False)

    turn_over(run, campaign)
    run.emit(CampaignResumed(call.campaign, by))


def end(run: CampaignRun, call: calls.EndCampaign) -> None:
    """The campaign ends after the terms' notice."""
    campaign, live = require_started(run, call.campaign)
    by = sponsor_for(run, call.campaign)
    notice = live.terms.end_notice_seconds
    run.require(notice != NEVER_EARLY, "CampaignNeverEndsEarly", call.campaign)
    closes_at = run.timestamp + notice
    run.require(closes_at < live.closes_at, "CampaignOver", call.campaign, live.closes_at)
    _require_nothing_pending(run, campaign, live)

    turn_over(run, campaign)
    run.emit(CampaignEnded(call.campaign, by, closes_at))


def close(run: CampaignRun, call: calls.Close) -> None:
    """The rest of the budget is released."""
    campaign, live = require_started(run, call.campaign)
    run.require(not campaign.closed, "CampaignAlreadyClosed", call.campaign)
    until = live.closes_at + CLAIM_SECONDS
    run.require(until <= run.timestamp, "CampaignNotOver", call.campaign, until)
    _require_nothing_pending(run, campaign, live)

    turn_over(run, campaign)
    run.emit(CampaignClosed(call.campaign, campaign.paid, live.terms.budget_points - campaign.paid))


def require_started(run: CampaignRun, number: int) -> tuple[Campaign, Running]:
    """Return a campaign and the version that counts now."""
    campaign = run.state.campaigns.get(number)
    live = None if campaign is None else campaign.at(run.timestamp)
    if campaign is None or live is None:
        run.require(False, "CampaignNotStarted", number)
        raise AssertionError
    return campaign, live


def _require_next(run: CampaignRun, campaign: Campaign, live: Running, call: calls.Start) -> None:
    terms = call.terms
    run.require(call.version > live.version, "VersionNotNext", campaign.number, call.version)
    _require_nothing_pending(run, campaign, live)
    run.require(terms.opens_at < live.closes_at, "CampaignOver", campaign.number, live.closes_at)
    _require_early(run, terms, run.timestamp + run.engine.coalition.notice_seconds)
    least = live.terms.budget_points
    run.require(terms.budget_points >= least, "BudgetTooSmall", terms.budget_points, least)


def _require_early(run: CampaignRun, terms: Terms, earliest: int) -> None:
    run.require(terms.opens_at >= earliest, "StartTooLate", terms.opens_at, earliest)


def _require_nothing_pending(run: CampaignRun, campaign: Campaign, live: Running) -> None:
    waiting = campaign.next
    if waiting is not None and waiting is not live:
        run.require(False, "VersionPending", campaign.number, waiting.version)


def _require_credit(run: CampaignRun, terms: Terms, before: int) -> None:
    """Every sponsor can answer for its part of the budget."""
    for sponsor in terms.sponsors:
        partner, share = sponsor.partner, sponsor.share_bps
        more = share_up(terms.budget_points, share) - share_up(before, share)
        reserved = run.state.reserved.get(partner, 0) + more
        limit = run.engine.coalition.credit_limit_of(partner)
        run.require(limit == 0 or reserved <= limit, "CreditExceeded", partner, reserved, limit)


def _require_room(run: CampaignRun, terms: Terms) -> None:
    """At every partner there is room, or a campaign whose time is over."""
    for partner in terms.partners:
        open_ = [run.state.campaigns[number] for number in run.state.open_at.get(partner, ())]
        full = len(open_) >= CAMPAIGNS_MAX and not any(
            one.live is not None and one.live.closes_at <= run.timestamp and one.next is None for one in open_
        )
        run.require(not full, "PartnerFull", partner, CAMPAIGNS_MAX)
