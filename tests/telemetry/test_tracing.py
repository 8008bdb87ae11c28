"""One trace leads from a till's request to its transaction, block and receipt, and back to the answer."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from coalition.errors import SetupError
from coalition.ledger.ids import receipt_number
from coalition.submit.trail import Journey
from coalition.telemetry import Telemetry
from coalition.telemetry.tracing import Tracing, exporting
from tests.api.conftest import MEMBER
from tests.api.stack import Stack, running

LEGS = ["write down", "wait for company", "sign", "send", "block and follow"]
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NOT_SAMPLED = PARENT[:-1] + "0"


@pytest.fixture(scope="module")
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture(scope="module")
def tracing(spans: InMemorySpanExporter) -> Tracing:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return Tracing(provider)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, tracing: Tracing) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("traced"), telemetry=Telemetry(tracing=tracing)) as found:
        yield found


@pytest.fixture
def till(stack: Stack, spans: InMemorySpanExporter) -> Iterator[httpx.Client]:
    spans.clear()
    headers = {"Authorization": f"Bearer {stack.keys[1]}", "traceparent": PARENT}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=60) as client:
        yield client


def of_requests(spans: InMemorySpanExporter, count: int = 1) -> list[ReadableSpan]:
    """The spans of so many requests, once they are there: each ends after the client has its answer, the last of its trace."""
    for _ in range(6_000):
        found = [span for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER]
        if len(found) >= count:
            break
        threading.Event().wait(0.01)
    assert len(found) == count
    return found


def told(spans: InMemorySpanExporter, server: str) -> tuple[ReadableSpan, list[ReadableSpan]]:
    """The span of the one request, once it is there, and those below it."""
    (request,) = of_requests(spans)
    assert request.name == server
    others = [span for span in spans.get_finished_spans() if span is not request]
    return request, sorted(others, key=lambda span: span.start_time or 0)


def test_from_request_to_receipt(till: httpx.Client, spans: InMemorySpanExporter) -> None:
    answer = till.post("/v1/earn", json={"member": MEMBER, "receipt": "till-1-7", "spend_minor": 900})
    assert answer.status_code == 201
    request, legs = told(spans, "earn")

    assert request.parent is not None and f"{request.parent.trace_id:032x}-{request.parent.span_id:016x}" in PARENT
    assert request.attributes is not None
    assert request.attributes["http.response.status_code"] == 201
    assert request.attributes["coalition.partner"] == 1
    assert request.attributes["coalition.transaction"] == answer.json()["transaction"]
    assert request.attributes["coalition.block"] == answer.json()["block"]
    assert request.attributes["coalition.receipt_numbers"] == (str(receipt_number("till-1-7")),)
    assert request.attributes["coalition.request_id"] == answer.headers["x-request-id"]

    assert [leg.name for leg in legs] == LEGS
    times = [request.start_time, *(time for leg in legs for time in (leg.start_time, leg.end_time)), request.end_time]
    slack = 1_000_000  # two clocks meet here, each precise to less than a millisecond
    assert all(before <= after + slack for before, after in itertools.pairwise(times)), times  # type: ignore[operator]
    for leg in legs:
        assert leg.parent is not None and leg.parent.span_id == request.context.span_id
        assert leg.context.trace_id == request.context.trace_id
        assert leg.attributes is not None and leg.attributes["coalition.transaction"] == answer.json()["transaction"]


def test_a_bulk_names_each_of_its_transactions(till: httpx.Client, spans: InMemorySpanExporter) -> None:
    body = {"kind": "earn", "member": MEMBER, "spend_minor": 100}
    lines = [body | {"receipt": f"many-{number}"} for number in range(40)] + [body | {"receipt": "x", "spend_minor": 0}]
    answer = till.post("/v1/operations", json=lines).json()
    request, legs = told(spans, "bulk")

    transactions = {line["operation"]["transaction"] for line in answer["lines"] if "operation" in line}
    assert {leg.attributes["coalition.transaction"] for leg in legs if leg.attributes} == transactions
    sent = [leg.attributes for leg in legs if leg.name == "send" and leg.attributes]
    assert sum(one["coalition.operations"] for one in sent) == 40  # type: ignore[misc]
    assert request.attributes is not None and request.attributes["coalition.code"] == "amount_invalid"


def test_what_is_not_sampled_costs_and_tells_nothing(till: httpx.Client, spans: InMemorySpanExporter) -> None:
    body = {"member": MEMBER, "receipt": "quiet", "spend_minor": 100}
    assert till.post("/v1/earn", json=body, headers={"traceparent": NOT_SAMPLED}).status_code == 201
    assert till.get("/v1/operations/quiet").status_code == 200

    request, legs = told(spans, "operation")
    assert legs == [] and request.status.status_code is StatusCode.UNSET


def test_no_secret_in_any_span(stack: Stack, till: httpx.Client, spans: InMemorySpanExporter) -> None:
    till.get(f"/v1/members/{MEMBER}/balance")
    till.get("/v1/secret")
    of_requests(spans, 2)
    told_text = "".join(span.to_json() for span in spans.get_finished_spans())
    assert MEMBER not in told_text and stack.keys[1] not in told_text and "secret" not in told_text


def test_what_is_decided_after_the_answer_is_told_too(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    spans.clear()
    trace = tracing.begin([])
    assert trace is not None
    trace.end("earn", 503, {})
    trace.travelled([Journey("0xab", 7, 0, 1, (9,), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)])

    request, *legs = spans.get_finished_spans()
    assert request.status.status_code is StatusCode.ERROR
    assert [leg.name for leg in legs] == LEGS
    assert {leg.context.trace_id for leg in legs} == {request.context.trace_id}


def test_exporting_only_if_somebody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    with exporting() as found:
        assert found is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    with exporting() as found:
        assert found is None
    monkeypatch.delenv("OTEL_TRACES_EXPORTER")
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SetupError) as missing, exporting():
        pass
    assert missing.value.code == "tracing_exporter_missing"


def test_a_collector_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    with exporting() as tracing:
        assert tracing is not None
        trace = tracing.begin([])
        assert trace is not None
        trace.end("earn", 201, {"coalition.partner": 1})
    server.shutdown()
    server.server_close()
    thread.join()

    (path, body), *_ = got
    assert path == "/v1/traces"
    assert b"coalition" in body and b"earn" in body
