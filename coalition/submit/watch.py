"""What became of transactions that were sent: read from the chain, never guessed from a node's answer.

For each key the node is asked for its count of mined transactions, and for the count that includes those it holds ready:

- a nonce at or above the second is not there: it is sent again, as it was signed; where nothing of ours has that nonce, a
  recorded transaction of another process is sent, or an empty one that uses the nonce up, so that no gap stays;
- a nonce below the first is used. If our transaction has a receipt, it was decided: its events come through `settle`; if it
  was reverted there are none, so the reason is asked for and told. If it has no receipt, another process took the nonce
  (same key elsewhere): its operations are signed again with a new one. Should both come to be mined, the receipts count once.

What is relayed for a partner that signs itself is sent and looked after in the same way, but nothing is ever signed for its key.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from coalition.chain import reverts
from coalition.chain.history import events
from coalition.chain.rpc import Rpc, number
from coalition.errors import CoalitionError, Refused
from coalition.ledger.records import OperationRecord
from coalition.submit.board import Board, Delivery, call_data, deliver, gas_of
from coalition.submit.counts import answers, transaction_counts
from coalition.submit.outbox import Outbox
from coalition.submit.outcomes import records_of
from coalition.submit.relay import nonce_used
from coalition.submit.sequencer import InFlight, Lane
from coalition.submit.waiting import Group

__all__ = ["EVERY_BLOCK", "Watch"]

log = logging.getLogger("coalition.submit")

ATTEMPTS_MAX = 3
BLOCKS_AT_ONCE = 200
EVERY_BLOCK = (1 << 63) - 1
HOLES_MAX = 256
HOLE_SECONDS = 1.0
LANE_REST_SECONDS = 60.0
MISSING_SECONDS = 0.5
RELAYED_MISSING_SECONDS = 5.0  # nobody signs these again: be sure
RECEIPTS_AT_ONCE = 50
RESEND_SECONDS = 1.0
RESEND_SECONDS_MAX = 30.0
SETTLE_SECONDS = 2.0
SMALL = 8
TOLD_SECONDS = 10.0
KEY_CODES = frozenset({"key_unknown", "key_not_yet_active", "key_revoked"})
UNCLEAR_CODES = frozenset({"reverted", "gas_too_low"})


class Watch:
    """See the module."""

    def __init__(self, board: Board, outbox: Outbox, rpc: Rpc) -> None:
        self._board = board
        self._outbox = outbox
        self._rpc = rpc
        self.verifies = False

    def is_needed(self) -> bool:
        """True if there is something to look after."""
        return self.verifies or bool(self._board.by_hash)

    def look(self) -> bool:
        """Look after everything in flight once; True if something was found.

        Raises:
            Unavailable: node or database; it is looked after later.
        """
        if self.verifies:  # after a restart
            self.verify(EVERY_BLOCK)
            self.verifies = False
        with self._board.lock:
            lanes = [lane for lane in self._board.lanes.values() if lane.in_flight]
        found = False
        for lane, counts in zip(lanes, transaction_counts(self._rpc, [lane.key for lane in lanes]), strict=True):
            found = self._look_at(lane, *counts) or found
        return found

    def _look_at(self, lane: Lane, latest: int, pending: int) -> bool:
        now = time.monotonic()
        with self._board.lock:
            lane.mined = latest
            passed = [
                sent for nonce, sent in lane.in_flight.items() if nonce < latest and not _is_about_to_be_told(sent, now)
            ]
            due = [sent for sent in passed if _is_due(sent, now)][:RECEIPTS_AT_ONCE]
            for nonce in sorted(nonce for nonce in lane.in_flight if nonce >= latest):
                sent = lane.in_flight[nonce]
                sent.mined_at, sent.passed_at, sent.missing_since = None, None, None
                if nonce >= pending and _is_lost(sent, now):
                    sent.is_queued = True
                    lane.outgoing.append(sent)
            holes = self._holes(lane, max(latest, pending), now)
            self._board.lock.notify_all()
        if holes:
            self._fill(lane, holes)
        receipts = answers(self._rpc, [("eth_getTransactionReceipt", [sent.row.hash]) for sent in due])
        for sent, receipt in zip(due, receipts, strict=True):
            self._decide(sent, receipt)
        return bool(passed or holes)

    # ---- used nonces

    def _decide(self, sent: InFlight, receipt: dict[str, Any] | None) -> None:
        if receipt is None:
            self._missing(sent)
            return
        if number(receipt["status"]) == 0:
            self._reverted(sent, receipt)
            return
        block = number(receipt["blockNumber"])
        with self._board.lock:
            # Another process with our key may have sent the very same transaction before we knew of it.
            is_past = block <= self._board.block_told
            sent.mined_at = None if is_past else time.monotonic()
        if is_past or sent.is_recovered or sent.row.kind is None:
            self._settle_late(sent, block)

    def _missing(self, sent: InFlight) -> None:
        """Twice without a receipt, some time apart: a node may be a moment behind itself."""
        now = time.monotonic()
        if sent.missing_since is None:
            sent.missing_since = now
        elif sent.row.relayed:
            if now - sent.missing_since >= RELAYED_MISSING_SECONDS:
                self._overtaken(sent)
        elif now - sent.missing_since >= MISSING_SECONDS:
            log.warning(
                "Nonce %d of key %s was taken by another sender; its operations are signed again.",
                sent.row.nonce,
                sent.row.key,
            )
            with self._board.lock:
                if sent.row.hash not in self._board.by_hash:
                    return
                if sent.row.kind is None:
                    self._board.rejected([], _NOTHING, sent.row.hash)
                    self._board.land(sent)
                else:
                    self._board.again(sent)
                    sent.lane.next_nonce = None

    def _overtaken(self, sent: InFlight) -> None:
        """The partner used the nonce of a relayed transaction for another one: this one never counts."""
        log.warning("Nonce %d of key %s was used by the partner itself.", sent.row.nonce, sent.row.key)
        error = nonce_used(sent.row.nonce)
        with self._board.lock:
            deliveries = self._board.given_up(sent, error) if sent.row.hash in self._board.by_hash else []
        deliver(deliveries)

    def _settle_late(self, sent: InFlight, block: int) -> None:
        """The follower may have passed its block before this process knew of it."""
        records: list[OperationRecord] | None = None
        if sent.bulks or any(entry.waiters for entry in sent.entries):
            told = events(self._rpc, self._board.deployment, block, block)
            records = records_of(told, {sent.row.hash})[sent.row.hash]
        deliveries: list[Delivery] = []
        with self._board.lock:
            if sent.row.hash in self._board.by_hash:
                deliveries = self._board.settled(sent, block, records)
        deliver(deliveries)

    def _reverted(self, sent: InFlight, receipt: dict[str, Any]) -> None:
        question = {
            "from": sent.row.key,
            "to": receipt["to"],
            "gas": hex(gas_of(sent.row.raw)),
            "data": "0x" + call_data(sent.row.raw).hex(),
        }
        reason = reverts.reason(self._rpc, question, receipt)
        deliveries: list[Delivery] = []
        with self._board.lock:
            if sent.row.hash not in self._board.by_hash:
                return
            size = self._retry_size(sent, reason)
            if size:
                self._board.again(sent, size=size)
            else:
                deliveries = self._board.given_up(sent, reason)
                if not sent.entries and sent.row.size and not sent.row.relayed:
                    log.error("%d operations that had been accepted were refused: %s", sent.row.size, reason)
        deliver(deliveries)

    def _retry_size(self, sent: InFlight, reason: CoalitionError) -> int:
        """How many operations a new attempt should carry; 0 if the reason is final."""
        if not sent.entries:
            return 0
        if reason.code in KEY_CODES:
            sent.lane.rests_until = time.monotonic() + LANE_REST_SECONDS
            others = [lane for lane in self._board.of_partner[sent.lane.partner] if lane.signer is not None]
            is_last = all(lane.rests_until > time.monotonic() for lane in others)
            return 0 if is_last else len(sent.entries)
        if reason.code not in UNCLEAR_CODES:
            return 0
        self._board.open_campaigns.clear()  # perhaps there are more by now
        for entry in sent.entries:
            entry.attempts += 1
        if len(sent.entries) > 1:
            return (len(sent.entries) + 1) // 2
        return 1 if sent.entries[0].attempts < ATTEMPTS_MAX else 0

    # ---- nonces that are not there

    def _holes(self, lane: Lane, first: int, now: float) -> list[int]:
        """Nonces without a transaction of ours, below one of ours, for some time."""
        last = max(lane.in_flight, default=-1)
        open_ = [nonce for nonce in range(first, min(last, first + HOLES_MAX)) if nonce not in lane.in_flight]
        lane.holes = {nonce: lane.holes.get(nonce, now) for nonce in open_}
        return [nonce for nonce, since in lane.holes.items() if now - since >= HOLE_SECONDS]

    def _fill(self, lane: Lane, holes: list[int]) -> None:
        known = self._outbox.at_nonces(lane.key, holes[0], holes[-1])
        raw = [known[nonce] for nonce in holes if nonce in known]
        if raw:
            self._rpc.batch([("eth_sendRawTransaction", ["0x" + one.hex()]) for one in raw])
        empty = [nonce for nonce in holes if nonce not in known]
        if empty and lane.signer is not None:
            log.warning("Key %s: nonces %s were never used; empty transactions use them up.", lane.key, empty)
            with self._board.lock:
                self._board.figures.gaps_filled += len(empty)
                for nonce in empty:
                    self._board.waiting.put_back(Group(lane.partner, None, key=lane.key, nonce=nonce))
                    lane.holes.pop(nonce, None)
                self._board.lock.notify_all()

    # ---- blocks that may have gone

    def verify(self, until_block: int) -> None:
        """Is what was decided up to a block, and is kept because that may be lost, still there? What is not is sent again.

        Raises:
            Unavailable: node or database.
        """
        decided = self._outbox.decided(self._board.slots, until_block)
        lost: list[str] = []
        numbers = sorted(decided)
        for start in range(0, len(numbers), BLOCKS_AT_ONCE):
            chunk = numbers[start : start + BLOCKS_AT_ONCE]
            blocks = answers(self._rpc, [("eth_getBlockByNumber", [hex(at), False]) for at in chunk])
            for at, block in zip(chunk, blocks, strict=True):
                there = set(block["transactions"]) if block else set()
                lost += [hash_ for hash_ in decided[at] if hash_ not in there]
        if lost:
            log.warning("%d transactions are no longer on the chain; they are sent again.", len(lost))
            self._outbox.undecide(lost)
            with self._board.lock:
                self._board.page_again()


_NOTHING = Refused("A transaction without operations was not needed.", code="reverted")


def _is_about_to_be_told(sent: InFlight, now: float) -> bool:
    """True if it was seen in a block a short time ago. Later that block may be gone, and the follower past its new one."""
    return sent.mined_at is not None and now - sent.mined_at < TOLD_SECONDS


def _is_due(sent: InFlight, now: float) -> bool:
    """Whether to ask for the receipt now. Receipts of large transactions are long, and the follower is about to tell."""
    if sent.passed_at is None:
        sent.passed_at = now
    return sent.is_recovered or sent.row.size <= SMALL or now - sent.passed_at >= SETTLE_SECONDS


def _is_lost(sent: InFlight, now: float) -> bool:
    """Whether a transaction that the node does not have ready should be sent again now."""
    wait = min(RESEND_SECONDS_MAX, RESEND_SECONDS * 2 ** min(sent.attempts - 1, 5)) if sent.attempts else 0.0
    return not sent.is_queued and now - sent.sent_at >= wait
