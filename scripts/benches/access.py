"""Measures what it costs to let one call in: prints microseconds of one core, with keys in SQLite."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine

from coalition.access import Access
from coalition.access.scopes import TILL_SCOPES
from coalition.access.sources import networks_of
from coalition.submit import migrate

CALLS = 20_000
OTHER_KEYS = 500


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="coalition-bench-") as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'outbox.db'}")
        migrate(engine)
        access = Access(engine)
        for number in range(OTHER_KEYS):
            access.credentials.issue(number, "another")
        key = access.credentials.issue(1, "till")
        limited = access.credentials.issue(1, "slow", sources=networks_of(["127.0.0.0/8"]), rate_limit="1000000000/day")
        token, _ = access.tokens.issue(key, TILL_SCOPES)
        access.looked_up(token)
        figures = {
            "an API key, no limit": _microseconds(lambda: _let_in(access, key)),
            "an access token, no limit": _microseconds(lambda: _let_in(access, token)),
            "an API key with sources and a limit, with its headers": _microseconds(lambda: _let_in(access, limited)),
            f"the look once a second, {OTHER_KEYS} keys, nothing changed": _microseconds(access.credentials.look, 500),
        }
        access.close()
        engine.dispose()
    for name, figure in figures.items():
        print(f"{figure:8.1f} µs  {name}")


def _let_in(access: Access, text: str) -> None:
    """What the API does with each request, in memory."""
    if access.credentials.is_stale:
        access.credentials.look()
    grant = access.known(text)
    assert grant is not None
    grant.check_source("127.0.0.1")
    access.limits.take(grant.credential)
    quota = access.limits.quota_of(grant.credential)
    if quota is not None:
        quota.headers()


def _microseconds(work: Callable[[], None], calls: int = CALLS) -> float:
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        for _ in range(calls):
            work()
        best = min(best, time.process_time() - begun)
    return best / calls * 1e6


if __name__ == "__main__":
    main()
