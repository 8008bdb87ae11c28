"""Commands about tiers and badges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from coalition.bootstrap import open_ledger
from coalition.cli.administrative import administrative
from coalition.cli.common import Output, command, time_of, time_text
from coalition.errors import InputError
from coalition.service.campaign_answers import TierShown
from coalition.settings import Settings

__all__ = ["COMMANDS"]


@click.group()
def tiers() -> None:
    """Announce a programme of tiers, give paid ones, and look tiers and badges up."""


@tiers.command("set")
@click.argument("file", type=click.Path(path_type=Path))
@command
@administrative("file")
def set_(settings: Settings, out: Output, file: Path) -> None:
    """Announce the programme of a file: from the time that it gives, else as soon as it may count."""
    with open_ledger(settings) as ledger:
        found = ledger.campaigns.set_tiers(file)
        assert found.effective_from is not None
        counts = time_text(found.effective_from)
        value = {"programme": found.name, "tiers": list(found.tier_names), "counts_from": counts}
        out.data(value, f"{found.name}: {', '.join(found.tier_names)}; counts from {counts}")


@tiers.command()
@click.argument("member", required=False)
@command
def show(settings: Settings, out: Output, member: str | None) -> None:
    """Show the programme that counts, or a member's tier, what is missing to the next, and badges."""
    with open_ledger(settings) as ledger:
        if member is None:
            reader = ledger.campaigns.reader
            programme, names = reader.programme(), reader.tier_names()
            value = {
                "qualify_by": programme.qualify_by.name.lower(),
                "tiers": [
                    {"tier": number, "name": name, "threshold": tier.threshold, "multiplier_bps": tier.multiplier_bps}
                    for number, (name, tier) in enumerate(zip(names, programme.tiers, strict=True))
                ],
            }
            rows = [
                (number, name, tier.threshold, f"× {tier.multiplier_bps / 10_000:g}")
                for number, (name, tier) in enumerate(zip(names, programme.tiers, strict=True))
            ]
            title = f"Tiers by {programme.qualify_by.name.lower()}"
            out.table(value, title, ("tier", "name", "from", "base points"), rows)
            return
        account = ledger.custody.account(member)
        found, badges = ledger.campaign_members.tier(account), ledger.campaign_members.badges(account)
        out.data(_tier(account, found) | {"badges": [one.badge for one in badges]})


@tiers.command()
@click.argument("member")
@click.argument("tier")
@click.option("--until", help="When it ends (RFC 3339), to the full hour; not for the lowest tier.")
@command
@administrative("tier")
def floor(settings: Settings, out: Output, member: str, tier: str, until: str | None) -> None:
    """Give MEMBER at least TIER until a time: a membership that was paid for. The lowest tier ends it at once.

    A tier is named, or numbered from 0. What the member earns above it still counts; a second floor replaces the first.
    """
    end = time_of("--until", until)
    with open_ledger(settings) as ledger:
        account = ledger.custody.account(member)
        is_lowest = ledger.campaigns.reader.tier_number(tier) == 0
        if is_lowest != (end is None):
            raise InputError("A paid tier has an end: give --until. To end one, name the lowest tier, without --until.")
        out.data(_tier(account, ledger.campaign_members.pay_for_tier(account, tier, end or 0)))


@click.group()
def badge() -> None:
    """Say what badges look like."""


@badge.command()
@click.argument("number", type=click.IntRange(1, (1 << 32) - 1))
@click.argument("uri")
@command
@administrative("number")
def define(settings: Settings, out: Output, number: int, uri: str) -> None:
    """Say where the metadata of badge NUMBER are (a URI, as in ERC-721); a later one replaces it."""
    with open_ledger(settings) as ledger:
        ledger.campaigns.define_badge(number, uri)
        out.data({"badge": number, "uri": uri}, f"badge {number}: {uri}")


def _tier(account: str, found: TierShown) -> dict[str, Any]:
    return {
        "member": account,
        "tier": found.tier,
        "name": found.name,
        "qualification": found.qualification,
        "unit": found.unit,
        "next": found.next_name or None,
        "missing": found.missing,
        "multiplier_bps": found.multiplier_bps,
        "paid_until": time_text(found.floor_until) if found.floor_until else None,
    }


COMMANDS = (tiers, badge)
