"""What every handler needs, and how it reaches the blocking parts below without stopping the event loop."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, Lock, to_thread
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from coalition.access import Access, Grant, Scope
from coalition.api.administration import begin
from coalition.api.gate import Gate
from coalition.api.health import Readiness
from coalition.api.posting_queue import PostingQueue
from coalition.api.scopes import demanded_scope, is_logged
from coalition.api.streams import EventStreams
from coalition.errors import AccessDenied, NotFound, Unavailable
from coalition.service import Answer, LedgerService
from coalition.service.asked import Asked
from coalition.service.balances import PastBalances
from coalition.service.batches import SignedBatches
from coalition.service.campaign_authoring import CampaignAuthoring
from coalition.service.campaign_members import CampaignMembers
from coalition.service.events import EventFeed
from coalition.service.pending import PendingEarns
from coalition.service.previews import OperationPreviews
from coalition.service.till import TillDesk
from coalition.service.tills import TillService
from coalition.service.webhooks import WebhookService
from coalition.submit.idempotency import IdempotencyKeys
from coalition.telemetry import Telemetry, seen

__all__ = ["CalledBy", "Caller", "Context", "Ctx", "Partner"]

WAIT_SECONDS = 30.0
POSTERS_MAX = 128
READERS_MAX = 16
LOOKERS_MAX = 4
BULKS_OF_PARTNER_MAX = 2
TRIALS_MAX = 1
RELAYS_MAX = 64
RELAYS_OF_PARTNER_MAX = 16
BULKS_MAX = 32
T = TypeVar("T")

bearer = HTTPBearer(
    scheme_name="apiKey",
    bearerFormat="ck_<id>_<secret>",
    description="The partner's API key, or an access token that was got for it. It says whose operations these are: no body "
    "names a partner.",
    auto_error=False,
)


@dataclass(frozen=True, kw_only=True)
class Context:
    """The parts that `create_app` is given. A bulk request at work holds a thread of `posting`, a signed batch that waits one
    of `relaying`; reads have their own.

    `clock` tells the ledger's time in Unix seconds, `readiness` what is in order, `pending` whether an operation of
    that partner and receipt number is on its way; all may block. An outcome is waited for `wait_seconds` at most. `has_files` says
    that the databases are files of this machine.
    """

    service: LedgerService
    access: Access
    readiness: Callable[[], Readiness]
    clock: Callable[[], int]
    pending: Callable[[int, int], bool]
    campaigns: CampaignMembers
    previews: OperationPreviews
    balances: PastBalances
    authoring: CampaignAuthoring
    batches: SignedBatches
    till: TillDesk
    tills: TillService
    later: PendingEarns
    idempotency: IdempotencyKeys
    events: EventFeed
    streams: EventStreams
    webhooks: WebhookService
    wait_seconds: float = WAIT_SECONDS
    has_files: bool = False
    telemetry: Telemetry = field(default_factory=Telemetry)
    gate: Gate = field(default_factory=Gate)
    posting: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(POSTERS_MAX))
    reading: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(READERS_MAX))
    relaying: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(RELAYS_MAX))
    trying: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(TRIALS_MAX))
    _looking: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(LOOKERS_MAX))
    _freshening: Lock = field(default_factory=Lock)
    _looks_ahead: set[asyncio.Task[None]] = field(default_factory=set)
    all_bulks: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(BULKS_MAX))
    _bulks: dict[int, CapacityLimiter] = field(
        default_factory=lambda: defaultdict(lambda: CapacityLimiter(BULKS_OF_PARTNER_MAX))
    )
    _relays: dict[int, CapacityLimiter] = field(
        default_factory=lambda: defaultdict(lambda: CapacityLimiter(RELAYS_OF_PARTNER_MAX))
    )
    _trials: dict[int, CapacityLimiter] = field(
        default_factory=lambda: defaultdict(lambda: CapacityLimiter(TRIALS_MAX))
    )

    @asynccontextmanager
    async def bulk_of(self, partner: int) -> AsyncIterator[None]:
        """Serve a bulk request of a partner when it is its turn: further ones of the same partner wait, before they are read.

        Raises:
            Unavailable: `overloaded`: as many as this service can hold in memory are being served.
        """
        async with self._bulks[partner]:
            if not self.all_bulks.available_tokens:
                raise Unavailable(
                    f"{self.all_bulks.total_tokens:g} bulk requests are being served here. Nothing of this one was read.",
                    code="overloaded",
                )
            async with self.all_bulks:
                yield

    @cached_property
    def queue(self) -> PostingQueue:
        """The lone operations on their way."""
        return PostingQueue(self.service)

    async def posted(self, ask: Callable[[], Asked], seconds: float) -> tuple[Asked, Answer]:
        """Post one operation and wait for its outcome, without a thread; see `PostingQueue.post`."""
        with _known_partner():
            return await self.queue.post(ask, seconds)

    async def relay(self, partner: int, work: Callable[[], T]) -> T:
        """Run what waits for a partner's own transaction: a few of each at a time, so that others find threads."""
        async with self._relays[partner]:
            return await _in_thread(work, self.relaying)

    async def grant_of(self, text: str) -> Grant:
        """Return what a key or token grants; see `Access`.

        The keys are looked at twice a second while there are calls. A call waits for that only if the last look is a second old,
        and then not behind those who guess.
        """
        credentials = self.access.credentials
        if credentials.is_stale:
            async with self._freshening:
                if credentials.is_stale:
                    await to_thread.run_sync(credentials.look_if_stale)
        elif credentials.is_ageing and not self._freshening.locked():
            look = asyncio.get_running_loop().create_task(self._look_ahead())
            self._looks_ahead.add(look)
            look.add_done_callback(self._looks_ahead.discard)
        known = self.access.known(text)
        if known is not None:
            return known
        return await to_thread.run_sync(self.access.looked_up, text, limiter=self._looking)

    async def _look_ahead(self) -> None:
        credentials = self.access.credentials
        async with self._freshening:
            if credentials.is_ageing:
                with suppress(Unavailable):  # whoever has to wait for a look is told
                    await to_thread.run_sync(credentials.look)

    async def administer(self, work: Callable[[], T]) -> T:
        """Run what changes keys or writes to the log of administration."""
        return await to_thread.run_sync(work)

    async def post(self, work: Callable[[], T]) -> T:
        """Run what may wait for the chain."""
        return await _in_thread(work, self.posting)

    async def try_out(self, partner: int, work: Callable[[], T]) -> T:
        """Run what computes for seconds: one at a time, so that tills hardly notice. Others wait, of a partner one for all."""
        async with self._trials[partner]:
            return await _in_thread(work, self.trying)

    async def read(self, work: Callable[[], T]) -> T:
        """Run what only looks something up."""
        return await _in_thread(work, self.reading)

    async def glance(self, work: Callable[[], T]) -> T:
        """Run what asks a question or two by a key. Of files here that is quicker than the way to a thread and back, on which it
        would wait behind all that is busy; nobody who reads a file waits for those who write it.
        """
        if not self.has_files:
            return await self.read(work)
        with _known_partner():
            return work()


async def context_of(request: Request) -> Context:
    """Return the context of the application that serves `request`."""
    context: Context = request.app.state.context
    return context


Ctx = Annotated[Context, Depends(context_of)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: a key, and the address it came from, if there is one."""

    grant: Grant
    source: str | None

    @property
    def partner(self) -> int:
        """The number of the partner that the key speaks for."""
        return self.grant.credential.partner

    @property
    def key_id(self) -> str:
        """The key's name."""
        return self.grant.credential.id


async def caller_of(
    request: Request, context: Ctx, credential: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]
) -> Caller:
    """Return who calls, if they may call this route now, from there."""
    if credential is None:
        raise AccessDenied("Send Authorization: Bearer and the partner's API key.", code="credential_missing")
    grant = await context.grant_of(credential.credentials)
    caller = request.state.caller = Caller(grant, request.client.host if request.client else None)
    seen().partner = caller.partner
    grant.check_source(caller.source)
    try:
        context.access.limits.take(grant.credential)
    finally:
        quota = context.access.limits.quota_of(grant.credential)
        request.state.quota = {} if quota is None else quota.headers()
    route = request.scope["route"]
    scope = demanded_scope(route.name, route.methods)
    if scope is not None:
        grant.demand(scope)
    if scope is Scope.ADMIN and is_logged(route.name, route.methods):
        await begin(request, context.access)
    return caller


CalledBy = Annotated[Caller, Depends(caller_of)]


async def partner_of(caller: CalledBy) -> int:
    """Return the partner's number that the request's API key speaks for."""
    return caller.partner


Partner = Annotated[int, Depends(partner_of)]


async def _in_thread(work: Callable[[], T], limiter: CapacityLimiter) -> T:
    with _known_partner():
        return await to_thread.run_sync(work, limiter=limiter)


@contextmanager
def _known_partner() -> Iterator[None]:
    """The book may be started anew under the same list of keys: that is said without naming those who are in it."""
    try:
        yield
    except NotFound as error:
        if error.code != "partner_unknown":
            raise
        raise AccessDenied("The partner of this API key is not in this ledger.", code="partner_unknown") from None
