"""Serving the API until somebody stops it."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from coalition.access.sources import networks_of
from coalition.api.app import create_app
from coalition.api.context import Context
from coalition.api.health import Check, Readiness
from coalition.api.streams import EventStreams
from coalition.bootstrap.ledger import OpenLedger
from coalition.chain.deployment import verify
from coalition.errors import ChainUnavailable, InputError, SetupError
from coalition.service.balances import PastBalances
from coalition.service.campaign_authoring import CampaignAuthoring
from coalition.service.pending import PendingPoster

__all__ = ["readiness", "serve", "server_of"]

BLOCKS_BEHIND_MAX = 20
SWITCH_SECONDS = 0.001
"""Between threads of Python. With the usual 5 ms a request that needs three of them may wait 15 ms for nothing."""


def serve(ledger: OpenLedger, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve the API of `ledger` until SIGINT or SIGTERM; `announce` gets the URL when it listens.

    A port that is taken is left to whoever has it: a free one is used instead.

    Raises:
        SetupError: `address_unusable` if this machine has no such address.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    listener = _listener(host, port)
    context = Context(
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
    )
    app = create_app(context)
    server = server_of(app, ledger.settings.trusted_proxies)
    announce(f"http://{host}:{listener.getsockname()[1]}")
    with PendingPoster(ledger.later), ledger.deliveries.running(), _stopped_by_signals(server, ledger.bell.close):
        server.run(sockets=[listener])


def server_of(app: FastAPI, trusted_proxies: Sequence[str]) -> uvicorn.Server:
    """Return a server of `app`. Only these proxies are believed about where a request came from (`X-Forwarded-For`).

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
    config = uvicorn.Config(
        app,
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
    )
    return uvicorn.Server(config)


@contextmanager
def _stopped_by_signals(server: uvicorn.Server, stopping: Callable[[], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the serving and nothing more; `stopping` ends what would go on for ever.

    uvicorn raises a signal again when it has stopped, with the handlers from before: those would end the process, and nobody
    would close the ledger.
    """

    def stop(*_: object) -> None:
        server.should_exit = True
        stopping()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def readiness(ledger: OpenLedger) -> Readiness:
    """Return what is in order: the node and its contracts, the read model, the outbox."""
    try:
        verify(ledger.rpc, ledger.deployment)
        chain = Check("chain", True)
    except ChainUnavailable:
        chain = Check("chain", False, "the node does not answer")
    except SetupError as error:
        chain = Check("chain", False, error.message)
    following = ledger.follower.status()
    behind = following.blocks_behind
    index = Check("index", behind <= BLOCKS_BEHIND_MAX and following.error is None, f"{behind} blocks behind")
    trouble = ", ".join(ledger.submitter.status.trouble)
    return Readiness((chain, index, Check("outbox", not trouble, trouble and f"trouble with the {trouble}")))


def _listener(host: str, port: int) -> socket.socket:
    for wanted in (port, 0):
        try:
            return socket.create_server((host, wanted), backlog=2048)
        except OSError as error:
            reason = error.strerror
    raise SetupError(f"Cannot listen on {host}: {reason}.", code="address_unusable")
