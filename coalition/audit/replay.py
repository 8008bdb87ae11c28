"""Replaying: every event folded, and compared as it comes with what others say of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from coalition.audit.report import Divergence
from coalition.chain import history
from coalition.chain.deployment import Deployment
from coalition.chain.rpc import Rpc
from coalition.ledger.award_records import AwardRecord, award_record_of
from coalition.ledger.events import Event, Position, Transfer
from coalition.ledger.records import OperationRecord, record_of
from coalition.ledger.state import NOBODY, State, apply

__all__ = ["Replay", "event_ranges", "named"]

EVENTS_WANTED = 5_000  # events of a range: nodes answer small questions faster
SPAN_FIRST = 32
SPAN_MAX = 4_096

Events = list[tuple[Position, Event]]


def event_ranges(rpc: Rpc, deployment: Deployment, last: int, first: int | None = None) -> Iterator[tuple[int, Events]]:
    """Yield all events up to block `last` in ranges of bounded size, each with its last block.

    `first` is the first block, that of the deployment if None. The next range is read while one is worked on.
    """
    start, span = deployment.block if first is None else first, SPAN_FIRST
    with ThreadPoolExecutor(1, "coalition-audit") as reader:
        until = min(last, start + span - 1)
        coming = reader.submit(history.events, rpc, deployment, start, until) if start <= last else None
        while coming is not None:
            events, done = coming.result(), until
            if len(events) > 2 * EVENTS_WANTED:
                span = max(1, span // 2)
            elif len(events) < EVENTS_WANTED // 2:
                span = min(SPAN_MAX, span * 2)
            start, until = done + 1, min(last, done + span)
            coming = reader.submit(history.events, rpc, deployment, start, until) if start <= last else None
            yield done, events


def named(record: OperationRecord) -> str:
    """Partner, receipt and kind of an operation."""
    outcome = "" if record.code is None else f" (rejected: {record.code.code})"
    return f"partner {record.partner}, receipt {record.receipt}, {record.kind.name.lower()}{outcome}"


class Replay:
    """The fold of all events so far, beside ERC-20's own account of it and the read model's operations in order."""

    def __init__(
        self,
        deployment: Deployment,
        records: Iterator[OperationRecord] | None,
        awards: Iterator[AwardRecord] | None = None,
    ) -> None:
        self.state = State(deployment.ledger)
        self.operations = 0
        self.awards = 0
        self.events = 0
        self.transferred: defaultdict[str, int] = defaultdict(int)
        self.found: list[Divergence] = []
        self.whole = True
        self._records = records
        self._awards = awards
        self._transfers_agree = True
        self._touched: set[str] = set()
        self._transaction = ""
        self._at: Position | None = None
        self._last_record: OperationRecord | None = None

    def take(self, events: Events) -> None:
        """Fold more events. After one that cannot be folded, nothing more is."""
        for at, event in events:
            if not self.whole:
                return
            if at.transaction != self._transaction:
                self._close_transaction()
                self._transaction = at.transaction
                self._at = at
            self.events += 1
            if type(event) is Transfer:
                self._transfer(event)
            self._fold(at, event)

    def close(self) -> None:
        """Compare what is left, here and in the read model. What is taken after this is folded only."""
        self._close_transaction()
        if self._records is not None and (extra := next(self._records, None)) is not None:
            self._records_differ(None, extra)
        if self._awards is not None and (more := next(self._awards, None)) is not None:
            self._awards_differ(None, more)
        self._records = self._awards = None
        self._touched |= self.transferred.keys() | self.state.accounts.keys()
        self._close_transaction()

    def _fold(self, at: Position, event: Event) -> None:
        try:
            apply(self.state, at, event)
        except (KeyError, ValueError, IndexError) as error:
            what = f"the event {type(event).__name__} cannot be folded: {error!r}"
            self.found.append(Divergence(what, at.block, at.transaction, log=at.log))
            self.whole = False
            return
        award = award_record_of(at, event)
        if award is not None:
            self._award(award)
            return
        record = record_of(at, event)
        if record is None:
            return
        self.operations += 1
        self._last_record = record
        self._touched.add(record.member)
        if self._records is not None:
            told = next(self._records, None)
            if told != record:
                self._records_differ(record, told)

    def _award(self, award: AwardRecord) -> None:
        self.awards += 1
        if self._awards is not None:
            told = next(self._awards, None)
            if told != award:
                self._awards_differ(award, told)

    def _awards_differ(self, folded: AwardRecord | None, told: AwardRecord | None) -> None:
        """Say where the read model's awards leave those of the chain, and compare them no further."""
        self._awards = None
        one, other = (folded, told) if _is_first(folded, told) else (told, folded)
        assert one is not None
        same = other if other is not None and (other.block, other.log) == (one.block, one.log) else None
        mine, theirs = (one, same) if one is folded else (same, one)
        self.found.append(
            Divergence(
                f"an award of the read model: campaign {one.campaign}, {one.member}, {one.kind.name.lower()}",
                one.block,
                one.transaction,
                f"partner {one.partner}, receipt {one.receipt}" if one.partner else None,
                fold=_text(mine, theirs),
                read_model=_text(theirs, mine),
                log=one.log,
            )
        )

    def _records_differ(self, folded: OperationRecord | None, told: OperationRecord | None) -> None:
        """Say where the read model's operations leave those of the chain, and compare them no further."""
        self._records = None
        place = min(
            (record for record in (folded, told) if record is not None), key=lambda record: (record.block, record.log)
        )
        mine = folded if folded is place else None
        other = told if told is not None and (told.block, told.log) == (place.block, place.log) else None
        self.found.append(
            Divergence(
                "an operation of the read model",
                place.block,
                place.transaction,
                named(place),
                fold=_text(mine, other),
                read_model=_text(other, mine),
                log=place.log,
            )
        )

    def _transfer(self, event: Transfer) -> None:
        self.transferred[event.from_] -= event.value
        self.transferred[event.to] += event.value
        self._touched.add(event.from_)
        self._touched.add(event.to)

    def _close_transaction(self) -> None:
        """After each transaction, what ERC-20 moved is what the ledger's own events moved."""
        touched, self._touched = self._touched, set()
        if not self._transfers_agree:
            return
        accounts = self.state.accounts
        for address in touched:
            account = accounts.get(address)
            points = sum(account.lots.values()) if account else 0
            if points != self.transferred.get(address, 0) and address not in (NOBODY, ""):
                self._transfers_agree = False
                record, at = self._last_record, self._at
                same = record is not None and at is not None and record.transaction == at.transaction
                self.found.append(
                    Divergence(
                        f"points of {address} by the ledger's events and by ERC-20's Transfer",
                        at.block if at else None,
                        at.transaction if at else None,
                        named(record) if same and record is not None else None,
                        fold=f"{points} by the ledger's events, {self.transferred.get(address, 0)} by Transfer",
                    )
                )
                return


def _is_first(one: AwardRecord | None, other: AwardRecord | None) -> bool:
    if one is None or other is None:
        return other is None
    return (one.block, one.log) <= (other.block, other.log)


def _text(record: OperationRecord | AwardRecord | None, other: OperationRecord | AwardRecord | None) -> str:
    """The fields in which a record differs from another one."""
    if record is None:
        return "no such award" if isinstance(other, AwardRecord) else "no such operation"
    names = [name for name in record.__slots__ if other is None or _field(record, name) != _field(other, name)]
    return ", ".join(f"{name} {_field(record, name)!s}" for name in names)


def _field(record: OperationRecord | AwardRecord, name: str) -> Any:
    return getattr(record, name)
