"""What partners send and get about what is no purchase: who brought whom, and what members may claim."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from coalition.api import campaign_examples as examples
from coalition.api.campaign_bodies import shown_as
from coalition.api.requests import Member, strict
from coalition.chain.campaigns import Occasions

__all__ = ["ClaimRequest", "ClaimsBody", "ReferralBody", "ReferralRequest", "claims_body"]

MEMBERS_MAX = 100


class ReferralRequest(BaseModel):
    """Who brought a new member."""

    model_config = strict(examples.REFERRAL_REQUEST)

    member: Member
    referrer: Member


class ReferralBody(BaseModel):
    """Who brought a new member, as the chain has it now."""

    model_config = shown_as(examples.REFERRAL)

    campaign: int
    member: str
    referrer: str


class ClaimRequest(BaseModel):
    """Members for whom is asked what the terms promise."""

    model_config = strict(examples.CLAIM_REQUEST)

    members: Annotated[list[Member], Field(min_length=1, max_length=MEMBERS_MAX)]


class ClaimsBody(BaseModel):
    """What came of it, member by member."""

    model_config = shown_as(examples.CLAIMS)

    campaign: int
    points: int = Field(description="In all.")
    awarded: dict[str, int] = Field(description="Points by account.")
    refused: dict[str, str] = Field(description="Why not, by account, such as `not_due`.")


def claims_body(campaign: int, came: Occasions) -> ClaimsBody:
    """Return what came of claims."""
    return ClaimsBody(
        campaign=campaign,
        points=sum(came.awarded.values()),
        awarded=dict(came.awarded),
        refused={account: reason.name.lower() for account, reason in came.refused.items()},
    )
