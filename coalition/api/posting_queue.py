"""Lone operations on their way: what arrives together is recorded together, and nobody who waits holds a thread.

One that comes alone is recorded at once. While every round of the event loop brings another, they gather, for ten
milliseconds at most, and share one lookup and one commit, as do those that arrive during these; so the more tills there are, the
less each of them costs. From then on a till that waits is a future of the event loop and a timer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from anyio import CapacityLimiter, to_thread

from coalition.errors import CoalitionError
from coalition.ledger.records import OperationRecord
from coalition.service import Answer, LedgerService
from coalition.service.asked import PROOF_ATTEMPTS, Asked
from coalition.service.ledger import Started, is_outdated, still_pending

__all__ = ["PostingQueue"]

GATHER_SECONDS = 0.01
TOGETHER_MAX = 500
TOLD_IN_A_ROUND = 2
THREADS_MAX = 2
Ask: TypeAlias = Callable[[], Asked]


@dataclass(slots=True, eq=False)
class _Call:
    """One operation that somebody waits for. `ask` says what is asked for; it may block, so a thread calls it, once."""

    ask: Ask
    seconds: float
    answer: asyncio.Future[tuple[Asked, Answer]]
    asked: Asked | None = None
    attempts: int = 1
    timer: asyncio.TimerHandle | None = None

    def tell(self, answer: Answer) -> None:
        assert self.asked is not None
        if not self.answer.done():
            self.answer.set_result((self.asked, answer))

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class PostingQueue:
    """See the module. Methods without a word about threads run on the event loop."""

    def __init__(self, service: LedgerService) -> None:
        self._service = service
        self._calls: deque[_Call] = deque()
        self._decided: deque[tuple[_Call, Future[OperationRecord]]] = deque()
        self._is_woken = False
        self._is_recording = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = CapacityLimiter(THREADS_MAX)

    async def post(self, ask: Ask, seconds: float) -> tuple[Asked, Answer]:
        """Post what `ask` returns and wait for its outcome, `seconds` at most once it is recorded.

        Raises:
            CoalitionError: as `LedgerService`; what `ask` raises.
        """
        call = _Call(ask, seconds, asyncio.get_running_loop().create_future())
        self._enqueue(call)
        try:
            return await call.answer
        finally:
            if call.timer is not None:
                call.timer.cancel()

    def _enqueue(self, call: _Call) -> None:
        self._calls.append(call)
        if not self._is_recording:
            self._is_recording = True
            self._begin(self._record())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self) -> None:
        try:
            while self._calls:
                await self._gather()
                await self._start([self._calls.popleft() for _ in range(min(TOGETHER_MAX, len(self._calls)))])
        finally:
            self._is_recording = False

    async def _gather(self) -> None:
        loop = asyncio.get_running_loop()
        ends, before = loop.time() + GATHER_SECONDS, 0
        while before < len(self._calls) < TOGETHER_MAX and loop.time() < ends:
            before = len(self._calls)
            await asyncio.sleep(0)

    async def _start(self, calls: Sequence[_Call]) -> None:
        try:
            started = await to_thread.run_sync(self._started, calls, limiter=self._threads)
        except CoalitionError as error:
            for call in calls:
                call.fail(error)
        except Exception as error:
            if len(calls) == 1:
                calls[0].fail(error)
            else:  # a fault with one of them is nobody else's
                for call in calls:
                    await self._start([call])
        else:
            for call, one in zip(calls, started, strict=True):
                self._begun(call, one)

    def _started(self, calls: Sequence[_Call]) -> list[Started]:
        """Record what is asked for. Runs in a thread."""
        faults: dict[_Call, CoalitionError] = {}
        for call in calls:
            try:
                call.asked = call.asked or call.ask()
            except CoalitionError as error:
                faults[call] = error
        started = iter(self._service.start([call.asked for call in calls if call.asked is not None]))
        return [faults[call] if call in faults else next(started) for call in calls]

    def _begun(self, call: _Call, started: Started) -> None:
        if isinstance(started, Answer):
            call.tell(started)
        elif isinstance(started, CoalitionError):
            call.fail(started)
        elif started.done():
            self._take_up(call, started)
        else:
            loop = asyncio.get_running_loop()
            if call.timer is None and not call.answer.done():
                call.timer = loop.call_later(call.seconds, lambda: call.fail(still_pending(call.seconds)))
            started.add_done_callback(lambda future: self._told(loop, call, future))

    def _told(self, loop: asyncio.AbstractEventLoop, call: _Call, future: Future[OperationRecord]) -> None:
        """Hand an outcome to the event loop, which is woken once for many. Runs in the thread that tells outcomes."""
        self._decided.append((call, future))
        if not self._is_woken:
            self._is_woken = True
            with suppress(RuntimeError):  # nobody waits any more: the loop is closed
                loop.call_soon_threadsafe(self._take_some_up, loop)

    def _take_some_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake some who wait, and the others in the next round, so that whoever comes in between is served in between."""
        self._is_woken = False
        for _ in range(min(TOLD_IN_A_ROUND, len(self._decided))):
            self._take_up(*self._decided.popleft())
        if self._decided and not self._is_woken:
            self._is_woken = True
            loop.call_soon(self._take_some_up, loop)

    def _take_up(self, call: _Call, future: Future[OperationRecord]) -> None:
        assert call.asked is not None
        error = future.exception()
        if error is None and future.result().accepted:
            try:
                call.tell(self._service.conclude(call.asked, future.result()))
            except CoalitionError as conflict:
                call.fail(conflict)
        elif error is None or isinstance(error, CoalitionError):
            self._begin(self._conclude(call, error or future.result()))
        else:
            call.fail(error)

    async def _conclude(self, call: _Call, outcome: OperationRecord | CoalitionError) -> None:
        """Tell what was not accepted, after a look at what was decided before; prove anew where a proof is outdated."""
        asked = call.asked
        assert asked is not None
        try:
            call.tell(await to_thread.run_sync(self._service.conclude, asked, outcome, limiter=self._threads))
        except Exception as error:
            if isinstance(error, CoalitionError) and is_outdated(error) and call.attempts < PROOF_ATTEMPTS:
                call.attempts += 1
                self._enqueue(call)
            else:
                call.fail(error)
