"""Commands that administer: each is written into the log of administration, whether it was done or not; and the log itself."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from coalition.access import Access
from coalition.access.admin_log import DONE, Head
from coalition.bootstrap import open_access, open_ledger
from coalition.cli.common import Output, command, time_text
from coalition.errors import CoalitionError, InputError
from coalition.index.database import open_database
from coalition.index.queries import Queries
from coalition.settings import Settings

__all__ = ["COMMANDS", "administrative", "note_target"]

TARGET = "coalition.target"
MARK = "is_administrative"


def administrative(
    *targets: str, partner: str | None = None, key: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Write a command's calls down before they do anything, and their outcome, with the values of `targets`, arguments of it.

    `partner` is the argument that names whose affairs they are, `key` the one that has the id of an API key. It stands below
    `@command`.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def logged(settings: Settings, out: Output, **options: Any) -> None:
            context = click.get_current_context()
            action = " ".join(context.command_path.split()[1:])
            target = " ".join(str(options[name]) for name in targets if options[name] is not None)

            def whose(access: Access) -> int | None:
                return _of_key(access, options[key]) if key else _of_name(settings, partner and options[partner])

            with open_access(settings) as access:
                begun = access.log.begin(f"cli:{os.getuid()}", whose(access), action, target, "")
                outcome = "internal_error"
                try:
                    function(settings, out, **options)
                    outcome = DONE
                except CoalitionError as error:
                    outcome = error.code
                    raise
                finally:
                    access.log.end(begun, outcome, context.meta.get(TARGET, ""), whose(access))

        logged.__dict__[MARK] = True
        return logged

    return decorate


def note_target(target: str) -> None:
    """Say what a command was done to, where its arguments do not."""
    click.get_current_context().meta[TARGET] = target


def _of_key(access: Access, key_id: str) -> int | None:
    return next((one.partner for one in access.credentials.all() if one.id == key_id), None)


def _of_name(settings: Settings, name: str | None) -> int | None:
    """The partner of a name or number, as the read model has it."""
    if name is None:
        return None
    engine = open_database(settings.index_url)
    try:
        rows = Queries(engine).partners()
        return next((row.partner for row in rows if name in (row.name, str(row.partner))), None)
    except (CoalitionError, DBAPIError):
        return None
    finally:
        engine.dispose()


@click.command("admin-log")
@click.option("--partner", help="Only calls about this partner.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Calls to show.")
@click.option("--verify", is_flag=True, help="Follow the chain of all rows instead; status 1 if it is broken.")
@click.option("--known", help="With --verify: NUMBER:HASH as an earlier one printed it, which the log has to contain.")
@command
def admin_log(
    settings: Settings, out: Output, partner: str | None, limit: int, verify: bool, known: str | None
) -> None:
    """Show administrative calls, newest first: those over HTTP, and those of commands."""
    if verify:
        with open_access(settings) as access:
            head = access.log.verify(_head(known))
        value = {"intact": True, "rows": head.number, "head": f"{head.number}:{head.hash.hex()}"}
        out.data(value)
        return
    with open_ledger(settings) as ledger:
        number = None if partner is None else ledger.service.partners.find(partner).partner
        names = {row.partner: row.name for row in ledger.service.partners.all()}
        rows = ledger.access.log.page(partner=number, limit=limit)
    values = [
        {
            "number": row.number,
            "at": time_text(row.at),
            "actor": row.actor,
            "partner": None if row.partner is None else names.get(row.partner, str(row.partner)),
            "action": row.action,
            "target": row.target,
            "outcome": row.outcome,
            "source": row.source,
        }
        for row in rows
    ]
    columns = ("number", "at", "actor", "partner", "action", "target", "outcome", "source")
    out.table(
        {"calls": values}, "Administration", columns, [[value[name] or "–" for name in columns] for value in values]
    )


def _head(known: str | None) -> Head | None:
    if known is None:
        return None
    number, _, hashed = known.partition(":")
    try:
        found = Head(int(number), bytes.fromhex(hashed))
    except ValueError:
        found = Head(0, b"")
    if len(found.hash) != 32:
        raise InputError("--known is NUMBER:HASH as `coalition admin-log --verify` prints it.", code="head_invalid")
    return found


COMMANDS = (admin_log,)
