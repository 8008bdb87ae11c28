"""Commands of the operator about kinds of campaigns."""

from __future__ import annotations

import click

from coalition.bootstrap import OpenLedger, open_ledger
from coalition.cli.administrative import administrative
from coalition.cli.common import Output, command
from coalition.service.campaign_book import kind_of
from coalition.settings import Settings

__all__ = ["COMMANDS"]

address_argument = click.argument("address")


@click.group()
def rule() -> None:
    """Allow kinds of campaigns, and look up which are allowed."""


@rule.command()
@address_argument
@command
@administrative("address")
def add(settings: Settings, out: Output, address: str) -> None:
    """Allow campaigns of the kind whose contract stands at ADDRESS. Its code is remembered: should it change, it does not count."""
    with open_ledger(settings) as ledger:
        ledger.campaigns.list_rule(address)
        _say(out, ledger, address, "allowed")


@rule.command()
@address_argument
@command
@administrative("address")
def remove(settings: Settings, out: Output, address: str) -> None:
    """Allow no further campaigns of a kind. What is agreed or runs goes on."""
    with open_ledger(settings) as ledger:
        ledger.campaigns.delist_rule(address)
        _say(out, ledger, address, "not allowed any more")


@rule.command("list")
@command
def list_(settings: Settings, out: Output) -> None:
    """List the kinds that are allowed, with the addresses of their contracts."""
    with open_ledger(settings) as ledger:
        rows = [(address, kind_of(ledger.deployment, address)) for address in ledger.queries.rules()]
        value = {"rules": [{"rule": address, "kind": kind or None} for address, kind in rows]}
        out.table(value, "Kinds", ("contract", "kind"), [(address, kind or "of its own") for address, kind in rows])


def _say(out: Output, ledger: OpenLedger, address: str, what: str) -> None:
    kind = kind_of(ledger.deployment, address)
    value = {"rule": address, "kind": kind or None, "listed": what == "allowed"}
    out.data(value, f"{kind or 'a kind of its own'} at {address}: {what}")


COMMANDS = (rule,)
