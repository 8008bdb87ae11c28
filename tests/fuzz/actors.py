"""Who acts in a fuzzed world, and the random parts of their calls."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from coalition.ledger import calls
from coalition.ledger.chain_word import awards_hash
from coalition.ledger.events import Event
from coalition.ledger.operations import Kind, Outcome
from coalition.ledger.records import outcome_of
from coalition.ledger.state import NOBODY
from coalition.ledger.views import balance_of, lots_of, signer_of
from tests.fuzz.encoding import keccak
from tests.fuzz.world import DAY, ORDER, Key, Parameters, Roles, World

UINT256_MAX = (1 << 256) - 1


@cache
def keys() -> tuple[Key, ...]:
    """Key pairs of everybody: the first four administer, then come partners, then members."""
    return tuple(Key(seed) for seed in range(60))


KEYS_OF_PARTNERS = slice(4, 20)
ACCOUNTS_OF_PARTNERS = slice(20, 26)
KEYS_OF_MEMBERS = slice(26, 60)


class Actors:
    """Everybody in one world. It looks at the fold to make parts of calls that can succeed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.key_of = {key.address: key for key in keys()}
        deployer, operator, governor, recovery = (key.address for key in keys()[:4])
        self.roles = Roles(deployer, operator, governor, recovery)
        self.parameters = Parameters.chosen(self.random)
        self.rich = self.random.random() < 0.2
        self.members = [key.address for key in keys()[KEYS_OF_MEMBERS]][: self.random.choice([3, 8, 34])]
        self.partner_keys = [key.address for key in keys()[KEYS_OF_PARTNERS]]
        self.partner_accounts = [key.address for key in keys()[ACCOUNTS_OF_PARTNERS]]
        self.hook_accounts = (*self.members, keys()[-1].address, NOBODY) if self.random.random() < 0.7 else ()
        self.outcomes: dict[tuple[int, int], list[Outcome]] = {}
        self.places: dict[tuple[int, bool], list[tuple[int, int]]] = {}
        self.used: dict[int, list[int]] = {}
        self.next_receipt: dict[int, int] = {}
        self.seen: list[calls.Call] = []

    def bind(self, world: World) -> None:
        """Make calls for `world` from now on."""
        self.world = world
        self.state = world.state
        self.content = world.machine.content
        self.members = [*self.members, *world.contract_owners]

    def learn(self, told: list[Event]) -> None:
        """Remember outcomes, for proofs, and receipts, for duplicates."""
        epoch = self.state.epoch_at(self.world.timestamp)
        for event in told:
            partner: Any = getattr(event, "partner", None)
            receipt: Any = getattr(event, "receipt", None)
            outcome = outcome_of(event, epoch, awards_hash(self.state.awards.get((partner, receipt), ()), keccak))
            if outcome is not None and partner is not None:
                outcomes = self.outcomes.setdefault((partner, outcome.receipt // 32), [])
                place = outcome.receipt // 32, len(outcomes)
                self.places.setdefault((partner, outcome.kind is Kind.EARN), []).append(place)
                outcomes.append(outcome)
            if partner is not None and receipt is not None:
                self.used.setdefault(partner, []).append(receipt)

    def next_time(self) -> int:
        """Mostly soon; sometimes at or across the end of an epoch; rarely much later."""
        now, epoch = self.world.timestamp, self.parameters.epoch_length
        chance = self.random.random()
        if chance < 0.03:
            return self._notable_time()
        if chance < 0.93:
            return now + self.random.choice([0, 1, 12, self.random.randrange(1, max(2, epoch // 40))])
        if chance < 0.96:
            return now + self.random.randrange(1, epoch // 3)
        if chance < 0.995:
            return now + self.random.randrange(1, epoch * 2)
        return now + self.random.randrange(epoch, epoch * 12)

    def _notable_time(self) -> int:
        """At, just before or just after something ends or begins to count."""
        now, epoch = self.world.timestamp, self.parameters.epoch_length
        times = [self.state.epoch_origin + (self.state.epoch_at(now) + 1) * epoch]
        times += [known.key.effective_from for known in self.state.accounts.values() if known.key]
        times += [partner.next_earn_rate_from for partner in self.state.partners.values()]
        times += [key.active_from for key in self.state.keys.values()]
        times += self.random.sample(
            [hold.deadline for hold in self.state.holds.values()], min(3, len(self.state.holds))
        )
        coming = [time for time in times if now < time < now + 2 * epoch]
        return self.random.choice(coming or [now + 1]) + self.random.choice([0, 0, 1, -1])

    def _pick(self, *choices: tuple[float, Any]) -> Any:
        weights = [weight for weight, _ in choices]
        return self.random.choices(choices, weights)[0][1]

    def _member(self, odd: float = 0.02) -> str:
        if self.random.random() < odd:
            return self.random.choice([NOBODY, self.world.ledger, keys()[-1].address, self.roles.operator])
        return self.random.choice(self.members)

    def _payer(self) -> str:
        """Mostly somebody with points."""
        if self.random.random() < 0.9:
            for _ in range(4):
                account = self.random.choice(self.members)
                if balance_of(self.state, account, self.world.timestamp):
                    return account
        return self._member()

    def _anyone(self) -> str:
        return self.random.choice(keys()).address

    def _spender(self) -> str:
        return self._pick((8, self.random.choice(self.partner_accounts)), (2, self._anyone()), (0.3, NOBODY))

    def _key_or_nobody(self) -> str:
        return self._pick((9, self._anyone()), (3, self.random.choice(self.members)), (0.5, NOBODY))

    def _partner(self) -> int:
        count = len(self.state.partners)
        return self._pick((9, self.random.randrange(1, count + 1) if count else 1), (0.5, 0), (0.5, count + 1))

    def _receipt(self, partner: int) -> int:
        used = self.used.get(partner)
        if used and self.random.random() < 0.08:
            return self.random.choice(used)
        chance = self.random.random()
        if chance < 0.75:
            self.next_receipt[partner] = self.next_receipt.get(partner, 0) + 1
            return self.next_receipt[partner]
        if chance < 0.85:
            return self.random.randrange(200)
        if chance < 0.95:
            return 1 << 255 | self.random.randrange(8) << 48 | self.random.randrange(40)
        return self._pick((1, UINT256_MAX), (1, 0), (1, UINT256_MAX - 31), (2, self.random.getrandbits(256)))

    def _open_receipt(self, partner: int) -> int:
        """Mostly that of an open hold, not twice in one batch."""
        now = self.world.timestamp
        mine = [
            receipt
            for (owner, receipt), hold in self.state.holds.items()
            if owner == partner and receipt not in self.ended and hold.deadline >= now - now % 5
        ]
        if not mine or self.random.random() < 0.05:
            mine = [receipt for owner, receipt in self.state.holds if owner == partner]
        if not mine or self.random.random() < 0.05:
            return self._receipt(partner)
        receipt = self.random.choice(mine)
        self.ended.add(receipt)
        return receipt

    def _others(self) -> tuple[tuple[str, int], ...]:
        points = self.random.choice([0, 1, 500, 30_000, 1 << 47 if self.rich else 2, (1 << 96) - 1])
        return tuple((self._member(0.1), points) for _ in range(self.random.choice([0, 1, 2, 5])))

    def _epoch(self, account: str) -> int:
        epoch = self.state.epoch_at(self.world.timestamp)
        held = list(lots_of(self.state, account, self.world.timestamp).by_epoch())
        return self._pick(
            (8, self.random.choice(held) if held else epoch),
            (2, max(0, epoch - self.random.randrange(6))),
            (0.5, epoch + 1),
            (0.2, UINT256_MAX),
        )

    def _value(self, account: str) -> int:
        balance = balance_of(self.state, account, self.world.timestamp)
        part = self.random.randrange(0, balance + 1)
        return self._pick((7, part), (2, balance), (0.5, balance + 1), (0.2, UINT256_MAX))

    def _allowed(self, owner: str) -> int:
        balance = balance_of(self.state, owner, self.world.timestamp)
        return self._pick((4, self.random.randrange(0, balance + 2)), (2, 2 * balance), (2, UINT256_MAX), (1, 0))

    def _deadline(self) -> int:
        now = self.world.timestamp
        return self._pick((9, now + self.random.randrange(0, DAY)), (1, now), (0.5, now - 1), (0.5, UINT256_MAX))

    def _nonce(self, account: str) -> int:
        nonce = self.world.machine.nonce_of(account)
        return nonce if self.random.random() < 0.95 else nonce + self.random.randrange(-1 if nonce else 0, 2)

    def _signature(self, account: str, digest: bytes) -> bytes:
        """Mostly right."""
        signer = signer_of(self.state, account, self.world.timestamp)
        signer = self.world.contract_owners.get(signer, signer)
        chance = self.random.random()
        if chance < 0.02:
            signer = account
        key = self.key_of.get(signer)
        if key is None or 0.02 < chance < 0.04:
            key = self.random.choice(keys())
        signature = key.sign(digest)
        return signature if chance < 0.95 else self._spoiled(signature)

    def _spoiled(self, signature: bytes) -> bytes:
        s = int.from_bytes(signature[32:64])
        high = signature[:32] + (ORDER - s).to_bytes(32) + bytes([signature[64] ^ 7])
        return self.random.choice(
            [
                high,
                signature[:64],
                signature + b"\0",
                signature[:64] + bytes([signature[64] - 27]),
                signature[:64] + bytes([signature[64] ^ 7]),
                bytes(65),
                b"\xff" * 64 + b"\x1b",
                b"\1",
                signature[:5] + bytes([signature[5] ^ 1]) + signature[6:],
            ]
        )
