"""Where a divergence shows first: a second replay that watches one value, and a search through the blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from coalition.audit.reader import ReadModelSnapshot
from coalition.audit.replay import event_ranges, named
from coalition.audit.report import Divergence
from coalition.audit.storage import StorageDivergence
from coalition.chain import views as chain
from coalition.chain.deployment import Deployment
from coalition.chain.rpc import Rpc
from coalition.errors import CoalitionError
from coalition.ledger.campaign_events import CampaignBookOpened
from coalition.ledger.operations import RECEIPT_BITS
from coalition.ledger.records import OperationRecord, record_of
from coalition.ledger.state import State, apply

__all__ = ["narrow_read_model", "narrow_storage"]


@dataclass(slots=True)
class Moment:
    """A watched value after a block with events, and the last operation in the block that concerns it."""

    block: int
    value: Any
    transaction: str
    record: OperationRecord | None = None


def narrow_storage(rpc: Rpc, deployment: Deployment, last: int, found: StorageDivergence) -> Divergence:
    """Return the divergence with the first block with events after which storage differs.

    Needs a node that answers calls at past blocks; without one, the divergence comes back as it was.
    """
    check = found.check

    def concerns(record: OperationRecord) -> bool:
        if check.place is not None:
            partner, receipt = check.place
            return record.partner == partner and record.receipt // RECEIPT_BITS == receipt // RECEIPT_BITS
        return check.account is not None and record.member == check.account

    moments = _watch(rpc, deployment, last, check.expected, concerns)
    low, high = 0, len(moments) - 1
    try:
        if not moments or chain.read(rpc, check.view, moments[high].block) == moments[high].value:
            return replace(found.divergence, block=last)
        while low < high:
            middle = (low + high) // 2
            if chain.read(rpc, check.view, moments[middle].block) == moments[middle].value:
                low = middle + 1
            else:
                high = middle
    except CoalitionError:
        what = f"{found.divergence.what}; the node does not keep past states, so the block cannot be told"
        return replace(found.divergence, what=what)
    return _placed(found.divergence, moments[low])


def narrow_read_model(
    rpc: Rpc, deployment: Deployment, last: int, account: str, divergence: Divergence, read_model: ReadModelSnapshot
) -> Divergence:
    """Return the divergence with the first block after which the account's entries differ from the fold."""
    moved: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for block, epoch, points in read_model.entries_of(account):
        moved[block].append((epoch, points))
    moments = _watch(
        rpc, deployment, last, lambda state, _: _lots(state, account), lambda record: record.member == account
    )
    told: defaultdict[int, int] = defaultdict(int)
    for moment in moments:
        for epoch, points in moved.pop(moment.block, ()):
            told[epoch] += points
        if {epoch: points for epoch, points in told.items() if points} != moment.value:
            return _placed(divergence, moment)
    if moved:
        return replace(divergence, block=min(moved))
    return replace(divergence, what=f"{divergence.what}, though its entries are right: the kept sum was changed")


def _placed(divergence: Divergence, moment: Moment) -> Divergence:
    if moment.record is None:
        operation = "no operation of this block concerns it"
        return replace(divergence, block=moment.block, operation=operation)
    return replace(
        divergence,
        block=moment.block,
        transaction=moment.record.transaction,
        operation=named(moment.record),
        log=moment.record.log,
    )


def _lots(state: State, account: str) -> dict[int, int]:
    known = state.accounts.get(account)
    return dict(known.lots) if known else {}


def _watch(
    rpc: Rpc,
    deployment: Deployment,
    last: int,
    value: Callable[[State, int], Any],
    concerns: Callable[[OperationRecord], bool],
) -> list[Moment]:
    """The value after every block with events since the last of the contracts was opened."""
    state = State(deployment.ledger)
    moments: list[Moment] = []
    opened = False
    now: tuple[int, int, str] | None = None
    record: OperationRecord | None = None

    def close() -> None:
        if now is not None and opened:
            moments.append(Moment(now[0], value(state, now[1]), now[2], record))

    for _, events in event_ranges(rpc, deployment, last):
        for at, event in events:
            if now is None or at.block != now[0]:
                close()
                record = None
            now = (at.block, at.timestamp, at.transaction)
            apply(state, at, event)
            opened = opened or isinstance(event, CampaignBookOpened)
            told = record_of(at, event)
            if told is not None and concerns(told):
                record = told
    close()
    return moments
