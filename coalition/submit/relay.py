"""Transactions that a partner signs itself: written down, then sent and looked after as all others, but never signed again.

A nonce of such a key is the partner's to give: nothing fills its gaps, and nothing takes its operations over.
"""

from __future__ import annotations

from dataclasses import replace

from coalition.errors import InputError
from coalition.submit.board import Board
from coalition.submit.outbox import NonceRecorded, Outbox, Row
from coalition.submit.outcomes import Bulk
from coalition.submit.sequencer import InFlight

__all__ = ["Relay", "nonce_used"]


class Relay:
    """The way of signed transactions into the outbox."""

    def __init__(self, board: Board, outbox: Outbox) -> None:
        self._board = board
        self._outbox = outbox

    def take_in(self, row: Row) -> Bulk | None:
        """Write a relayed transaction down and have it sent; return a handle for its outcomes, by place.

        None if it is with another process, or was decided just now: then the chain tells.

        Raises:
            InputError: `key_kept_here`, `nonce_used`; nothing was recorded.
            StorageFull, Unavailable: nothing was recorded.
        """
        bulk = Bulk(row.size)
        with self._board.lock:
            lane = self._board.lanes.get(row.key)
            if lane is not None and lane.signer is not None:
                raise InputError(
                    f"The coalition signs with key {row.key} itself, and gives out its nonces. Post operations, or sign with "
                    "a key that is yours alone.",
                    code="key_kept_here",
                )
            if self._joined(row, bulk):
                return bulk
        try:
            self._outbox.record([replace(row, slot=self._board.slot)])
        except NonceRecorded:
            return self._known(row, bulk)
        self._board.checkpoint("transactions_recorded")
        with self._board.lock:
            if not self._joined(row, bulk):  # else it was taken up as soon as it was written down
                self._board.add_lane(row.partner, row.key)
                sent = InFlight(self._board.lanes[row.key], replace(row, slot=self._board.slot), [])
                sent.bulks.append(bulk)
                self._board.launch(sent)
            self._board.lock.notify_all()
        return bulk

    def recorded(self, transaction: str) -> Row | None:
        """A relayed transaction that was written down, by its hash; None if there is none."""
        row = self._outbox.transaction(transaction)
        return row if row is not None and row.relayed else None

    def next_nonce(self, key: str) -> int:
        """The nonce after the highest that was written down; 0 if none is."""
        return self._outbox.next_nonce(key)

    def _joined(self, row: Row, bulk: Bulk) -> bool:
        sent = self._board.by_hash.get(row.hash)
        if sent is not None:
            sent.bulks.append(bulk)
        return sent is not None

    def _known(self, row: Row, bulk: Bulk) -> Bulk | None:
        other = self._outbox.at_nonces(row.key, row.nonce, row.nonce).get(row.nonce)
        if other is not None and other != row.raw:
            raise nonce_used(row.nonce)
        with self._board.lock:
            return bulk if self._joined(row, bulk) else None


def nonce_used(nonce: int) -> InputError:
    """The error of a transaction whose nonce stands for another one."""
    return InputError(
        f"Nonce {nonce} of this key stands for another transaction. Sign again with the next one.",
        code="nonce_used",
        nonce=nonce,
    )
