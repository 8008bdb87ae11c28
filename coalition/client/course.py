"""One request on its way: whether to send it again, when, and what to say if it ends without an answer.

Sending again is safe where a receipt makes it so: the same receipt with the same content gives the first answer. Only the
ledger's own word (a problem document with a status below 500) settles that nothing counted; whatever else ends a change
leaves its outcome unknown.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

import httpx

from coalition.client.errors import ApiError, OutcomeUnknown, Word
from coalition.client.login import NotLoggedIn
from coalition.client.reading import read
from coalition.client.request import Effect, Request

__all__ = ["Course", "Outcome", "Patience"]

CONNECT_SECONDS = 5.0
SHORTEST_SECONDS = 0.001
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, NotLoggedIn)
BUSY = frozenset({502, 503, 504})
TOO_MANY = 429
KEY_IN_USE = "idempotency_key_in_use"
NOT_ABOUT_THE_RECEIPT = frozenset({401, 403, TOO_MANY})
"""They tell nothing of an earlier attempt whose answer was lost."""

T = TypeVar("T")
Outcome = httpx.Response | httpx.RequestError


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try. After `deadline_seconds` no further attempt starts, and the last one ends.

    One attempt waits `attempt_seconds` for the network at most. Before the n-th repetition is a random pause of up to
    `first_pause_seconds` × 2^(n−1), at most `longest_pause_seconds`, beside what `Retry-After` asks for.
    """

    deadline_seconds: float = 60.0
    attempt_seconds: float = 35.0
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 10.0


class Course(Generic[T]):
    """The attempts at one request. It sends nothing, and does not wait: that is left to the two clients."""

    answer: T

    def __init__(
        self,
        request: Request[T],
        patience: Patience,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        *,
        is_open: bool = False,
    ) -> None:
        """Start. `now` is in seconds, `chance` at least 0 and below 1; `is_open` if something of it may have counted before."""
        self._request, self._patience, self._now, self._chance = request, patience, now, chance
        self._ends = now() + patience.deadline_seconds
        self._attempts = 0
        self._open = is_open

    def attempt(self) -> dict[str, Any]:
        """Return what the next attempt sends, as httpx takes it."""
        seconds = max(SHORTEST_SECONDS, min(self._patience.attempt_seconds, self._ends - self._now()))
        headers = {"Content-Type": "application/json"} if self._request.content is not None else {}
        if self._request.idempotency_key is not None:
            headers["Idempotency-Key"] = self._request.idempotency_key
        if self._request.effect is Effect.RECEIPT:
            # The service then says in time that the outcome is still open.
            headers["Prefer"] = f"wait={max(0, int(seconds) - 1)}"
        return {
            "method": self._request.method,
            "url": self._request.path,
            "params": self._request.query,
            "content": self._request.content,
            "headers": headers,
            "timeout": httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
        }

    def after(self, outcome: Outcome) -> float | None:
        """Return the seconds to wait before the next attempt, or `None` if `answer` is there.

        Raises:
            ApiError: the service refused, or time is up and it is sure that nothing counted.
            OutcomeUnknown: it may have counted.
        """
        self._attempts += 1
        never_sent = isinstance(outcome, NEVER_SENT)
        if isinstance(outcome, NotLoggedIn):
            outcome = outcome.response
        status = outcome.status_code if isinstance(outcome, httpx.Response) else None
        if isinstance(outcome, httpx.Response) and outcome.is_success and not never_sent:
            try:
                self.answer = read(self._request.answer, outcome.json())
                return None
            except ValueError:
                pass  # somebody else's answer, such as that of a network's log-in page
        problem = _problem(outcome) if isinstance(outcome, httpx.Response) and outcome.is_client_error else None
        refused = problem is not None and problem["code"] != KEY_IN_USE
        self._open = self._open or not (refused or never_sent)
        pause = self._pause(outcome, never_sent)
        if pause is not None and self._now() + pause < self._ends:
            return pause
        settled = not self._open or (refused and not never_sent and status not in NOT_ABOUT_THE_RECEIPT)
        raise self._error(outcome, settled=settled) from (outcome if isinstance(outcome, httpx.RequestError) else None)

    def _pause(self, outcome: Outcome, never_sent: bool) -> float | None:
        if not self._request.patient:
            return None
        if isinstance(outcome, httpx.Response):
            again = outcome.status_code in BUSY or _told(outcome).code == KEY_IN_USE
            surely_not_taken = outcome.status_code == TOO_MANY or (never_sent and again)
        else:
            surely_not_taken, again = never_sent, True
        if not (surely_not_taken or (again and self._request.effect is not Effect.CHANGE)):
            return None
        patience = self._patience
        most = min(patience.longest_pause_seconds, patience.first_pause_seconds * 2.0 ** min(self._attempts - 1, 32))
        return _retry_after(outcome) + self._chance() * most

    def _error(self, outcome: Outcome, *, settled: bool) -> ApiError:
        unknown = not settled and self._request.effect is not Effect.NOTHING
        if isinstance(outcome, httpx.Response):
            word = _told(outcome)
        else:
            times = "1 attempt" if self._attempts == 1 else f"{self._attempts} attempts"
            detail = f"The service gave no answer: {type(outcome).__name__}, {times}"
            word = Word(detail, code="outcome_unknown") if unknown else Word(detail, code="service_unreachable")
        if unknown:
            return OutcomeUnknown(**word._asdict(), receipt=self._request.receipt)
        return ApiError(**word._asdict())


def _told(response: httpx.Response) -> Word:
    status, problem = response.status_code, _problem(response)
    if problem is None:
        return Word(f"Status {status}, and not an answer of the ledger", code="answer_malformed", status=status)
    return Word.of(problem)._replace(status=status)


def _problem(response: httpx.Response) -> Mapping[str, Any] | None:
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("code"), str) else None


def _retry_after(outcome: Outcome) -> float:
    """Return the seconds that `Retry-After` asks for: a number, or the time until a date (RFC 9110, 10.2.3)."""
    text = outcome.headers.get("retry-after", "") if isinstance(outcome, httpx.Response) else ""
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0
