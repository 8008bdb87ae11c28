"""Commands about tiers and badges."""

from __future__ import annotations

from pathlib import Path

import click

from coalition.bootstrap import open_ledger
from coalition.cli.common import Output, command, time_text
from coalition.settings import Settings

__all__ = ["COMMANDS"]


@click.group()
def tiers() -> None:
    """Announce a programme of tiers, and look tiers and badges up."""


@tiers.command("set")
@click.argument("file", type=click.Path(path_type=Path))
@command
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
        out.data(
            {
                "member": account,
                "tier": found.tier,
                "name": found.name,
                "qualification": found.qualification,
                "unit": found.unit,
                "next": found.next_name or None,
                "missing": found.missing,
                "multiplier_bps": found.multiplier_bps,
                "paid_until": time_text(found.floor_until) if found.floor_until else None,
                "badges": [one.badge for one in badges],
            }
        )


COMMANDS = (tiers,)
