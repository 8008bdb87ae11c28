"""`GET /metrics` on a port of its own: partners have no business there, and it answers while the API sheds load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from coalition.errors import SetupError

__all__ = ["exposed"]


@contextmanager
def exposed(registry: CollectorRegistry, host: str, port: int) -> Iterator[int]:
    """Answer with the metrics of `registry` under `host` and `port` (0: a free one); yield the port.

    Raises:
        SetupError: `address_unusable`.
    """
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise SetupError(f"Cannot serve metrics on {host}:{port}: {error.strerror}.", code="address_unusable") from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
