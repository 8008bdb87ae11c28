"""The getters of the contracts, computed from the folded state at a Unix time in seconds."""

from __future__ import annotations

from collections.abc import Callable

from coalition.ledger.book import NOBODY, Account, AccountKey, OpenHold, Partner, State
from coalition.ledger.chain_word import CHAIN_START, awards_hash, leaf_of, link
from coalition.ledger.lots import Lots
from coalition.ledger.operations import RECEIPT_BITS
from coalition.ledger.records import outcome_of

__all__ = [
    "FLAGS_SHIFT",
    "FLAG_ENROLLED",
    "FLAG_INDEBTED",
    "FLAG_KEY_CHANGED",
    "SINCE_SHIFT",
    "account_key_of",
    "account_word",
    "allowance",
    "authorization_state",
    "balance_of",
    "balance_of_at_epoch",
    "corrected_of",
    "debt_of",
    "held_of",
    "hold_of",
    "is_member",
    "is_receipt_used",
    "lots_of",
    "member_since_of",
    "rate_at",
    "receipt_word_of",
    "signer_of",
    "stored_lots",
    "supply_at_epoch",
    "supply_lots",
    "total_supply",
]

FLAGS_SHIFT = 216
SINCE_SHIFT = 224
FLAG_ENROLLED = 1
FLAG_INDEBTED = 2
FLAG_KEY_CHANGED = 4
NO_ACCOUNT = Account()


def lots_of(state: State, account: str, timestamp: int) -> Lots:
    """An account's points by epoch, without what has expired."""
    return _live(state, state.accounts.get(account, NO_ACCOUNT).lots, timestamp)


def stored_lots(state: State, account: str) -> Lots:
    """An account's points as it was last written, those that expired since included."""
    known = state.accounts.get(account, NO_ACCOUNT)
    return Lots.of(known.head, known.lots)


def account_word(state: State, account: str, timestamp: int) -> int:
    """The word that the ledger's `lotsOf` returns: the lots, the flags above them, and since when."""
    known = state.accounts.get(account, NO_ACCOUNT)
    flags = (
        FLAG_ENROLLED * known.enrolled | FLAG_INDEBTED * (known.debt > 0) | FLAG_KEY_CHANGED * (known.key is not None)
    )
    return known.member_since << SINCE_SHIFT | flags << FLAGS_SHIFT | lots_of(state, account, timestamp).to_word()


def balance_of(state: State, account: str, timestamp: int) -> int:
    """Points of an account that have not expired."""
    return lots_of(state, account, timestamp).total


def balance_of_at_epoch(state: State, epoch: int, account: str, timestamp: int) -> int:
    """Points of an account that were earned in `epoch`, 0 if they have expired."""
    return lots_of(state, account, timestamp).at_epoch(epoch)


def held_of(state: State, account: str, timestamp: int) -> int:
    """Points of an account that lie in open holds and have not expired."""
    epoch = state.epoch_at(timestamp)
    holds = [hold for hold in state.holds.values() if hold.member == account]
    return sum(hold.lots.rolled(epoch, state.validity).total for hold in holds)


def supply_lots(state: State, timestamp: int) -> Lots:
    """Points outstanding by epoch, held ones included, without what has expired."""
    return _live(state, state.supply, timestamp)


def supply_at_epoch(state: State, epoch: int, timestamp: int) -> int:
    """Points outstanding that were earned in `epoch`, 0 if they have expired."""
    return supply_lots(state, timestamp).at_epoch(epoch)


def total_supply(state: State, timestamp: int) -> int:
    """Points outstanding, held ones included."""
    return supply_lots(state, timestamp).total


def debt_of(state: State, account: str) -> int:
    """Points that later earns of the account will pay."""
    return state.accounts.get(account, NO_ACCOUNT).debt


def is_member(state: State, account: str) -> bool:
    """True if the account was enrolled."""
    return state.accounts.get(account, NO_ACCOUNT).enrolled


def member_since_of(state: State, account: str) -> int:
    """Unix time in seconds at which the account was enrolled, 0 for nobody's."""
    return state.accounts.get(account, NO_ACCOUNT).member_since


def is_receipt_used(state: State, partner: int, receipt: int) -> bool:
    """True if the partner's receipt has been counted."""
    word = state.words.get((partner, receipt // RECEIPT_BITS))
    return word is not None and bool(word.used >> receipt % RECEIPT_BITS & 1)


def receipt_word_of(state: State, partner: int, receipt: int, keccak: Callable[[bytes], bytes]) -> tuple[bytes, int]:
    """Chain (28 bytes) and used bits of the word that holds `receipt`. Hashes what is pending, once."""
    word = state.words.get((partner, receipt // RECEIPT_BITS))
    if word is None:
        return CHAIN_START, 0
    for event, epoch in word.pending:
        awards = awards_hash(state.awards.get((partner, event.receipt), ()), keccak)
        outcome = outcome_of(event, epoch, awards)
        assert outcome is not None
        word.chain = link(word.chain, leaf_of(outcome, keccak), keccak)
    word.pending.clear()
    return word.chain, word.used


def hold_of(state: State, partner: int, receipt: int) -> OpenHold | None:
    """The open hold under a partner's receipt."""
    return state.holds.get((partner, receipt))


def corrected_of(state: State, partner: int, receipt: int) -> int:
    """How much of an original was taken back: minor units of an earn, points of a redemption or capture."""
    return state.corrected.get((partner, receipt), 0)


def allowance(state: State, owner: str, spender: str) -> int:
    """Points that `spender` may still take from `owner`."""
    return state.allowances.get((owner, spender), 0)


def authorization_state(state: State, authorizer: str, nonce: bytes) -> bool:
    """True if the authorization was used or cancelled."""
    return (authorizer, nonce) in state.authorizations


def signer_of(state: State, account: str, timestamp: int) -> str:
    """Key that signs for the account."""
    key = state.accounts.get(account, NO_ACCOUNT).key
    if key is None:
        return account
    return key.next if 0 < key.effective_from <= timestamp else key.current


def account_key_of(state: State, account: str) -> AccountKey:
    """What is known of an account's keys; nobody's if they never changed."""
    return state.accounts.get(account, NO_ACCOUNT).key or AccountKey(NOBODY, 0, NOBODY)


def rate_at(partner: Partner, timestamp: int) -> int:
    """A partner's base rate, in basis points of a point per minor unit."""
    changed = 0 < partner.next_earn_rate_from <= timestamp
    return partner.next_earn_rate_bps if changed else partner.earn_rate_bps


def _live(state: State, lots: dict[int, int], timestamp: int) -> Lots:
    epoch = state.epoch_at(timestamp)
    return Lots.of(epoch, {earned: n for earned, n in lots.items() if earned + state.validity > epoch})
