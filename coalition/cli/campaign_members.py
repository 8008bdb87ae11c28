"""Commands about members in campaigns: progress, taking part, attesting, claiming, drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from coalition.bootstrap import OpenLedger, open_ledger
from coalition.chain.campaigns import AttestedAs, Occasions
from coalition.cli.campaigns import campaign, campaign_argument, partner_option
from coalition.cli.common import Output, command, progress_bar, time_text
from coalition.errors import CoalitionError, InputError
from coalition.ledger.campaigns.calls import Attestation
from coalition.service.campaign_answers import ProgressShown
from coalition.service.occasions import ACTION_MAX, ID_MAX, read_attestations
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
@members_argument
@click.option("--action", type=click.IntRange(0, ACTION_MAX), help="What they did, by the number of the terms.")
@click.option(
    "--id",
    "first",
    type=click.IntRange(0, ID_MAX),
    help="Your own number for it, used once; further members get the next ones.",
)
@click.option(
    "--file", type=click.Path(path_type=Path), help="CSV file with the columns member, action, id, instead of these."
)
@command
def attest(
    settings: Settings,
    out: Output,
    campaign: int,
    members: tuple[str, ...],
    action: int | None,
    first: int | None,
    file: Path | None,
) -> None:
    """Say that members did something, with the key that the terms name: those named, or all of a file.

    Each counts or is refused on its own, and each id counts once: ask again whenever it was stopped.
    """
    by_name = bool(members) and action is not None and first is not None
    if by_name == (file is not None) or (file is not None and (members or action is not None or first is not None)):
        raise InputError("Name members with --action and --id, or give a --file, and not both.")
    with open_ledger(settings) as ledger:
        said = _attestations(ledger, members, action or 0, first or 0, file)
        with progress_bar("attestations") as bar:
            task = bar.add_task("attest", total=len(said), rate="")
            done: list[AttestedAs] = []

            def told(some: list[AttestedAs]) -> None:
                done.extend(some)
                bar.update(task, completed=len(done))

            try:
                ledger.campaign_members.attest(campaign, said, told)
            except CoalitionError as error:
                if done:
                    error.details["outcomes"] = [_outcome(one) for one in done]
                    out.note(f"{len(done):,} of {len(said):,} were decided before this. Ask again: an id counts once.")
                raise
        points = sum(one.points for one in done)
        value = {"campaign": campaign, "points": points, "outcomes": [_outcome(one) for one in done]}
        rows = [
            (one["id"], one["member"], str(one["action"]), (one["refused"] or str(one["points"])).replace("_", " "))
            for one in map(_outcome, done)
        ]
        title = f"{points:,} points; {sum(one.refusal is not None for one in done):,} of {len(done):,} refused"
        out.table(value, title, ("id", "member", "action", "points, or why not"), rows)


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


def _attestations(
    ledger: OpenLedger, members: tuple[str, ...], action: int, first: int, file: Path | None
) -> list[Attestation]:
    if file is not None:
        return [row.attestation for row in read_attestations(file, ledger.custody.account)]
    if first + len(members) - 1 > ID_MAX:
        raise InputError(f"--id {first} leaves no numbers for {len(members):,} members.")
    return [Attestation(ledger.custody.account(member), action, number) for number, member in enumerate(members, first)]


def _outcome(one: AttestedAs) -> dict[str, Any]:
    """What became of an attestation; ids are text, as they are larger than JSON's numbers may be."""
    said = one.attestation
    return {
        "id": str(said.id),
        "member": said.member,
        "action": said.action,
        "points": one.points,
        "refused": one.refusal.name.lower() if one.refusal else None,
    }


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
