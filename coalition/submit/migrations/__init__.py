"""The outbox's tables, version by version (Alembic), apart from those of the read model."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from coalition.submit.storage import Storage

__all__ = ["VERSION_TABLE", "migrate"]

VERSION_TABLE = "alembic_version_submit"
MIGRATION_LOCK = 0x0C0A10001

_one_at_a_time = threading.Lock()


def migrate(engine: Engine) -> None:
    """Bring the outbox's tables to the present version. Safe to call at every start, and from several processes.

    Raises:
        StorageFull, Unavailable: the tables are as they were.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    storage = Storage(engine)
    try:
        with _one_at_a_time, storage.transaction() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        storage.close()
