"""Campaigns in memory: one of partner 1 alone, which partner 2 is not to see. Whatever changes one is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coalition.campaigns.simulate import Preview
from coalition.chain.campaign_reading import Live
from coalition.errors import NotFound, Refused
from coalition.index.campaigns import CampaignTotals
from coalition.ledger.campaigns.state import Proposed
from coalition.ledger.campaigns.terms import Sponsor, Terms
from coalition.ledger.rules.standing import Standing
from coalition.service.campaign_answers import (
    Approval,
    BadgeShown,
    CampaignShown,
    ProgressShown,
    PurchasePreview,
    TierShown,
    VersionShown,
)
from coalition.service.campaign_authoring import CheckedFile, KeptFile
from tests.api.fakes import NOW

__all__ = ["FakeCampaigns"]

HASH = b"\1" * 32
OPENS, CLOSES = NOW - 1_000, NOW + 1_000
TERMS = Terms("0x" + "11" * 20, (2, 300), (Sponsor(1, 10_000),), (1,), 50_000, OPENS, CLOSES)
LIVE = Live(1, HASH, HASH, OPENS, CLOSES, CLOSES, 0, 50_000, 300, 0)
VERSION = VersionShown(Proposed(1, TERMS, HASH, 1), (Approval(1, 10_000, OPENS),), "alpha-secret bread", "says", {})
SHOWN = CampaignShown(1, "quest", (VERSION,), LIVE, NOW)


class FakeCampaigns:
    """`CampaignMembers`, and the `CampaignService` in it; and `CampaignAuthoring`."""

    @property
    def campaigns(self) -> FakeCampaigns:
        return self

    def show(self, campaign: int) -> CampaignShown:
        if campaign != 1:
            raise NotFound(f"There is no campaign {campaign}.", code="campaign_unknown")
        return SHOWN

    def all(self) -> list[CampaignShown]:
        return [SHOWN]

    def _refused(self, *_: Any, **__: Any) -> CampaignShown:
        raise Refused("The terms allow it not.", code="campaign_not_pausable")

    propose = amend = approve = start = pause = resume = end = close = _refused

    def template(self, kind: str, partner: int) -> str:
        return f"kind: {kind}\npartners: [{partner}]\n"

    def check(self, path: Path, *, decimals: int | None, amends: int | None) -> CheckedFile:
        return CheckedFile(())

    def file_of(self, campaign: int, version: int) -> KeptFile:
        return KeptFile(campaign, version, HASH, SHOWN.counting.name, None)

    def simulate(self, path: Path, partner: int, **_: Any) -> Preview:
        name = SHOWN.counting.name if partner in SHOWN.partners else "nothing of the others"
        return Preview(name, "quest", *[0] * 11, 50_000, None, 0, {partner: 0}, {}, (), (), "", ())

    def totals(self, campaign: int) -> CampaignTotals:
        return CampaignTotals(campaign, 1, 0, 1, 300)

    def progress(self, account: str, *, partner: int) -> list[ProgressShown]:
        standing, name = Standing(1, 2, "partners", 300, 0, 0), SHOWN.counting.name
        shown = ProgressShown(1, name, SHOWN.kind, SHOWN.status, standing, CLOSES, 0, None, True)
        return [shown] if partner in SHOWN.partners else []

    def tier(self, account: str) -> TierShown:
        return TierShown(0, "member", "gold", 10, 90, "points", 10_000, 0)

    def badges(self, account: str) -> list[BadgeShown]:
        return [BadgeShown(7, "", 9, NOW)]

    def preview(self, partner: int, member: str, spend_minor: int) -> PurchasePreview:
        return PurchasePreview(member, spend_minor, "USD", 1, 0, 0, "member", 0, (), ())
