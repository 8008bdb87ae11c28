"""The fold: events in, state out. Nothing else is read.

`apply` rebuilds every balance, lot, hold, debt, receipt, allowance, key, partner, total, campaign and tier from the
events alone. The
getters are in `coalition.ledger.views`, the decisions in `coalition.ledger.machine`.
"""

from __future__ import annotations

from collections.abc import Iterable

from coalition.ledger import fold_campaigns, fold_operations, fold_registry
from coalition.ledger.book import (
    NOBODY,
    Account,
    AccountKey,
    OpenHold,
    Partner,
    PartnerKey,
    PartnerStatus,
    PartnerTotals,
    ReceiptWord,
    State,
    Totals,
    Violation,
)
from coalition.ledger.events import Event, Position

__all__ = [
    "NOBODY",
    "Account",
    "AccountKey",
    "OpenHold",
    "Partner",
    "PartnerKey",
    "PartnerStatus",
    "PartnerTotals",
    "ReceiptWord",
    "State",
    "Totals",
    "Violation",
    "apply",
    "apply_all",
]

HANDLERS = fold_operations.HANDLERS | fold_registry.HANDLERS | fold_campaigns.HANDLERS


def apply(state: State, position: Position, event: Event) -> None:
    """Fold one event into `state`. Events come in the order of the chain.

    Raises:
        KeyError: the event names a partner or key that no earlier event added.
    """
    HANDLERS[type(event)](state, position, event)
    state.last = position


def apply_all(state: State, events: Iterable[tuple[Position, Event]]) -> State:
    """Fold `events` into `state`, and return it."""
    for position, event in events:
        HANDLERS[type(event)](state, position, event)
        state.last = position
    return state
