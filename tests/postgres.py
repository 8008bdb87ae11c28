"""A PostgreSQL of its own, on a free port and in a folder of its own, where the binaries are installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "postgres"


def binaries() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, None if PostgreSQL is not installed."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def running() -> Iterator[str]:
    """Start it in a folder of its own; the URL of its database. PostgreSQL does not run as root, so root starts it as another
    user, to whom pytest's own folders are closed."""
    folder = Path(tempfile.mkdtemp(prefix="coalition-postgres-"))
    try:
        with _running(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    found = binaries()
    assert found is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on"
    as_user = _as_user(folder)
    _run([*as_user, found / "initdb", "-D", data, "-A", "trust", "-U", USER, "--no-sync"], folder)
    log = folder / "log"
    start = [found / "pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start"]
    _run([*as_user, *start], folder)
    try:
        yield f"postgresql+psycopg://{USER}@127.0.0.1:{port}/postgres"
    finally:
        _run([*as_user, found / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], folder)


def empty(url: str) -> None:
    """Drop every table, as if the server had just been started."""
    _execute(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def another(url: str, name: str) -> str:
    """The URL of another database of the same server, which is new."""
    _execute(url, f'CREATE DATABASE "{name}"')
    return url.rpartition("/")[0] + "/" + name


def _execute(url: str, statement: str) -> None:
    from sqlalchemy import create_engine  # the contracts' tests load this file where there is none

    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def _run(command: list[str | Path], folder: Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)


def _as_user(folder: Path) -> list[str | Path]:
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "nobody")
    return ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
