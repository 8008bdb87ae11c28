"""What is told of each request, and the registry of all metrics of one service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from coalition.telemetry.seen import SEEN, Seen
from coalition.telemetry.tracing import Tracing

__all__ = ["RequestLog", "Telemetry"]

SECONDS_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)
NO_ROUTE = "none"
HUNDREDS = 100


class RequestLog(Protocol):
    """Writes a line for each answered request."""

    def info(self, event: str, **fields: object) -> object:
        """Write a line."""
        ...


class Telemetry:
    """The metrics of one service, in a registry of its own, and its log of requests.

    Labels are names of routes, classes of statuses and codes of problems: their number does not grow with use.
    """

    def __init__(
        self,
        log: RequestLog | None = None,
        dropped: Callable[[], int] = lambda: 0,
        tracing: Tracing | None = None,
    ) -> None:
        """Prepare.

        Args:
            log: gets a line for each request; None: nobody does.
            dropped: tells how many lines of the log were left out.
            tracing: begins a trace for each request; None: nobody does.
        """
        self.registry = CollectorRegistry()
        self._log = log
        self._tracing = tracing
        self._seconds = Histogram(
            "coalition_http_request_seconds",
            "Time from a request's head to the end of its answer.",
            ("route", "status"),
            registry=self.registry,
            buckets=SECONDS_BOUNDS,
        )
        self._problems = Counter(
            "coalition_problems",
            "Problems in answers, of requests and of lines of a bulk.",
            ("code",),
            registry=self.registry,
        )
        self._served = Gauge("coalition_http_requests_in_progress", "Requests being served.", registry=self.registry)

        self.registry.register(_Dropped(dropped))

    @contextmanager
    def serving(self, headers: Iterable[tuple[bytes, bytes]]) -> Iterator[Seen]:
        """A request with these headers is being served; yield where to note what is seen of it."""
        seen = Seen(trace=None if self._tracing is None else self._tracing.begin(headers))
        self._served.inc()
        token = SEEN.set(seen)
        try:
            yield seen
        finally:
            SEEN.reset(token)
            self._served.dec()

    def answered(self, seen: Seen, route: str | None, status: int, seconds: float) -> None:
        """A request has its answer. `route` is None where no route is meant; status 0: nobody waited for the answer."""
        name = route or NO_ROUTE
        self._seconds.labels(name, f"{status // HUNDREDS}xx").observe(seconds)
        for code, times in seen.codes.items():
            self._problems.labels(code).inc(times)
        if self._log is None and seen.trace is None:
            return
        fields = _fields(seen)
        if seen.trace is not None:
            attributes = {field: list(value) if isinstance(value, dict) else value for field, value in fields.items()}
            seen.trace.end(name, status, {f"coalition.{field}": value for field, value in attributes.items()})
            fields["trace_id"] = seen.trace.trace_id
        if self._log is not None:
            self._log.info("request", route=name, status=status, **fields, milliseconds=round(seconds * 1_000, 2))


def _fields(seen: Seen) -> dict[str, object]:
    fields: dict[str, object] = {"request_id": seen.request_id}
    if seen.partner is not None:
        fields["partner"] = seen.partner
    if len(seen.codes) == 1:
        fields["code"] = next(iter(seen.codes))
    elif seen.codes:
        fields["codes"] = dict(seen.codes)
    return fields


class _Dropped(Collector):
    def __init__(self, dropped: Callable[[], int]) -> None:
        self._dropped = dropped

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(
            "coalition_log_lines_dropped",
            "Log lines left out because nobody read them quickly enough.",
            self._dropped(),
        )
