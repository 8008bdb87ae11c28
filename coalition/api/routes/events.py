"""What happened to the partner: in pages, and as a stream."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse

from coalition.api.bodies import StrictRoute
from coalition.api.context import CalledBy, Context, Ctx, Partner
from coalition.api.documents import READING
from coalition.api.event_bodies import EventPage, event_bodies
from coalition.api.render import json_response
from coalition.api.requests import Time
from coalition.errors import InputError
from coalition.index.events import Place
from coalition.service.events import START, end_id

__all__ = ["router"]

PAGE_DEFAULT = 100
PAGE_MAX = 500
HEARTBEAT_SECONDS = 15
SEND_SECONDS_MAX = 30
ID_LENGTH_MAX = 100
FROM_START = "start"

router = APIRouter(prefix="/events", tags=["events"], route_class=StrictRoute)
PAGE: dict[int | str, dict[str, Any]] = {200: {"model": EventPage, "description": "A page."}, **READING}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Each event with its `id`, its type as `event`, and as `data` the JSON of a listed event.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    **READING,
}
After = Annotated[
    str | None,
    Query(
        max_length=ID_LENGTH_MAX, description="The id of the last event that is known, or `start` for all there are."
    ),
]


@router.get("", summary="What happened, oldest first", response_model=None, responses=PAGE)
async def events(
    request: Request,
    context: Ctx,
    partner: Partner,
    after: After = None,
    since: Annotated[
        Time | None, Query(description="Instead of `after`: from this time on. Without either, all there are.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX, description="Events a page.")] = PAGE_DEFAULT,
) -> Response:
    """The partner's operations, accepted and refused, and what campaigns awarded with them, as of blocks that are final.

    Follow `next`, now if there is `more`, else later: nothing is missed, and nothing comes twice.
    """
    if after is not None and since is not None:
        raise InputError("Give after or since, not both.", code="input_invalid")

    def work() -> EventPage:
        feed = context.events
        place = feed.since(since) if since is not None else _place(context, partner, after) or START
        found = feed.after(partner, place, limit + 1)
        shown = found[:limit]
        last = shown[-1].id if shown else after if since is None else end_id(partner, place)
        query = {"limit": limit, "after": last or FROM_START}
        root = str(request.scope.get("root_path", ""))
        return EventPage(
            events=event_bodies(context.service, shown),
            more=len(found) > limit,
            next=f"{root}/v1/events?{urlencode(query)}",
        )

    return json_response(await context.read(work))


@router.get("/stream", summary="What happens, as it happens", response_model=None, responses=STREAM)
async def stream(
    context: Ctx,
    caller: CalledBy,
    after: After = None,
    last_event_id: Annotated[
        str | None,
        Header(max_length=ID_LENGTH_MAX, description="The id of the last event that came; it counts before `after`."),
    ] = None,
) -> Response:
    """Server-sent events, as browsers and others read them. With `Last-Event-ID` it goes on where it was, also on another node
    and after a restart: nothing is missed, and nothing comes twice. Without it and without `after`, only what is new comes.

    A comment comes every 15 s. The stream ends now and then, at the latest after 5 minutes: come again.
    """
    partner = caller.partner
    context.streams.check_room(partner)
    known = last_event_id or after
    place = await context.read(lambda: _place(context, partner, known) or (START if known else context.events.newest()))
    told = context.streams.stream(partner, place, lambda: context.access.still_counts(caller.grant))
    return EventSourceResponse(told, ping=HEARTBEAT_SECONDS, send_timeout=SEND_SECONDS_MAX)


def _place(context: Context, partner: int, after: str | None) -> Place | None:
    """The place after an event; None for the start, or if none is given."""
    return None if after in (None, "", FROM_START) else context.events.place_of(partner, after)
