"""Serving the API until somebody stops it."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import ceil

import uvicorn
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from prometheus_client import GCCollector, PlatformCollector, ProcessCollector

from coalition.access.sources import networks_of
from coalition.api.app import create_app
from coalition.api.context import Context
from coalition.api.gate import Gate
from coalition.api.streams import EventStreams
from coalition.bootstrap.health import readiness
from coalition.bootstrap.ledger import OpenLedger
from coalition.bootstrap.memory import swept
from coalition.bootstrap.stopping import LAST_SECONDS, Server, flushed
from coalition.errors import InputError, SetupError
from coalition.service.balances import PastBalances
from coalition.service.campaign_authoring import CampaignAuthoring
from coalition.service.pending import PendingPoster
from coalition.settings import Settings
from coalition.telemetry import Telemetry
from coalition.telemetry.collector import LedgerCollector
from coalition.telemetry.exposition import exposed
from coalition.telemetry.lines import Lines
from coalition.telemetry.logs import request_logger, written_as_json
from coalition.telemetry.tracing import Tracing, exporting

__all__ = ["config_of", "logged", "serve"]

SWITCH_SECONDS = 0.001
"""Between threads of Python. With the usual 5 ms a request that needs three of them may wait 15 ms for nothing."""


def logged(settings: Settings) -> AbstractContextManager[Lines]:
    """Write what this process logs as lines of JSON to standard error, and yield who writes them."""
    return written_as_json(settings.log_level)


def serve(ledger: OpenLedger, host: str, port: int, announce: Callable[[str], None], log: Lines) -> None:
    """Serve the API of `ledger` until SIGINT or SIGTERM; `announce` gets the URL when it listens, `log` a line a request.

    A port that is taken is left to whoever has it: a free one is used instead.

    Raises:
        SetupError: `address_unusable` if this machine has no such address; `proxies_invalid`; `tracing_exporter_missing`.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    listener = _listener(host, port)
    seconds = ledger.settings.stop_seconds
    with exporting() as tracing:
        context = _context(ledger, _telemetry(ledger, log, tracing))
        app = create_app(context)
        for _ in iter_route_contexts(app.routes):
            pass  # is made now, and not by the first request
        config = config_of(app, ledger.settings.trusted_proxies, seconds)

        def closing() -> None:
            context.gate.close()
            ledger.bell.close()

        server = Server(config, closing, ledger.submitter.dismiss, seconds)
        announce(f"http://{host}:{listener.getsockname()[1]}")
        with (
            _measured(ledger.settings, context.telemetry),
            PendingPoster(ledger.later),
            ledger.deliveries.running(),
            swept(lambda: not context.gate.serving),
        ):
            server.run(sockets=[listener])
        flushed(ledger.submitter, seconds)


def _context(ledger: OpenLedger, telemetry: Telemetry) -> Context:
    return Context(
        service=ledger.service,
        access=ledger.access,
        readiness=lambda: readiness(ledger),
        clock=lambda: ledger.follower.status().time_seen,
        pending=ledger.submitter.is_pending,
        campaigns=ledger.campaign_members,
        previews=ledger.previews(),
        balances=PastBalances(ledger.rpc, ledger.queries),
        authoring=CampaignAuthoring(ledger.campaigns, ledger.service.queries),
        batches=ledger.batches,
        till=ledger.till,
        tills=ledger.tills,
        later=ledger.later,
        idempotency=ledger.idempotency,
        events=ledger.events,
        streams=EventStreams(ledger.service, ledger.events, ledger.bell),
        webhooks=ledger.webhooks,
        has_files=ledger.settings.has_files,
        telemetry=telemetry,
        gate=Gate(is_full=lambda: ledger.submitter.is_full),
    )


def config_of(app: FastAPI, trusted_proxies: Sequence[str], stop_seconds: float = 0.0) -> uvicorn.Config:
    """Return how `app` is served. Only these proxies are believed about where a request came from (`X-Forwarded-For`).

    Raises:
        SetupError: `proxies_invalid` if one is no address and no network.
    """
    try:
        networks_of(trusted_proxies)
    except InputError:
        raise SetupError(
            "COALITION_TRUSTED_PROXIES lists addresses and networks, such as 10.0.0.7 or 10.0.0.0/24.",
            code="proxies_invalid",
        ) from None
    return uvicorn.Config(
        app,
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=ceil(stop_seconds + LAST_SECONDS),
    )


def _telemetry(ledger: OpenLedger, log: Lines, tracing: Tracing | None) -> Telemetry:
    telemetry = Telemetry(request_logger(ledger.settings.log_level, log), lambda: log.dropped, tracing)
    submitter = ledger.submitter
    telemetry.registry.register(
        LedgerCollector(
            lambda: submitter.status,
            lambda: submitter.figures,
            ledger.follower.status,
            lambda: ledger.deliveries.figures,
        )
    )
    for collect in (ProcessCollector, PlatformCollector, GCCollector):
        collect(registry=telemetry.registry)
    return telemetry


def _measured(settings: Settings, telemetry: Telemetry) -> AbstractContextManager[object]:
    return nullcontext() if settings.metrics is None else exposed(telemetry.registry, *settings.metrics)


def _listener(host: str, port: int) -> socket.socket:
    for wanted in (port, 0):
        try:
            return socket.create_server((host, wanted), backlog=2048)
        except OSError as error:
            reason = error.strerror
    raise SetupError(f"Cannot listen on {host}: {reason}.", code="address_unusable")
