"""Operations a second of a double-entry ledger in PostgreSQL behind the same HTTP routes; see `postgres_app`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from benches.postgres_app import EARN, RATE_BPS, SCHEMA, STATEMENT_ROWS
from benches.served import HERE, MEMBERS, PARTNERS, server
from coalition.access import Access
from coalition.chain.signer import KeySigner
from coalition.submit import migrate
from tests.postgres import binaries, running

__all__ = ["measure"]

HISTORY = 20_000


def measure(folder: Path, tills: int, seconds: float, bulk_requests: int) -> dict[str, float]:
    """The same tills and the same bulk requests; nothing where PostgreSQL is not installed."""
    if binaries() is None:
        return {}
    members = [KeySigner.random().address for _ in range(MEMBERS)]
    keys_url = f"sqlite:///{folder / 'postgres-keys.db'}"
    engine = sa.create_engine(keys_url)
    migrate(engine)
    with closing(Access(engine)) as access:
        keys = [access.credentials.issue(partner, "bench") for partner in range(1, PARTNERS + 1)]
    engine.dispose()
    with running() as url:
        dsn = url.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(SCHEMA)
            _fill(connection, members)
        with server([str(HERE / "postgres_app.py"), dsn, keys_url], keys, members, {}) as found:
            single = found.tills(tills, seconds)
            bulk = found.bulks(bulk_requests)
    return {
        "throughput.postgres_single": single["a_second"],
        "throughput.postgres_single_p99_ms": single["p99_ms"],
        "throughput.postgres_bulk": bulk["a_second"],
    }


def _fill(connection: psycopg.Connection[Any], members: list[str]) -> None:
    """Some history, and statistics of it: PostgreSQL plans the checks of foreign keys once, badly for empty tables."""
    connection.cursor().executemany("INSERT INTO accounts (address) VALUES (%s)", [(one,) for one in members])
    for start in range(0, HISTORY, STATEMENT_ROWS):
        receipts = [str(number) for number in range(start, start + STATEMENT_ROWS)]
        addresses = [members[number % len(members)] for number in range(STATEMENT_ROWS)]
        values = {"receipts": receipts, "addresses": addresses, "spends": [100] * STATEMENT_ROWS}
        connection.execute(EARN, values | {"partner": 1, "rate": RATE_BPS}, prepare=False)
    connection.execute("VACUUM ANALYZE")
