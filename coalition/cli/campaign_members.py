"""Commands about members in campaigns: progress, taking part, attesting, claiming, drawing."""

from __future__ import annotations

from typing import Any

import click

from coalition.bootstrap import OpenLedger, open_ledger
from coalition.chain.campaigns import Occasions
from coalition.cli.campaigns import campaign, campaign_argument, partner_option
from coalition.cli.common import Output, command, progress_bar, time_text
from coalition.errors import InputError
from coalition.ledger.campaigns.calls import Attestation
from coalition.service.campaign_answers import ProgressShown
from coalition.settings import Settings

__all__ = ["COMMANDS", "progress_value"]

members_argument = click.argument("members", nargs=-1)


@campaign.command()
@click.argument("campaign", type=click.IntRange(1, (1 << 32) - 1), required=False)
@click.option("--member", help="Reference of a member in custody, or an account: what is done, what is next.")
@command
def progress(settings: Settings, out: Output, campaign: int | None, member: str | None) -> None:
    """Show how far a campaign is, or with --member where a member stands (in all campaigns, if none is named)."""
    if campaign is None and member is None:
        raise InputError("Name a campaign, or a member with --member.")
    with open_ledger(settings) as ledger:
        if member is None:
            assert campaign is not None
            _totals(out, ledger, campaign)
            return
        account = ledger.custody.account(member)
        if campaign is not None:
            ledger.campaigns.reader.proposals(campaign)  # says so where there is none
        found = ledger.campaign_members.progress(account, campaign=campaign)
        rows = [(one.campaign, one.name, one.kind, str(one.status), *_standing(one)) for one in found]
        columns = ("number", "name", "kind", "status", "done", "next award", "until", "paid")
        out.table({"member": account, "campaigns": [progress_value(one) for one in found]}, "Progress", columns, rows)


@campaign.command()
@campaign_argument
@members_argument
@command
def join(settings: Settings, out: Output, campaign: int, members: tuple[str, ...]) -> None:
    """Let members take part: those named, or all of the campaign's list."""
    with open_ledger(settings) as ledger:
        if members:
            accounts = ledger.campaign_members.join(campaign, members, ledger.custody)
            out.data({"campaign": campaign, "joined": len(accounts), "strangers": 0}, f"{len(accounts):,} joined")
            return
        with progress_bar("accounts") as bar:
            task = bar.add_task("join", total=None, rate="")
            joined, strangers = ledger.campaign_members.join_all(
                campaign, lambda done: bar.update(task, completed=done)
            )
        text = f"{joined:,} joined" + (f"; {strangers:,} accounts of the list are no members yet" if strangers else "")
        out.data({"campaign": campaign, "joined": joined, "strangers": strangers}, text)


@campaign.command()
@campaign_argument
@click.argument("member")
@click.argument("referrer")
@partner_option
@command
def refer(settings: Settings, out: Output, campaign: int, member: str, referrer: str, partner: str) -> None:
    """Say that REFERRER brought the new MEMBER."""
    with open_ledger(settings) as ledger:
        new, known = ledger.custody.account(member), ledger.custody.account(referrer)
        ledger.campaign_members.refer(campaign, partner, new, known)
        out.data({"campaign": campaign, "member": new, "referrer": known}, f"{member} was brought by {referrer}")


@campaign.command()
@campaign_argument
@click.argument("member")
@click.option(
    "--action", type=click.IntRange(0), required=True, help="What the member did, by the number of the terms."
)
@click.option("--id", "number", type=click.IntRange(0), required=True, help="Your own number for it, used once.")
@command
def attest(settings: Settings, out: Output, campaign: int, member: str, action: int, number: int) -> None:
    """Say that a member did something, with the key that the terms name."""
    with open_ledger(settings) as ledger:
        account = ledger.custody.account(member)
        came = ledger.campaign_members.attest(campaign, [Attestation(account, action, number)])
        _came(out, campaign, came)


@campaign.command()
@campaign_argument
@members_argument
@command
def claim(settings: Settings, out: Output, campaign: int, members: tuple[str, ...]) -> None:
    """Ask for what the terms promise: for the members named, or all who take part."""
    _ask(settings, out, campaign, members, "claim")


@campaign.command()
@campaign_argument
@members_argument
@command
def draw(settings: Settings, out: Output, campaign: int, members: tuple[str, ...]) -> None:
    """Show the seeds that are kept here, and draw: for the members named, or all who take part."""
    _ask(settings, out, campaign, members, "draw")


def progress_value(one: ProgressShown) -> dict[str, Any]:
    """Return where a member stands as JSON."""
    standing = one.standing
    return {
        "campaign": one.campaign,
        "name": one.name,
        "kind": one.kind,
        "status": str(one.status),
        "done": standing.done if standing else None,
        "needed": standing.needed if standing else None,
        "unit": standing.unit if standing else None,
        "next_award_points": standing.next_award_points if standing else None,
        "completed": standing.completed if standing else None,
        "until": time_text(one.until),
        "paid_points": one.paid_points,
        "joined": one.joined,
        "in_tier": one.in_tier,
    }


def _standing(one: ProgressShown) -> tuple[str, Any, str, int]:
    standing = one.standing
    if standing is None:
        return "", "", time_text(one.until), one.paid_points
    needed = f" of {standing.needed:,}" if standing.needed else ""
    done = f"{standing.done:,}{needed} {standing.unit}"
    if one.joined is False:
        done = "has not joined"
    elif not one.in_tier:
        done = "not in this tier"
    return done, standing.next_award_points, time_text(one.until), one.paid_points


def _totals(out: Output, ledger: OpenLedger, campaign: int) -> None:
    shown, totals = ledger.campaigns.show(campaign), ledger.campaign_members.totals(campaign)
    out.data(
        {
            "campaign": campaign,
            "status": str(shown.status),
            "budget_points": shown.counting.terms.budget_points,
            "paid_points": shown.live.paid_points,
            "members_reached": totals.members_reached,
            "members_joined": totals.members_joined,
            "awards": totals.awards,
        }
    )


def _ask(settings: Settings, out: Output, campaign: int, members: tuple[str, ...], what: str) -> None:
    with open_ledger(settings) as ledger:
        service = ledger.campaign_members
        accounts = [ledger.custody.account(one) for one in members] if members else service.taking_part(campaign)
        with progress_bar("members") as bar:
            task = bar.add_task(what, total=len(accounts), rate="")

            def done(count: int) -> None:
                bar.update(task, completed=count)

            work = service.claim if what == "claim" else service.draw
            came = work(campaign, accounts, done)
        _came(out, campaign, came)


def _came(out: Output, campaign: int, came: Occasions) -> None:
    value = {
        "campaign": campaign,
        "points": sum(came.awarded.values()),
        "awarded": came.awarded,
        "refused": {account: reason.name.lower() for account, reason in came.refused.items()},
    }
    lines = [f"{sum(came.awarded.values()):,} points to {len(came.awarded):,} members"]
    lines += [
        f"  {account}: refused, {reason.name.lower().replace('_', ' ')}" for account, reason in came.refused.items()
    ]
    out.data(value, "\n".join(lines))


COMMANDS = (campaign,)
