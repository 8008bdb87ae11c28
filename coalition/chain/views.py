"""What the contracts answer, typed. A `View` is a question; `read` asks one, `read_all` many in one batch.

```
balance = read(rpc, balance_of(deployment, member))
balances = read_all(rpc, [balance_of(deployment, member) for member in members], block=1200)
```
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, TypeVar

from coalition.chain import reverts
from coalition.chain.abi import selector
from coalition.chain.addresses import ZERO_ADDRESS, from_word
from coalition.chain.deployment import Deployment
from coalition.chain.rpc import Rpc, RpcError
from coalition.errors import SetupError
from coalition.ledger.lots import Lots

__all__ = [
    "AccountKey",
    "Hold",
    "Key",
    "Partner",
    "PartnerStatus",
    "View",
    "account_key_of",
    "account_of",
    "allowance",
    "authority",
    "authorization_used",
    "balance_of",
    "campaign_book",
    "contract_view",
    "corrected_of",
    "debt_of",
    "earn_rate_of",
    "hold_of",
    "is_member",
    "is_receipt_used",
    "key_of",
    "link",
    "lots_of",
    "member_since_of",
    "nonce_of",
    "partner_count",
    "partner_of",
    "paused",
    "posting",
    "read",
    "read_all",
    "receipt_word_of",
    "registry_of",
    "setting",
    "signer_of",
    "supply",
    "supply_lots",
]

T = TypeVar("T")
Words = list[str]
Argument = int | str | bytes


class PartnerStatus(IntEnum):
    """As on the chain; `NONE` is no partner at all."""

    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2


@dataclass(frozen=True, slots=True)
class View(Generic[T]):
    """A question to a contract: its address, the call data (`0x…`), and how to read the answer's words."""

    to: str
    data: str
    decode: Callable[[Words], T]


@dataclass(frozen=True, slots=True)
class Hold:
    """An open hold: until `deadline` (Unix seconds) it can be captured."""

    member: str
    deadline: int
    lots: Lots


@dataclass(frozen=True, slots=True)
class Partner:
    """What the registry knows of a partner. `next_earn_rate_from` is 0 if no rate was ever announced."""

    status: PartnerStatus
    earn_rate_bps: int
    next_earn_rate_bps: int
    next_earn_rate_from: int
    issue_price_micros: int
    reimbursement_micros: int
    currency: str
    account: str
    credit_limit_points: int


@dataclass(frozen=True, slots=True)
class Key:
    """What the registry knows of a key. `revoked_at` is 0 if it was not revoked."""

    partner: int
    active_from: int
    revoked_at: int


@dataclass(frozen=True, slots=True)
class AccountKey:
    """What the ledger knows of an account's keys. `effective_from` is 0 if nothing is announced."""

    current: str
    effective_from: int
    next: str


def read(rpc: Rpc, view: View[T], block: int | str = "latest") -> T:
    """Return the answer as of a block: its number, or a tag of JSON-RPC.

    Raises:
        CoalitionError: what the contract said (`reverts`), if it refused.
        SetupError: `contract_missing` if there is no contract.
        ChainUnavailable: the node does not answer, or does not keep what was at that block.
    """
    try:
        return _answer(view, rpc.call("eth_call", _params(view, block)))
    except RpcError as error:
        raise reverts.translated(error) from None


def read_all(rpc: Rpc, views: Sequence[View[T]], block: int | str = "latest") -> list[T]:
    """Return the answers in order, as of one block. Raises as `read`, for the first that failed."""
    answers = rpc.batch([("eth_call", _params(view, block)) for view in views])
    for answer in answers:
        if isinstance(answer, RpcError):
            raise reverts.translated(answer)
    return [_answer(view, answer) for view, answer in zip(views, answers, strict=True)]


def _params(view: View[T], block: int | str) -> list[Any]:
    return [{"to": view.to, "data": view.data}, hex(block) if isinstance(block, int) else block]


def _answer(view: View[T], answer: str) -> T:
    if len(answer) < 66:
        raise SetupError(
            f"There is no contract of the ledger at {view.to}. Check the deployment's file and the node.",
            code="contract_missing",
            address=view.to,
        )
    return view.decode([answer[at : at + 64] for at in range(2, len(answer), 64)])


# ---- the ledger


def balance_of(deployment: Deployment, account: str) -> View[int]:
    """Points of an account that have not expired."""
    return _ledger(deployment, "balanceOf", _integer, account)


def lots_of(deployment: Deployment, account: str) -> View[Lots]:
    """An account's points by epoch, without what has expired."""
    return _ledger(deployment, "lotsOf", _lots, account)


def supply(deployment: Deployment) -> View[int]:
    """Points outstanding, held ones included."""
    return _ledger(deployment, "totalSupply", _integer)


def supply_lots(deployment: Deployment) -> View[Lots]:
    """Points outstanding by epoch."""
    return _ledger(deployment, "supplyLots", _lots)


def debt_of(deployment: Deployment, account: str) -> View[int]:
    """Points that later earns of the account will pay."""
    return _ledger(deployment, "debtOf", _integer, account)


def is_member(deployment: Deployment, account: str) -> View[bool]:
    """True if the account was enrolled."""
    return _ledger(deployment, "isMember", _flag, account)


def member_since_of(deployment: Deployment, account: str) -> View[int]:
    """Unix time in seconds at which the account was enrolled, 0 for nobody's."""
    return _ledger(deployment, "memberSinceOf", _integer, account)


def campaign_book(deployment: Deployment) -> View[str]:
    """The book that hears of purchases; the zero address for none."""
    return _ledger(deployment, "campaignBook", _address)


def is_receipt_used(deployment: Deployment, partner: int, receipt: int) -> View[bool]:
    """True if the partner's receipt has been counted."""
    return _ledger(deployment, "isReceiptUsed", _flag, partner, receipt)


def receipt_word_of(deployment: Deployment, partner: int, receipt: int) -> View[tuple[bytes, int]]:
    """The word of 32 receipts that holds `receipt`: its chain (28 bytes) and its used bits."""
    return _ledger(deployment, "receiptWordOf", _receipt_word, partner, receipt)


def hold_of(deployment: Deployment, partner: int, receipt: int) -> View[Hold | None]:
    """The open hold under a partner's receipt, None if there is none."""
    return _ledger(deployment, "holdOf", _hold, partner, receipt)


def corrected_of(deployment: Deployment, partner: int, receipt: int) -> View[int]:
    """How much of an original was taken back: minor units of an earn, points of a redemption or capture."""
    return _ledger(deployment, "correctedOf", _integer, partner, receipt)


def allowance(deployment: Deployment, owner: str, spender: str) -> View[int]:
    """Points that `spender` may spend of `owner`'s."""
    return _ledger(deployment, "allowance", _integer, owner, spender)


def nonce_of(deployment: Deployment, account: str) -> View[int]:
    """The nonce for the account's next permit, rotation or cancellation."""
    return _ledger(deployment, "nonces", _integer, account)


def authorization_used(deployment: Deployment, authorizer: str, nonce: bytes) -> View[bool]:
    """True if an authorization of ERC-3009 was used or cancelled."""
    return _ledger(deployment, "authorizationState", _flag, authorizer, nonce)


def signer_of(deployment: Deployment, account: str) -> View[str]:
    """The key that signs for an account."""
    return _ledger(deployment, "signerOf", _address, account)


def account_key_of(deployment: Deployment, account: str) -> View[AccountKey]:
    """What is known of an account's keys; all zero if they never changed."""
    return _ledger(deployment, "accountKeyOf", _account_key, account)


def paused(deployment: Deployment) -> View[bool]:
    """True while nothing can be posted."""
    return _ledger(deployment, "paused", _flag)


def registry_of(deployment: Deployment) -> View[str]:
    """The registry that the ledger asks."""
    return _ledger(deployment, "registry", _address)


# ---- the registry


def partner_count(deployment: Deployment) -> View[int]:
    """Partners so far; their numbers are 1 to this."""
    return _registry(deployment, "partnerCount", _integer)


def partner_of(deployment: Deployment, partner: int) -> View[Partner]:
    """All that is known of a partner; of status `NONE` if there is no such one."""
    return _registry(deployment, "partnerOf", _partner, partner)


def key_of(deployment: Deployment, key: str) -> View[Key]:
    """All that is known of a key; of partner 0 if it is unknown."""
    return _registry(deployment, "keyOf", _key, key)


def posting(deployment: Deployment, key: str) -> View[tuple[int, int]]:
    """The partner for which `key` may post now, and its earn rate in basis points. Refuses as a post would."""
    return _registry(deployment, "posting", _two, key)


def earn_rate_of(deployment: Deployment, partner: int) -> View[int]:
    """The partner's earn rate now, in basis points of a point per minor unit."""
    return _registry(deployment, "earnRateOf", _integer, partner)


def account_of(deployment: Deployment, partner: int) -> View[str]:
    """The address that stands for a partner in allowances."""
    return _registry(deployment, "accountOf", _address, partner)


# ---- both


def authority(contract: str) -> View[str]:
    """The access manager of the registry or the ledger at that address."""
    return _view(contract, selector("PointLedger", "authority"), _address, ())


def setting(deployment: Deployment, name: str) -> View[int]:
    """A number that was fixed at deployment, by its name in the ABI, such as `epochLength`."""
    if name == "noticeSeconds":
        return _registry(deployment, name, _integer)
    return _ledger(deployment, name, _integer)


def link(deployment: Deployment, contract: str, function: str) -> View[str]:
    """The address of another contract that one of `Deployment.contracts` knows, such as the ledger's `campaignBook`."""
    return _view(deployment.contracts[contract], selector(contract, function), _address, ())


def contract_view(
    deployment: Deployment, contract: str, function: str, decode: Callable[[Words], T], *args: Argument
) -> View[T]:
    """A question to one of `Deployment.contracts`: numbers, addresses and 32 bytes in, `decode` reads the words."""
    return _view(deployment.contracts[contract], selector(contract, function), decode, args)


def _ledger(deployment: Deployment, function: str, decode: Callable[[Words], T], *args: Argument) -> View[T]:
    return _view(deployment.ledger, selector("PointLedger", function), decode, args)


def _registry(deployment: Deployment, function: str, decode: Callable[[Words], T], *args: Argument) -> View[T]:
    return _view(deployment.registry, selector("PartnerRegistry", function), decode, args)


def _view(to: str, function: bytes, decode: Callable[[Words], T], args: tuple[Argument, ...]) -> View[T]:
    return View(to, "0x" + function.hex() + "".join(_argument(argument) for argument in args), decode)


def _argument(argument: Argument) -> str:
    """One word: a number, an address, or 32 bytes."""
    if isinstance(argument, int):
        return f"{argument:064x}"
    return argument.hex() if isinstance(argument, bytes) else argument[2:].lower().rjust(64, "0")


def _integer(words: Words) -> int:
    return int(words[0], 16)


def _flag(words: Words) -> bool:
    return int(words[0], 16) != 0


def _address(words: Words) -> str:
    return from_word(words[0])


def _lots(words: Words) -> Lots:
    return Lots.from_word(int(words[0], 16))


def _two(words: Words) -> tuple[int, int]:
    return int(words[0], 16), int(words[1], 16)


def _receipt_word(words: Words) -> tuple[bytes, int]:
    return bytes.fromhex(words[0])[:28], int(words[1], 16)


def _hold(words: Words) -> Hold | None:
    member = from_word(words[0])
    return None if member == ZERO_ADDRESS else Hold(member, int(words[1], 16), Lots.from_word(int(words[2], 16)))


def _partner(words: Words) -> Partner:
    status, rate, next_rate, next_from, price, reimbursement = (int(word, 16) for word in words[:6])
    currency = bytes.fromhex(words[6][:6]).rstrip(b"\0").decode("ascii", "replace")
    account, limit = from_word(words[7]), int(words[8], 16)
    return Partner(PartnerStatus(status), rate, next_rate, next_from, price, reimbursement, currency, account, limit)


def _key(words: Words) -> Key:
    return Key(int(words[0], 16), int(words[1], 16), int(words[2], 16))


def _account_key(words: Words) -> AccountKey:
    return AccountKey(from_word(words[0]), int(words[1], 16), from_word(words[2]))
