"""The two clients. They differ in how they send and wait; requests, answers and the rules for repeating are shared."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from coalition.client import authoring_requests, campaign_requests, event_requests, many, requests, till_requests
from coalition.client.access import ApiKey, address_of
from coalition.client.answers import BulkLine, Operation
from coalition.client.course import Course, Outcome, Patience
from coalition.client.event_answers import Event
from coalition.client.login import ClientCredentials, Login
from coalition.client.request import Request
from coalition.client.streams import EventStream

__all__ = ["AsyncClient", "Client"]

PAGE_OPERATIONS = 200
P = ParamSpec("P")
T = TypeVar("T")


def _documented(method: Callable[..., Any], build: Callable[..., Any]) -> None:
    method.__name__, method.__doc__ = build.__name__, build.__doc__
    signature = inspect.signature(build)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    shown = signature.replace(parameters=[itself, *signature.parameters.values()])
    method.__signature__ = shown  # type: ignore[attr-defined]  # for `help` and editors; mypy knows functions without it


def _sync(build: Callable[P, Request[T]]) -> Callable[Concatenate[Client, P], T]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.send(build(*args, **kwargs))

    _documented(method, build)
    return method


def _async(build: Callable[P, Request[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.send(build(*args, **kwargs))

    _documented(method, build)
    return method


async def _each(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


class Client:
    """A partner's way to the service. Threads may share one; close it, or use it in a `with` statement."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        login: ClientCredentials | None = None,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Nothing is sent yet. Without `url` and `api_key`, `COALITION_URL` and `COALITION_API_KEY` count.

        With `login`, tokens are got and sent instead of the key.
        """
        self._patience = patience or Patience()
        address = address_of(url)
        auth = ApiKey(api_key) if login is None else Login(address, login)
        self._http = httpx.Client(base_url=address, auth=auth, transport=transport)

    def send(self, request: Request[T]) -> T:
        """Send a request, again where that is safe, until it is answered or the deadline is there."""
        course = Course(request, self._patience)
        while True:
            outcome: Outcome
            try:
                outcome = self._http.request(**course.attempt())
            except httpx.RequestError as error:
                outcome = error
            pause = course.after(outcome)
            if pause is None:
                return course.answer
            time.sleep(pause)

    def history(
        self,
        *,
        member: str | None = None,
        kind: requests.Kind | None = None,
        status: requests.Status | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = PAGE_OPERATIONS,
    ) -> Iterator[Operation]:
        """Give the partner's operations, newest first, page by page of `limit` operations."""
        chosen = partial(
            self.history_page, member=member, kind=kind, status=status, since=since, until=until, limit=limit
        )
        cursor: str | None = None
        while True:
            page = chosen(cursor=cursor)
            yield from page.operations
            cursor = page.cursor
            if cursor is None:
                return

    def bulk(self, operations: Iterable[Request[Operation]], *, lines_max: int = many.LINES_MAX) -> Iterator[BulkLine]:
        """Post any number of operations, `lines_max` a request, and give the outcome of each when it is known.

        An operation is what the function of `coalition.client.requests` returns that is named like its method. Outcomes come
        in the order of the operations; what had to be sent again comes later. `line` counts all of them from 1.

        Raises:
            OutcomeUnknown: no outcome came for as long as `Patience` allows. What has none may have counted; ask again.
            ApiError: the service refused a whole request.
        """
        packing = many.Packing(self._patience, lines_max)
        for operation in operations:
            for delivery in packing.add(operation):
                yield from self._deliver(delivery)
        for delivery in packing.rest():
            yield from self._deliver(delivery)

    def _deliver(self, delivery: many.Delivery) -> Iterator[BulkLine]:
        while not delivery.is_over:
            outcome: Outcome
            try:
                with self._http.stream(**delivery.attempt()) as outcome:
                    if outcome.is_success:
                        for piece in outcome.iter_bytes():
                            yield from delivery.heard(piece)
                    else:
                        outcome.read()
            except httpx.RequestError as error:
                outcome = error
            time.sleep(delivery.after(outcome))

    def events(self, *, after: str | None = None) -> Iterator[Event]:
        """Give what happens, as it happens, for ever; over lost connections nothing is missed, and nothing comes twice.

        It begins after the event with the id `after`, with `"start"` at the first of all, else now.
        """
        stream = EventStream(after, self._patience)
        while True:
            outcome: Outcome | None = None
            try:
                with self._http.stream(**stream.attempt()) as response:
                    if response.status_code == httpx.codes.OK:
                        stream.opened()
                        for line in response.iter_lines():
                            event = stream.line(line)
                            if event is not None:
                                yield event
                    else:
                        response.read()
                        outcome = response
            except httpx.RequestError as error:
                outcome = error
            time.sleep(stream.after(outcome))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({str(self._http.base_url)!r})"

    earn = _sync(requests.earn)
    redeem = _sync(requests.redeem)
    hold = _sync(requests.hold)
    capture = _sync(requests.capture)
    release = _sync(requests.release)
    reverse = _sync(requests.reverse)
    refund = _sync(requests.refund)
    post_many = _sync(many.post_many)
    relay_batch = _sync(requests.relay_batch)
    batch = _sync(requests.batch)
    keys = _sync(requests.keys)
    hand_in = _sync(till_requests.hand_in)
    tills = _sync(till_requests.tills)
    till_gaps = _sync(till_requests.till_gaps)
    operation = _sync(requests.operation)
    history_page = _sync(requests.history_page)
    balance = _sync(requests.balance)
    till_token = _sync(requests.till_token)
    token_balance = _sync(requests.token_balance)
    me = _sync(requests.me)
    totals = _sync(requests.totals)
    statement = _sync(requests.statement)
    health = _sync(requests.health)
    ready = _sync(requests.ready)
    campaigns = _sync(campaign_requests.campaigns)
    campaign = _sync(campaign_requests.campaign)
    campaign_progress = _sync(campaign_requests.campaign_progress)
    propose_campaign = _sync(campaign_requests.propose_campaign)
    approve_campaign = _sync(campaign_requests.approve_campaign)
    start_campaign = _sync(campaign_requests.start_campaign)
    pause_campaign = _sync(campaign_requests.pause_campaign)
    resume_campaign = _sync(campaign_requests.resume_campaign)
    end_campaign = _sync(campaign_requests.end_campaign)
    close_campaign = _sync(campaign_requests.close_campaign)
    refer_member = _sync(campaign_requests.refer_member)
    claim_awards = _sync(campaign_requests.claim_awards)
    campaign_template = _sync(authoring_requests.campaign_template)
    check_campaign = _sync(authoring_requests.check_campaign)
    simulate_campaign = _sync(authoring_requests.simulate_campaign)
    campaign_file = _sync(authoring_requests.campaign_file)
    member_campaigns = _sync(campaign_requests.member_campaigns)
    tier = _sync(campaign_requests.tier)
    badges = _sync(campaign_requests.badges)
    preview = _sync(requests.preview)
    events_page = _sync(event_requests.events_page)
    add_webhook = _sync(event_requests.add_webhook)
    dead_letters = _sync(event_requests.dead_letters)
    redrive_webhook = _sync(event_requests.redrive_webhook)
    remove_webhook = _sync(event_requests.remove_webhook)
    replay_webhook = _sync(event_requests.replay_webhook)
    rotate_webhook = _sync(event_requests.rotate_webhook)
    test_webhook = _sync(event_requests.test_webhook)
    webhook = _sync(event_requests.webhook)
    webhooks = _sync(event_requests.webhooks)


class AsyncClient:
    """As `Client`, with `await` and `async for`. Tasks may share one; close it, or use it in an `async with` statement."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        login: ClientCredentials | None = None,
        patience: Patience | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Nothing is sent yet. Without `url` and `api_key`, `COALITION_URL` and `COALITION_API_KEY` count.

        With `login`, tokens are got and sent instead of the key.
        """
        self._patience = patience or Patience()
        address = address_of(url)
        auth = ApiKey(api_key) if login is None else Login(address, login)
        self._http = httpx.AsyncClient(base_url=address, auth=auth, transport=transport)

    async def send(self, request: Request[T]) -> T:
        """Send a request, again where that is safe, until it is answered or the deadline is there."""
        course = Course(request, self._patience)
        while True:
            outcome: Outcome
            try:
                outcome = await self._http.request(**course.attempt())
            except httpx.RequestError as error:
                outcome = error
            pause = course.after(outcome)
            if pause is None:
                return course.answer
            await asyncio.sleep(pause)

    async def history(
        self,
        *,
        member: str | None = None,
        kind: requests.Kind | None = None,
        status: requests.Status | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = PAGE_OPERATIONS,
    ) -> AsyncIterator[Operation]:
        """Give the partner's operations, newest first, page by page of `limit` operations."""
        chosen = partial(
            self.history_page, member=member, kind=kind, status=status, since=since, until=until, limit=limit
        )
        cursor: str | None = None
        while True:
            page = await chosen(cursor=cursor)
            for operation in page.operations:
                yield operation
            cursor = page.cursor
            if cursor is None:
                return

    async def bulk(
        self,
        operations: Iterable[Request[Operation]] | AsyncIterable[Request[Operation]],
        *,
        lines_max: int = many.LINES_MAX,
    ) -> AsyncIterator[BulkLine]:
        """Post any number of operations, `lines_max` a request, and give the outcome of each; see `Client.bulk`."""
        packing = many.Packing(self._patience, lines_max)
        async for operation in _each(operations):
            for delivery in packing.add(operation):
                async for line in self._deliver(delivery):
                    yield line
        for delivery in packing.rest():
            async for line in self._deliver(delivery):
                yield line

    async def _deliver(self, delivery: many.Delivery) -> AsyncIterator[BulkLine]:
        while not delivery.is_over:
            outcome: Outcome
            try:
                async with self._http.stream(**delivery.attempt()) as outcome:
                    if outcome.is_success:
                        async for piece in outcome.aiter_bytes():
                            for line in delivery.heard(piece):
                                yield line
                    else:
                        await outcome.aread()
            except httpx.RequestError as error:
                outcome = error
            await asyncio.sleep(delivery.after(outcome))

    async def events(self, *, after: str | None = None) -> AsyncIterator[Event]:
        """Give what happens, as it happens, for ever; over lost connections nothing is missed, and nothing comes twice.

        It begins after the event with the id `after`, with `"start"` at the first of all, else now.
        """
        stream = EventStream(after, self._patience)
        while True:
            outcome: Outcome | None = None
            try:
                async with self._http.stream(**stream.attempt()) as response:
                    if response.status_code == httpx.codes.OK:
                        stream.opened()
                        async for line in response.aiter_lines():
                            event = stream.line(line)
                            if event is not None:
                                yield event
                    else:
                        await response.aread()
                        outcome = response
            except httpx.RequestError as error:
                outcome = error
            await asyncio.sleep(stream.after(outcome))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({str(self._http.base_url)!r})"

    earn = _async(requests.earn)
    redeem = _async(requests.redeem)
    hold = _async(requests.hold)
    capture = _async(requests.capture)
    release = _async(requests.release)
    reverse = _async(requests.reverse)
    refund = _async(requests.refund)
    post_many = _async(many.post_many)
    relay_batch = _async(requests.relay_batch)
    batch = _async(requests.batch)
    keys = _async(requests.keys)
    hand_in = _async(till_requests.hand_in)
    tills = _async(till_requests.tills)
    till_gaps = _async(till_requests.till_gaps)
    operation = _async(requests.operation)
    history_page = _async(requests.history_page)
    balance = _async(requests.balance)
    till_token = _async(requests.till_token)
    token_balance = _async(requests.token_balance)
    me = _async(requests.me)
    totals = _async(requests.totals)
    statement = _async(requests.statement)
    health = _async(requests.health)
    ready = _async(requests.ready)
    campaigns = _async(campaign_requests.campaigns)
    campaign = _async(campaign_requests.campaign)
    campaign_progress = _async(campaign_requests.campaign_progress)
    propose_campaign = _async(campaign_requests.propose_campaign)
    approve_campaign = _async(campaign_requests.approve_campaign)
    start_campaign = _async(campaign_requests.start_campaign)
    pause_campaign = _async(campaign_requests.pause_campaign)
    resume_campaign = _async(campaign_requests.resume_campaign)
    end_campaign = _async(campaign_requests.end_campaign)
    close_campaign = _async(campaign_requests.close_campaign)
    refer_member = _async(campaign_requests.refer_member)
    claim_awards = _async(campaign_requests.claim_awards)
    campaign_template = _async(authoring_requests.campaign_template)
    check_campaign = _async(authoring_requests.check_campaign)
    simulate_campaign = _async(authoring_requests.simulate_campaign)
    campaign_file = _async(authoring_requests.campaign_file)
    member_campaigns = _async(campaign_requests.member_campaigns)
    tier = _async(campaign_requests.tier)
    badges = _async(campaign_requests.badges)
    preview = _async(requests.preview)
    events_page = _async(event_requests.events_page)
    add_webhook = _async(event_requests.add_webhook)
    dead_letters = _async(event_requests.dead_letters)
    redrive_webhook = _async(event_requests.redrive_webhook)
    remove_webhook = _async(event_requests.remove_webhook)
    replay_webhook = _async(event_requests.replay_webhook)
    rotate_webhook = _async(event_requests.rotate_webhook)
    test_webhook = _async(event_requests.test_webhook)
    webhook = _async(event_requests.webhook)
    webhooks = _async(event_requests.webhooks)
