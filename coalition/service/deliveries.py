"""Delivers webhooks: those that this node holds the lease of, each on a course of its own, all in one thread."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Engine

from coalition.errors import CoalitionError
from coalition.service.bell import Bell
from coalition.service.events import EventFeed
from coalition.service.webhook_course import Course, Lost, Render
from coalition.service.webhook_sender import Sender
from coalition.service.webhooks import WebhookService
from coalition.submit.webhook_leases import WebhookLeases
from coalition.submit.webhooks import WebhookRow

__all__ = ["Deliveries", "DeliveryFigures"]

LEASE_SECONDS = 30
ROUND_SECONDS = 5.0
WORKERS_MAX = 32  # look-ups of names may hang, and must not hold checkpoints up

log = logging.getLogger("coalition.webhooks")


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """How many webhooks this node delivers to, and how many of its attempts came to what: see `webhook_course`."""

    webhooks: int
    attempts: Mapping[str, int]


class Deliveries:
    """The webhooks of this node. A node that dies loses its leases after 30 s, and others take over. `clock`: Unix seconds."""

    def __init__(
        self,
        engine: Engine,
        webhooks: WebhookService,
        feed: EventFeed,
        render: Render,
        bell: Bell,
        sender: Sender,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._leases = WebhookLeases(engine, secrets.token_hex(16))
        self._webhooks = webhooks
        self._feed = feed
        self._render = render
        self._bell = bell
        self._sender = sender
        self._clock = clock
        self._courses: dict[str, tuple[int, asyncio.Task[None]]] = {}
        self._attempts: Counter[str] = Counter()
        self._held_until = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken: asyncio.Event | None = None
        self._stopping = False

    @property
    def figures(self) -> DeliveryFigures:
        """What was counted since the start of this process."""
        return DeliveryFigures(len(self._courses), dict(self._attempts))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Deliver in a thread of its own; at the end, write down how far everything is, and let other nodes deliver."""
        self._webhooks.watch(self.wake)
        thread = threading.Thread(target=self._run, name="coalition-webhooks", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping = True
            self.wake()
            thread.join()
            self._leases.close()

    def wake(self) -> None:
        """Look now: a webhook was added or changed."""
        if self._loop is not None and self._woken is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._woken, self._loop = asyncio.Event(), asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(WORKERS_MAX, "coalition-webhooks"))
        while not self._stopping:
            self._woken.clear()
            try:
                await self._round()
            except CoalitionError as error:
                log.warning("webhooks wait: %s", error)
                await self._end_if_lapsed()
            except Exception:
                log.exception("webhooks wait")
                await self._end_if_lapsed()
            with suppress(TimeoutError):
                async with asyncio.timeout(ROUND_SECONDS):
                    await self._woken.wait()
        await self._end(list(self._courses))
        try:
            await asyncio.to_thread(self._leases.leave)
        except CoalitionError as error:
            log.warning("leases are kept until they lapse: %s", error)

    async def _round(self) -> None:
        now = int(self._clock())
        rows, surplus = await asyncio.to_thread(self._leases.renew, now, now + LEASE_SECONDS)
        self._held_until = now + LEASE_SECONDS
        wanted = {row.id: row for row in rows if row.id not in surplus}
        over = [
            id_
            for id_, (generation, task) in self._courses.items()
            if id_ not in wanted or task.done() or generation != wanted[id_].generation
        ]
        await self._end(over)
        if surplus:
            await asyncio.to_thread(self._leases.release, surplus)
        for id_, row in wanted.items():
            if id_ not in self._courses:
                self._courses[id_] = (row.generation, asyncio.create_task(self._deliver(row)))

    async def _end_if_lapsed(self) -> None:
        if self._clock() >= self._held_until:
            await self._end(list(self._courses))

    async def _end(self, ids: list[str]) -> None:
        tasks = [self._courses.pop(id_)[1] for id_ in ids]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, row: WebhookRow) -> None:
        try:
            target = await asyncio.to_thread(self._webhooks.target_of, row)
            course = Course(
                row, target, self._leases, self._feed, self._render, self._bell, self._clock, self._attempts
            )
            async with self._sender.connection() as connection:
                await course.run(connection)
        except Lost:
            pass  # the next round finds out what became of it
        except CoalitionError as error:
            log.warning("webhook %s waits: %s", row.id, error)
        except Exception:
            log.exception("webhook %s waits", row.id)
