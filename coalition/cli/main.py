"""The group of all commands."""

from __future__ import annotations

import click

from coalition import __version__
from coalition.cli import (
    administrative,
    campaign_members,
    demo,
    exports,
    keys,
    ledger,
    load,
    members,
    operations,
    partners,
    rules,
    tiers,
    tills,
    webhooks,
)

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="coalition")
def main() -> None:
    """One loyalty ledger for many merchants.

    Everything that a ledger owns on this machine lies under one folder: --home DIR, or COALITION_HOME, or var/. A command
    that needs the chain starts the embedded one when none is running, and leaves nothing running behind it.
    """


for group in (
    demo,
    ledger,
    partners,
    keys,
    members,
    operations,
    exports,
    load,
    campaign_members,
    rules,
    tiers,
    webhooks,
    tills,
    administrative,
):
    for one in group.COMMANDS:
        main.add_command(one)
