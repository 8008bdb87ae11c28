"""How the fold moves points between lots and marks receipts, and what it notes where that cannot be right."""

from __future__ import annotations

from collections.abc import Mapping

from coalition.ledger.book import Account, ReceiptWord, State, Violation
from coalition.ledger.events import Position
from coalition.ledger.operations import RECEIPT_BITS

__all__ = [
    "HOLD",
    "RECEIPT",
    "SPEND",
    "SUPPLY",
    "count_receipt",
    "create",
    "destroy",
    "give",
    "paying",
    "take",
    "violated",
    "word_at",
    "written",
]

SUPPLY = "supply_is_issued_minus_gone"
RECEIPT = "receipt_counts_once"
SPEND = "no_spend_without_member_key"
HOLD = "hold_is_captured_or_released_never_both"

Points = Mapping[int, int]


def written(state: State, position: Position, address: str) -> Account:
    """The account, as one that an event of this time writes."""
    account = state.account(address)
    account.head = state.epoch_at(position.timestamp)
    return account


def paying(state: State, position: Position, member: str) -> Account:
    """As `written`, for an account that pays: it should be a member's."""
    account = written(state, position, member)
    if not account.enrolled:
        violated(state, position, SPEND, f"{member} paid without being a member")
    return account


def give(account: Account, points: Points) -> None:
    """Points more in an account."""
    for epoch, count in points.items():
        account.lots[epoch] = account.lots.get(epoch, 0) + count


def take(state: State, position: Position, account: Account, points: Points) -> None:
    """Points less in an account."""
    for epoch, count in points.items():
        _reduce(state, position, account.lots, epoch, count)


def create(state: State, account: Account, points: Points) -> None:
    """Points that come into being, in an account."""
    give(account, points)
    for epoch, count in points.items():
        state.supply[epoch] = state.supply.get(epoch, 0) + count


def destroy(state: State, position: Position, account: Account, points: Points) -> None:
    """Points of an account that are no more."""
    take(state, position, account, points)
    for epoch, count in points.items():
        _reduce(state, position, state.supply, epoch, count)


def _reduce(state: State, position: Position, lots: dict[int, int], epoch: int, count: int) -> None:
    left = lots.get(epoch, 0) - count
    if left:
        lots[epoch] = left
    else:
        lots.pop(epoch, None)
    if left < 0:
        violated(state, position, SUPPLY, f"{-left} points of epoch {epoch} went that were not there")


def word_at(state: State, partner: int, receipt: int) -> ReceiptWord:
    """The word that holds `receipt`, made if there was none."""
    place = partner, receipt // RECEIPT_BITS
    word = state.words.get(place)
    if word is None:
        word = state.words[place] = ReceiptWord()
    return word


def count_receipt(state: State, position: Position, partner: int, receipt: int) -> ReceiptWord:
    """Mark a receipt; return its word."""
    word = word_at(state, partner, receipt)
    bit = 1 << receipt % RECEIPT_BITS
    if word.used & bit:
        violated(state, position, RECEIPT, f"receipt {receipt} of partner {partner} counted twice")
    word.used |= bit
    state.receipts_counted += 1
    return word


def violated(state: State, position: Position, invariant: str, sentence: str) -> None:
    """Note that `invariant` does not hold, and go on."""
    state.violations.append(Violation(invariant, sentence, position))
