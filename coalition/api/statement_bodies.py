"""Bodies of statements."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from coalition.api import examples
from coalition.api.responses import Time, TotalsBody

__all__ = ["CampaignAwardsBody", "StatementBody"]


class CampaignAwardsBody(BaseModel):
    """What one campaign gave with the partner's purchases of a period, and what went back with its reversals."""

    campaign: int
    name: str
    points_awarded: int
    points_awarded_reversed: int


class StatementBody(BaseModel):
    """What a partner did in a period, and what it came to. For every sum, `opening` + `period` = `closing`."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.STATEMENT]})

    partner: int
    currency: str = Field(description="ISO 4217.")
    since: Time | None = Field(description="Where the period begins; null for the partner's first day.")
    until: Time | None = Field(description="Where it ends, without that moment; null for now.")
    final: bool = Field(description="True if the ledger's time has come to `until`: the statement will stay as it is.")
    block: int = Field(description="The last block that was read.")
    opening: TotalsBody = Field(description="All before the period.")
    period: TotalsBody = Field(description="The period alone; `members` are those who bought in it.")
    closing: TotalsBody = Field(description="All to the end of the period.")
    operations: dict[str, int] = Field(
        description="Accepted operations of the period by kind; `period.rejected` has the others."
    )
    awards: list[CampaignAwardsBody] = Field(description="Of `period.points_awarded`, by campaign.")
    points_awarded_by_tiers: int = Field(description="The rest of `period.points_awarded`.")
    points_awarded_reversed_by_tiers: int = Field(description="The rest of `period.points_awarded_reversed`.")
