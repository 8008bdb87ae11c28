"""What must hold in every folded state: one function a name, each returning what is wrong.

Those of campaigns (`coalition.ledger.campaigns.invariants`), settlement and nonces live with what they speak about;
`replay_equals_storage_equals_read_model` is the audit itself. Whether each spending had its member's key is decided by the
machine, which sees the signatures; from events alone one can tell that whoever paid was a member, and that no allowance was
exceeded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from coalition.ledger.book import Account, State, Violation
from coalition.ledger.operations import Kind

__all__ = [
    "INVARIANTS",
    "hold_is_captured_or_released_never_both",
    "no_spend_without_member_key",
    "receipt_counts_once",
    "supply_is_issued_minus_gone",
    "violations",
]


def supply_is_issued_minus_gone(state: State) -> list[Violation]:
    """Points of all accounts, the ledger's own included, are the supply, epoch by epoch; and the supply is all that
    came into being less all that went."""
    name = "supply_is_issued_minus_gone"
    found = _met(state, name)
    by_epoch: Counter[int] = Counter()
    for address, account in state.accounts.items():
        by_epoch.update(account.lots)
        if any(points < 0 for points in account.lots.values()) or account.debt < 0:
            found.append(Violation(name, f"{address} has less than nothing"))
    for epoch in sorted(by_epoch.keys() | state.supply.keys()):
        held, supply = by_epoch[epoch], state.supply.get(epoch, 0)
        if held != supply:
            found.append(Violation(name, f"accounts hold {held} points of epoch {epoch}, the supply is {supply}"))
    supply, outstanding = sum(state.supply.values()), state.totals.outstanding
    if supply != outstanding:
        found.append(Violation(name, f"the supply is {supply}, issued minus gone is {outstanding}"))
    return found


def receipt_counts_once(state: State) -> list[Violation]:
    """As many receipts are marked as operations were accepted under receipts of their own."""
    name = "receipt_counts_once"
    found = _met(state, name)
    marked = sum(word.used.bit_count() for word in state.words.values())
    accepted = sum(
        count
        for totals in state.partner_totals.values()
        for kind, count in totals.accepted.items()
        if kind not in (Kind.CAPTURE, Kind.RELEASE)
    )
    if not marked == accepted == state.receipts_counted:
        found.append(Violation(name, f"{marked} receipts are marked, {accepted} operations were accepted"))
    return found


def no_spend_without_member_key(state: State) -> list[Violation]:
    """Whoever paid was a member, and no allowance went below zero."""
    name = "no_spend_without_member_key"
    found = _met(state, name)
    for (owner, spender), value in state.allowances.items():
        if value < 0:
            found.append(Violation(name, f"{spender} took more than {owner} allowed"))
    for address, account in state.accounts.items():
        if account.lots and not account.enrolled and address != state.ledger:
            found.append(Violation(name, f"{address} holds points without being a member"))
    return found


def hold_is_captured_or_released_never_both(state: State) -> list[Violation]:
    """Every hold is open or ended once; what lives of the open ones lies in the ledger's own account."""
    name = "hold_is_captured_or_released_never_both"
    found = _met(state, name)
    held = sum(totals.accepted[Kind.HOLD] for totals in state.partner_totals.values())
    if held != len(state.holds) + len(state.closed):
        found.append(Violation(name, f"of {held} holds {len(state.holds)} are open, {len(state.closed)} ended"))
    for place in state.holds.keys() & state.closed.keys():
        found.append(Violation(name, f"hold {place} is open and ended"))
    own = state.accounts.get(state.ledger, Account())
    promised: Counter[int] = Counter()
    for hold in state.holds.values():
        promised.update(hold.lots.by_epoch())
    for epoch in sorted(promised.keys() | own.lots.keys()):
        kept = own.lots.get(epoch, 0)
        if kept != promised[epoch] and not (kept == 0 and state.is_expired(epoch, own.head)):
            text = f"open holds promise {promised[epoch]} points of epoch {epoch}, the ledger keeps {kept}"
            found.append(Violation(name, text))
    return found


INVARIANTS: dict[str, Callable[[State], list[Violation]]] = {
    check.__name__: check
    for check in (
        supply_is_issued_minus_gone,
        receipt_counts_once,
        no_spend_without_member_key,
        hold_is_captured_or_released_never_both,
    )
}


def violations(state: State) -> list[Violation]:
    """Everything that is wrong with `state`, those contradictions included that the fold met on its way."""
    return [violation for check in INVARIANTS.values() for violation in check(state)]


def _met(state: State, invariant: str) -> list[Violation]:
    return [violation for violation in state.violations if violation.invariant == invariant]
