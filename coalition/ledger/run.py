"""One call under decision: who calls, when, and what has happened so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from coalition.ledger import calls
from coalition.ledger.book import NOBODY, State
from coalition.ledger.events import Event, PointsExpired, Position, Transfer
from coalition.ledger.lots import Lots
from coalition.ledger.signed_content import SignedContent
from coalition.ledger.state import apply
from coalition.ledger.views import balance_of, lots_of, signer_of, stored_lots

__all__ = ["EarnHook", "Machine", "Others", "Poster", "Purchase", "Revert", "Run", "Stopped"]


@dataclass(frozen=True, slots=True)
class Revert:
    """The call did nothing at all: the contract's error and its values."""

    name: str
    values: tuple[Any, ...] = ()


Others = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Purchase:
    """What the campaign book is told of an earn. `member_since` in Unix seconds, `points` those of the base rate."""

    partner: int
    member: str
    receipt: int
    spend_minor: int
    points: int
    member_since: int


class EarnHook(Protocol):
    """The campaign book's twin: `contracts/interfaces/IEarnHook.sol`. Others are pairs of an account and its points.

    What it does, it does through `Run.emit`; the fold of those events leaves the purchase's award words in
    `State.pending_awards`. It never awards more than `AWARDS_MAX` points for a purchase.
    """

    def is_open_at(self, run: Run, partner: int) -> bool:
        """True if a purchase at the partner can mean anything beyond its base points."""
        ...

    def earned(self, run: Run, purchase: Purchase) -> tuple[int, Others]:
        """A purchase was accepted: points awarded to the member, and to others."""
        ...

    def taken_back(
        self, run: Run, purchase: Purchase, words: tuple[int, ...], spend_before: int, spend_after: int
    ) -> tuple[int, Others]:
        """A purchase was taken back: points that the member gives back of its awards, and others."""
        ...


class Stopped(Exception):
    """Carries a revert out of a decision."""

    def __init__(self, revert: Revert) -> None:
        super().__init__(revert)
        self.revert = revert


@dataclass
class Machine:
    """The twin of the contracts.

    `state` is the fold; `content` hashes what members sign; `is_signed(signer, digest, signature)` checks it (ECDSA
    with low s, or ERC-1271); `permitted` says who holds the role for which calls; `hook` stands for the campaign book while
    the state has one. `nonces` is what no event tells.
    """

    state: State
    content: SignedContent
    is_signed: Callable[[str, bytes, bytes], bool]
    permitted: Mapping[type[calls.Call], frozenset[str]]
    hook: EarnHook | None = None
    nonces: dict[str, int] = field(default_factory=dict)

    def nonce_of(self, owner: str) -> int:
        """The nonce that the next permit, rotation or cancellation of `owner` must have."""
        return self.nonces.get(owner, 0)


@dataclass(frozen=True, slots=True)
class Poster:
    """The partner of a batch, and its rate in basis points of a point per minor unit.

    `hook` is the campaign book if it is to hear of purchases.
    """

    partner: int
    earn_rate_bps: int
    hook: EarnHook | None = None


@dataclass
class Run:
    """A call that is being decided: every event is folded at once, so that what follows sees it."""

    machine: Machine
    sender: str
    start: Position
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = self.machine.state
        self.timestamp = self.start.timestamp
        self.epoch = self.state.epoch_at(self.timestamp)

    def emit(self, event: Event) -> None:
        """What happens now."""
        log = self.start.log + len(self.events)
        apply(self.state, Position(self.start.block, log, self.timestamp, self.start.transaction), event)
        self.events.append(event)

    def require(self, condition: bool, name: str, *values: Any) -> None:
        """Stop the whole call with the contract's error unless `condition` holds."""
        if not condition:
            raise Stopped(Revert(name, values))

    def require_role(self, call: calls.Call) -> None:
        """Only holders of the call's role may go on."""
        permitted = self.machine.permitted.get(type(call), frozenset())
        self.require(self.sender in permitted, "AccessManagedUnauthorized", self.sender)

    def require_not_paused(self) -> None:
        """Nothing moves while the ledger is paused."""
        self.require(not self.state.paused, "LedgerPaused")

    def require_signed(self, account: str, digest: bytes, deadline: int, signature: bytes) -> None:
        """Only the account's present key may go on, and in time."""
        self.require(self.timestamp <= deadline, "SignatureExpired", deadline)
        signed = self.machine.is_signed(self.signer_of(account), digest, signature)
        self.require(signed, "SignatureNotValid", account)

    @property
    def hook(self) -> EarnHook | None:
        """The campaign book, if there is one."""
        return None if self.state.campaign_book == NOBODY else self.machine.hook

    def signer_of(self, account: str) -> str:
        """Key that signs for the account now."""
        return signer_of(self.state, account, self.timestamp)

    def lots_of(self, account: str) -> Lots:
        """The account's points now."""
        return lots_of(self.state, account, self.timestamp)

    def balance_of(self, account: str) -> int:
        """The account's points now."""
        return balance_of(self.state, account, self.timestamp)

    def open(self, account: str) -> Lots:
        """The account, about to be written: what has expired is taken out first."""
        stored = stored_lots(self.state, account)
        gone = stored.expired(self.epoch, self.state.validity)
        if gone.total:
            self.emit(PointsExpired(account, gone))
            self.emit(Transfer(account, NOBODY, gone.total))
        return self.lots_of(account)

    def use_nonce(self, owner: str) -> int:
        """The nonce that the call's signature must carry. It counts up when the call succeeds."""
        return self.machine.nonce_of(owner)

    def nonce_used(self, owner: str) -> None:
        """The signature can never be used again."""
        self.machine.nonces[owner] = self.machine.nonce_of(owner) + 1
