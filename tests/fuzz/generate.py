"""Random calls, mostly sensible, often not: what the contracts get to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from coalition.ledger import calls
from coalition.ledger.state import NOBODY
from coalition.ledger.views import allowance, lots_of
from tests.fuzz.actors import UINT256_MAX
from tests.fuzz.operations import Operations
from tests.fuzz.world import DAY

PARTNERS_MAX = 5


class Generator(Operations):
    """Makes the calls of one world from one seed."""

    def setup(self) -> Iterator[tuple[str, calls.Call]]:
        """The calls with which every world starts."""
        for number in range(self.random.randrange(1, 4)):
            yield self.roles.operator, self._new_partner(number)
        if self.world.hook:
            yield self.roles.governor, calls.SetCampaignBook(self.world.hook)
        for at in range(0, len(self.members), 4):
            yield self.roles.operator, calls.Enrol(tuple(self.members[at : at + 3]))

    def next_call(self) -> tuple[str, calls.Call]:
        """Who calls, and what."""
        chance = self.random.random()
        if chance < 0.02 and self.seen:
            sender, call = self._anyone(), self.random.choice(self.seen)
        elif chance < 0.72:
            sender, call = self._post()
        else:
            (make,) = self.random.choices(CALLS, CALL_WEIGHTS)
            sender, call = make(self)
        if self.random.random() < 0.02:
            sender = self._anyone()
        by_book = isinstance(call, calls.Award) and sender == self.world.hook
        if sender not in self.key_of and sender != NOBODY and not by_book:
            sender = self._anyone()  # a contract sends nothing by itself
        if len(self.seen) < 50 or self.random.random() < 0.1:
            self.seen = [*self.seen[-49:], call]
        return sender, call

    def _enrol(self) -> tuple[str, calls.Call]:
        members = [self._member(odd=0.1) for _ in range(self._pick((95, self.random.randrange(1, 6)), (5, 0)))]
        return self._pick((1, self.roles.operator), (1, self._poster())), calls.Enrol(tuple(members))

    def _release_lapsed(self) -> tuple[str, calls.Call]:
        places = list(self.state.holds)
        place = self.random.choice(places) if places and self.random.random() < 0.9 else (1, self._receipt(1))
        return self._anyone(), calls.ReleaseLapsed(*place)

    def _pause(self) -> tuple[str, calls.Call]:
        if self.state.paused or self.random.random() < 0.05:
            return self.roles.governor, calls.Unpause()
        return self.roles.operator, calls.Pause()

    def _unpause(self) -> tuple[str, calls.Call]:
        if self.state.paused or self.random.random() < 0.02:
            return self.roles.governor, calls.Unpause()
        return self._approve()

    def _rotation(self) -> tuple[str, calls.Call]:
        account, next_ = self._member(odd=0.1), self._key_or_nobody()
        deadline = self._deadline()
        nonce = self._nonce(account)
        signature = self._signature(account, self.content.key_rotation(account, next_, nonce, deadline))
        return self._anyone(), calls.AnnounceKeyRotation(account, next_, deadline, signature)

    def _recovery(self) -> tuple[str, calls.Call]:
        return self.roles.recovery, calls.AnnounceKeyRecovery(self._member(odd=0.2), self._key_or_nobody())

    def _cancellation(self) -> tuple[str, calls.Call]:
        now = self.world.timestamp
        announced = [a for a, known in self.state.accounts.items() if known.key and known.key.effective_from > now]
        account = self.random.choice(announced) if announced and self.random.random() < 0.9 else self._member()
        deadline = self._deadline()
        signature = self._signature(account, self.content.key_cancellation(account, self._nonce(account), deadline))
        return self._anyone(), calls.CancelKeyChange(account, deadline, signature)

    def _approve(self) -> tuple[str, calls.Call]:
        owner = self._member()
        return owner, calls.Approve(self._spender(), self._allowed(owner))

    def _permit(self) -> tuple[str, calls.Call]:
        owner, spender, deadline = self._member(), self._spender(), self._deadline()
        value = self._allowed(owner)
        digest = self.content.permit(owner, spender, value, self._nonce(owner), deadline)
        signature = self._signature(owner, digest)
        if len(signature) != 65:
            signature = bytes(64) + b"\x1b"
        return self._anyone(), calls.Permit(owner, spender, value, deadline, signature)

    def _transfer(self) -> tuple[str, calls.Call]:
        from_ = self._payer()
        return from_, calls.Transfer(self._member(), self._value(from_))

    def _transfer_from(self) -> tuple[str, calls.Call]:
        pairs = [pair for pair, value in self.state.allowances.items() if value]
        owner, spender = self._pick(
            (9, self.random.choice(pairs) if pairs else (self._member(), self._anyone())),
            (1, (self._pick((4, self._member()), (1, self.world.ledger)), self._anyone())),
        )
        value = min(self._value(owner), self._pick((9, allowance(self.state, owner, spender)), (1, UINT256_MAX)))
        if self.random.random() < 0.5:
            return spender, calls.TransferFrom(owner, self._member(), value)
        return spender, calls.TransferFromAtEpoch(self._epoch(owner), owner, self._member(), value)

    def _transfer_at_epoch(self) -> tuple[str, calls.Call]:
        from_ = self._payer()
        epoch = self._epoch(from_)
        held = lots_of(self.state, from_, self.world.timestamp).at_epoch(epoch)
        value = self._pick((6, self.random.randrange(0, held + 1)), (2, held), (1, held + 1), (1, 0))
        return from_, calls.TransferAtEpoch(epoch, self._member(), value)

    def _authorized(self) -> tuple[str, calls.Call]:
        from_, to, now = self._payer(), self._member(), self.world.timestamp
        value, nonce = self._value(from_), self.random.randrange(20).to_bytes(32)
        after = self._pick((9, self.random.randrange(0, now)), (1, now), (1, now + 9))
        before = self._pick((9, now + self.random.randrange(1, DAY)), (1, now), (1, now - 1), (1, UINT256_MAX))
        digest = self.content.transfer(from_, to, value, after, before, nonce)
        signature = self._signature(from_, digest)
        call = calls.TransferWithAuthorization(from_, to, value, after, before, nonce, signature)
        return self._anyone(), call

    def _cancel_authorization(self) -> tuple[str, calls.Call]:
        account, nonce = self._member(), self.random.randrange(20).to_bytes(32)
        signature = self._signature(account, self.content.cancel(account, nonce))
        return self._anyone(), calls.CancelAuthorization(account, nonce, signature)

    def _add_partner(self) -> tuple[str, calls.Call]:
        number = len(self.state.partners)
        if number >= PARTNERS_MAX:
            return self._announce_rate()
        return self.roles.operator, self._new_partner(number)

    def _new_partner(self, number: int) -> calls.AddPartner:
        rate = self._pick(
            (8, self.random.choice([1, 100, 333, 10_000])), (2 * self.rich, 1_000_000), (0.2, 1_000_001), (0.2, 0)
        )
        account = self._pick(
            (9, self.partner_accounts[number]), (1, self.random.choice(self.partner_accounts)), (0.3, NOBODY)
        )
        key = self._pick((9, self.partner_keys[number]), (1, self.random.choice(self.partner_keys)), (0.3, NOBODY))
        name = self.random.choice(["Grocery", "", "Ünïcode 🛒 " * 7])
        return calls.AddPartner(name, account, key, self.random.choice(["EUR", "USD"]), rate)

    def _suspend(self) -> tuple[str, calls.Call]:
        return self.roles.operator, calls.SuspendPartner(self._partner())

    def _reinstate(self) -> tuple[str, calls.Call]:
        suspended = [number for number, known in self.state.partners.items() if known.status == 2]
        number = self.random.choice(suspended) if suspended and self.random.random() < 0.9 else self._partner()
        return self.roles.governor, calls.ReinstatePartner(number)

    def _add_key(self) -> tuple[str, calls.Call]:
        key = self._pick((9, self.random.choice(self.partner_keys)), (0.5, NOBODY))
        return self.roles.operator, calls.AddKey(self._partner(), key)

    def _revoke(self) -> tuple[str, calls.Call]:
        known = list(self.state.keys)
        key = self._pick((9, self.random.choice(known) if len(known) > 4 else NOBODY), (3, self._anyone()))
        return self.roles.operator, calls.RevokeKey(key)

    def _announce_rate(self) -> tuple[str, calls.Call]:
        earliest = self.world.timestamp + self.parameters.notice_seconds
        wait = self.random.randrange(0, self.parameters.epoch_length)
        from_ = self._pick((6, earliest + wait), (2, earliest), (1, max(0, earliest - 1)), (0.5, 1 << 40))
        rate = self._pick(
            (8, self.random.choice([0, 1, 100, 333, 10_000])), (1, 1_000_000 if self.rich else 7), (0.5, 1_000_001)
        )
        return self.roles.operator, calls.AnnounceEarnRate(self._partner(), rate, from_)

    def _campaign_book(self) -> tuple[str, calls.Call]:
        book = self._pick((8, self.world.hook or NOBODY), (2, NOBODY))
        return self._pick((9, self.roles.governor), (1, self._anyone())), calls.SetCampaignBook(book)

    def _award(self) -> tuple[str, calls.Call]:
        sender = self._pick((9, self.world.hook or self._anyone()), (1, self._anyone()))
        return sender, calls.Award(self._others())

    def _terms(self) -> tuple[str, calls.Call]:
        prices = self.random.getrandbits(48), self.random.getrandbits(48), self.random.getrandbits(96)
        return self.roles.governor, calls.SetTerms(self._partner(), *prices)


WEIGHTED: list[tuple[Callable[[Generator], tuple[str, calls.Call]], float]] = [
    (Generator._approve, 6),
    (Generator._permit, 4),
    (Generator._transfer, 4),
    (Generator._transfer_from, 5),
    (Generator._transfer_at_epoch, 4),
    (Generator._authorized, 4),
    (Generator._cancel_authorization, 1),
    (Generator._release_lapsed, 4),
    (Generator._rotation, 3),
    (Generator._recovery, 2),
    (Generator._cancellation, 4),
    (Generator._enrol, 2),
    (Generator._pause, 0.7),
    (Generator._unpause, 5),
    (Generator._add_partner, 2),
    (Generator._suspend, 1),
    (Generator._reinstate, 3),
    (Generator._add_key, 2),
    (Generator._revoke, 0.7),
    (Generator._announce_rate, 2),
    (Generator._terms, 1),
    (Generator._campaign_book, 2),
    (Generator._award, 4),
]
CALLS = [make for make, _ in WEIGHTED]
CALL_WEIGHTS = [weight for _, weight in WEIGHTED]
