"""Where a ledger lives on this machine, and the few things that can be set."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from coalition.errors import SetupError

__all__ = ["Settings"]

HOME_DEFAULT = "var"
REACHES = ("public", "loopback", "private")
LOG_LEVELS = ("debug", "info", "warning", "error")
METRICS_HOST = "127.0.0.1"
PORT_MAX = 65_535
STOP_SECONDS = 10.0
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a ledger owns on this machine lies under `home`.

    `rpc_url` and `database_url` point to a node and a database elsewhere; without them the embedded chain and SQLite files
    under `home` serve. `rate_limit` is that of API keys without one of their own. `trusted_proxies` are addresses and networks of
    proxies whose word counts on where a request came from. Events are told when `confirmations` blocks follow theirs.
    `webhook_reach` says where webhooks may go: public, loopback or private.
    `log_level` is the least that the service writes to its log. Its metrics are under `metrics`, a host and a port; None:
    nowhere. When it is told to stop, those who wait have `stop_seconds` to get their outcomes.
    """

    home: Path
    rpc_url: str | None = None
    database_url: str | None = None
    rate_limit: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    confirmations: int = 0
    webhook_reach: str | None = None
    log_level: str = "info"
    metrics: tuple[str, int] | None = None
    stop_seconds: float = STOP_SECONDS

    @classmethod
    def from_environment(cls, home: str | Path | None = None) -> Self:
        """Read `COALITION_HOME` and the others of docs/operations.md; `home` counts before the first.

        Raises:
            SetupError: `setting_invalid`.
        """
        chosen = home or os.environ.get("COALITION_HOME") or HOME_DEFAULT
        confirmations = os.environ.get("COALITION_CONFIRMATIONS") or "0"
        if not confirmations.isdecimal():
            raise SetupError("COALITION_CONFIRMATIONS is a number of blocks.", code="setting_invalid")
        reach = os.environ.get("COALITION_WEBHOOK_REACH") or None
        if reach not in (None, *REACHES):
            raise SetupError(f"COALITION_WEBHOOK_REACH is one of {', '.join(REACHES)}.", code="setting_invalid")
        return cls(
            Path(chosen).resolve(),
            os.environ.get("COALITION_RPC_URL") or None,
            _database_url(os.environ.get("COALITION_DATABASE_URL") or None),
            os.environ.get("COALITION_RATE_LIMIT") or None,
            tuple(os.environ.get("COALITION_TRUSTED_PROXIES", "").replace(",", " ").split()),
            int(confirmations),
            reach,
            _log_level(os.environ.get("COALITION_LOG") or "info"),
            _address("COALITION_METRICS"),
            _seconds("COALITION_STOP_SECONDS", STOP_SECONDS),
        )

    @property
    def deployment_file(self) -> Path:
        """Addresses and parameters of the contracts."""
        return self.home / "deployment.json"

    @property
    def keystores(self) -> Path:
        """Encrypted keys of the roles, the partners and the custody."""
        return self.home / "keystores"

    @property
    def campaigns(self) -> Path:
        """Files of campaigns that were proposed here, by the hash that their terms name."""
        return self.home / "campaigns"

    @property
    def credentials_file(self) -> Path:
        """Where earlier versions kept the API keys; taken over into the database once."""
        return self.home / "credentials.json"

    @property
    def outbox_url(self) -> str:
        """Database of operations on their way."""
        return self.database_url or f"sqlite:///{self.home / 'outbox.db'}"

    @property
    def has_files(self) -> bool:
        """True if the databases are files of this machine."""
        return make_url(self.outbox_url).get_backend_name() == "sqlite"

    @property
    def index_url(self) -> str:
        """Database of the read model, which can be dropped and rebuilt."""
        return self.database_url or f"sqlite:///{self.home / 'index.db'}"


def _database_url(text: str | None) -> str | None:
    if text is None:
        return None
    scheme, separator, rest = text.partition("://")
    url = DRIVERS.get(scheme, scheme) + separator + rest
    try:
        make_url(url)
    except (ArgumentError, ValueError):  # the text may hold a password, so it is not repeated
        raise SetupError(
            "COALITION_DATABASE_URL is an address such as postgresql+psycopg://user:password@host/database.",
            code="setting_invalid",
        ) from None
    return url


def _log_level(name: str) -> str:
    if name not in LOG_LEVELS:
        raise SetupError(f"COALITION_LOG is one of {', '.join(LOG_LEVELS)}, not {name!r}.", code="setting_invalid")
    return name


def _address(variable: str) -> tuple[str, int] | None:
    """A variable such as `9464` or `10.0.0.5:9464`; None if it is not set."""
    text = os.environ.get(variable, "")
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > PORT_MAX:
        raise SetupError(f"{variable} is a port, or host:port, not {text!r}.", code="setting_invalid")
    return host or METRICS_HOST, int(port)


def _seconds(variable: str, otherwise: float) -> float:
    text = os.environ.get(variable) or str(otherwise)
    try:
        seconds = float(text)
        if 0 <= seconds < float("inf"):
            return seconds
    except ValueError:
        pass
    raise SetupError(f"{variable} is a number of seconds, not {text!r}.", code="setting_invalid")
