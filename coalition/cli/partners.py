"""Commands of the operator about partners and their keys."""

from __future__ import annotations

import click

from coalition.bootstrap import open_ledger
from coalition.cli.administrative import administrative
from coalition.cli.common import Output, command, time_text
from coalition.errors import InputError, NotFound
from coalition.service.checks import check_address
from coalition.settings import Settings

__all__ = ["COMMANDS"]


@click.group()
def partner() -> None:
    """On-board partners, and manage their signing keys."""


@partner.group()
def key() -> None:
    """Manage the keys that a partner's operations are signed with."""


@partner.command()
@click.argument("name")
@click.option("--currency", default="USD", show_default=True, help="ISO 4217 code of the partner's currency.")
@click.option(
    "--earn-rate-bps",
    type=click.IntRange(0, 1_000_000),
    default=100,
    show_default=True,
    help="Base rate in basis points of a point per minor unit: 100 gives 1 point for 100 cents.",
)
@click.option("--key", "own_key", help="Address of a key that the partner keeps itself, with --account.")
@click.option("--account", help="The partner's own address, to which members give allowances, with --key.")
@command
@administrative("name", partner="name")
def add(
    settings: Settings,
    out: Output,
    name: str,
    currency: str,
    earn_rate_bps: int,
    own_key: str | None,
    account: str | None,
) -> None:
    """On-board a partner: makes its keys and registers it. It can post at once.

    With --key and --account the partner keeps its keys itself, and signs its batches itself.
    """
    if (own_key is None) != (account is None):
        raise InputError("Give both --key and --account of a partner that keeps its keys, or none.")
    with open_ledger(settings) as ledger:
        if own_key is None or account is None:
            row = ledger.add_partner(name, currency, earn_rate_bps)
        else:
            addresses = check_address(account, "account"), check_address(own_key, "key")
            row = ledger.register_partner(name, *addresses, currency, earn_rate_bps)
        value = {
            "partner": row.partner,
            "name": row.name,
            "currency": row.currency,
            "earn_rate_bps": earn_rate_bps,
            "account": row.account,
        }
        out.data(value)


@partner.command("list")
@command
def list_(settings: Settings, out: Output) -> None:
    """List partners with their rates, status and keys."""
    with open_ledger(settings) as ledger:
        rows = ledger.service.partners.all()
        values = [
            {
                "partner": row.partner,
                "name": row.name,
                "currency": row.currency,
                "earn_rate_bps": row.earn_rate_bps,
                "status": "active" if row.active else "suspended",
                "account": row.account,
                "keys": [
                    {"key": one.key, "active_from": time_text(one.active_from), "revoked": one.revoked_at != 0}
                    for one in row.keys
                ],
            }
            for row in rows
        ]
        cells = [
            (
                row.partner,
                row.name,
                row.currency,
                row.earn_rate_bps,
                "active" if row.active else "suspended",
                len(row.keys),
            )
            for row in rows
        ]
        out.table({"partners": values}, "Partners", ("number", "name", "currency", "rate bps", "status", "keys"), cells)


@partner.command()
@click.argument("name")
@command
@administrative("name", partner="name")
def suspend(settings: Settings, out: Output, name: str) -> None:
    """Stop all keys of a partner at once."""
    with open_ledger(settings) as ledger:
        row = ledger.service.partners.find(name)
        ledger.suspend_partner(row.partner)
        out.data({"partner": row.partner, "name": row.name, "status": "suspended"})


@key.command("add")
@click.argument("name")
@click.option("--key", "own_key", help="Address of a key that the partner keeps itself.")
@command
@administrative("name", partner="name")
def add_key(settings: Settings, out: Output, name: str, own_key: str | None) -> None:
    """Make a further key for a partner, or register its own. It can post after the notice period."""
    with open_ledger(settings) as ledger:
        row = ledger.service.partners.find(name)
        added = ledger.add_partner_key(row.partner, None if own_key is None else check_address(own_key, "key"))
        out.data({"partner": row.partner, "key": added.key, "active_from": time_text(added.active_from)})


@key.command()
@click.argument("name")
@click.argument("address")
@command
@administrative("address", partner="name")
def revoke(settings: Settings, out: Output, name: str, address: str) -> None:
    """Stop a key at once and for ever."""
    with open_ledger(settings) as ledger:
        row = ledger.service.partners.find(name)
        revoked = check_address(address, "key")
        if revoked not in (one.key for one in row.keys):
            raise NotFound(
                f"{row.name} has no key {revoked}. `coalition partner list --json` shows its keys.", code="key_unknown"
            )
        ledger.revoke_partner_key(revoked)
        out.data({"partner": row.partner, "key": revoked, "revoked": True})


COMMANDS = (partner,)
