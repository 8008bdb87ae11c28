"""Many operations at once: cut into requests, sent again where they were not answered, and told one by one.

`POST /v1/operations` takes 10,000 lines and 8 MiB. A line is what a lone request sends, with its kind. Sending it again is safe,
since its receipt counts once; so whatever ends a request early, only the lines without an outcome go into the next one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import httpx

from coalition.client.answers import BulkAnswer, BulkLine, Operation
from coalition.client.course import BUSY, TOO_MANY, Course, Outcome, Patience
from coalition.client.reading import read
from coalition.client.request import Effect, Request, line_of

__all__ = ["LINES_MAX", "Delivery", "Packing", "post_many"]

PATH = "/v1/operations"
NDJSON = "application/x-ndjson"
LINES_MAX = 10_000
BYTES_MAX = 8_000_000
AGAIN = BUSY | {TOO_MANY}


def post_many(operations: Iterable[Request[Operation]]) -> Request[BulkAnswer]:
    """Post up to 10,000 operations in one request, and ask for one answer with all of their outcomes.

    An operation is what the function of `coalition.client.requests` returns that is named like its method. Each is decided
    alone; a line whose `problem` has status 429 or 503 may be sent again. `bulk` does that by itself.
    """
    lines = [line_of(operation) for operation in operations]
    content = b"[" + b",".join(lines) + b"]"
    return Request("POST", PATH, BulkAnswer, content=content, effect=Effect.RECEIPT)


class Packing:
    """Cuts operations into requests that the service takes."""

    def __init__(self, patience: Patience, lines_max: int) -> None:
        """Take `lines_max` operations a request at most.

        Raises:
            ValueError: it is not from 1 to 10,000.
        """
        if not 1 <= lines_max <= LINES_MAX:
            raise ValueError(f"A request has 1 to {LINES_MAX} operations.")
        self._patience = patience
        self._lines_max = lines_max
        self._lines: dict[int, tuple[bytes, str | None]] = {}
        self._bytes = 0
        self._taken = 0

    def add(self, operation: Request[Operation]) -> Iterator[Delivery]:
        """Take one up, and give the request that is full."""
        line = line_of(operation)
        if len(self._lines) == self._lines_max or self._bytes + len(line) >= BYTES_MAX:
            yield from self.rest()
        self._taken += 1
        self._lines[self._taken] = line, operation.receipt
        self._bytes += len(line) + 1

    def rest(self) -> Iterator[Delivery]:
        """Give the last request, if there is one."""
        if self._lines:
            lines, self._lines, self._bytes = self._lines, {}, 0
            yield Delivery(lines, self._patience)


class Delivery:
    """The attempts at one request for many operations: what is sent, what was heard, and whether to send again.

    `Patience` counts from the last outcome: as long as they come, there is time.
    """

    def __init__(self, lines: dict[int, tuple[bytes, str | None]], patience: Patience) -> None:
        self._open = lines
        self._patience = patience
        self._course = self._anew(is_open=False)
        self._sent: list[int] = []
        self._rest = b""
        self._trouble: httpx.Response | None = None
        self.is_over = False

    def attempt(self) -> dict[str, Any]:
        """Return what the next attempt sends, as httpx takes it: the lines that have no outcome."""
        self._sent, self._rest, self._trouble = list(self._open), b"", None
        content = b"".join(self._open[place][0] + b"\n" for place in self._sent)
        sent = self._course.attempt()
        return sent | {"content": content, "headers": {"Content-Type": NDJSON}}

    def heard(self, piece: bytes) -> Iterator[BulkLine]:
        """Take a piece of the answer, and give the outcomes in it.

        Raises:
            httpx.RequestError: it is somebody else's answer, such as that of a network's log-in page.
        """
        *whole, self._rest = (self._rest + piece).split(b"\n")
        for text in whole:
            try:
                found = self._outcome(json.loads(text))
            except (ValueError, LookupError, TypeError):
                raise httpx.RemoteProtocolError("not an answer of the ledger") from None
            if found is not None:
                self._course = self._anew(is_open=True)
                yield found

    def after(self, outcome: Outcome) -> float:
        """Return the seconds to wait before the next attempt; 0 if it `is_over`.

        Raises:
            ApiError: the service refused the whole request, and it is sure that none of its open lines counted.
            OutcomeUnknown: they may have counted; asking again with the same receipts is safe.
        """
        self.is_over = not self._open
        if self.is_over:
            return 0.0
        if isinstance(outcome, httpx.Response) and outcome.is_success:
            outcome = self._trouble or httpx.RemoteProtocolError("the answer ended early")
        pause = self._course.after(outcome)
        assert pause is not None
        return pause

    def _outcome(self, told: dict[str, Any]) -> BulkLine | None:
        """The outcome of a line; none if the line is to be sent again, or at the end of the answer."""
        problem = told.get("problem")
        if problem is not None and (problem["status"] in AGAIN or "line" not in told):
            self._trouble = _alone(problem)
            return None
        if "line" not in told:
            return None
        place = self._sent[told["line"] - 1]
        del self._open[place]
        return replace(read(BulkLine, told), line=place)

    def _anew(self, *, is_open: bool) -> Course[BulkAnswer]:
        receipt = next((receipt for _, receipt in self._open.values()), None)
        request = Request("POST", PATH, BulkAnswer, effect=Effect.RECEIPT, receipt=receipt)
        return Course(request, self._patience, is_open=is_open)


def _alone(problem: dict[str, Any]) -> httpx.Response:
    """A problem told within an answer, as if it were the whole of it."""
    headers = {"Content-Type": "application/problem+json", "Retry-After": str(problem.get("retry_after_seconds", ""))}
    return httpx.Response(problem["status"], json=problem, headers=headers)
