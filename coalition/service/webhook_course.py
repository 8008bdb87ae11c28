"""The delivery of one webhook's events: each one at least once, those of a member in order, whatever happens to others.

The checkpoint moves over an event only when it was delivered, or was put aside in the database: after a failed attempt, an event
and those behind it in its lane wait there, and all other lanes go on. So a checkpoint and what is put aside before it say all, and
both are written in one transaction. Whatever was delivered after the last one is delivered again if the process dies.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from coalition.index.events import Place
from coalition.service.bell import Bell
from coalition.service.events import EventFeed, PartnerEvent
from coalition.service.webhook_sender import AT_ONCE_MAX, Connection, Reply, Target
from coalition.submit.webhook_leases import Progress, WebhookLeases
from coalition.submit.webhooks import Checkpoint, Kept, WebhookRow

__all__ = ["DELIVERED", "FAILED", "FAILING_SECONDS_MAX", "GIVEN_UP", "PAUSES_SECONDS", "Course", "Lost", "Render"]

PAUSES_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
"""Between the attempts, of which there are eight in 27 h 35 min and some; each up to a fifth longer, by chance."""

JITTER = 0.2
FAILING_SECONDS_MAX = 5 * 86_400
WINDOW_EVENTS = 256
ASIDE_EVENTS_MAX = 500
PAGE_EVENTS_MIN = 32
RECALLED_EVENTS_MAX = 64
FAILURES_BEFORE_CARE = 5
CHECKPOINT_SECONDS = 0.2
CHECKPOINT_EVENTS = 64
POLL_SECONDS = 5.0

GONE = ""
"""The text of an event whose block was replaced: there is nothing to deliver any more."""
DELIVERED, FAILED, GIVEN_UP = "delivered", "failed", "given_up"

Render = Callable[[Sequence[PartnerEvent]], Sequence[str]]


class Lost(Exception):
    """The webhook was changed or removed, is another node's by now, or blocks were replaced: what is in memory does not count any
    more."""


@dataclass(slots=True, eq=False)
class Entry:
    """An event on its way. Without a `text`, it is read again when its turn is near. `kept` says that it is put aside."""

    place: tuple[int, int]
    checkpoint: Checkpoint
    type: str
    lane: str
    text: str | None = None
    attempts: int = 0
    next_at: int = 0
    kept: bool = False
    settled: bool = False
    reason: str | None = None


class Course:
    """See the module. `clock` tells Unix seconds, `chance` is at least 0 and below 1. What became of each attempt is counted in
    `attempts`.
    """

    def __init__(
        self,
        row: WebhookRow,
        target: Target,
        leases: WebhookLeases,
        feed: EventFeed,
        render: Render,
        bell: Bell,
        clock: Callable[[], float],
        attempts: Counter[str],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.row = row
        self._target = target
        self._leases = leases
        self._feed = feed
        self._render = render
        self._bell = bell
        self._clock = clock
        self._attempts = attempts
        self._chance = chance
        self._reached = row.checkpoint
        self._read = Place(row.checkpoint.block, row.checkpoint.log, row.checkpoint.block_hash)
        self._hungry = True
        self._failing_since = row.failing_since
        self._disabled: str | None = None
        self._failures = 0
        self._fault: Exception | None = None
        self._window: deque[Entry] = deque()
        self._lanes: dict[str, deque[Entry]] = {}
        self._ready: deque[str] = deque()
        self._later: list[tuple[int, str]] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._aside: dict[tuple[int, int], Entry] = {}
        self._changed: dict[tuple[int, int], Entry] = {}
        self._delivered: set[tuple[int, int]] = set()
        self._unwritten = 0
        self._written_at = 0.0
        self._woken = asyncio.Event()

    async def run(self, connection: Connection) -> None:
        """Deliver until cancelled, or until the webhook is disabled.

        Raises:
            Lost: see there.
            Unavailable, StorageFull: the database does not answer; begin again from the checkpoint.
        """
        loop = asyncio.get_running_loop()

        def ring() -> None:
            loop.call_soon_threadsafe(self._ring)

        with self._bell.listen(self.row.partner, ring):
            try:
                await self._take_up()
                while self._disabled is None:
                    if self._fault is not None:
                        raise self._fault
                    self._woken.clear()
                    await self._fill()
                    await self._recall()
                    self._start(connection)
                    await self._write_down()
                    await self._wait()
                await self._write_down(all_of_it=True)
            except asyncio.CancelledError:
                await self._end_attempts()
                await self._write_down(all_of_it=True)
                raise
            finally:
                await self._end_attempts()

    async def _end_attempts(self) -> None:
        for task in self._flying:
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)

    def _ring(self) -> None:
        self._hungry = True
        self._woken.set()

    # ---- what there is to do

    async def _take_up(self) -> None:
        for one in await asyncio.to_thread(self._leases.waiting, self.row.id):
            checkpoint = Checkpoint(one.event_id, one.block, one.log, "")
            entry = Entry((one.block, one.log), checkpoint, one.type, one.lane, None, one.attempts, one.next_at, True)
            self._aside[entry.place] = entry
            self._append(entry)

    async def _fill(self) -> None:
        if not self._can_read():
            return
        room = self._room()
        self._hungry = False
        events, texts = await asyncio.to_thread(self._page, room)
        await self._drop_replaced(events)
        for event in events:
            place = (event.place.block, event.place.log)
            self._read = event.place
            if place in self._aside:
                continue  # blocks were replaced, and the reader went back
            checkpoint = Checkpoint(event.id, *event.place)
            entry = Entry(place, checkpoint, event.type, event.lane, texts.get(event.id), settled=event.id not in texts)
            self._window.append(entry)
            if not entry.settled:
                self._append(entry)
        self._hungry = self._hungry or len(events) == room

    async def _drop_replaced(self, events: Sequence[PartnerEvent]) -> None:
        """Begin again if something else stands in the place of what was put aside: there is nothing of that to deliver any more."""
        replaced = {
            entry.place
            for event in events
            if (entry := self._aside.get((event.place.block, event.place.log))) is not None
            and entry.checkpoint.event_id != event.id
        }
        if replaced:
            for place in replaced:
                self._changed.pop(place, None)
            self._delivered |= replaced
            await self._write_down(all_of_it=True)
            raise Lost

    def _can_read(self) -> bool:
        return self._hungry and self._room() >= PAGE_EVENTS_MIN

    def _room(self) -> int:
        return min(WINDOW_EVENTS - len(self._window), ASIDE_EVENTS_MAX - len(self._aside))

    def _page(self, room: int) -> tuple[list[PartnerEvent], dict[str, str]]:
        events = self._feed.after(self.row.partner, self._read, room)
        wanted = [event for event in events if not self.row.types or event.type in self.row.types]
        return events, dict(zip((event.id for event in wanted), self._render(wanted), strict=True))

    def _append(self, entry: Entry) -> None:
        lane = self._lanes.get(entry.lane)
        if lane is None:
            self._lanes[entry.lane] = deque([entry])
            self._schedule(entry)
        else:
            if lane[0].kept and not entry.kept:
                self._put_aside(entry)
            lane.append(entry)

    def _schedule(self, entry: Entry) -> None:
        """A lane is in one place only: ready, later, or flying."""
        if entry.next_at <= self._clock():
            self._ready.append(entry.lane)
        else:
            heapq.heappush(self._later, (entry.next_at, entry.lane))

    # ---- attempts

    async def _recall(self) -> None:
        """Read what was put aside again when its turn is near, many at a time: one by one, a busy partner would never catch up."""
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[1])
        lanes = list(islice(self._ready, max(0, self._most() - len(self._flying))))
        if all(self._lanes[lane][0].text is not None for lane in lanes):
            return
        near = [entry for lane in lanes for entry in islice(self._lanes[lane], RECALLED_EVENTS_MAX // len(lanes))]
        wanted = [entry for entry in near if entry.text is None]
        texts = await asyncio.to_thread(self._texts_of, wanted)
        for entry in wanted:
            entry.text = texts.get(entry.checkpoint.event_id, GONE)

    def _texts_of(self, entries: Sequence[Entry]) -> dict[str, str]:
        """The texts of those whose blocks were not replaced, by their ids."""
        found = self._feed.at(self.row.partner, [entry.place for entry in entries])
        wanted = {entry.checkpoint.event_id for entry in entries}
        same = [event for event in found if event.id in wanted]
        return dict(zip((event.id for event in same), self._render(same), strict=True))

    def _most(self) -> int:
        return 1 if self._failures >= FAILURES_BEFORE_CARE else AT_ONCE_MAX

    def _start(self, connection: Connection) -> None:
        while self._ready and len(self._flying) < self._most() and self._lanes[self._ready[0]][0].text is not None:
            entry = self._lanes[self._ready.popleft()][0]
            task = asyncio.create_task(self._attempt(connection, entry))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)

    async def _attempt(self, connection: Connection, entry: Entry) -> None:
        try:
            assert entry.text is not None
            if entry.text == GONE:
                self._done(entry)
            else:
                self._landed(entry, await connection.send(self._target, entry.checkpoint.event_id, entry.text))
        except Exception as error:
            self._fault = error
        finally:
            self._woken.set()

    def _landed(self, entry: Entry, reply: Reply) -> None:
        if reply.delivered:
            self._attempts[DELIVERED] += 1
            self._failing_since, self._failures = None, 0
            self._done(entry)
            return
        now = int(self._clock())
        self._failures += 1
        self._failing_since = now if self._failing_since is None else self._failing_since
        if reply.gone:
            self._disabled = "gone"
        elif now - self._failing_since >= FAILING_SECONDS_MAX:
            self._disabled = "failing"
        entry.attempts += 1
        entry.reason = reply.reason
        self._put_aside(entry)
        for behind in self._lanes[entry.lane]:
            behind.text = None
            if not behind.kept:
                self._put_aside(behind)
        if entry.attempts > len(PAUSES_SECONDS):
            self._attempts[GIVEN_UP] += 1
            self._next_in_lane(entry)  # a dead letter
        else:
            self._attempts[FAILED] += 1
            pause = PAUSES_SECONDS[entry.attempts - 1] * (1 + JITTER * self._chance())
            entry.next_at = now + int(max(pause, reply.retry_after))
            self._schedule(entry)

    def _done(self, entry: Entry) -> None:
        entry.settled = True
        if entry.kept:
            self._changed.pop(entry.place, None)
            self._delivered.add(entry.place)
        self._next_in_lane(entry)

    def _next_in_lane(self, entry: Entry) -> None:
        self._aside.pop(entry.place, None)
        lane = self._lanes[entry.lane]
        lane.popleft()
        if lane:
            self._schedule(lane[0])
        else:
            del self._lanes[entry.lane]

    def _put_aside(self, entry: Entry) -> None:
        entry.kept, entry.text = True, None
        self._aside[entry.place] = self._changed[entry.place] = entry

    # ---- checkpoints

    async def _write_down(self, all_of_it: bool = False) -> None:
        done = 0
        while self._window and (self._window[0].settled or self._window[0].kept):
            self._reached = self._window.popleft().checkpoint
            done += 1
        self._unwritten += done
        if not (self._unwritten or self._changed or self._delivered or self._disabled):
            return
        idle = not self._flying and not self._ready
        if not (all_of_it or idle or self._unwritten >= CHECKPOINT_EVENTS or self._disabled or self._is_time()):
            return
        changed, delivered = self._changed, self._delivered
        self._changed, self._delivered, self._unwritten = {}, set(), 0
        self._written_at = asyncio.get_running_loop().time()
        kept = [_kept(entry) for entry in changed.values()]
        progress = Progress(self._reached, kept, delivered, self._failing_since, self._disabled)
        if not await _unbroken(self._leases.checkpoint, self.row, progress):
            raise Lost

    def _is_time(self) -> bool:
        return asyncio.get_running_loop().time() - self._written_at >= CHECKPOINT_SECONDS

    async def _wait(self) -> None:
        if self._can_read():
            return
        seconds = POLL_SECONDS
        if self._later:
            seconds = min(seconds, max(0.0, self._later[0][0] - self._clock()))
        if self._unwritten or self._changed or self._delivered:
            seconds = min(seconds, CHECKPOINT_SECONDS)
        try:
            async with asyncio.timeout(seconds):  # `wait_for` may forget that it was cancelled (Python 3.11)
                await self._woken.wait()
        except TimeoutError:
            self._hungry = True


async def _unbroken(work: Callable[[WebhookRow, Progress], bool], row: WebhookRow, progress: Progress) -> bool:
    """Run it to its end, whoever cancels: a checkpoint must not come after a later one."""
    task = asyncio.create_task(asyncio.to_thread(work, row, progress))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if await task:
            raise
        return False


def _kept(entry: Entry) -> Kept:
    dead = entry.attempts > len(PAUSES_SECONDS)
    checkpoint = entry.checkpoint
    return Kept(
        checkpoint.block,
        checkpoint.log,
        checkpoint.event_id,
        entry.type,
        entry.lane,
        entry.attempts,
        entry.next_at,
        dead,
        entry.reason,
    )
