"""Events in pages, and the address of what comes next."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from coalition.api.streams import PAGE_EVENTS, STREAMS_OF_PARTNER_MAX, EventStreams
from coalition.index.events import Place
from coalition.service.bell import Bell
from coalition.service.events import START, EventFeed, PartnerEvent
from tests.api.conftest import MEMBER, Till, World, code_of
from tests.api.fakes import NOW


def receipts(body: dict[str, Any]) -> list[str]:
    return [event["data"]["operation"]["receipt"] for event in body["events"]]


def test_pages_follow_each_other_and_wait_for_what_comes(till: Till) -> None:
    for number in range(5):
        till.earn(receipt=f"R-{number}")
    page = till.get("/v1/events?limit=2").json()
    seen = receipts(page)
    assert page["more"]
    while page["more"]:
        page = till.get(page["next"]).json()
        seen += receipts(page)
    assert seen == [f"R-{number}" for number in range(5)]
    page = till.get(page["next"]).json()
    assert (page["events"], page["more"]) == ([], False)
    till.earn(receipt="later")
    assert receipts(till.get(page["next"]).json()) == ["later"]


def test_from_nothing_on(till: Till) -> None:
    page = till.get("/v1/events").json()
    assert page == {"events": [], "more": False, "next": "/v1/events?limit=100&after=start"}
    till.earn(receipt="first")
    assert receipts(till.get(page["next"]).json()) == ["first"]


def test_an_event_tells_the_operation_as_the_history_does(till: Till) -> None:
    till.earn(receipt="R-1")
    till.redeem(receipt="R-2", points=900_000)
    earned, refused = till.get("/v1/events").json()["events"]
    history = till.get("/v1/operations").json()["operations"]
    assert [refused["data"]["operation"], earned["data"]["operation"]] == history
    assert (earned["type"], refused["type"]) == ("earn.accepted", "redeem.refused")
    assert earned["timestamp"] == history[1]["confirmed_at"]


def test_since_a_time_and_what_comes_after(till: Till) -> None:
    for number in range(3):
        till.earn(receipt=f"R-{number}")
    at = "2026-03-01T12:00:02Z"
    assert NOW + 2 == 1_772_366_402
    assert receipts(till.get(f"/v1/events?since={at}").json()) == ["R-1", "R-2"]
    empty = till.get("/v1/events?since=2027-01-01T00:00:00Z").json()
    assert empty["events"] == []
    till.earn(receipt="later")
    assert receipts(till.get(empty["next"]).json()) == ["later"]
    assert code_of(till.get(f"/v1/events?since={at}&after=start"), 422) == "input_invalid"
    assert code_of(till.get("/v1/events?since=yesterday"), 422) == "input_invalid"


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/stream"])
def test_ids_that_are_none(till: Till, other_till: Till, path: str) -> None:
    till.earn()
    (event,) = till.get("/v1/events").json()["events"]
    assert code_of(till.get(f"{path}?after=x"), 422) == "event_id_invalid"
    assert code_of(till.get(f"{path}?after={'x' * 101}"), 422) == "input_invalid"
    assert code_of(other_till.get(f"{path}?after={event['id']}"), 422) == "event_id_invalid"
    assert code_of(till.get(f"{path}?after=evt_1_777_0_0123456789"), 503) == "events_behind"


def test_the_form_of_a_stream(till: Till) -> None:
    till.earn(receipt="Beleg é")
    answer = till.get("/v1/events/stream?after=start")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    opening, told = answer.text.strip().split("\r\n\r\n")
    assert opening.startswith("id: evt_1_0_end_")
    assert "data:" not in opening
    (event,) = till.get("/v1/events").json()["events"]
    fields = dict(line.split(": ", 1) for line in told.splitlines())
    assert (fields["id"], fields["event"], json.loads(fields["data"])) == (event["id"], "earn.accepted", event)
    assert MEMBER in fields["data"] and fields["data"].isascii()


def test_a_stream_goes_on_after_the_last_event_id(till: Till) -> None:
    for number in range(4):
        till.earn(receipt=f"R-{number}")
    ids = [event["id"] for event in till.get("/v1/events").json()["events"]]
    for known in range(4):
        text = till.get("/v1/events/stream?after=start", **{"Last-Event-ID": ids[known]}).text
        assert [line[4:] for line in text.splitlines() if line.startswith("id: ")][1:] == ids[known + 1 :]
    assert "data:" not in till.get("/v1/events/stream").text, "without an id, only what is new"


def test_streams_are_bounded(till: Till, other_till: Till, world: World) -> None:
    streams = world.http.app.state.context.streams  # type: ignore[attr-defined]
    streams._open[1] = STREAMS_OF_PARTNER_MAX
    assert code_of(till.get("/v1/events/stream"), 503) == "streams_too_many"
    assert other_till.get("/v1/events/stream").status_code == 200
    streams._open[1] = 0
    assert till.get("/v1/events/stream").status_code == 200
    assert streams._open[1] == 0


def test_a_stream_ends_with_its_key(till: Till, world: World) -> None:
    till.earn("E-1")
    grant = world.access.looked_up(till.key)
    another = Till(till.http, world.access.credentials.issue(1, "another"))
    service = world.http.app.state.context.service  # type: ignore[attr-defined]
    streams = EventStreams(service, EventFeed(world.book), Bell())  # type: ignore[arg-type]

    async def main() -> list[str | None]:
        stream = streams.stream(1, START, lambda: world.access.still_counts(grant))
        seen = [(await anext(stream)).event, (await anext(stream)).event]
        world.access.credentials.revoke(grant.credential.id)
        await asyncio.to_thread(another.earn, "E-2")
        async with asyncio.timeout(20):
            return seen + [one.event async for one in stream]

    assert len(asyncio.run(main())) == 2


def test_a_stream_reads_no_further_than_its_reader(till: Till, world: World) -> None:
    for number in range(PAGE_EVENTS + 20):
        till.earn(receipt=f"R-{number}")
    service, pages = world.http.app.state.context.service, []  # type: ignore[attr-defined]

    class Counting(EventFeed):
        def after(self, partner: int, place: Place, limit: int) -> list[PartnerEvent]:
            pages.append(place)
            return super().after(partner, place, limit)

    async def main() -> None:
        stream = EventStreams(service, Counting(world.book), Bell()).stream(1, START)  # type: ignore[arg-type]
        for _ in range(1 + PAGE_EVENTS):
            await anext(stream)
        assert len(pages) == 1
        await anext(stream)
        assert len(pages) == 2
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())
