"""What happened to a partner, told in the order of the chain under ids that are always the same.

An id is made of the chain only: partner, block, place in the transaction, and some of the hash of block and transaction. So it is
the same on every node and after the read model was made anew, and an event of a block that was replaced has another one. It says
nothing about what else is in the block.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from coalition.errors import InputError, Unavailable
from coalition.index.events import LAST_LOG, EventRow, Place
from coalition.index.queries import Queries
from coalition.ledger.award_records import AwardKind, AwardRecord
from coalition.ledger.operations import Kind
from coalition.ledger.records import OperationRecord

__all__ = ["EVENT_TYPES", "START", "EventFeed", "PartnerEvent", "end_id"]

BLOCKS_BACK = 4_096
"""How far a reader goes back whose place was in a block that was replaced."""

START = Place(-1, LAST_LOG)
AWARD_TYPES = {AwardKind.AWARD: "award.given", AwardKind.TAKEN_BACK: "award.taken_back"}
OUTCOMES = {True: "accepted", False: "refused"}
EVENT_TYPES = (
    *(f"{kind.name.lower()}.{outcome}" for kind in Kind for outcome in OUTCOMES.values()),
    *AWARD_TYPES.values(),
)
ID = re.compile(r"evt_(\d{1,10})_(\d{1,18})_(end|\d{1,9})_([0-9a-f]{10})", re.ASCII)
NO_TAG = "0" * 10


@dataclass(frozen=True, slots=True)
class PartnerEvent:
    """One event of a partner. `place` is where a reader goes on after it."""

    id: str
    type: str
    record: OperationRecord | AwardRecord
    place: Place

    @property
    def lane(self) -> str:
        """What must stay in order: the events of a member; a refusal names none, so those under a receipt."""
        return self.record.member or f"receipt {self.record.receipt}"


class EventFeed:
    """Reads events of partners from the read model. `depth` is how many blocks must follow one before it is told."""

    def __init__(self, queries: Queries, depth: int = 0) -> None:
        self._queries = queries
        self._depth = depth

    def after(self, partner: int, place: Place, limit: int) -> list[PartnerEvent]:
        """Return at most `limit` events after a place, oldest first.

        If the place is in a block that was replaced, they begin `BLOCKS_BACK` blocks before it: some come again, under the
        same ids, and none is missed.
        """
        rows = self._queries.events_after(partner, place, self._depth, limit)
        if rows is None:
            rows = self._queries.events_after(partner, _back(place.block), self._depth, limit)
        return [_event(partner, row) for row in rows or ()]

    def at(self, partner: int, places: list[tuple[int, int]]) -> list[PartnerEvent]:
        """Return the events at these places (block, log), oldest first; those of replaced blocks are left out."""
        return [_event(partner, row) for row in self._queries.events_at(partner, places)]

    def newest(self) -> Place:
        """Return the place after everything that is told by now."""
        head = self._queries.head()
        if not self._depth:
            return Place(head.number, LAST_LOG, head.hash)
        block = max(head.number - self._depth, -1)
        return Place(block, LAST_LOG, self._queries.block_hash(block) or "")

    def since(self, timestamp: int) -> Place:
        """Return the place before the first event at or after a time in Unix seconds."""
        return min(Place(self._queries.block_before(timestamp), LAST_LOG), self.newest())

    def place_of(self, partner: int, event_id: str) -> Place:
        """Return the place after an event that was told.

        Raises:
            InputError: `event_id_invalid`: this partner was told no such id.
            Unavailable: `events_behind`: the read model has not got that far.
        """
        found = ID.fullmatch(event_id)
        if found is None or int(found[1]) != partner:
            raise InputError("This is no id of an event of this partner.", code="event_id_invalid")
        block, tag = int(found[2]), found[4]
        if block > self._queries.head().number:
            raise Unavailable(
                "The read model has not got as far as that event. Ask again a little later.", code="events_behind"
            )
        hash_ = self._queries.block_hash(block)
        if found[3] == "end":
            is_there = tag == NO_TAG or hash_ is None or tag == _tag(hash_)
            return Place(block, LAST_LOG, hash_ or "") if is_there else _back(block)
        for transaction in self._queries.transactions_of(block) if hash_ else ():
            if _tag(hash_ or "", transaction.hash) == tag:
                return Place(block, transaction.first_log + int(found[3]), hash_ or "")
        return _back(block)


def end_id(partner: int, place: Place) -> str:
    """Return an id that stands for the end of a block, where no event is to be named."""
    tag = _tag(place.block_hash) if place.block_hash else NO_TAG
    return f"evt_{partner}_{max(place.block, 0)}_end_{tag}"


def _event(partner: int, row: EventRow) -> PartnerEvent:
    record = row.record
    offset, tag = record.log - row.first_log, _tag(row.block_hash, record.transaction)
    return PartnerEvent(
        f"evt_{partner}_{record.block}_{offset}_{tag}",
        _type_of(record),
        record,
        Place(record.block, record.log, row.block_hash),
    )


def _type_of(record: OperationRecord | AwardRecord) -> str:
    if isinstance(record, AwardRecord):
        return AWARD_TYPES[record.kind]
    return f"{record.kind.name.lower()}.{OUTCOMES[record.accepted]}"


def _back(block: int) -> Place:
    return Place(max(block - BLOCKS_BACK, -1), LAST_LOG)


def _tag(*hashes: str) -> str:
    return hashlib.sha256("".join(hashes).encode()).hexdigest()[: len(NO_TAG)]
