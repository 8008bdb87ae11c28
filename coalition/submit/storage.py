"""The database below the outbox: how it commits, how it fails, and who may use which part of it.

SQLite runs in WAL mode with `synchronous=FULL`: a till that was told "recorded" may not be told otherwise by a power cut, and
with NORMAL the last commits before one are lost. The price is one fsync a commit; many callers share a commit (see
`Submitter`), so it is paid some hundred times a second at most, not once an operation.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from coalition.errors import CoalitionError, SetupError, StorageFull, Unavailable

__all__ = ["Slots", "Storage", "execute_many"]

BUSY_SECONDS = 30
DISK_FULL_SQLSTATE = "53100"
SLOTS_MAX = 1 << 14
ADVISORY_CLASS = 0x0C0A1
SQLITE_FULL = 13


class Storage:
    """Transactions on a database: one at a time in this process, and errors of this package.

    For an SQLite file it opens connections of its own, so that its settings are nobody else's.
    """

    def __init__(self, engine: Engine) -> None:
        self._lock = threading.RLock()
        self._given = engine
        self._is_own = engine.dialect.name == "sqlite" and bool(engine.url.database)
        self._is_own = self._is_own and engine.url.database != ":memory:"
        self.engine = _sqlite(engine) if self._is_own else engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends.

        Raises:
            StorageFull: nothing was written.
            Unavailable: `storage_unavailable`; nothing was written, unless the connection broke during the commit.
        """
        try:
            with self._lock, self.engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except (DBAPIError, OSError) as error:
            raise _translated(error) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A look at what is written, which waits for no writer of this process or another.

        Raises:
            Unavailable: `storage_unavailable`.
        """
        try:
            with self._given.connect() as connection:
                yield connection
        except (DBAPIError, OSError) as error:
            raise _translated(error) from error

    def close(self) -> None:
        """Close the connections that are its own."""
        if self._is_own:
            self.engine.dispose()


class Slots:
    """Parts of one outbox, each of one living process at a time; a dead one's part can be taken over.

    SQLite: a lock file beside the database. PostgreSQL: an advisory lock of the session, gone with the process. An outbox in
    memory has one slot.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._files: dict[int, int] = {}
        self._session: Connection | None = None
        self.held: set[int] = set()

    def take_free(self) -> int:
        """Take the lowest slot that is free."""
        for slot in range(SLOTS_MAX):
            if self.take(slot):
                return slot
        raise SetupError("All parts of the outbox are in use by other processes.", code="outbox_in_use")

    def take(self, slot: int) -> bool:
        """True if nobody else holds `slot`; then it is ours until `release`."""
        if slot in self.held:
            return False
        is_server = self._engine.dialect.name == "postgresql"
        taken = self._take_advisory(slot) if is_server else self._take_file(slot)
        if taken:
            self.held.add(slot)
        return taken

    def release(self) -> None:
        """Give all slots up."""
        self.held.clear()
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()
        if self._session is not None:
            session, self._session = self._session, None
            with suppress(DBAPIError):  # if the server is gone, so are the locks
                session.execute(text("SELECT pg_advisory_unlock_all()"))
            if not session.invalidated:
                session.detach()  # closed below, not kept: its locks go with it
            session.close()

    def _take_file(self, slot: int) -> bool:
        path = self._engine.url.database
        if not path or path == ":memory:":
            return True
        descriptor = os.open(f"{path}.slot{slot}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._files[slot] = descriptor
        return True

    def _take_advisory(self, slot: int) -> bool:
        if self._session is None:
            self._session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        question = text("SELECT pg_try_advisory_lock(:class, :slot)")
        return bool(self._session.execute(question, {"class": ADVISORY_CLASS, "slot": slot}).scalar())


def execute_many(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement, with `?` for each value, for each row: the driver's own way, several times as fast as with names."""
    if rows:
        own = statement if connection.dialect.name == "sqlite" else statement.replace("?", "%s")
        connection.exec_driver_sql(own, list(rows))


def _sqlite(engine: Engine) -> Engine:
    own = create_engine(engine.url)

    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin below, not at the driver's choice
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(own, "connect", connected)
    event.listen(own, "begin", begun)
    return own


def _translated(error: DBAPIError | OSError) -> CoalitionError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    full = (
        getattr(cause, "sqlite_errorcode", None) == SQLITE_FULL
        or getattr(cause, "sqlstate", None) == DISK_FULL_SQLSTATE
        or (isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT))
    )
    if full:
        return StorageFull("The disk of the outbox is full: nothing was recorded, so nothing was signed. Make room.")
    return Unavailable(
        f"The database of the outbox does not take writes: {cause}. Nothing was signed.", code="storage_unavailable"
    )
