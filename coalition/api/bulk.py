"""Many operations in one request, taken while they arrive and answered while they are decided.

Reading never waits for writing: a client that sends all of its lines before it reads the first answer is served like one
that does both at once. Memory is bounded by the largest request, and by the number of requests that a partner may have here.
"""

from __future__ import annotations

import functools
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from anyio import Event, create_task_group, fail_after
from fastapi import Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from coalition.api.asking import asked_of, followed
from coalition.api.bodies import BODY_BYTES_MAX, parse
from coalition.api.bulk_bodies import BulkLineBody, BulkSummaryBody, read_line
from coalition.api.context import Caller, Context
from coalition.api.errors import document_of
from coalition.api.responses import ProblemBody, operation_body, pending_body
from coalition.api.scopes import scope_of_kind
from coalition.errors import CoalitionError, InputError, OutcomePending, ReceiptConflict, Unavailable
from coalition.ledger.operations import Kind
from coalition.service import Answer
from coalition.service.asked import Asked
from coalition.service.pending import PendingEarn, PendingReversal
from coalition.service.till import is_told_by_token
from coalition.telemetry import seen

__all__ = ["BULK_BYTES_MAX", "JSON", "NDJSON", "OPERATIONS_MAX", "BulkAnswer", "check_head"]

OPERATIONS_MAX = 10_000
BULK_BYTES_MAX = 8 * 1024 * 1024
BATCH_LINES = 2_000
OPEN_LINES_MAX = 4_000
"""Of one request, taken and not decided. More would not be faster, and each is some 3 kB."""
JSON, NDJSON = "application/json", "application/x-ndjson"

Emit = Callable[[list[bytes]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Ticket:
    """One line: its place among the answers, its number, and what was asked in it if it could be read."""

    place: int
    line: int
    receipt: str | None = None
    asked: Asked | None = None


class _Desk:
    """Takes lines, and has their answers ready in order. Called from one thread at a time."""

    def __init__(self, context: Context, caller: Caller, currency: str) -> None:
        self._context = context
        self._caller = caller
        self._currency = currency
        self._trail = seen().trace
        self._run = context.service.bulk(self._told, self._too_late, context.wait_seconds)
        self._places = 0
        self._next = 0
        self._answers: dict[int, bytes] = {}
        self._counts: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._hidden: set[int] = set()
        self._answered = 0
        self._failure: CoalitionError | None = None
        self._shown: tuple[CoalitionError | None, dict[str, Any]] = (None, {})

    @property
    def is_idle(self) -> bool:
        return self._run.is_idle

    @property
    def has_room(self) -> bool:
        return self._places - self._answered < OPEN_LINES_MAX

    def take(self, lines: Iterable[tuple[int, bytes | Any]]) -> None:
        """Take numbered lines up: text of a stream, or values of an array."""
        clock = functools.cache(self._context.clock)
        wanted = []
        for line, value in lines:
            ticket, asked = self._read(line, value, clock)
            self._places += 1
            if isinstance(asked, CoalitionError):
                self._told(ticket, asked)
            elif self._failure is not None:
                self._told(ticket, self._failure)
            else:
                wanted.append((ticket, asked))
        if wanted:
            named = {receipt for _, asked in wanted for receipt in asked.receipts}
            self._hidden |= self._context.till.tokens.hidden(self._caller.partner, named)
            wanted = self._not_waiting(wanted, named)
        self._guarded(lambda: self._run.take(wanted))

    def settle(self) -> None:
        """Wait for the next outcomes."""
        self._guarded(self._run.settle)

    def ready(self) -> list[bytes]:
        """The answers that are next in order, as far as they are known."""
        found = []
        while self._next in self._answers:
            found.append(self._answers.pop(self._next))
            self._next += 1
        return found

    def summary(self) -> BulkSummaryBody:
        """What came of the lines that were answered."""
        counts = {name: self._counts[name] for name in ("accepted", "replayed", "refused", "unfinished")}
        points = {name: self._counts[name] for name in ("points_issued", "points_awarded")}
        return BulkSummaryBody(lines=sum(counts.values()), **counts, **points, by_code=dict(self._codes))

    def _not_waiting(self, wanted: list[tuple[_Ticket, Asked]], named: set[int]) -> list[tuple[_Ticket, Asked]]:
        """Return what is to be posted: without purchases that earn later, and without what concerns such purchases."""
        later, partner = self._context.later, self._caller.partner
        concerned = {receipt for _, receipt in later.store.known((partner, receipt) for receipt in named)}
        concerned |= {asked.number for _, asked in wanted if asked.pending_until is not None}
        posted = []
        for ticket, asked in wanted:
            if concerned.isdisjoint(asked.receipts):
                posted.append((ticket, asked))
                continue
            try:
                found = later.take(asked)
                if found is None:
                    conflict = later.conflicts([asked]).get((asked.partner, asked.number))
                    if conflict is not None:
                        raise self._context.service.in_words(conflict, asked.partner)
                    posted.append((ticket, asked))
                else:
                    self._told(ticket, found)
            except CoalitionError as error:
                self._told(ticket, error)
        return posted

    def _read(self, line: int, value: bytes | Any, clock: Callable[[], int]) -> tuple[_Ticket, Asked | CoalitionError]:
        receipt = None
        try:
            if isinstance(value, bytes):
                value = _parsed(value)
            named = value.get("receipt") if isinstance(value, dict) else None
            receipt = named if isinstance(named, str) and named.isprintable() else None
            self._context.access.limits.take(self._caller.grant.credential)
            body = read_line(value)
            self._caller.grant.demand(scope_of_kind(body.kind))
            account_of = self._context.till.tokens.account
            asked = asked_of(self._context.service.asking, self._caller.partner, body, clock, account_of)
            asked = followed(asked, self._trail)
        except CoalitionError as error:
            return _Ticket(self._places, line, receipt), error
        return _Ticket(self._places, line, asked.receipt, asked), asked

    def _guarded(self, work: Callable[[], None]) -> None:
        """What stops the run does not stop the answer: each line that has no outcome is told so."""
        try:
            work()
        except CoalitionError as error:
            self._failure = error
            self._run.abandon(error)

    def _told(self, ticket: _Ticket, answer: Answer | PendingEarn | PendingReversal | CoalitionError) -> None:
        self._answered += 1
        body: dict[str, Any] = {"line": ticket.line}
        if ticket.receipt is not None:
            body["receipt"] = ticket.receipt
        by_token = False
        try:
            if not isinstance(answer, CoalitionError):
                assert ticket.asked is not None
                by_token = is_told_by_token(ticket.asked, self._hidden, replayed=answer.replayed)
        except ReceiptConflict as conflict:
            answer = conflict
        if isinstance(answer, Answer):
            assert ticket.asked is not None
            original = ticket.asked.original_receipt
            body["operation"] = operation_body(
                answer.record, answer.receipt, original, self._currency, answer.replayed, by_token
            )
            self._count(answer)
        elif not isinstance(answer, CoalitionError):
            body["operation"] = pending_body(answer, self._currency, by_token=by_token, replayed=answer.replayed)
            self._counts["replayed" if answer.replayed else "accepted"] += 1
        else:
            body["problem"] = ProblemBody(**self._problem(answer))
            self._counts["unfinished" if isinstance(answer, Unavailable) else "refused"] += 1
            self._codes[answer.code] += 1
        self._answers[ticket.place] = BulkLineBody(**body).model_dump_json(exclude_unset=True).encode()

    def _count(self, answer: Answer) -> None:
        record = answer.record
        if answer.replayed:
            self._counts["replayed"] += 1
            return
        self._counts["accepted"] += 1
        if record.kind == Kind.EARN:
            self._counts["points_issued"] += record.points
            self._counts["points_awarded"] += record.awarded

    def _problem(self, error: CoalitionError) -> dict[str, Any]:
        """Many lines may share one error: it is told once to the log."""
        if error is not self._shown[0]:
            self._shown = (error, document_of(error))
        return self._shown[1]

    def _too_late(self) -> OutcomePending:
        return OutcomePending(
            f"No outcome within {self._context.wait_seconds:g} s. It may be recorded; send the same line again: it counts once."
        )


@dataclass
class _Inbox:
    """What arrived and waits to be taken. `fault` says why what follows is not read; `is_gone`: nobody waits for answers."""

    lines: deque[tuple[int, bytes | Any]] = field(default_factory=deque)
    is_over: bool = False
    is_gone: bool = False
    fault: CoalitionError | None = None
    _changed: Event = field(default_factory=Event)

    def put(self, lines: Iterable[tuple[int, bytes | Any]]) -> None:
        self.lines.extend(lines)
        self.changed()

    def changed(self) -> None:
        self._changed.set()
        self._changed = Event()

    async def wait(self) -> None:
        if not (self.lines or self.is_over):
            await self._changed.wait()

    def batch(self) -> list[tuple[int, bytes | Any]]:
        return [self.lines.popleft() for _ in range(min(BATCH_LINES, len(self.lines)))]


class BulkAnswer(Response):
    """The answer to a bulk request, which it also reads: an array at once, a stream as it comes."""

    def __init__(self, request: Request, context: Context, caller: Caller, currency: str, media_type: str) -> None:
        super().__init__(media_type=media_type)
        del self.headers["Content-Length"]  # it is not known yet
        self._request = request
        self._context = context
        self._caller = caller
        self._currency = currency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As in the base class."""
        async with self._context.bulk_of(self._caller.partner):
            if self.media_type == NDJSON:
                await self._serve(_Inbox(), send)
            else:
                try:
                    values = await self._array()
                except ClientDisconnect:
                    return  # nothing of it was taken, and nobody reads an answer
                await self._serve(_Inbox(deque(enumerate(values, 1)), is_over=True), send)

    async def _array(self) -> list[Any]:
        """Read an array whole, before anything of it is taken."""
        body = bytearray()
        async for chunk in _bounded(self._request, self._context.wait_seconds):
            body += chunk
        values = await self._context.read(lambda: parse(bytes(body)))
        if not isinstance(values, list):
            raise InputError("The body is a list of operations, or lines of them as application/x-ndjson.")
        if len(values) > OPERATIONS_MAX:
            raise _too_many()
        return values

    async def _serve(self, inbox: _Inbox, send: Send) -> None:
        is_stream = self.media_type == NDJSON
        desk = _Desk(self._context, self._caller, self._currency)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        separator, begun = (b"\n", b"") if is_stream else (b",", b'{"lines":[')

        async def emit(pieces: list[bytes]) -> None:
            nonlocal begun
            if pieces:
                ended = b"\n" if is_stream else b""
                body = begun + separator.join(pieces) + ended
                begun = b"" if is_stream else b","
                await send({"type": "http.response.body", "body": body, "more_body": True})

        fault: BaseException | None
        try:
            async with create_task_group() as group:
                if is_stream:
                    group.start_soon(self._read, inbox)
                await self._work(inbox, desk, emit)
                group.cancel_scope.cancel()
            fault = inbox.fault
        except Exception as error:  # told at the end: the start is sent
            fault = error
        end: dict[str, Any] = {"summary": desk.summary().model_dump()}
        if fault is not None:
            end["problem"] = document_of(fault)
            seen().codes[end["problem"]["code"]] += 1
        seen().codes.update(end["summary"]["by_code"])
        text = json.dumps(end).encode()
        if not is_stream:
            text = (begun if begun != b"," else b"") + b"]," + text[1:]
        await send({"type": "http.response.body", "body": text + (b"\n" if is_stream else b""), "more_body": False})

    async def _work(self, inbox: _Inbox, desk: _Desk, emit: Emit) -> None:
        while not inbox.is_gone:
            if inbox.lines and (desk.has_room or desk.is_idle):
                await self._context.post(functools.partial(desk.take, inbox.batch()))
            elif not desk.is_idle:
                await self._context.post(desk.settle)
            elif inbox.is_over:
                return
            else:
                await inbox.wait()
            await emit(desk.ready())

    async def _read(self, inbox: _Inbox) -> None:
        """Cut what arrives into lines; blank ones are passed over."""
        rest, number, taken = b"", 0, 0
        try:
            async for chunk in _bounded(self._request, self._context.wait_seconds):
                *whole, rest = (rest + chunk).split(b"\n")
                found = [(at, line) for at, line in enumerate(whole, number + 1) if line.strip()]
                number += len(whole)
                taken += len(found)
                inbox.put(found[: len(found) - max(0, taken - OPERATIONS_MAX)])
                if taken > OPERATIONS_MAX:
                    raise _too_many()
            if rest.strip():
                if taken == OPERATIONS_MAX:
                    raise _too_many()
                inbox.put([(number + 1, rest)])
        except CoalitionError as error:
            inbox.fault = error
        except ClientDisconnect:
            inbox.is_gone = True
        inbox.is_over = True
        inbox.changed()


def check_head(request: Request) -> str:
    """Return the media type of a bulk request.

    Raises:
        InputError: it is another than JSON or NDJSON, or the declared length is too large.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (JSON, NDJSON):
        raise InputError(f"Send the body as Content-Type: {JSON} or {NDJSON}.", code="content_type_unsupported")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > BULK_BYTES_MAX:
        raise _too_large()
    return media_type


async def _bounded(request: Request, idle_seconds: float) -> AsyncIterator[bytes]:
    stream, size = request.stream().__aiter__(), 0
    while True:
        try:
            with fail_after(idle_seconds):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise InputError(
                f"Nothing came for {idle_seconds:g} s, and the body is not over.", code="body_stalled"
            ) from None
        size += len(chunk)
        if size > BULK_BYTES_MAX:
            raise _too_large()
        yield chunk


def _parsed(line: bytes) -> Any:
    if len(line) > BODY_BYTES_MAX:
        raise InputError(
            f"A line has {BODY_BYTES_MAX} bytes at most.", code="body_too_large", body_bytes_max=BODY_BYTES_MAX
        )
    return parse(line)


def _too_many() -> InputError:
    return InputError(
        f"A request has {OPERATIONS_MAX} operations at most. Send the others in another one.",
        code="operations_too_many",
        operations_max=OPERATIONS_MAX,
    )


def _too_large() -> InputError:
    return InputError(
        f"A body has {BULK_BYTES_MAX} bytes at most.", code="body_too_large", body_bytes_max=BULK_BYTES_MAX
    )
