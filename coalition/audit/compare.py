"""The read model's sums beside the fold's, as of the same block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from coalition.audit.compare_campaigns import compared_campaigns
from coalition.audit.reader import ReadModelSnapshot
from coalition.audit.report import Divergence
from coalition.ledger.state import PartnerTotals, State

__all__ = ["compare_read_model"]

DIVERGENCES_MAX = 20
LOTS = "points of {} in the read model"


def compare_read_model(
    state: State, read_model: ReadModelSnapshot
) -> tuple[Counter[str], list[tuple[str | None, Divergence]]]:
    """Compare every sum that the read model keeps; return what was compared, by kind, and what differs.

    A divergence comes with the account whose entries may tell more, if there is one.
    """
    compared: Counter[str] = Counter()
    found: list[tuple[str | None, Divergence]] = []
    lots = {address: account.lots for address, account in state.accounts.items() if account.lots}
    holds = {place: (hold.member, hold.deadline, hold.lots) for place, hold in state.holds.items()}
    told_holds = {place: (hold.member, hold.deadline, hold.lots) for place, hold in read_model.open_holds().items()}
    debts = {address: account.debt for address, account in state.accounts.items() if account.debt}
    members = {address: True for address, account in state.accounts.items() if account.enrolled}
    sums = {partner: _sums(state.partner_totals.get(partner)) for partner in state.partners}
    pairs: list[tuple[str, str, Mapping[Any, Any], Mapping[Any, Any]]] = [
        ("balances", LOTS, lots, read_model.lots()),
        ("entries", "entries of {} in the read model", lots, read_model.entries()),
        ("supply", "points of epoch {} in the read model", state.supply, read_model.supply()),
        ("debts", "debt of {} in the read model", debts, read_model.debts()),
        ("members", "membership of {} in the read model", members, dict.fromkeys(read_model.members(), True)),
        ("holds", "open hold {} in the read model", holds, told_holds),
        ("corrections", "what was taken back of {} in the read model", state.corrected, read_model.corrected()),
        ("award words", "award words of {} in the read model", state.awards, read_model.awards()),
        ("partner totals", "totals of partner {} in the read model", sums, _told_sums(read_model)),
        *compared_campaigns(state, read_model),
    ]
    for kind, sentence, folded, told in pairs:
        compared[f"{kind} of the read model"] += len(folded.keys() | told.keys())
        for key in sorted(folded.keys() | told.keys()):
            if folded.get(key) != told.get(key):
                account = key if kind in ("balances", "entries") else None
                divergence = Divergence(
                    sentence.format(key), fold=_text(folded.get(key)), read_model=_text(told.get(key))
                )
                found.append((account, divergence))
    return compared, found[:DIVERGENCES_MAX]


def _sums(totals: PartnerTotals | None) -> tuple[Any, ...]:
    totals = totals or PartnerTotals()
    rejected = {code.code: count for code, count in sorted(totals.rejected.items()) if count}
    return (
        totals.purchases,
        totals.points_issued,
        totals.points_awarded,
        totals.points_redeemed,
        totals.points_refunded,
        totals.points_reversed,
        totals.points_awarded_reversed,
        rejected,
    )


def _told_sums(read_model: ReadModelSnapshot) -> dict[int, tuple[Any, ...]]:
    return {
        partner: (
            row.purchases,
            row.points_issued,
            row.points_awarded,
            row.points_redeemed,
            row.points_refunded,
            row.points_reversed,
            row.points_awarded_reversed,
            row.rejected,
        )
        for partner, row in read_model.partner_totals().items()
    }


def _text(value: object) -> str:
    return "nothing" if value is None else str(value)
