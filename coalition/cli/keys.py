"""Commands about the API keys with which partners call over HTTP."""

from __future__ import annotations

import click

from coalition.bootstrap import open_credentials, open_ledger
from coalition.cli.common import Output, command
from coalition.settings import Settings

__all__ = ["COMMANDS"]


@click.group("api-key")
def api_key() -> None:
    """Issue and revoke the keys with which partners call the API."""


@api_key.command()
@click.argument("partner")
@click.option("--label", default="key", show_default=True, help="What the key is for.")
@command
def issue(settings: Settings, out: Output, partner: str, label: str) -> None:
    """Issue a key. It is shown this once; only its hash is kept."""
    with open_ledger(settings) as ledger:
        row = ledger.service.partners.find(partner)
    issued = open_credentials(settings).issue(row.partner, label)
    out.data({"partner": row.partner, "name": row.name, "api_key": issued})


@api_key.command()
@click.argument("key_id")
@command
def revoke(settings: Settings, out: Output, key_id: str) -> None:
    """Revoke a key by its id, the part after `ck_`."""
    open_credentials(settings).revoke(key_id)
    out.data({"key_id": key_id, "revoked": True})


COMMANDS = (api_key,)
