"""Partners as the registry's events left them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from coalition.index.tables import blocks, changes

__all__ = ["PartnerKeyRow", "PartnerRow", "is_paused", "partner_rows"]

EVENTS = (
    "PartnerAdded",
    "PartnerSuspended",
    "PartnerReinstated",
    "PartnerKeyAdded",
    "PartnerKeyRevoked",
    "EarnRateAnnounced",
    "PartnerTermsSet",
)


@dataclass(frozen=True, slots=True)
class PartnerKeyRow:
    """A key of a partner. `active_from` in Unix seconds; `revoked_at` is 0 unless it was revoked."""

    key: str
    active_from: int
    revoked_at: int = 0


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """A partner.

    `account` stands for it in allowances. `earn_rate_bps` counts now, `next_earn_rate_bps` from `next_earn_rate_from`
    on (Unix seconds; 0 if none was ever announced). Issue price and reimbursement in millionths of a minor unit.
    """

    partner: int
    account: str
    name: str
    currency: str
    earn_rate_bps: int
    active: bool = True
    next_earn_rate_bps: int = 0
    next_earn_rate_from: int = 0
    issue_price_micros: int = 0
    reimbursement_micros: int = 0
    credit_limit_points: int = 0
    keys: tuple[PartnerKeyRow, ...] = ()

    def at(self, timestamp: int) -> PartnerRow:
        """The same, with the earn rate that counts at a Unix time in seconds."""
        due = self.next_earn_rate_from != 0 and self.next_earn_rate_from <= timestamp
        return replace(self, earn_rate_bps=self.next_earn_rate_bps) if due else self


def partner_rows(connection: Connection, timestamp: int) -> list[PartnerRow]:
    """Return all partners in the order in which they joined, with the rates that count at `timestamp`."""
    question = (
        select(changes.c.event, changes.c.details, blocks.c.timestamp)
        .join_from(changes, blocks, blocks.c.number == changes.c.block)
        .where(changes.c.event.in_(EVENTS))
        .order_by(changes.c.block, changes.c.log)
    )
    partners: dict[int, PartnerRow] = {}
    for event, text, changed_at in connection.execute(question):
        details = json.loads(text)
        number = details.pop("partner")
        if event == "PartnerAdded":
            partners[number] = PartnerRow(number, **details)
        else:
            partners[number] = CHANGES[event](partners[number], details, changed_at)
    return [partners[number].at(timestamp) for number in sorted(partners)]


def is_paused(connection: Connection) -> bool:
    """True while the ledger takes no operations."""
    question = select(changes.c.event).where(changes.c.event.in_(("Paused", "Unpaused")))
    last = connection.execute(question.order_by(changes.c.block.desc(), changes.c.log.desc()).limit(1)).scalar()
    return last == "Paused"


def _suspended(row: PartnerRow, details: dict[str, Any], at: int) -> PartnerRow:
    return replace(row, active=False)


def _reinstated(row: PartnerRow, details: dict[str, Any], at: int) -> PartnerRow:
    return replace(row, active=True)


def _key_added(row: PartnerRow, details: dict[str, Any], at: int) -> PartnerRow:
    return replace(row, keys=(*row.keys, PartnerKeyRow(details["key"], details["active_from"])))


def _key_revoked(row: PartnerRow, details: dict[str, Any], at: int) -> PartnerRow:
    keys = (replace(key, revoked_at=at) if key.key == details["key"] else key for key in row.keys)
    return replace(row, keys=tuple(keys))


def _rate_announced(row: PartnerRow, details: dict[str, Any], at: int) -> PartnerRow:
    return replace(
        row.at(at),
        next_earn_rate_bps=details["earn_rate_bps"],
        next_earn_rate_from=details["effective_from"],
    )


def _terms_set(row: PartnerRow, details: dict[str, Any], at: int) -> PartnerRow:
    return replace(row, **details)


CHANGES: dict[str, Callable[[PartnerRow, dict[str, Any], int], PartnerRow]] = {
    "PartnerSuspended": _suspended,
    "PartnerReinstated": _reinstated,
    "PartnerKeyAdded": _key_added,
    "PartnerKeyRevoked": _key_revoked,
    "EarnRateAnnounced": _rate_announced,
    "PartnerTermsSet": _terms_set,
}
