"""Commands about campaigns: write a file, try it, have it agreed, and lead it to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from coalition.bootstrap import OpenLedger, offline, open_ledger
from coalition.campaigns.check import read_campaign
from coalition.campaigns.diff import Change, is_amendable
from coalition.campaigns.diff import changes as changes_between
from coalition.campaigns.document import Campaign, Context
from coalition.campaigns.plot import svg
from coalition.campaigns.render import rendered
from coalition.campaigns.simulate import Preview
from coalition.campaigns.templates import TIERS_TEMPLATE, template
from coalition.campaigns.written import written
from coalition.cli.administrative import administrative
from coalition.cli.common import Output, command, progress_bar, time_of, time_text
from coalition.cli.load import columns_of, map_option
from coalition.errors import SetupError
from coalition.service.campaign_answers import CampaignShown, VersionShown
from coalition.service.campaign_authoring import EXAMPLE_ATTESTOR, EXAMPLE_SHOPS, TEMPLATE_KINDS
from coalition.service.files import PurchaseFile
from coalition.service.occasions import read_attestations, read_referrals
from coalition.service.past import PastRows, actions_of, history_of, invitations_of, tried
from coalition.settings import Settings

__all__ = ["campaign", "campaign_argument", "partner_option", "value_of"]

RATE_BPS = 100

file_argument = click.argument("file", type=click.Path(path_type=Path))
campaign_argument = click.argument("campaign", type=click.IntRange(1, (1 << 32) - 1))
partner_option = click.option("--partner", required=True, help="Name or number of the partner that signs.")
decimals_option = click.option(
    "--decimals", type=click.IntRange(0, 4), help="Decimals of amounts in the file (default: the partners' currency's)."
)
tiers_option = click.option(
    "--tiers",
    type=click.Path(path_type=Path),
    help="File of a programme of tiers (default: the one that counts).",
)


@click.group()
def campaign() -> None:
    """Write campaigns, try them on past purchases, have them agreed, and run them."""


@campaign.command()
@click.argument("kind", type=click.Choice(TEMPLATE_KINDS))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@command
def new(settings: Settings, out: Output, kind: str, file: Path | None) -> None:
    """Print a campaign's file to begin with, or write it to FILE. `tiers` gives a programme of tiers."""
    if kind == "tiers":
        text = TIERS_TEMPLATE
    else:
        with offline(settings) as known:
            shops = (*list(known.partners)[:2], *EXAMPLE_SHOPS)[:2] if len(known.partners) > 1 else EXAMPLE_SHOPS
            text = template(kind, (shops[0], shops[1]), known.now, known.operator or EXAMPLE_ATTESTOR)
    if file is None:
        _print_text(out, {"kind": kind, "text": text}, text)
        return
    try:
        with file.open("x", encoding="utf-8") as new_file:
            new_file.write(text)
    except FileExistsError:
        raise SetupError(f"There is a file {file} already; it is not overwritten.", code="file_exists") from None
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}.", code="file_unwritable") from None
    out.data({"kind": kind, "file": str(file)}, f"written: {file}")


@campaign.command()
@file_argument
@tiers_option
@decimals_option
@click.option("--past", is_flag=True, help="Let the window lie in the past.")
@command
def check(settings: Settings, out: Output, file: Path, tiers: Path | None, decimals: int | None, past: bool) -> None:
    """Check a campaign's file. Everything that is wrong is told at once, with line and field. Needs no chain."""
    with offline(settings, [file], tiers) as known:
        context = known.context(past=past, decimals=decimals)
        found = read_campaign(file, context)
        _remark(out, known.queries is None)
    fields = written(found, context)
    lines = [f"{file.name} is well-formed."] + [f"  {name}: {value}" for name, value in fields.items()]
    out.data({"file": str(file), "valid": True, "fields": fields}, "\n".join(lines))


@campaign.command("simulate")
@file_argument
@click.option("--against", type=click.Path(path_type=Path), help="File of past purchases (default: the ledger's own).")
@map_option
@click.option(
    "--attested",
    type=click.Path(path_type=Path),
    help="File of what would have been attested: member, action, id, occurred_at.",
)
@click.option(
    "--referrals",
    type=click.Path(path_type=Path),
    help="File of who brought whom: member, referrer, occurred_at.",
)
@tiers_option
@decimals_option
@click.option("--no-shift", is_flag=True, help="Take purchases at their own times, even if the window lies elsewhere.")
@click.option("--svg", "picture", type=click.Path(path_type=Path), help="Also draw the result into this file.")
@command
def simulate_(
    settings: Settings,
    out: Output,
    file: Path,
    against: Path | None,
    mapping: tuple[str, ...],
    attested: Path | None,
    referrals: Path | None,
    tiers: Path | None,
    decimals: int | None,
    no_shift: bool,
    picture: Path | None,
) -> None:
    """Try a campaign on past purchases: what it would have cost, and whom it would have reached. Needs no chain.

    Purchases, and what is attested or referred, are moved by whole weeks so that the last of them fill the campaign's window,
    unless --no-shift.
    """
    with offline(settings, [file], tiers) as known, progress_bar("purchases") as bar:
        context = known.context(past=True, decimals=decimals)
        found = read_campaign(file, context)
        _remark(out, known.queries is None)
        actions = actions_of(read_attestations(attested, known.account)) if attested else []
        invitations = invitations_of(read_referrals(referrals, known.account)) if referrals else []
        task = bar.add_task("read", total=None, rate="")

        def read(rows: int) -> None:
            bar.update(task, completed=rows)

        if against is not None:
            rates = known.rates_bps or dict.fromkeys(known.partners.values(), RATE_BPS)
            rows = PastRows(known.partners, rates, known.account)
            purchases = rows.read(PurchaseFile(against, columns_of(mapping)).chunks(), read)
            if rows.refused:
                told = ", ".join(f"{code}: {count:,}" for code, count in sorted(rows.refused.items()))
                out.note(f"Rows that were left out: {told}")
        else:
            purchases = history_of(known.queries, read) if known.queries is not None else []
        trying = bar.add_task("try", total=len(purchases), rate="")
        preview = tried(
            found,
            purchases,
            actions=actions,
            invitations=invitations,
            tiers=known.tiers,
            shifts=not no_shift,
            track=lambda these: bar.track(these, task_id=trying),
        )
        bar.update(trying, completed=len(purchases))
    _draw(picture, preview)
    value = preview.to_json()
    # JSON's names are texts
    value["points_by_sponsor"] = {str(number): points for number, points in preview.points_by_sponsor.items()}
    out.rich(value, rendered(preview, context))


@campaign.command()
@file_argument
@partner_option
@decimals_option
@click.option(
    "--amend", type=click.IntRange(1, (1 << 32) - 1), help="Number of the campaign of which this is a version."
)
@command
@administrative("file", partner="partner")
def propose(settings: Settings, out: Output, file: Path, partner: str, decimals: int | None, amend: int | None) -> None:
    """Put a campaign to its sponsors, or with --amend another version of one. The file is kept."""
    with open_ledger(settings) as ledger:
        changed: tuple[Change, ...] = ()
        if amend is None:
            shown = ledger.campaigns.propose(file, partner, decimals)
        else:
            shown, changed = ledger.campaigns.amend(amend, file, partner, decimals)
        value = value_of(ledger, shown)
        if amend is not None:
            value["changes"] = [_change(one) for one in changed]
        lines = [f"campaign {shown.campaign}, version {shown.latest.proposed.version}: proposed"]
        lines += [f"  {change}" for change in changed]
        out.data(value, "\n".join([*lines, *_approvals(ledger, shown, shown.latest)]))


@campaign.command()
@campaign_argument
@partner_option
@click.option("--until", help="Until when the approval lets it start (RFC 3339; default: its opening).")
@click.option("--version", type=click.IntRange(1), help="Version to approve (default: the latest).")
@command
@administrative("campaign", partner="partner")
def approve(
    settings: Settings, out: Output, campaign: int, partner: str, until: str | None, version: int | None
) -> None:
    """Agree to exactly the terms of a version. Whoever approves last starts the campaign with it."""
    end = time_of("--until", until)
    with open_ledger(settings) as ledger:
        shown = ledger.campaigns.approve(campaign, partner, until=end, version=version)
        approved = shown.versions[(version or len(shown.versions)) - 1]
        lines = [f"campaign {campaign}, version {approved.proposed.version}: approved by {partner}; {shown.status}"]
        out.data(value_of(ledger, shown), "\n".join([*lines, *_approvals(ledger, shown, approved)]))


@campaign.command()
@campaign_argument
@click.option("--version", type=click.IntRange(1), help="Version to start (default: the latest).")
@command
@administrative("campaign")
def start(settings: Settings, out: Output, campaign: int, version: int | None) -> None:
    """Start a version that all sponsors approved, where the last approval did not. Started before, it stays so."""
    with open_ledger(settings) as ledger:
        _done(out, ledger, ledger.campaigns.start(campaign, version))


@campaign.command()
@campaign_argument
@click.option("--file", "as_file", is_flag=True, help="Print the text of the file that was agreed.")
@command
def show(settings: Settings, out: Output, campaign: int, as_file: bool) -> None:
    """Show a campaign: its terms, versions, approvals, budget, and what it paid."""
    with open_ledger(settings) as ledger:
        shown = ledger.campaigns.show(campaign)
        if as_file:
            text = ledger.campaigns.file_of(campaign, shown.counting.proposed.version).content.decode()
            _print_text(out, {"campaign": campaign, "text": text}, text)
            return
        totals = ledger.campaign_members.totals(campaign)
        value = value_of(ledger, shown) | {"members_reached": totals.members_reached, "awards": totals.awards}
        live = shown.live
        lines = [f"campaign {campaign}: {shown.counting.name} ({shown.kind or 'a kind of its own'}), {shown.status}"]
        if live.version:
            lines.append(
                f"  paid {live.paid_points:,} of {live.budget_points:,} points to {totals.members_reached:,} members"
            )
            lines.append(f"  from {time_text(live.opens_at)} to {time_text(live.closes_at)}")
        lines += [f"  {name}: {field}" for name, field in shown.counting.fields.items()]
        for version in shown.versions:
            lines.append(f"  version {version.proposed.version}: 0x{version.proposed.terms_hash.hex()}")
            lines += _approvals(ledger, shown, version, "    ")
        out.data(value, "\n".join(lines))


@campaign.command("list")
@command
def list_(settings: Settings, out: Output) -> None:
    """List campaigns, with status, budget and what they paid."""
    with open_ledger(settings) as ledger:
        found = ledger.campaigns.all()
        rows = [
            (
                one.campaign,
                one.counting.name,
                one.kind,
                str(one.status),
                time_text(one.counting.terms.opens_at),
                time_text(one.live.closes_at or one.counting.terms.closes_at),
                one.counting.terms.budget_points,
                one.live.paid_points,
            )
            for one in found
        ]
        columns = ("number", "name", "kind", "status", "opens", "closes", "budget", "paid")
        out.table({"campaigns": [value_of(ledger, one) for one in found]}, "Campaigns", columns, rows)


@campaign.command()
@click.argument("before")
@click.argument("after")
@command
def diff(settings: Settings, out: Output, before: str, after: str) -> None:
    """Show what changes from BEFORE to AFTER: each a file, or a campaign's number (3, or 3.2 for its version 2)."""
    files = [Path(one) for one in (before, after) if not _is_number(one)]
    if len(files) == 2:
        with offline(settings, files) as known:
            context = known.context(past=True)
            first, second = (read_campaign(file, context) for file in files)
            changed = changes_between(first, second, context)
    else:
        with open_ledger(settings) as ledger:
            context = ledger.campaigns.reader.context()
            first, second = (_either(ledger, one, context) for one in (before, after))
            changed = changes_between(first, second, context)
    text = "\n".join(str(change) for change in changed) or "Nothing changes."
    out.data({"changes": [_change(one) for one in changed], "is_amendable": is_amendable(changed)}, text)


@campaign.command()
@campaign_argument
@partner_option
@command
@administrative("campaign", partner="partner")
def pause(settings: Settings, out: Output, campaign: int, partner: str) -> None:
    """Let nothing count until it is resumed, where the terms allow it."""
    with open_ledger(settings) as ledger:
        _done(out, ledger, ledger.campaigns.pause(campaign, partner))


@campaign.command()
@campaign_argument
@partner_option
@command
@administrative("campaign", partner="partner")
def resume(settings: Settings, out: Output, campaign: int, partner: str) -> None:
    """Let purchases count again."""
    with open_ledger(settings) as ledger:
        _done(out, ledger, ledger.campaigns.resume(campaign, partner))


@campaign.command()
@campaign_argument
@partner_option
@command
@administrative("campaign", partner="partner")
def end(settings: Settings, out: Output, campaign: int, partner: str) -> None:
    """End a campaign after the notice of its terms, where they allow it."""
    with open_ledger(settings) as ledger:
        _done(out, ledger, ledger.campaigns.end(campaign, partner))


@campaign.command()
@campaign_argument
@command
@administrative("campaign")
def close(settings: Settings, out: Output, campaign: int) -> None:
    """Release what is left of the budget, 30 days after the end."""
    with open_ledger(settings) as ledger:
        _done(out, ledger, ledger.campaigns.close(campaign))


def value_of(ledger: OpenLedger, shown: CampaignShown) -> dict[str, Any]:
    """Return a campaign as JSON."""
    terms, live = shown.counting.terms, shown.live
    names = {row.partner: row.name for row in ledger.service.partners.all()}
    return {
        "campaign": shown.campaign,
        "name": shown.counting.name,
        "says": shown.counting.says,
        "kind": shown.kind,
        "status": str(shown.status),
        "version": live.version or None,
        "opens": time_text(terms.opens_at),
        "closes": time_text(live.closes_at or terms.closes_at),
        "budget_points": terms.budget_points,
        "paid_points": live.paid_points,
        "fields": dict(shown.counting.fields),
        "versions": [
            {
                "version": one.proposed.version,
                "terms_hash": "0x" + one.proposed.terms_hash.hex(),
                "document": "0x" + one.terms.document.hex(),
                "proposed_by": names.get(one.proposed.by, str(one.proposed.by)),
                "approvals": [
                    {
                        "partner": names.get(given.partner, str(given.partner)),
                        "share_bps": given.share_bps,
                        "approved_until": time_text(given.until) if given.until else None,
                    }
                    for given in one.approvals
                ],
            }
            for one in shown.versions
        ],
    }


def _print_text(out: Output, value: dict[str, Any], text: str) -> None:
    """Print a file as it is: its lines are not folded."""
    if out.as_json:
        out.data(value)
    else:
        click.echo(text, nl=False)


def _done(out: Output, ledger: OpenLedger, shown: CampaignShown) -> None:
    until = f", closes {time_text(shown.live.closes_at)}" if shown.live.version else ""
    out.data(value_of(ledger, shown), f"campaign {shown.campaign}: {shown.status}{until}")


def _approvals(ledger: OpenLedger, shown: CampaignShown, version: VersionShown, indent: str = "  ") -> list[str]:
    names = {row.partner: row.name for row in ledger.service.partners.all()}
    missing = version.missing(shown.now)
    lines = []
    for given in version.approvals:
        said = f"approved until {time_text(given.until)}" if given.until else "has not approved"
        if given.until and given.partner in missing and shown.live.version < version.proposed.version:
            said = f"approval expired {time_text(given.until)}"
        lines.append(f"{indent}{names.get(given.partner, given.partner)} ({given.share_bps / 100:g} %): {said}")
    return lines


def _either(ledger: OpenLedger, which: str, context: Context) -> Campaign:
    if not _is_number(which):
        return read_campaign(Path(which), context)
    number, _, version = which.partition(".")
    return ledger.campaigns.file_of(int(number), int(version) if version else None)


def _is_number(which: str) -> bool:
    return which.isascii() and which.replace(".", "", 1).isdecimal() and not which.startswith(".") and which[-1] != "."


def _change(change: Change) -> dict[str, Any]:
    return {"field": change.field, "before": change.before, "after": change.after, "is_fixed": change.is_fixed}


def _draw(picture: Path | None, preview: Preview) -> None:
    if picture is not None:
        try:
            picture.write_text(svg(preview), encoding="utf-8")
        except OSError as error:
            raise SetupError(f"{picture} cannot be written: {error.strerror}.", code="file_unwritable") from None


def _remark(out: Output, is_alone: bool) -> None:
    if is_alone:
        out.note("There is no ledger here: the partners that the file names are taken for known.")
