"""The command that replays real shopping, audits it and serves it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from coalition.bootstrap import OpenLedger, open_ledger
from coalition.cli.common import PORT, Output, command, progress_bar, serving_text
from coalition.settings import Settings

if TYPE_CHECKING:
    from coalition.demo.campaigns import CampaignResult

__all__ = ["COMMANDS"]

REACHED = {"levels": "levels passed", "quest": "partners visited"}
"""Kinds of which the members' progress is shown, and what it counts."""


@click.command()
@click.option("--days", type=click.IntRange(1), help="Days to load in this run (default: all that are left).")
@click.option("--no-serve", is_flag=True, help="End after the audit.")
@click.option("--reset", is_flag=True, help="Forget the demo's ledger, and end.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="Port of the API; a free one if it is taken.")
@command
def demo(settings: Settings, out: Output, days: int | None, no_serve: bool, reset: bool, host: str, port: int) -> None:
    """Replay a year of shopping (The Complete Journey) into a ledger, audit it, and serve it.

    Run again, it goes on where the ledger stands. With --json, the last line of the output is one JSON object.
    """
    from coalition.demo import campaigns, replay
    from coalition.demo.promotions import promotions

    if reset:
        known = settings.deployment_file.exists()
        replay.forget_demo_ledger(settings)
        told = f"The ledger in {settings.home} is forgotten." if known else f"There is no ledger in {settings.home}."
        out.data({"home": str(settings.home), "reset": known}, told)
        return
    replay.create_demo_ledger(settings)
    with open_ledger(settings, clock_follows=True, clock_step=replay.CLOCK_STEP) as ledger:
        replay.on_board(ledger)
        with progress_bar("purchases") as bar:
            task = bar.add_task("replay", total=None, rate="")
            operations, seconds = replay.replay(
                ledger, days or 366, lambda done, total: bar.update(task, completed=done, total=total)
            )
        summary = _summary(ledger, operations, seconds)
        _show_partners(out, ledger, summary)
        found = campaigns.results(ledger, promotions())
        summary |= _campaigns(found)
        _show_campaigns(out, ledger, summary, found)
        agrees = _independent_check(out, ledger)
        agrees = _awards_check(out, ledger, found) and agrees
        with progress_bar("steps") as bar:
            task = bar.add_task("audit", total=None, rate="")
            report = ledger.audit(lambda done, total: bar.update(task, completed=done, total=total))
        summary["independent_check"] = "match" if agrees else "mismatch"
        summary["audit"] = report.verdict
        out.note(report.to_text())
        if not no_serve:
            from coalition.bootstrap.serving import logged, serve

            with logged(settings) as log:
                serve(ledger, host, port, lambda url: _announce(out, ledger, url, port), log)
    out.data(summary, "\n".join(f"{name:<24}{_cell(value)}" for name, value in summary.items() if name != "campaigns"))
    if report.verdict != "match" or not agrees:
        sys.exit(1)


def _summary(ledger: OpenLedger, operations: int, seconds: float) -> dict[str, Any]:
    from coalition.demo.replay import DemoProgress

    progress = DemoProgress.read(ledger.settings)
    totals = ledger.queries.totals(ledger.now())
    return {
        "partners": len(ledger.service.partners.all()),
        "members": totals.members,
        "days": progress.days_done,
        "purchases": progress.purchases,
        "earns_accepted": totals.purchases,
        "redemptions_accepted": totals.redemptions,
        "rejected": progress.rejected(),
        "points_issued": totals.points_issued,
        "awards_points": totals.points_awarded,
        "points_redeemed": totals.points_redeemed,
        "points_expired": totals.points_expired,
        "points_outstanding": totals.points_outstanding,
        "operations_per_second": round(operations / seconds) if seconds else 0,
    }


def _show_partners(out: Output, ledger: OpenLedger, summary: dict[str, Any]) -> None:
    from coalition.demo.replay import DemoProgress

    if out.as_json:
        return
    rejected = DemoProgress.read(ledger.settings).rejected_by_partner
    names = {row.partner: row.name for row in ledger.service.partners.all()}
    codes = sorted({code for counts in rejected.values() for code in counts})
    rows = []
    for row in ledger.queries.partner_totals():
        name = names[row.partner]
        points = (row.points_issued, row.points_redeemed, row.points_outstanding)
        rows.append(
            (name, row.members, row.purchases, *points, *(rejected.get(name, {}).get(code, 0) for code in codes))
        )
    columns = ("partner", "members", "purchases", "issued", "redeemed", "outstanding", *(f"✗ {code}" for code in codes))
    out.table(None, f"After {summary['days']} days (✗ rejected, by code)", columns, rows)


def _campaigns(found: Sequence[CampaignResult]) -> dict[str, Any]:
    return {
        "campaigns": {
            one.promotion.key: {
                "campaign": one.campaign,
                "status": one.status,
                "members": one.members,
                "awards": one.awards,
                "points": one.points,
                "budget_points": one.promotion.budget_points,
            }
            for one in found
        },
    }


def _show_campaigns(out: Output, ledger: OpenLedger, summary: dict[str, Any], found: Sequence[CampaignResult]) -> None:
    from coalition.demo import campaigns

    if out.as_json:
        return
    rows = []
    for one in found:
        aimed = len(one.promotion.members) if one.promotion.members is not None else "all"
        budget = one.promotion.budget_points
        used = f"{100 * one.points / budget:.1f} %"
        rows.append((one.promotion.name, one.status, aimed, one.members, one.awards, one.points, budget, used))
    columns = ("campaign", "status", "aimed at", "members", "awards", "points", "budget", "used")
    out.table(None, f"Campaigns after {summary['days']} days (members: who got an award)", columns, rows)
    for one in found:
        reached = REACHED.get(one.promotion.kind)
        if reached is not None:
            counts = sorted(campaigns.progress_counts(ledger, one.campaign, one.promotion.kind).items())
            out.table(None, f"{one.promotion.name}: progress", (reached, "members"), counts)


def _awards_check(out: Output, ledger: OpenLedger, found: Sequence[CampaignResult]) -> bool:
    """Compare what campaigns paid each member with what other code makes of the data."""
    from coalition.demo import campaigns
    from coalition.demo.replay import DemoProgress

    days = DemoProgress.read(ledger.settings).days_done
    agrees, count, points = campaigns.agrees_with_data(ledger, found, days)
    out.note(
        f"Independent computation of awards: {points:,} points in {count} campaigns, member by member: "
        f"{'equal' if agrees else 'DIFFERENT'}."
    )
    return agrees


def _independent_check(out: Output, ledger: OpenLedger) -> bool:
    """Compare issued points with those computed straight from the data by other code."""
    from coalition.demo import independent, journey
    from coalition.demo.replay import DemoProgress

    days = DemoProgress.read(ledger.settings).days_done
    names = {row.partner: row.name for row in ledger.service.partners.all()}
    by_partner = {names[partner]: points for partner, points in ledger.queries.issued_by_partner().items()}
    by_member = ledger.queries.issued_by_member()
    expected_partner = independent.points_by_partner(days, journey.PARTNERS)
    expected_member = {
        ledger.custody.account(member): points
        for member, points in independent.points_by_member(days, journey.PARTNERS).items()
    }
    agrees = _positive(by_partner) == _positive(expected_partner) and _positive(by_member) == _positive(expected_member)
    out.note(
        f"Independent computation from the Parquet files: {sum(expected_partner.values()):,} points at "
        f"{len(expected_partner)} partners, for {len(expected_member):,} members: {'equal' if agrees else 'DIFFERENT'}."
    )
    return agrees


def _positive(points: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in points.items() if count}


def _announce(out: Output, ledger: OpenLedger, url: str, port: int) -> None:
    partner = ledger.service.partners.all()[0]
    issued = ledger.access.credentials.issue(partner.partner, "demo")
    out.note(serving_text(url, port))
    out.note(f"try: curl -H 'Authorization: Bearer {issued}' {url}/v1/partner/totals   (a key of {partner.name})")


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{code} {count:,}" for code, count in sorted(value.items())) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


COMMANDS = (demo,)
