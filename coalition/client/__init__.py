"""The Python client of the service: `Client`, and `AsyncClient` for asyncio.

It stands alone: nothing else of this package is imported, no chain, no database. See `docs/client.md`.
"""

from coalition.client import requests
from coalition.client.answers import (
    Balance,
    BulkAnswer,
    BulkLine,
    BulkSummary,
    Check,
    EpochPoints,
    Health,
    Lot,
    Operation,
    OperationPage,
    Operations,
    Partner,
    Preview,
    Readiness,
    Totals,
)
from coalition.client.campaign_answers import (
    Approval,
    Award,
    Badge,
    Badges,
    Campaign,
    Campaigns,
    CampaignTotals,
    LeftOut,
    MemberCampaign,
    MemberCampaigns,
    PurchasePreview,
    Sponsor,
    Terms,
    Tier,
    Version,
)
from coalition.client.clients import AsyncClient, Client
from coalition.client.course import Patience
from coalition.client.errors import ApiError, OutcomeUnknown

__all__ = [
    "ApiError",
    "Approval",
    "AsyncClient",
    "Award",
    "Badge",
    "Badges",
    "Balance",
    "BulkAnswer",
    "BulkLine",
    "BulkSummary",
    "Campaign",
    "CampaignTotals",
    "Campaigns",
    "Check",
    "Client",
    "EpochPoints",
    "Health",
    "LeftOut",
    "Lot",
    "MemberCampaign",
    "MemberCampaigns",
    "Operation",
    "OperationPage",
    "Operations",
    "OutcomeUnknown",
    "Partner",
    "Patience",
    "Preview",
    "PurchasePreview",
    "Readiness",
    "Sponsor",
    "Terms",
    "Tier",
    "Totals",
    "Version",
    "requests",
]
