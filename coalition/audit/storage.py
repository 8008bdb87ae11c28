"""The contracts' storage, read through their own views at one block, beside the fold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from coalition.audit.campaign_storage import campaign_checks
from coalition.audit.check import Check
from coalition.audit.report import Divergence
from coalition.chain import views as chain
from coalition.chain.deployment import Deployment
from coalition.chain.keccak import keccak
from coalition.chain.rpc import Rpc
from coalition.ledger import views as fold
from coalition.ledger.lots import Lots
from coalition.ledger.operations import RECEIPT_BITS
from coalition.ledger.state import State

__all__ = ["StorageDivergence", "checks_of", "compare_storage"]

CHECKS_A_BATCH = 2_000
DIVERGENCES_MAX = 20


@dataclass(frozen=True, slots=True)
class StorageDivergence:
    """A check that failed, for narrowing down, and how it reads."""

    check: Check
    divergence: Divergence


def compare_storage(
    rpc: Rpc, deployment: Deployment, state: State, block: int, progress: Callable[[int, int], None]
) -> tuple[Counter[str], list[StorageDivergence]]:
    """Ask the contracts at `block` all that the fold knows; return what was asked, by kind, and what differs.

    `progress` is called with checks done and checks in all.
    """
    epoch = chain.read(rpc, chain.setting(deployment, "currentEpoch"), block)
    time = state.epoch_origin + epoch * state.epoch_length
    asked: Counter[str] = Counter()
    found: list[StorageDivergence] = []
    checks = list(checks_of(deployment, state))
    for start in range(0, len(checks), CHECKS_A_BATCH):
        some = checks[start : start + CHECKS_A_BATCH]
        answers = chain.read_all(rpc, [check.view for check in some], block)
        found += _compare(some, answers, state, time)
        asked.update(check.kind for check in some)
        progress(start + len(some), len(checks))
    return asked, found[:DIVERGENCES_MAX]


def checks_of(deployment: Deployment, state: State) -> Iterator[Check]:
    """Yield everything that the fold knows and a view tells."""
    yield Check("supply", "points outstanding", chain.supply_lots(deployment), fold.supply_lots)
    yield Check("settings", "whether the ledger is paused", chain.paused(deployment), _paused)
    yield Check("settings", "the campaign book", chain.campaign_book(deployment), _campaign_book)
    yield Check("settings", "number of partners", chain.partner_count(deployment), _partner_count)
    for account in sorted(state.accounts.keys() | {state.ledger}):
        yield from _of_account(deployment, account)
    yield from _of_receipts(deployment, state)
    for partner in state.partners:
        view = chain.partner_of(deployment, partner)
        yield Check("partners", f"partner {partner}", view, partial(_partner, partner))
    for key in state.keys:
        yield Check("partner keys", f"partner key {key}", chain.key_of(deployment, key), partial(_key, key))
    for owner, spender in state.allowances:
        what, allowed = f"allowance of {owner} to {spender}", chain.allowance(deployment, owner, spender)
        yield Check("allowances", what, allowed, partial(_allowance, owner, spender), owner)
    for giver, nonce in state.authorizations:
        what, used = f"authorization 0x{nonce.hex()} of {giver}", chain.authorization_used(deployment, giver, nonce)
        yield Check("authorizations", what, used, partial(_authorization, giver, nonce), giver)
    yield from campaign_checks(deployment, state)


def _of_account(deployment: Deployment, account: str) -> Iterator[Check]:
    views: tuple[tuple[str, str, chain.View[Any], Callable[[str, State, int], Any]], ...] = (
        ("balances", "points", chain.lots_of(deployment, account), _lots),
        ("debts", "debt", chain.debt_of(deployment, account), _debt),
        ("members", "membership", chain.is_member(deployment, account), _member),
        ("members since", "time of enrolment", chain.member_since_of(deployment, account), _member_since),
        ("account keys", "key", chain.account_key_of(deployment, account), _account_key),
    )
    for kind, what, view, expected in views:
        yield Check(kind, f"{what} of {account}", view, partial(expected, account), account)


def _of_receipts(deployment: Deployment, state: State) -> Iterator[Check]:
    for partner, index in state.words:
        first = index * RECEIPT_BITS
        word = chain.receipt_word_of(deployment, partner, first)
        what = f"receipts {first} to {first + RECEIPT_BITS - 1} of partner {partner}"
        yield Check("receipt words", what, word, partial(_word, partner, first), place=(partner, first))
    for partner, receipt in (*state.holds, *state.closed):
        hold = chain.hold_of(deployment, partner, receipt)
        what = f"hold {receipt} of partner {partner}"
        yield Check("holds", what, hold, partial(_hold, partner, receipt), place=(partner, receipt))
    for partner, receipt in state.corrected:
        amount = chain.corrected_of(deployment, partner, receipt)
        what = f"what was taken back of receipt {receipt} of partner {partner}"
        yield Check("corrections", what, amount, partial(_corrected, partner, receipt), place=(partner, receipt))


def _compare(checks: Sequence[Check], answers: Sequence[Any], state: State, time: int) -> Iterator[StorageDivergence]:
    for check, answer in zip(checks, answers, strict=True):
        expected = check.expected(state, time)
        if answer != expected:
            divergence = Divergence(check.what, fold=str(expected), storage=str(answer))
            yield StorageDivergence(check, divergence)


def _paused(state: State, time: int) -> bool:
    return state.paused


def _campaign_book(state: State, time: int) -> str:
    return state.campaign_book


def _partner_count(state: State, time: int) -> int:
    return len(state.partners)


def _lots(account: str, state: State, time: int) -> Lots:
    return fold.lots_of(state, account, time)


def _debt(account: str, state: State, time: int) -> int:
    return fold.debt_of(state, account)


def _member(account: str, state: State, time: int) -> bool:
    return fold.is_member(state, account)


def _member_since(account: str, state: State, time: int) -> int:
    return fold.member_since_of(state, account)


def _account_key(account: str, state: State, time: int) -> chain.AccountKey:
    key = fold.account_key_of(state, account)
    return chain.AccountKey(key.current, key.effective_from, key.next)


def _word(partner: int, receipt: int, state: State, time: int) -> tuple[bytes, int]:
    return fold.receipt_word_of(state, partner, receipt, keccak)


def _hold(partner: int, receipt: int, state: State, time: int) -> chain.Hold | None:
    hold = fold.hold_of(state, partner, receipt)
    return None if hold is None else chain.Hold(hold.member, hold.deadline, hold.lots)


def _corrected(partner: int, receipt: int, state: State, time: int) -> int:
    return fold.corrected_of(state, partner, receipt)


def _partner(partner: int, state: State, time: int) -> chain.Partner | None:
    known = state.partners.get(partner)
    if known is None:
        return None
    return chain.Partner(
        chain.PartnerStatus(known.status),
        known.earn_rate_bps,
        known.next_earn_rate_bps,
        known.next_earn_rate_from,
        known.issue_price_micros,
        known.reimbursement_micros,
        known.currency,
        known.account,
        known.credit_limit_points,
    )


def _key(key: str, state: State, time: int) -> chain.Key | None:
    known = state.keys.get(key)
    return None if known is None else chain.Key(known.partner, known.active_from, known.revoked_at)


def _allowance(owner: str, spender: str, state: State, time: int) -> int:
    return fold.allowance(state, owner, spender)


def _authorization(authorizer: str, nonce: bytes, state: State, time: int) -> bool:
    return fold.authorization_state(state, authorizer, nonce)
