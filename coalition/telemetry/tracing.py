"""Traces: one for each request, with the way of its operations to the chain and back, in the form of OpenTelemetry."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from coalition import __version__
from coalition.errors import SetupError
from coalition.submit.trail import Journey

__all__ = ["RequestTrace", "Tracing", "exporting"]

EXPORTER_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
RECEIPTS_SHOWN_MAX = 8
HEADERS = ("traceparent", "tracestate")
FAULT = 500
NANOSECONDS = 1_000_000_000
CLOCK_LOOKS = 3
"""A thread that has to wait between reading one clock and the other finds too small a difference: the largest of some is right."""


class Tracing:
    """Begins a trace for each request, or goes on with the one that its `traceparent` names."""

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._tracer = provider.get_tracer("coalition", __version__)
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, headers: Iterable[tuple[bytes, bytes]]) -> RequestTrace | None:
        """Return the trace of a request with these headers; None if it is not sampled."""
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if name.decode("latin-1") in HEADERS
        }
        span = self._tracer.start_span("request", self._propagator.extract(carrier), SpanKind.SERVER)
        return RequestTrace(self._tracer, span) if span.is_recording() else None


class RequestTrace:
    """The trace of one request: a `Trail` for the write path."""

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer = tracer
        self._span = span
        self._lock = threading.Lock()
        self._waiting: list[Journey] | None = []

    @property
    def trace_id(self) -> str:
        """As in `traceparent`."""
        return trace.format_trace_id(self._span.get_span_context().trace_id)

    def travelled(self, journeys: Iterable[Journey]) -> None:
        """See `Trail.travelled`: noted until the answer is sent; what is decided later is told at once."""
        with self._lock:
            if self._waiting is not None:
                self._waiting.extend(journeys)
                return
        self._tell(journeys)

    def end(self, name: str, status: int, attributes: Mapping[str, Any]) -> None:
        """The answer is sent: tell the request and what is known of its operations."""
        with self._lock:
            journeys, self._waiting = self._waiting or [], None
        self._tell(journeys)
        self._span.update_name(name)
        self._span.set_attributes({"http.response.status_code": status, **attributes})
        if len(journeys) == 1:
            self._span.set_attributes(_names(journeys[0]))
        if status >= FAULT:
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()

    def _tell(self, journeys: Iterable[Journey]) -> None:
        parent = trace.set_span_in_context(self._span)
        clock = max(time.time_ns() - time.monotonic_ns() for _ in range(CLOCK_LOOKS))
        for one in journeys:
            legs = (
                ("write down", one.taken_at, one.recorded_at),
                ("wait for company", one.recorded_at, one.signed_at),
                ("sign", one.signed_at, one.launched_at),
                ("send", one.launched_at, one.sent_at),
                ("block and follow", one.sent_at, one.decided_at),
            )
            names = _names(one)
            for name, began, ended in legs:
                span = self._tracer.start_span(name, parent, attributes=names, start_time=clock + _nanoseconds(began))
                span.end(clock + _nanoseconds(max(began, ended)))


@contextmanager
def exporting() -> Iterator[Tracing | None]:
    """Yield the tracing that the variables of OpenTelemetry ask for; None, at no cost, if they name no collector.

    Raises:
        SetupError: `tracing_exporter_missing`.
    """
    if not any(os.environ.get(name) for name in EXPORTER_VARIABLES) or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        yield None
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise SetupError(
            'The exporter of traces is not installed: pip install "coalition-ledger[otlp]".',
            code="tracing_exporter_missing",
        ) from None
    name = os.environ.get("OTEL_SERVICE_NAME", "coalition")
    provider = TracerProvider(resource=Resource.create({"service.name": name, "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield Tracing(provider)
    finally:
        provider.shutdown()


def _names(journey: Journey) -> dict[str, Any]:
    """What leads from a trace to the ledger. A receipt's number is of 256 bits, so it is text."""
    return {
        "coalition.transaction": journey.transaction,
        "coalition.block": journey.block,
        "coalition.nonce": journey.nonce,
        "coalition.batch_operations": journey.size,
        "coalition.operations": len(journey.receipts),
        "coalition.receipt_numbers": [str(number) for number in journey.receipts[:RECEIPTS_SHOWN_MAX]],
    }


def _nanoseconds(seconds: float) -> int:
    return int(seconds * NANOSECONDS)
