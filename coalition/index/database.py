"""Databases: opened with what the read model needs, and their faults as errors of this package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Row, Select, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from coalition.errors import CoalitionError, IntegrityError, SetupError, StorageFull, Unavailable

__all__ = ["VERSION_TABLE", "Question", "mark", "migrate", "open_database", "reading", "translated", "writing"]

BUSY_SECONDS = 30
MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version_index"  # apart from those of other tables in the same database
POSTGRESQL = "postgresql+psycopg"
WRITES = "coalition_writes"
ALONE = "coalition_alone"
PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL", "temp_store = MEMORY", "cache_size = -16384")
FULL = ("disk is full", "no space left", "disk full")
MISSING = ("no such table", "no such column", "does not exist")
LOCKED = ("database is locked", "database table is locked", "could not obtain lock", "deadlock detected")


def open_database(url: str, busy_seconds: int = BUSY_SECONDS) -> Engine:
    """Return an engine for `sqlite:///file` (write-ahead log, so that readers never wait) or `postgresql://…`.

    `busy_seconds` is how long a writer waits for another one before the database counts as locked.

    Raises:
        SetupError: no driver for the URL is installed.
    """
    address = make_url(url)
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername=POSTGRESQL)
    try:
        if address.get_backend_name() != "sqlite":
            return create_engine(address, pool_pre_ping=True)
        engine = create_engine(address, connect_args={"timeout": busy_seconds, "check_same_thread": False})
    except (ImportError, NoSuchModuleError) as error:
        raise SetupError(
            f"No driver for {address.drivername} is installed ({error}). For PostgreSQL: pip install "
            '"coalition-ledger[postgres]".',
            code="database_driver_missing",
        ) from None
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the read model's tables to this version. Does nothing where they are; safe to call from several processes.

    Raises:
        Unavailable, StorageFull: the database does not let it.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('coalition read model'))")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def mark(connection: Connection) -> str:
    """What stands for a value in a statement in the driver's own words."""
    return "?" if connection.dialect.name == "sqlite" else "%s"


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection on which everything that is read is of one moment."""
    snapshot = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with translated(), engine.execution_options(**snapshot).begin() as connection:
        yield connection


class Question:
    """A question that is asked often, and is of one moment by itself: put into the database's words once, and asked without a
    transaction, whose beginning and end would be two more questions.
    """

    def __init__(self, engine: Engine, select: Select[Any]) -> None:
        options: dict[str, Any] = (
            {ALONE: True} if engine.dialect.name == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
        )
        self._engine = engine.execution_options(**options)
        self._compiled = select.compile(engine)
        self._text = str(self._compiled)

    def rows(self, **parameters: Any) -> Sequence[Row[Any]]:
        """Return the answer. Raises as `translated`."""
        given = self._compiled.construct_params(parameters)
        names = self._compiled.positiontup
        with translated(), self._engine.connect() as connection:
            values = given if names is None else tuple(given[name] for name in names)
            return connection.exec_driver_sql(self._text, values).all()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection in one transaction: all or nothing. Writers come one after another."""
    with translated(), engine.execution_options(**{WRITES: True}).begin() as connection:
        yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Faults of the database as errors of this package.

    Raises:
        StorageFull: no space is left.
        Unavailable: `database_locked`, or `database_unavailable`.
        SetupError: `database_not_migrated`.
        IntegrityError: `read_model_contradicts`: the same thing was to be written twice.
    """
    try:
        yield
    except DBAPIError as error:
        raise _fault(error) from error


def _fault(error: DBAPIError) -> CoalitionError:
    text = str(error.orig).strip()
    folded = text.lower()
    if any(sign in folded for sign in FULL):
        return StorageFull(f"The database has no space left ({text}). Free some; nothing is lost.")
    if any(sign in folded for sign in LOCKED):
        return Unavailable(f"Another process is writing to the database ({text}).", code="database_locked")
    if any(sign in folded for sign in MISSING):
        return SetupError(
            f"The database lacks a table of the read model ({text}). Run the migrations.",
            code="database_not_migrated",
        )
    if type(error).__name__ == "IntegrityError":
        return IntegrityError(
            f"The read model already holds what was to be written ({text}). Rebuild it.",
            code="read_model_contradicts",
        )
    return Unavailable(f"The database does not answer ({text}).", code="database_unavailable")


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(ALONE, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES, False) else "BEGIN")
