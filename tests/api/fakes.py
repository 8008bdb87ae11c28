"""A ledger in memory under the real `LedgerService`: what the submitter and the read model would say, at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, fields, replace
from typing import Any

from coalition.index.queries import (
    Balance,
    EventRow,
    Head,
    LotRow,
    Original,
    Page,
    PartnerRow,
    PartnerTotals,
    Place,
    TransactionRow,
)
from coalition.index.statements import Statement
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Kind, Outcome, Rejection
from coalition.ledger.records import OperationRecord
from coalition.submit.outcomes import Bulk

NOW = 1_772_366_400  # 2026-03-01T12:00:00Z
EPOCH = 8
PARTNERS = (
    PartnerRow(1, "0x" + "11" * 20, "Corner Grocery", "USD", 100),
    PartnerRow(2, "0x" + "22" * 20, "Green Market", "EUR", 150),
)


class FakeTexts:
    """Receipt texts."""

    def __init__(self) -> None:
        self.by_number: dict[tuple[int, int], str] = {}

    def keep(self, texts: Sequence[tuple[int, int, str]]) -> None:
        self.by_number |= {(partner, number): text for partner, number, text in texts}

    def text_of(self, partner: int, number: int) -> str:
        return self.by_number.get((partner, number), hex(number) if number >> 255 else str(number))

    def texts_of(self, keys: Sequence[tuple[int, int]]) -> list[str]:
        return [self.text_of(*key) for key in keys]


@dataclass
class FakeBook:
    """Submitter and read model in one. `fault` is raised by `post`; while `stuck`, outcomes stay open."""

    points: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    records: list[OperationRecord] = field(default_factory=list)
    fault: BaseException | None = None
    stuck: list[tuple[Any, Future[OperationRecord]]] | None = None

    # ---- submitter

    def post(self, submissions: Sequence[Any]) -> list[Future[OperationRecord]]:
        if self.fault is not None:
            raise self.fault
        futures: list[Future[OperationRecord]] = [Future() for _ in submissions]
        for submission, future in zip(submissions, futures, strict=True):
            if self.stuck is None:
                future.set_result(self._decide(submission))
            else:
                self.stuck.append((submission, future))
        return futures

    def post_many(self, submissions: Sequence[Any]) -> Bulk:
        bulk = Bulk(len(submissions))
        for place, future in enumerate(self.post(submissions)):
            future.add_done_callback(lambda one, place=place: bulk.deliver(place, one.result()))
        return bulk

    def settle(self) -> None:
        stuck, self.stuck = self.stuck or [], None
        for submission, future in stuck:
            future.set_result(self._decide(submission))

    def is_pending(self, partner: int, receipt: int) -> bool:
        return any((one.partner, one.operation.receipt) == (partner, receipt) for one, _ in self.stuck or ())

    def _decide(self, submission: Any) -> OperationRecord:
        operation, partner = submission.operation, submission.partner
        kind = Kind[type(operation).__name__.upper()]
        block = len(self.records) + 1
        draft = OperationRecord(
            partner, operation.receipt, kind, "", 0, 0, None, 0, None, None, block, 0, NOW + block, "0x" + "ab" * 32
        )
        decided = getattr(self, f"_{kind.name.lower()}")(draft, operation)
        record = replace(draft, code=decided) if isinstance(decided, Rejection) else decided
        self.records.append(record)
        return record

    def _earn(self, draft: OperationRecord, operation: Any) -> OperationRecord | Rejection:
        if operation.member not in self.points:
            if not operation.enrols:
                return Rejection.MEMBER_UNKNOWN
            self.points[operation.member] = 0
        points = operation.spend_minor * PARTNERS[draft.partner - 1].earn_rate_bps // 10_000
        self.points[operation.member] += points
        return replace(draft, member=operation.member, spend_minor=operation.spend_minor, points=points)

    def _redeem(self, draft: OperationRecord, operation: Any) -> OperationRecord | Rejection:
        if operation.member not in self.points:
            return Rejection.MEMBER_UNKNOWN
        if operation.deadline < NOW:
            return Rejection.DEADLINE_PASSED
        if self.points[operation.member] < operation.points:
            return Rejection.BALANCE_TOO_LOW
        self.points[operation.member] -= operation.points
        lots = Lots.single(EPOCH, operation.points)
        return replace(draft, member=operation.member, points=operation.points, lots=lots)

    def _hold(self, draft: OperationRecord, operation: Any) -> OperationRecord | Rejection:
        record = self._redeem(draft, operation)
        if isinstance(record, OperationRecord):
            self.held[record.member] = self.held.get(record.member, 0) + record.points
            return replace(record, deadline=operation.deadline)
        return record

    def _capture(self, draft: OperationRecord, operation: Any) -> OperationRecord | Rejection:
        return self._end(draft, operation.points)

    def _release(self, draft: OperationRecord, operation: Any) -> OperationRecord | Rejection:
        return self._end(draft, 0)

    def _end(self, draft: OperationRecord, points: int) -> OperationRecord | Rejection:
        found = self.operations_of(draft.partner, draft.receipt)
        if len(found) != 1 or found[0].kind != Kind.HOLD:
            return Rejection.HOLD_UNKNOWN
        hold = found[0]
        if points > hold.points:
            return Rejection.HOLD_EXCEEDED
        self.held[hold.member] -= hold.points
        self.points[hold.member] += hold.points - points
        taken = points or hold.points
        return replace(draft, member=hold.member, points=taken, lots=Lots.single(EPOCH, taken))

    def _reverse(self, draft: OperationRecord, operation: Any) -> OperationRecord | Rejection:
        original = operation.original
        if operation.spend_minor + self.corrected(draft.partner, original.receipt) > original.spend_minor:
            return Rejection.ORIGINAL_EXCEEDED
        points = operation.spend_minor * PARTNERS[draft.partner - 1].earn_rate_bps // 10_000
        self.points[original.member] -= points
        return replace(
            draft,
            member=original.member,
            spend_minor=operation.spend_minor,
            points=points,
            lots=Lots.single(EPOCH, points),
            original_receipt=original.receipt,
        )

    def _refund(self, draft: OperationRecord, operation: Any) -> OperationRecord | Rejection:
        original = operation.original
        if operation.points + self.corrected(draft.partner, original.receipt) > original.points:
            return Rejection.ORIGINAL_EXCEEDED
        self.points[original.member] += operation.points
        lots = Lots.single(EPOCH, operation.points)
        return replace(
            draft,
            member=original.member,
            points=operation.points,
            lots=lots,
            original_receipt=original.receipt,
        )

    # ---- read model

    def counted_between(self, partner: int, first: int, last: int, limit: int) -> tuple[list[int], int | None]:
        accepted = (record for record in self.records if record.accepted and record.partner == partner)
        found = sorted({record.receipt for record in accepted if first <= record.receipt <= last})
        return found[:limit], max(found, default=None)

    def operations_of(self, partner: int, receipt: int) -> list[OperationRecord]:
        return [one for one in self.records if one.accepted and (one.partner, one.receipt) == (partner, receipt)]

    def operations_under(self, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[OperationRecord]]:
        found: dict[tuple[int, int], list[OperationRecord]] = {}
        wanted = set(places)
        for one in self.records:
            if one.accepted and (one.partner, one.receipt) in wanted:
                found.setdefault((one.partner, one.receipt), []).append(one)
        return found

    def original(self, partner: int, receipt: int) -> Original | None:
        for one in self.operations_of(partner, receipt):
            if one.kind in (Kind.EARN, Kind.REDEEM, Kind.CAPTURE):
                lots = one.lots or Lots.single(EPOCH, one.points)
                outcome = Outcome(one.kind, one.member, one.receipt, one.spend_minor, one.points, lots)
                return Original(outcome, [outcome], 0)
        return None

    def corrected(self, partner: int, receipt: int) -> int:
        found = [
            one for one in self.records if one.accepted and (one.partner, one.original_receipt) == (partner, receipt)
        ]
        return sum(one.spend_minor if one.kind == Kind.REVERSE else one.points for one in found)

    def balance(self, account: str, timestamp: int) -> Balance:
        points = self.points.get(account, 0)
        lots = (LotRow(EPOCH, points, NOW + 86_400),) if points else ()
        return Balance(account, account in self.points, points, lots, self.held.get(account, 0), 0)

    def partner_totals(self, partner: int) -> list[PartnerTotals]:
        ours = [one for one in self.records if one.accepted and one.partner == partner]
        earns = [one for one in ours if one.kind == Kind.EARN]
        issued = sum(one.points for one in earns)
        members = {one.member for one in earns}
        counts = {one.name: 0 for one in fields(PartnerTotals) if one.name != "rejected"}
        counts |= {"partner": partner, "members": len(members), "purchases": len(earns)}
        counts |= {"points_issued": issued, "points_outstanding": issued}
        return [PartnerTotals(**counts, rejected={})]

    def history(
        self,
        account: str | None = None,
        partner: int | None = None,
        kind: Kind | None = None,
        accepted: bool | None = None,
        cursor: str | None = None,
        limit: int = 50,
        since: int | None = None,
        until: int | None = None,
    ) -> Page:
        found = [
            one
            for one in reversed(self.records)
            if account in (None, one.member)
            and partner in (None, one.partner)
            and kind in (None, one.kind)
            and accepted in (None, one.accepted)
            and (since is None or one.timestamp >= since)
            and (until is None or one.timestamp < until)
            and (cursor is None or one.block < int(cursor))
        ]
        more = str(found[limit - 1].block) if len(found) > limit else None
        return Page(found[:limit], more)

    def events_after(self, partner: int, after: Place, depth: int, limit: int) -> list[EventRow] | None:
        found = [one for one in self.records if one.partner == partner and (one.block, one.log) > after[:2]]
        return [EventRow(one, 0, hash_of(one.block)) for one in found][:limit]

    def events_at(self, partner: int, places: Sequence[tuple[int, int]]) -> list[EventRow]:
        found = [one for one in self.records if one.partner == partner and (one.block, one.log) in places]
        return [EventRow(one, 0, hash_of(one.block)) for one in found]

    def block_hash(self, block: int) -> str | None:
        return hash_of(block) if 0 < block <= len(self.records) else None

    def block_before(self, timestamp: int) -> int:
        return max((one.block for one in self.records if one.timestamp < timestamp), default=-1)

    def transactions_of(self, block: int) -> list[TransactionRow]:
        return [TransactionRow(0, one.transaction) for one in self.records if one.block == block]

    def head(self) -> Head:
        return Head(len(self.records), hash_of(len(self.records)), NOW + len(self.records), 0)

    def partners(self) -> list[PartnerRow]:
        return list(PARTNERS)

    def operations_after(
        self, place: tuple[int, int], last_block: int, limit: int, **filters: Any
    ) -> list[OperationRecord]:
        found = self.history(limit=1_000_000, **filters).items[::-1]
        return [one for one in found if place < (one.block, one.log) and one.block <= last_block][:limit]

    def balance_at(self, account: str, timestamp: int) -> tuple[Balance, int]:
        return self.balance(account, timestamp), min(len(self.records), timestamp - NOW)

    def balance_after(self, account: str, block: int, timestamp: int) -> Balance:
        return self.balance(account, timestamp)

    def time_of(self, block: int) -> int:
        return NOW + block

    def statement(self, partner: int, since: int | None, until: int | None) -> Statement:
        (whole,) = self.partner_totals(partner)
        nothing = replace(whole, **{one.name: 0 for one in fields(whole) if one.type == "int"} | {"partner": partner})
        return Statement(nothing, whole, whole, {Kind.EARN: whole.purchases})


def hash_of(block: int) -> str:
    return f"0x{block:064x}"
