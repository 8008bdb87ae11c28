"""Events as partners get them: listed, streamed, and sent to webhooks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from coalition.api import event_examples as examples
from coalition.api.render import operations_of
from coalition.api.responses import OperationBody, Time, shown
from coalition.api.times import rfc3339
from coalition.ledger.award_records import AwardRecord
from coalition.ledger.records import OperationRecord
from coalition.service import LedgerService
from coalition.service.events import PartnerEvent

__all__ = ["EventAwardBody", "EventBody", "EventDataBody", "EventPage", "event_bodies", "event_texts"]

FORM_VERSION: Literal[1] = 1


class EventAwardBody(BaseModel):
    """What a campaign gave with a purchase of the partner, or took back with its reversal."""

    campaign: int
    member: str | None = Field(default=None, description="The account, unless the member showed a till token.")
    receipt: str = Field(description="Of the purchase, or of the reversal.")
    points: int
    confirmed_at: Time
    block: int
    transaction: str


class EventDataBody(BaseModel):
    """What happened: one of these, as the type says."""

    operation: OperationBody | None = None
    award: EventAwardBody | None = None


class EventBody(BaseModel):
    """One event. The same event has the same id wherever and however often it is told."""

    model_config = shown(examples.EVENT)

    id: str = Field(description="Stable: drop what came before under the same id.")
    type: str = Field(
        description="`KIND.accepted` and `KIND.refused` of each kind of operation, `award.given`, `award.taken_back`; "
        "`webhook.test` to webhooks only. Pass over a type that you do not know."
    )
    version: Literal[1] = Field(description="Of the form of `data`; fields may be added without a new version.")
    timestamp: Time = Field(description="When it happened: the time of the block.")
    data: EventDataBody


class EventPage(BaseModel):
    """Events, oldest first."""

    model_config = shown(examples.EVENT_PAGE)

    events: list[EventBody]
    more: bool = Field(description="True if there are more by now.")
    next: str = Field(description="Address of what comes after these, now or later.")


def event_bodies(service: LedgerService, events: Sequence[PartnerEvent]) -> list[EventBody]:
    """Return events of one partner as bodies."""
    records = [event.record for event in events]
    operations = iter(operations_of(service, [one for one in records if isinstance(one, OperationRecord)]))
    awards = iter(_awards(service, [one for one in records if isinstance(one, AwardRecord)]))
    return [
        EventBody(
            id=event.id,
            type=event.type,
            version=FORM_VERSION,
            timestamp=rfc3339(event.record.timestamp),
            data=EventDataBody(operation=next(operations))
            if isinstance(event.record, OperationRecord)
            else EventDataBody(award=next(awards)),
        )
        for event in events
    ]


def event_texts(service: LedgerService, events: Sequence[PartnerEvent]) -> list[str]:
    """Return events of one partner as JSON in ASCII: readers differ in what ends a line of a stream."""
    return [json.dumps(body.model_dump(exclude_unset=True)) for body in event_bodies(service, events)]


def _awards(service: LedgerService, records: Sequence[AwardRecord]) -> list[EventAwardBody]:
    if not records:
        return []
    receipts, partner = service.receipts_of(records), records[0].partner
    of_reversals = service.queries.operations_under((partner, record.receipt) for record in records)
    named = {one.original_receipt or one.receipt for found in of_reversals.values() for one in found}
    hidden = service.hidden(partner, named)
    came = {
        number
        for (_, number), found in of_reversals.items()
        if any((one.original_receipt or one.receipt) in hidden for one in found)
    }
    return [
        EventAwardBody(
            campaign=record.campaign,
            **({} if record.receipt in came else {"member": record.member}),
            receipt=receipt,
            points=record.points,
            confirmed_at=rfc3339(record.timestamp),
            block=record.block,
            transaction=record.transaction,
        )
        for record, receipt in zip(records, receipts, strict=True)
    ]
