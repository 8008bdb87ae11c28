"""Server-sent events. A stream that waits holds no thread, and reads no further than its reader takes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from sse_starlette import ServerSentEvent

from coalition.api.event_bodies import event_texts
from coalition.errors import Unavailable
from coalition.index.events import Place
from coalition.service import LedgerService
from coalition.service.bell import Bell
from coalition.service.events import EventFeed, PartnerEvent, end_id

__all__ = ["EventStreams"]

PAGE_EVENTS = 100
STREAMS_MAX = 2_000
STREAMS_OF_PARTNER_MAX = 200
STREAM_SECONDS = 300.0
RETRY_MILLISECONDS = 1_000


class EventStreams:
    """The streams of this node. A stream ends after `seconds`, and its reader comes again with a key that still counts."""

    def __init__(self, service: LedgerService, feed: EventFeed, bell: Bell, seconds: float = STREAM_SECONDS) -> None:
        self._service = service
        self._feed = feed
        self._bell = bell
        self._seconds = seconds
        self._open: Counter[int] = Counter()

    def check_room(self, partner: int) -> None:
        """Make sure that a partner can have another stream.

        Raises:
            Unavailable: `streams_too_many`.
        """
        if self._open[partner] >= STREAMS_OF_PARTNER_MAX or self._open.total() >= STREAMS_MAX:
            raise Unavailable("Too many streams are open. Close some, or come again later.", code="streams_too_many")

    async def stream(
        self, partner: int, place: Place, is_allowed: Callable[[], bool] = lambda: True
    ) -> AsyncIterator[ServerSentEvent]:
        """Yield the events of a partner after a place, as they happen and as long as it `is_allowed`, which may block."""
        loop, rung = asyncio.get_running_loop(), asyncio.Event()
        ends = loop.time() + self._seconds

        def ring() -> None:
            loop.call_soon_threadsafe(rung.set)

        with self._counted(partner), self._bell.listen(partner, ring):
            # Without data it is no event to a reader, but from here on it knows where to go on.
            yield ServerSentEvent(id=end_id(partner, place), retry=RETRY_MILLISECONDS)
            while not self._bell.closed and loop.time() < ends:
                rung.clear()
                found = await asyncio.to_thread(self._page, partner, place, is_allowed)
                if found is None:
                    return
                for event, text in found:
                    yield ServerSentEvent(data=text, event=event.type, id=event.id)
                    place = event.place
                if not found:
                    try:
                        async with asyncio.timeout_at(ends):
                            await rung.wait()
                    except TimeoutError:
                        return

    def _page(
        self, partner: int, place: Place, is_allowed: Callable[[], bool]
    ) -> list[tuple[PartnerEvent, str]] | None:
        if not is_allowed():
            return None
        events = self._feed.after(partner, place, PAGE_EVENTS)
        return list(zip(events, event_texts(self._service, events), strict=True))

    @contextmanager
    def _counted(self, partner: int) -> Iterator[None]:
        self._open[partner] += 1
        try:
            yield
        finally:
            self._open[partner] -= 1
