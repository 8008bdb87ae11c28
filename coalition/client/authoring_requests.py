"""The routes about campaigns that are being written, as pure functions. They change nothing.

A `file` is the text of a campaign's file, YAML or JSON, or its fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coalition.client.authoring_answers import CampaignCheck, CampaignFile, Simulation, Template
from coalition.client.request import Effect, Request, get, post, segment

__all__ = ["campaign_file", "campaign_template", "check_campaign", "simulate_campaign"]


def campaign_template(kind: str) -> Request[Template]:
    """Ask for a file to begin with: of a kind of campaign, or `tiers`."""
    return get(f"/v1/campaigns/templates/{segment(kind)}", Template)


def check_campaign(
    file: Mapping[str, Any] | str,
    *,
    accounts: Sequence[str] | None = None,
    decimals: int | None = None,
    amends: int | None = None,
) -> Request[CampaignCheck]:
    """Ask what is wrong with a file, what it compiles to, and what it changes in the campaign that it `amends`."""
    body = {"file": file, "accounts": accounts, "decimals": decimals, "amends": amends}
    return post("/v1/campaigns/check", CampaignCheck, Effect.NOTHING, body)


def simulate_campaign(
    file: Mapping[str, Any] | str,
    *,
    accounts: Sequence[str] | None = None,
    decimals: int | None = None,
    actions: Sequence[Mapping[str, Any]] | None = None,
    invitations: Sequence[Mapping[str, Any]] | None = None,
    shift: bool | None = None,
) -> Request[Simulation]:
    """Ask what a campaign would have cost on the partner's own past purchases.

    `actions` have `member`, `action` and `occurred_at`, `invitations` have `member`, `referrer` and `occurred_at`.
    """
    body = {
        "file": file,
        "accounts": accounts,
        "decimals": decimals,
        "actions": actions,
        "invitations": invitations,
        "shift": shift,
    }
    return post("/v1/campaigns/simulate", Simulation, Effect.NOTHING, body)


def campaign_file(number: int, version: int) -> Request[CampaignFile]:
    """Ask for the file that a version of a campaign was made of, and what it changes against the version before."""
    return get(f"/v1/campaigns/{number}/versions/{version}/file", CampaignFile)
