"""Where a ledger lives on this machine, and the few things that can be set."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from coalition.errors import SetupError

__all__ = ["Settings"]

HOME_DEFAULT = "var"
REACHES = ("public", "loopback", "private")
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a ledger owns on this machine lies under `home`.

    `rpc_url` and `database_url` point to a node and a database elsewhere; without them the embedded chain and SQLite files
    under `home` serve. `rate_limit` is that of API keys without one of their own. `trusted_proxies` are addresses and networks of
    proxies whose word counts on where a request came from. Events are told when `confirmations` blocks follow theirs.
    `webhook_reach` says where webhooks may go: public, loopback or private.
    """

    home: Path
    rpc_url: str | None = None
    database_url: str | None = None
    rate_limit: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    confirmations: int = 0
    webhook_reach: str | None = None

    @classmethod
    def from_environment(cls, home: str | Path | None = None) -> Self:
        """Read `COALITION_HOME` and the others of docs/operations.md; `home` counts before the first.

        Raises:
            SetupError: `setting_invalid`.
        """
        chosen = home or os.environ.get("COALITION_HOME") or HOME_DEFAULT
        database_url = os.environ.get("COALITION_DATABASE_URL") or None
        if database_url:
            scheme, separator, rest = database_url.partition("://")
            database_url = DRIVERS.get(scheme, scheme) + separator + rest
        confirmations = os.environ.get("COALITION_CONFIRMATIONS") or "0"
        if not confirmations.isdecimal():
            raise SetupError("COALITION_CONFIRMATIONS is a number of blocks.", code="setting_invalid")
        reach = os.environ.get("COALITION_WEBHOOK_REACH") or None
        if reach not in (None, *REACHES):
            raise SetupError(f"COALITION_WEBHOOK_REACH is one of {', '.join(REACHES)}.", code="setting_invalid")
        return cls(
            Path(chosen).resolve(),
            os.environ.get("COALITION_RPC_URL") or None,
            database_url,
            os.environ.get("COALITION_RATE_LIMIT") or None,
            tuple(os.environ.get("COALITION_TRUSTED_PROXIES", "").replace(",", " ").split()),
            int(confirmations),
            reach,
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
    def index_url(self) -> str:
        """Database of the read model, which can be dropped and rebuilt."""
        return self.database_url or f"sqlite:///{self.home / 'index.db'}"
