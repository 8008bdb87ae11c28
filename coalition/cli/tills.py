"""Commands about tills: which key signs for which, and which of their vouchers counted."""

from __future__ import annotations

import click

from coalition.bootstrap import open_ledger, set_up_tills
from coalition.chain.tills import TillKey
from coalition.cli.administrative import administrative
from coalition.cli.common import Output, command, time_text
from coalition.ledger.ids import TILL_MAX, VOUCHER_MAX
from coalition.service.tills import Range
from coalition.settings import Settings

__all__ = ["COMMANDS"]

GAPS_SHOWN = 100
number = click.argument("till", type=click.IntRange(1, TILL_MAX))


@click.group()
def till() -> None:
    """Manage the keys of tills, and see which of their vouchers counted."""


@till.command()
@command
@administrative()
def setup(settings: Settings, out: Output) -> None:
    """Give a ledger that was deployed before there was one its register of tills."""
    out.data({"till_registry": set_up_tills(settings).till_registry})


@till.command()
@click.argument("partner")
@number
@click.option("--key", required=True, help="Address of the till's key, which the till keeps.")
@command
@administrative("till", "key", partner="partner")
def add(settings: Settings, out: Output, partner: str, till: int, key: str) -> None:
    """Let a key sign for a till of a partner; a key that it had before is revoked."""
    with open_ledger(settings) as ledger:
        row = ledger.service.partners.find(partner)
        ledger.tills.set_key(row.partner, till, key)
        out.data(_newest(ledger.tills.tills(row.partner), till))


@till.command()
@click.argument("partner")
@number
@command
@administrative("till", partner="partner")
def revoke(settings: Settings, out: Output, partner: str, till: int) -> None:
    """Stop the key of a till at once and for ever: vouchers of it that have not counted are refused."""
    with open_ledger(settings) as ledger:
        row = ledger.service.partners.find(partner)
        ledger.tills.revoke_key(row.partner, till)
        out.data(_newest(ledger.tills.tills(row.partner), till))


@till.command("list")
@click.argument("partner")
@command
def list_(settings: Settings, out: Output, partner: str) -> None:
    """List every key that ever signed for a till of a partner."""
    with open_ledger(settings) as ledger:
        row = ledger.service.partners.find(partner)
        values = [_value(one) for one in ledger.tills.tills(row.partner)]
        registry = ledger.deployment.till_registry
        cells = [(str(one["till"]), one["key"], one["active_from"], one["revoked_at"] or "") for one in values]
        shown = {"partner": row.partner, "till_registry": registry, "tills": values}
        out.table(shown, f"Tills of {row.name}", ("till", "key", "active from", "revoked"), cells)


@till.command()
@click.argument("partner")
@number
@click.option(
    "--from", "start", type=click.IntRange(1, VOUCHER_MAX), default=1, show_default=True, help="First number."
)
@command
def gaps(settings: Settings, out: Output, partner: str, till: int, start: int) -> None:
    """Show which vouchers of a till counted, and which between them did not."""
    with open_ledger(settings) as ledger:
        row = ledger.service.partners.find(partner)
        found = ledger.tills.vouchers(row.partner, till, start, GAPS_SHOWN)
    value = {
        "till": till,
        "highest": found.highest,
        "accepted": [{"first": one.first, "last": one.last} for one in found.accepted],
        "gaps": [{"first": one.first, "last": one.last} for one in found.gaps],
        "next": found.next,
    }
    more = "" if found.next is None else f"\nmore: --from {found.next}"
    out.data(value, f"accepted  {_text(found.accepted)}\nmissing   {_text(found.gaps)}{more}")


def _newest(keys: list[TillKey], till: int) -> dict[str, object]:
    return _value([one for one in keys if one.till == till][-1])


def _value(one: TillKey) -> dict[str, object]:
    return {
        "till": one.till,
        "key": one.key,
        "active_from": time_text(one.active_from),
        "revoked_at": time_text(one.revoked_at) if one.revoked_at else None,
    }


def _text(ranges: tuple[Range, ...]) -> str:
    return ", ".join(str(one.first) if one.first == one.last else f"{one.first}-{one.last}" for one in ranges) or "none"


COMMANDS = (till,)
