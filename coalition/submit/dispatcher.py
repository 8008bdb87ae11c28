"""The thread that signs: takes what waits, gives out nonces, signs, and writes down what was signed. `Sender` sends it.

While one round is written down, the next one gathers: that is the group commit. Up to `ROUND_GROUPS` transactions share one
commit of the outbox.

Where the chain's clock follows the data, one day is signed while the one before is on its way into blocks, and no further:
what is taken in meanwhile, such as a day's redemptions, still finds its own day.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from coalition.chain.codec import encode_batch
from coalition.chain.rpc import Rpc, number
from coalition.errors import InputError
from coalition.submit.board import Board, Delivery, deliver
from coalition.submit.counts import campaign_counts, transaction_counts
from coalition.submit.outbox import NonceRecorded, Outbox
from coalition.submit.sequencer import InFlight, Lane
from coalition.submit.submission import Entry
from coalition.submit.waiting import Group

__all__ = ["Dispatcher"]

ROUND_GROUPS = 32
PAUSE_SECONDS = 0.1
PAUSE_SECONDS_MAX = 5.0
IDLE_SECONDS = 1.0
ROUND_SECONDS = 0.01
"""From the beginning of one round to that of the next, at least: a lone operation goes at once, many go together."""


class Dispatcher:
    """See the module."""

    def __init__(self, board: Board, outbox: Outbox, rpc: Rpc) -> None:
        self._board = board
        self._outbox = outbox
        self._rpc = rpc
        self._day: int | None = None
        self._pause = PAUSE_SECONDS
        self.thread = threading.Thread(target=self._run, name="submit-sign", daemon=True)

    def _run(self) -> None:
        board = self._board
        while not board.closing.is_set():
            try:
                begun = time.monotonic()
                if self.round():
                    board.sleep(max(0.0, begun + ROUND_SECONDS - time.monotonic()))
                else:
                    with board.lock:
                        board.lock.wait_for(self._has_work, IDLE_SECONDS)
                self._pause = PAUSE_SECONDS
                board.works("signing")
            except Exception as error:
                board.failed("signing", error)
                board.sleep(self._pause)
                self._pause = min(PAUSE_SECONDS_MAX, self._pause * 2)

    def round(self) -> bool:
        """Sign what can be signed now; False if there was nothing to do.

        Raises:
            Unavailable: what was not recorded waits again.
        """
        taken_up = self._take_up()
        self._ask_gas()
        groups = self._take()
        if groups:
            self._sign(groups)
        return bool(groups) or taken_up

    def _ask_gas(self) -> None:
        board = self._board
        if not board.pending_count:
            return
        if board.gas_block is None:
            block = self._rpc.call("eth_getBlockByNumber", ["latest", False])
            board.gas_block = number(block["gasLimit"])
        with board.lock:
            unknown = [partner for partner in board.of_partner if partner not in board.open_campaigns]
        counts = campaign_counts(self._rpc, board.deployment, unknown) if unknown else {}
        with board.lock:
            board.open_campaigns.update(counts)

    def _has_work(self) -> bool:
        board = self._board
        if board.closing.is_set() or any(_has_page(lane) for lane in board.lanes.values()):
            return True
        return board.waiting.can_take(self._has_room if self._day_may_begin() else _no_room)

    def _has_room(self, partner: int) -> bool:
        return self._board.lane_with_room(partner) is not None

    def _day_may_begin(self) -> bool:
        """False while another day's turn has come and transactions of the one before were not sent yet."""
        day = self._board.waiting.day
        return day in (None, self._day) or not any(lane.outgoing for lane in self._board.lanes.values())

    # ---- what was recorded before

    def _take_up(self) -> bool:
        """Watch recorded transactions again, as many for each key as fit its window."""
        found = False
        for lane in list(self._board.lanes.values()):
            if lane.page is not None and _has_page(lane):
                self._take_up_page(lane, lane.page)
                found = True
        return found

    def _take_up_page(self, lane: Lane, page: int) -> None:
        rows = self._outbox.undecided(self._board.slots, lane.key, page, lane.window)
        loaded = [(row, self._outbox.entries(row.ids)) for row in rows if row.hash not in self._board.by_hash]
        with self._board.lock:
            if lane.page == page:  # else blocks were rolled back meanwhile: from the start again
                lane.page = rows[-1].nonce if len(rows) == lane.window else None
            for row, entries in loaded:
                if row.hash in self._board.by_hash:
                    continue  # a relayed one was handed in again meanwhile
                self._board.register(InFlight(lane, row, entries, is_recovered=True))
                self._board.enter(entries)
            self._board.lock.notify_all()

    # ---- signing

    def _take(self) -> list[tuple[Group, Lane]]:
        """Groups of one day, each with the lane that sends it."""
        board = self._board
        taken: list[tuple[Group, Lane]] = []
        with board.lock:
            has_room = self._has_room if self._day_may_begin() else _no_room
            day = board.waiting.day
            while len(taken) < ROUND_GROUPS:
                group = board.waiting.take(has_room if board.waiting.day == day else _no_room)
                if group is None:
                    break
                lane = board.lanes[group.key] if group.key else board.lane_with_room(group.partner)
                assert lane is not None
                lane.reserved += 1
                taken.append((group, lane))
                self._day = day if group.kind else self._day
        return taken

    def _sign(self, groups: list[tuple[Group, Lane]]) -> None:
        board, left = self._board, groups
        while left:
            try:
                signed, misfits = self._signed(left)
                board.checkpoint("signed")
                if signed:
                    replaced = [group.replaces for group, _ in signed if group.replaces]
                    self._outbox.record([sent.row for _, sent in signed], replaced)
            except NonceRecorded:
                left = self._unsigned(left)
                continue
            except Exception:
                self._put_back(left)
                raise
            board.checkpoint("transactions_recorded")
            self._launch([sent for _, sent in signed])
            left = [(group, lane) for group, lane in misfits if self._single_out(group, lane)]

    def _signed(
        self, groups: Sequence[tuple[Group, Lane]]
    ) -> tuple[list[tuple[Group, InFlight]], list[tuple[Group, Lane]]]:
        """What was signed, and groups of which an operation cannot be encoded."""
        board = self._board
        self._ask_nonces([lane for _, lane in groups if lane.next_nonce is None])
        signed: list[tuple[Group, InFlight]] = []
        misfits: list[tuple[Group, Lane]] = []
        for group, lane in groups:
            try:
                signed.append((group, lane.sign(group, board.slot, board.campaigns_of(group), board.gas_block)))
            except InputError:
                misfits.append((group, lane))
        return signed, misfits

    def _launch(self, signed: Sequence[InFlight]) -> None:
        board = self._board
        with board.lock:
            for sent in signed:
                sent.lane.reserved -= 1
                board.figures.batch_operations.add(sent.row.size)
                board.launch(sent)
            board.troubled("outbox", None)
            board.lock.notify_all()

    def _unsigned(self, groups: Sequence[tuple[Group, Lane]]) -> list[tuple[Group, Lane]]:
        """Another process was faster: nonces are asked anew. Fillers are dropped; if they are needed, they come again."""
        with self._board.lock:
            for group, lane in groups:
                lane.next_nonce = None
                lane.reserved -= group.kind is None
        return [(group, lane) for group, lane in groups if group.kind is not None]

    def _put_back(self, groups: Sequence[tuple[Group, Lane]]) -> None:
        with self._board.lock:
            for group, lane in groups:
                lane.next_nonce = None
                lane.reserved -= 1
                self._board.waiting.put_back(group)

    def _single_out(self, group: Group, lane: Lane) -> bool:
        """Take out what cannot be encoded, so that it does not stop its neighbours; True if any of these are left."""
        assert group.kind is not None
        fit: list[Entry] = []
        deliveries: list[Delivery] = []
        for entry in group.entries:
            try:
                encode_batch(group.kind, [entry.submission.operation])
                fit.append(entry)
            except InputError as error:
                with self._board.lock:
                    deliveries += self._board.rejected([entry], error)
        group.entries, group.size = fit, len(fit)
        if not fit:
            lane.reserved -= 1
        deliver(deliveries)
        return bool(fit)

    def _ask_nonces(self, lanes: Sequence[Lane]) -> None:
        wanted = list(dict.fromkeys(lanes))
        for lane, (latest, pending) in zip(wanted, self._counts(wanted), strict=True):
            recorded = self._outbox.next_nonce(lane.key)
            lane.mined = latest
            lane.next_nonce = max(latest, pending, recorded)
        if wanted:
            self._board.works("chain")

    def _counts(self, lanes: Sequence[Lane]) -> list[tuple[int, int]]:
        return transaction_counts(self._rpc, [lane.key for lane in lanes])


def _has_page(lane: Lane) -> bool:
    return lane.page is not None and len(lane.in_flight) < lane.window


def _no_room(_partner: int) -> bool:
    return False
