"""Every getter of the contracts against the fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from coalition.ledger import calls, events, views
from coalition.ledger.decide_registry import posting
from coalition.ledger.events import Event, Position
from coalition.ledger.machine import Revert
from coalition.ledger.operations import RECEIPT_BITS
from coalition.ledger.run import Run, Stopped
from coalition.ledger.state import NOBODY, OpenHold, Partner, PartnerKey, PartnerStatus
from tests.fuzz.encoding import keccak, word, words
from tests.fuzz.world import Divergence, World


@dataclass
class Touched:
    """What a step may have changed."""

    accounts: set[str] = field(default_factory=set)
    receipts: set[tuple[int, int]] = field(default_factory=set)
    allowances: set[tuple[str, str]] = field(default_factory=set)
    authorizations: set[tuple[str, bytes]] = field(default_factory=set)
    partners: set[int] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    @classmethod
    def by(cls, world: World, sender: str, call: calls.Call, told: list[Event] | Revert) -> Touched:
        touched = cls()
        partner = world.state.keys.get(sender)
        number = 0 if partner is None else partner.partner
        if isinstance(call, calls.Post):
            for operation in call.operations:
                touched.receipts.add((number, operation.receipt))
                original = getattr(operation, "original", None)
                if original is not None:
                    touched.receipts.add((number, original.receipt))
                    touched.accounts.add(original.member)
                else:
                    touched._member(getattr(operation, "member", None))
        else:
            touched._fields(call)
        for event in told if isinstance(told, list) else ():
            if isinstance(event, events.Approval):
                touched.allowances.add((event.owner, event.spender))
            elif not isinstance(event, events.Transfer):
                touched._fields(event)
        touched.keys.add(sender)
        touched.accounts.add(sender)
        return touched

    def _fields(self, item: Any) -> None:
        for name in ("member", "account", "from_", "to", "authorizer", "owner"):
            self._member(getattr(item, name, None))
        partner, key = getattr(item, "partner", None), getattr(item, "key", None)
        if partner is not None:
            self.partners.add(partner)
            if hasattr(item, "receipt"):
                self.receipts.add((partner, item.receipt))
        if key is not None:
            self.keys.add(key)
        if hasattr(item, "nonce"):
            self.authorizations.add((getattr(item, "authorizer", None) or item.from_, item.nonce))

    def _member(self, account: str | None) -> None:
        if account is not None:
            self.accounts.add(account)


def everything(world: World) -> Touched:
    """All that the fold has heard of."""
    state = world.state
    receipts = {(partner, index * RECEIPT_BITS + 7) for partner, index in state.words}
    return Touched(
        accounts=set(state.accounts) | {NOBODY, world.ledger},
        receipts=receipts | set(state.holds) | set(state.corrected) | set(state.closed),
        allowances=set(state.allowances),
        authorizations=set(state.authorizations),
        partners={*state.partners, 0, len(state.partners) + 1},
        keys={*state.keys, NOBODY},
    )


def compare(world: World, touched: Touched) -> int:
    """Compare the getters of what was touched, and those of the whole ledger; return how many were asked."""
    asked = 0
    for check, items in (
        (_ledger, [None]),
        (_account, touched.accounts),
        (_receipt, touched.receipts),
        (_allowance, touched.allowances),
        (_authorization, touched.authorizations),
        (_partner, touched.partners),
        (_key, touched.keys),
    ):
        asked += _all(world, check, items)
    return asked


def compare_transfers(world: World) -> None:
    """An ERC-20 indexer that adds `Transfer` events up has every balance, expired points included until told."""
    for account, known in world.state.accounts.items():
        told, kept = world.transferred[account], sum(known.lots.values())
        if told != kept and account != NOBODY:
            raise Divergence(f"transfers of {account} add up to {told}, it has {kept}")


def _all(world: World, check: Callable[[World, Any], Iterable[tuple[Any, ...]]], items: Iterable[Any]) -> int:
    asked = 0
    for item in items:
        for function, arguments, expected in check(world, item):
            answer = world.read(function, *arguments)
            if answer != expected:
                text = f"{function}{arguments}:\n  contracts {answer.hex()}\n  fold      {expected.hex()}"
                raise Divergence(text)
            asked += 1
    return asked


Check = Iterable[tuple[str, tuple[Any, ...], bytes]]


def _ledger(world: World, _: None) -> Check:
    state, now = world.state, world.timestamp
    epoch = state.epoch_at(now)
    yield "supplyLots", (), word(views.supply_lots(state, now).to_word())
    yield "totalSupply", (), word(views.total_supply(state, now))
    yield "paused", (), word(state.paused)
    yield "campaignBook", (), word(state.campaign_book)
    yield "currentEpoch", (), word(epoch)
    yield "registry.partnerCount", (), word(len(state.partners))
    for asked in _epochs(world, epoch):
        yield "supplyAtEpoch", (asked,), word(views.supply_at_epoch(state, asked, now))
        yield "isEpochExpired", (asked,), word(state.is_expired(asked, epoch))


def _epochs(world: World, epoch: int) -> list[int]:
    """A few epochs near now, others at each step."""
    near = range(max(0, epoch - 5), epoch + 3)
    return [near[world.block % len(near)], near[(world.block * 7 + 3) % len(near)]]


def _account(world: World, account: str) -> Check:
    state, now = world.state, world.timestamp
    key = views.account_key_of(state, account)
    yield "lotsOf", (account,), word(views.account_word(state, account, now))
    yield "balanceOf", (account,), word(views.balance_of(state, account, now))
    yield "memberSinceOf", (account,), word(views.member_since_of(state, account))
    yield "debtOf", (account,), word(views.debt_of(state, account))
    yield "isMember", (account,), word(views.is_member(state, account))
    yield "signerOf", (account,), word(views.signer_of(state, account, now))
    yield "accountKeyOf", (account,), words(key.current, key.effective_from, key.next)
    yield "nonces", (account,), word(world.machine.nonce_of(account))
    for epoch in _epochs(world, state.epoch_at(now)):
        yield "balanceOfAtEpoch", (epoch, account), word(views.balance_of_at_epoch(state, epoch, account, now))


def _receipt(world: World, place: tuple[int, int]) -> Check:
    state = world.state
    chain, used = views.receipt_word_of(state, *place, keccak)
    hold = views.hold_of(state, *place)
    yield "isReceiptUsed", place, word(views.is_receipt_used(state, *place))
    yield "receiptWordOf", place, words(chain, used)
    yield "holdOf", place, words(0, 0, 0) if hold is None else _hold_words(hold)
    yield "correctedOf", place, word(views.corrected_of(state, *place))


def _hold_words(hold: OpenHold) -> bytes:
    return words(hold.member, hold.deadline, hold.lots.to_word())


def _allowance(world: World, pair: tuple[str, str]) -> Check:
    yield "allowance", pair, word(views.allowance(world.state, *pair))


def _authorization(world: World, pair: tuple[str, bytes]) -> Check:
    yield "authorizationState", pair, word(views.authorization_state(world.state, *pair))


def _partner(world: World, number: int) -> Check:
    partner = world.state.partners.get(number)
    known = partner or Partner(NOBODY, "", "\0\0\0", PartnerStatus.NONE, 0)
    rates = known.earn_rate_bps, known.next_earn_rate_bps, known.next_earn_rate_from
    prices = known.issue_price_micros, known.reimbursement_micros
    fields = *rates, *prices, known.currency.encode(), known.account, known.credit_limit_points
    yield "registry.partnerOf", (number,), words(int(known.status), *fields)
    if partner is not None:
        yield "registry.earnRateOf", (number,), word(views.rate_at(partner, world.timestamp))
        yield "registry.accountOf", (number,), word(partner.account)


def _key(world: World, key: str) -> Check:
    known = world.state.keys.get(key) or PartnerKey(0, 0)
    yield "registry.keyOf", (key,), words(known.partner, known.active_from, known.revoked_at)
    answer = world.read_or_revert("registry.posting", key)
    expected = _posting(world, key)
    if answer != expected:
        raise Divergence(f"posting({key}):\n  contracts {answer!r}\n  twin      {expected!r}")


def _posting(world: World, key: str) -> bytes | Revert:
    run = Run(world.machine, key, Position(world.block, 0, world.timestamp))
    try:
        return words(*posting(run, key))
    except Stopped as stopped:
        return stopped.revert
