"""The iterators over the stream of events: against a real service, whose connections end, and line by line."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from coalition.api import create_app
from coalition.api.event_examples import EVENT
from coalition.api.streams import EventStreams
from coalition.client import ApiError, AsyncClient, Client, Patience, webhooks
from coalition.client.streams import EventStream
from coalition.service.bell import Bell
from coalition.service.events import EventFeed
from tests.api.conftest import MEMBER
from tests.api.stack import Stack, served
from tests.client.conftest import QUICK
from tests.client.transports import problem
from tests.webhooks.receiver import receiving

ENDS_EARLY = 3
IDLE = 190
THREADS_MAX = 60


class Cut(httpx.SyncByteStream):
    """A stream that breaks in the middle of the n-th event."""

    def __init__(self, stream: httpx.SyncByteStream, events: int) -> None:
        self.stream, self.events = stream, events

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        for chunk in self.stream:
            seen += chunk.count(b"\ndata: ")
            if seen >= self.events:
                yield chunk[: len(chunk) // 2]
                raise httpx.ReadError("lost")
            yield chunk

    def close(self) -> None:
        self.stream.close()


class BadLine(httpx.HTTPTransport):
    """Each stream breaks at its third event, and each second connection is refused."""

    connections = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/stream"):
            return super().handle_request(request)
        self.connections += 1
        if self.connections % 2 == 0:
            return problem(503, "events_behind")
        response = super().handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = Cut(response.stream, ENDS_EARLY)
        return response


def test_lost_connections_neither_lose_nor_repeat(stack: Stack, client: Client) -> None:
    wanted = [f"stream-{number}" for number in range(10)]
    before = client.events_page(limit=500).after
    poster = threading.Thread(target=lambda: [client.earn(MEMBER, receipt, 100) for receipt in wanted])
    with Client(stack.url, stack.keys[1], patience=QUICK, transport=(line := BadLine())) as reader:
        seen = []
        poster.start()
        for event in reader.events(after=before):
            assert event.data.operation is not None
            seen.append(event.data.operation.receipt)
            if len(seen) == len(wanted):
                break
        poster.join()
    assert seen == wanted
    assert line.connections > len(wanted) / ENDS_EARLY


def test_what_is_new_only_and_another_partner_hears_nothing(stack: Stack, client: Client) -> None:
    async def until_open(count: int) -> None:
        async with asyncio.timeout(60):
            while [stack.context.streams._open[partner] for partner in (1, 2)] != [count, count]:
                await asyncio.sleep(0.01)

    async def main() -> None:
        async with AsyncClient(stack.url, stack.keys[1]) as mine, AsyncClient(stack.url, stack.keys[2]) as other:
            await until_open(0)
            ours, theirs = mine.events(), other.events()
            first, foreign = asyncio.ensure_future(anext(ours)), asyncio.ensure_future(anext(theirs))
            await until_open(1)
            earned = await mine.earn(MEMBER, "streamed", 700)
            event = await asyncio.wait_for(first, 60)
            assert event.data.operation is not None
            assert (event.type, event.data.operation.receipt) == ("earn.accepted", "streamed")
            assert event.data.operation.transaction == earned.transaction
            await other.earn(MEMBER, "streamed", 800)
            heard = await asyncio.wait_for(foreign, 60)
            assert heard.data.operation is not None and heard.data.operation.spend_minor == 800
            await ours.aclose()  # type: ignore[attr-defined]
            await theirs.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())


def test_hundreds_of_idle_streams_need_no_threads(stack: Stack, client: Client) -> None:
    async def first_event(http: httpx.AsyncClient, opened: list[int]) -> str:
        async with http.stream("GET", "/v1/events/stream") as response:
            async for line in response.aiter_lines():
                opened.append(1)
                if line.startswith("event: "):
                    return line
        raise AssertionError("the stream ended")

    async def main() -> list[str]:
        headers = {"Authorization": f"Bearer {stack.keys[1]}"}
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=stack.url, headers=headers, limits=limits, timeout=60) as http:
            opened: list[int] = []
            waiting = [asyncio.ensure_future(first_event(http, opened)) for _ in range(IDLE)]
            async with asyncio.timeout(60):
                while len(opened) < 3 * IDLE:
                    await asyncio.sleep(0.05)
            assert threading.active_count() < THREADS_MAX
            await asyncio.to_thread(client.earn, MEMBER, "to all", 100)
            return await asyncio.wait_for(asyncio.gather(*waiting), 60)

    assert asyncio.run(main()) == ["event: earn.accepted"] * IDLE


def test_reading_goes_on_at_another_node_and_after_a_restart(stack: Stack, client: Client) -> None:
    wanted = [f"node-{number}" for number in range(6)]
    known = client.events_page(limit=500).after
    seen: list[str] = []
    for _ in range(3):
        feed, bell = EventFeed(stack.queries), Bell()
        streams = EventStreams(stack.context.service, feed, bell)
        with (
            served(create_app(replace(stack.context, events=feed, streams=streams))) as url,
            Client(url, stack.keys[1], patience=QUICK) as reader,
        ):
            client.earn(MEMBER, wanted[len(seen)], 100)
            client.earn(MEMBER, wanted[len(seen) + 1], 100)
            for event in reader.events(after=known):
                assert event.data.operation is not None
                seen.append(event.data.operation.receipt)
                known = event.id
                if len(seen) % 2 == 0:
                    break
            bell.close()
    assert seen == wanted


def test_what_happens_on_the_chain_reaches_a_webhook(stack: Stack, client: Client) -> None:
    with receiving() as receiver:
        made = client.add_webhook(receiver.url, types=["earn.accepted"])
        assert client.test_webhook(made.webhook.id).delivered
        answers = [client.earn(MEMBER, f"hooked-{number}", 1_000) for number in range(3)]
        with Client(stack.url, stack.keys[2], patience=QUICK) as other:
            other.earn(MEMBER, "not theirs", 1_000)
        receiver.wait(lambda: len(receiver.came) == 4)
        events = [webhooks.verify(came.body, came.headers, made.secret) for came in receiver.came]
    told = [event.data.operation for event in events[1:]]
    assert [(one.receipt, one.transaction) for one in told if one] == [
        (one.receipt, one.transaction) for one in answers
    ]
    listed = [event.id for event in client.events_page(limit=500).events if event.type == "earn.accepted"]
    assert [event.id for event in events[1:]] == listed[-3:]
    removed = client.remove_webhook(made.webhook.id)
    assert removed.dead_letters == 0
    assert client.webhooks().webhooks == ()


def lines(*events: str) -> Iterator[str]:
    for number, type_ in enumerate(events):
        yield f"id: evt_{number}"
        yield f"event: {type_}"
        yield "data: " + json.dumps(EVENT | {"id": f"evt_{number}", "type": type_})
        yield ""


def test_only_a_whole_event_counts() -> None:
    stream = EventStream("evt_before", Patience())
    assert stream.attempt()["headers"]["Last-Event-ID"] == "evt_before"
    for line in list(lines("a", "b"))[:-1]:
        stream.line(line)
    assert stream.last_id == "evt_0"
    assert stream.attempt()["headers"]["Last-Event-ID"] == "evt_0"
    assert [found.type for line in lines("c") if (found := stream.line(line))] == ["c"], "the half event is forgotten"


def test_comments_and_ids_without_data_are_no_events() -> None:
    stream = EventStream(None, Patience())
    assert "Last-Event-ID" not in stream.attempt()["headers"]
    for line in (": ping", "", "id: evt_1_4_end_0", "retry: 1000", "", "unknown: x", ""):
        assert stream.line(line) is None
    assert stream.last_id == "evt_1_4_end_0"


def test_what_is_no_event_is_said_to_be() -> None:
    stream = EventStream(None, Patience())
    stream.line("data: {}")
    with pytest.raises(ApiError) as raised:
        stream.line("")
    assert raised.value.code == "answer_malformed"


def test_refusals_end_the_iterator() -> None:
    with pytest.raises(ApiError) as raised:
        EventStream(None, Patience()).after(problem(401, "credential_revoked"))
    assert raised.value.code == "credential_revoked"
    assert EventStream(None, Patience()).after(httpx.ReadError("")) >= 0
    assert EventStream(None, Patience()).after(None) == 0
