"""One sequencer for each signing key: it alone gives out the key's nonces, one after another, and signs.

Several keys of a partner are parallel lanes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from coalition.chain.codec import encode_batch
from coalition.chain.deployment import Deployment
from coalition.chain.signer import Signer
from coalition.chain.transactions import gas_limit, sign_transaction
from coalition.submit.outbox import NonceRecorded, Row
from coalition.submit.outcomes import Bulk
from coalition.submit.submission import Entry, latest
from coalition.submit.trail import Journey, Trail
from coalition.submit.waiting import Group

__all__ = ["InFlight", "Lane"]

GAS_FILLER = 21_000


class InFlight:
    """A signed and recorded transaction whose block is not known to the follower yet.

    `mined_at` is when it was last seen in a block that the follower was still to tell, on the monotonic clock. `not_before` is
    the block time wanted by the latest of its operations. `bulks` wait for the outcomes of all operations of a relayed one.
    """

    __slots__ = (
        "attempts",
        "bulks",
        "entries",
        "is_queued",
        "is_recovered",
        "lane",
        "launched_at",
        "mined_at",
        "missing_since",
        "not_before",
        "passed_at",
        "row",
        "sent_at",
        "signed_at",
    )

    def __init__(self, lane: Lane, row: Row, entries: list[Entry], *, is_recovered: bool = False) -> None:
        self.lane = lane
        self.row = row
        self.entries = entries
        self.bulks: list[Bulk] = []
        self.not_before = latest(entries)
        self.is_recovered = is_recovered
        self.is_queued = False
        self.signed_at = time.monotonic()
        self.launched_at = self.signed_at
        self.sent_at = 0.0
        self.attempts = 0
        self.passed_at: float | None = None
        self.mined_at: float | None = None
        self.missing_since: float | None = None

    def tell_trails(self, block: int) -> None:
        """Tell those who trace an operation of it that it was decided in `block`."""
        traced: dict[Trail, list[Entry]] = {}
        for entry in self.entries:
            if entry.submission.trail is not None:
                traced.setdefault(entry.submission.trail, []).append(entry)
        for trail, entries in traced.items():
            trail.travelled(self._journeys(entries, block))

    def _journeys(self, entries: Iterable[Entry], block: int) -> list[Journey]:
        """One for each post that the operations came with."""
        together: dict[tuple[float, float], list[Entry]] = {}
        for entry in entries:
            if entry.taken_at is not None and entry.recorded_at is not None:
                together.setdefault((entry.taken_at, entry.recorded_at), []).append(entry)
        now = time.monotonic()
        return [
            Journey(
                transaction=self.row.hash,
                block=block,
                nonce=self.row.nonce,
                size=self.row.size,
                receipts=tuple(entry.submission.operation.receipt for entry in those),
                taken_at=taken_at,
                recorded_at=recorded_at,
                signed_at=self.signed_at,
                launched_at=self.launched_at,
                sent_at=self.sent_at or self.launched_at,
                decided_at=now,
            )
            for (taken_at, recorded_at), those in together.items()
        ]


class Lane:
    """The state of one key. Its owner has the lock.

    `next_nonce` is None until the chain and the outbox were asked. `mined` is the key's count of transactions on the chain.
    `page` is a nonce: recorded transactions above it are still to be taken up; None if all are.
    """

    def __init__(self, partner: int, key: str, signer: Signer | None, deployment: Deployment, window: int) -> None:
        self.partner = partner
        self.key = key
        self.signer = signer
        self.window = window
        self.next_nonce: int | None = None
        self.mined = 0
        self.page: int | None = -1
        self.reserved = 0
        self.rests_until = 0.0
        self.in_flight: dict[int, InFlight] = {}
        self.outgoing: deque[InFlight] = deque()
        self.holes: dict[int, float] = {}
        self._deployment = deployment

    @property
    def unmined(self) -> int:
        """Transactions given a nonce, or about to be, that are in no block yet."""
        return self.reserved + (0 if self.next_nonce is None else max(0, self.next_nonce - self.mined))

    def has_room(self) -> bool:
        """True if another transaction may be signed now. What was recorded before goes first."""
        return self.signer is not None and self.page is None and self.unmined < self.window

    def sign(self, group: Group, slot: int, campaigns: int = 0, gas_max: int | None = None) -> InFlight:
        """Sign a group with the next nonce, or a filler with its own.

        `campaigns` is how many one operation deals with at most, `gas_max` what a block takes.

        Raises:
            InputError: an operation of the group cannot be encoded; no nonce was used.
            NonceRecorded: meanwhile it was seen that the nonce has to be asked for again.
        """
        assert self.signer is not None
        following = self.next_nonce
        if following is None:
            raise NonceRecorded
        if group.kind is None:
            nonce = following if group.nonce is None else group.nonce
            data, gas, to = b"", GAS_FILLER, self.key
        else:
            nonce = following
            if group.data is None:
                group.data = encode_batch(group.kind, [entry.submission.operation for entry in group.entries])
            wanted = group.gas or gas_limit(group.kind, group.size, campaigns)
            data, gas, to = group.data, min(wanted, gas_max or wanted), self._deployment.ledger
        raw, hash_ = sign_transaction(self.signer, self._deployment.chain_id, nonce, to, data, gas)
        if nonce == self.next_nonce:
            self.next_nonce = nonce + 1
        row = Row(hash_, self.key, nonce, slot, self.partner, group.kind, group.size, group.ids, raw)
        return InFlight(self, row, group.entries)
