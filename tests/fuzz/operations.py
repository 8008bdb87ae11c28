"""Random batches of operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from coalition.ledger import calls
from coalition.ledger.chain_word import CHAIN_BYTES, chain_of, leaf_of
from coalition.ledger.lots import LOT_MAX, Lots
from coalition.ledger.operations import (
    HOLD_SECONDS_MAX,
    SPEND_MINOR_MAX,
    Capture,
    Earn,
    Hold,
    Kind,
    Outcome,
    Purpose,
    Redeem,
    Refund,
    Release,
    Reverse,
)
from coalition.ledger.views import balance_of
from tests.fuzz.actors import UINT256_MAX, Actors
from tests.fuzz.encoding import keccak

KINDS = [Kind.EARN] * 8 + [Kind.REDEEM] * 5 + [Kind.HOLD] * 5 + [Kind.CAPTURE] * 6 + [Kind.RELEASE] * 2
KINDS += [Kind.REVERSE] * 4 + [Kind.REFUND] * 4


class Operations(Actors):
    """Makes batches."""

    def _post(self) -> tuple[str, calls.Call]:
        poster = self._poster()
        known = self.state.keys.get(poster)
        partner = known.partner if known else 1
        size = self._pick((90, self.random.randrange(1, 12)), (9, self.random.randrange(1, 70)), (1, 0))
        if self.random.random() < 0.002:
            size = self.random.choice([500, 501])
        kind = self.random.choice(KINDS)
        make = OPERATIONS[kind]
        self.promised: dict[str, int] = {}
        self.ended: set[int] = set()
        if kind in (Kind.CAPTURE, Kind.RELEASE):
            size = min(size, 9)
        return poster, calls.Post(kind, tuple(make(self, partner) for _ in range(size)))

    def _poster(self) -> str:
        if self.random.random() < 0.03:
            return self.random.choice(self._pick((1, self.partner_keys), (2, [*self.state.keys])) or self.partner_keys)
        now = self.world.timestamp
        active = [
            key
            for key, known in self.state.keys.items()
            if known.active_from <= now and not known.revoked_at and self.state.partners[known.partner].status == 1
        ]
        return self.random.choice(active or self.partner_keys)

    def _earn(self, partner: int) -> Earn:
        spend = self._pick(
            (90, self.random.randrange(1, 30_000)),
            (3, 0),
            (2, self.random.randrange(1, SPEND_MINOR_MAX)) if self.rich else (1, 1),
            (1, SPEND_MINOR_MAX if self.rich else 2),
            (2, self.random.choice([SPEND_MINOR_MAX + 1, LOT_MAX, UINT256_MAX] if self.rich else [UINT256_MAX])),
        )
        enrols = self.random.random() < 0.3
        return Earn(self._member(), self._receipt(partner), spend, enrols)

    def _redeem(self, partner: int) -> Redeem:
        return self._spend(Redeem, Purpose.REDEEM, partner)

    def _hold(self, partner: int) -> Hold:
        return self._spend(Hold, Purpose.HOLD, partner)

    def _spend(self, make: Any, purpose: Purpose, partner: int) -> Any:
        member, receipt, now = self._payer(), self._receipt(partner), self.world.timestamp
        balance = max(0, balance_of(self.state, member, now) - self.promised.get(member, 0))
        points = self._pick(
            (60, self.random.randrange(1, 2 + balance // 4)),
            (15, balance or 1),
            (4, balance + 1),
            (2, 0),
            (1, LOT_MAX + 1),
            (1, UINT256_MAX),
        )
        self.promised[member] = self.promised.get(member, 0) + min(points, balance)
        epoch = self.parameters.epoch_length
        deadline = self._pick(
            (40, now + self.random.randrange(epoch // 10, epoch)),
            (30, now + self.random.randrange(0, max(2, min(2 * epoch, HOLD_SECONDS_MAX)))),
            (3, now),
            (3, now - 1),
            (2, now + HOLD_SECONDS_MAX),
            (2, now + HOLD_SECONDS_MAX + 1),
            (1, UINT256_MAX),
        )
        if self.random.random() < 0.25:
            return make(member, receipt, points, deadline)
        if self.random.random() < 0.03:
            purpose = self.random.choice(list(Purpose))
        if self.random.random() < 0.02:
            partner = self.random.randrange(1, 4)
        digest = self.content.authorization(member, partner, points, receipt, purpose, deadline)
        if self.random.random() < 0.01:
            receipt = self._receipt(partner)
        return make(member, receipt, points, deadline, self._signature(member, digest))

    def _capture(self, partner: int) -> Capture:
        receipt = self._open_receipt(partner)
        hold = self.state.holds.get((partner, receipt))
        total = hold.lots.total if hold else 10
        points = self._pick(
            (30, self.random.randrange(1, total + 1)), (30, total), (8, total + 1), (6, 0), (1, UINT256_MAX)
        )
        return Capture(receipt, points)

    def _release(self, partner: int) -> Release:
        return Release(self._open_receipt(partner))

    def _reverse(self, partner: int) -> Reverse:
        original, before, later = self._original(partner, True)
        amount = self._amount(partner, original.receipt, original.spend_minor)
        awards = self.state.awards.get((partner, original.receipt), ())
        if self.random.random() < 0.04:
            awards = self.random.choice([(), awards[1:], (*awards, 0), awards[::-1], (*awards[:-1], 5)])
        return Reverse(self._receipt(partner), amount, original, before, later, awards)

    def _refund(self, partner: int) -> Refund:
        original, before, later = self._original(partner, False)
        amount = self._amount(partner, original.receipt, original.points)
        return Refund(self._receipt(partner), amount, original, before, later)

    def _amount(self, partner: int, receipt: int, whole: int) -> int:
        left = max(0, whole - self.state.corrected.get((partner, receipt), 0))
        return self._pick(
            (40, left or whole or 1), (40, self.random.randrange(1, left + 2)), (4, left + 1), (3, 0), (1, UINT256_MAX)
        )

    def _original(self, partner: int, is_earn: bool) -> tuple[Outcome, bytes, tuple[bytes, ...]]:
        """An outcome with its proof, right or wrong."""
        by = partner if self.random.random() > 0.02 else self.random.randrange(1, 4)
        places = self.places.get((by, is_earn if self.random.random() > 0.03 else not is_earn))
        if not places:
            nothing = Outcome(Kind.EARN, self._member(), 1, 100, 10, Lots.single(3, 10))
            return nothing, bytes(CHAIN_BYTES), ()
        for _ in range(4):
            index, at = self.random.choice(places)
            outcomes = self.outcomes[by, index]
            corrected = self.state.corrected.get((by, outcomes[at].receipt), 0)
            if corrected < (outcomes[at].spend_minor or outcomes[at].points):
                break
        leaves = [leaf_of(outcome, keccak) for outcome in outcomes]
        before, later = chain_of(leaves[:at], keccak), tuple(leaves[at + 1 :])
        if self.random.random() < 0.08:
            return self._wrong(outcomes[at], before, later)
        return outcomes[at], before, later

    def _wrong(
        self, outcome: Outcome, before: bytes, later: tuple[bytes, ...]
    ) -> tuple[Outcome, bytes, tuple[bytes, ...]]:
        leaf = self.random.randbytes(32)
        return self.random.choice(
            [
                (replace(outcome, points=outcome.points + 1), before, later),
                (replace(outcome, member=self._member()), before, later),
                (replace(outcome, kind=self.random.choice(list(Kind))), before, later),
                (replace(outcome, spend_minor=outcome.spend_minor + 1), before, later),
                (replace(outcome, receipt=outcome.receipt ^ 1), before, later),
                (replace(outcome, awards=leaf), before, later),
                (replace(outcome, awards=bytes(32)), before, later),
                (replace(outcome, receipt=outcome.receipt ^ 32), before, later),
                (replace(outcome, lots=Lots(outcome.lots.head + 1, outcome.lots.points)), before, later),
                (outcome, self.random.randbytes(CHAIN_BYTES), later),
                (outcome, before, (*later, leaf)),
                (outcome, before, later[1:]),
                (outcome, before, (leaf, *later[1:])),
                (outcome, bytes(CHAIN_BYTES), ()),
            ]
        )


OPERATIONS: dict[Kind, Callable[[Operations, int], Any]] = {
    Kind.EARN: Operations._earn,
    Kind.REDEEM: Operations._redeem,
    Kind.HOLD: Operations._hold,
    Kind.CAPTURE: Operations._capture,
    Kind.RELEASE: Operations._release,
    Kind.REVERSE: Operations._reverse,
    Kind.REFUND: Operations._refund,
}
