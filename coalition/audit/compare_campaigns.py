"""What the read model says of campaigns, badges and tiers, beside the fold's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coalition.audit.reader import ReadModelSnapshot
from coalition.ledger.campaigns.state import Campaign
from coalition.ledger.state import State

__all__ = ["compared_campaigns"]

NOTHING = (0, 0, 0)
Pair = tuple[str, str, Mapping[Any, Any], Mapping[Any, Any]]


def compared_campaigns(state: State, read_model: ReadModelSnapshot) -> list[Pair]:
    """Return pairs to compare: their kind, a sentence for a difference, the fold's side and the read model's."""
    campaigns = {number: _campaign(one, read_model.timestamp) for number, one in state.campaigns.campaigns.items()}
    told_campaigns = {
        row.campaign: (row.version, row.terms_hash.hex(), row.terms, row.closes_at, row.paid_points)
        for row in read_model.campaigns()
    }
    told_standings = {
        (row.campaign, row.member): (row.progress, row.paid_points, row.flags, row.referrer)
        for row in read_model.progress()
        if (row.progress, row.paid_points, row.flags) != NOTHING
    }
    badges = dict.fromkeys(state.campaigns.badges, True)
    told_badges = {(row.member, row.badge): True for row in read_model.badges()}
    return [
        ("campaigns", "campaign {} in the read model", campaigns, told_campaigns),
        ("progress", "standing of {} in the read model", _standings(state), told_standings),
        ("badges", "badge of {} in the read model", badges, told_badges),
        ("tiers", "tier of {} in the read model", state.tiers.states, read_model.tiers()),
    ]


def _campaign(campaign: Campaign, timestamp: int) -> tuple[Any, ...]:
    """The version that counts, or was proposed last."""
    counting = campaign.at(timestamp)
    if counting is None:
        last = campaign.proposed[-1]
        return last.version, last.terms_hash.hex(), last.terms, last.terms.closes_at, campaign.paid
    return counting.version, counting.terms_hash.hex(), counting.terms, counting.closes_at, campaign.paid


def _standings(state: State) -> dict[tuple[int, str], tuple[int, int, int, str | None]]:
    return {
        (number, member): (word.progress, word.paid, word.flags, campaign.referrers.get(member))
        for number, campaign in state.campaigns.campaigns.items()
        for member, word in campaign.words.items()
        if (word.progress, word.paid, word.flags) != NOTHING
    }
