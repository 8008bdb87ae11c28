"""Commands about where the events of partners go."""

from __future__ import annotations

from typing import Any

import click

from coalition.bootstrap import OpenLedger, open_ledger
from coalition.cli.administrative import administrative, note_target
from coalition.cli.common import Output, command, time_of, time_text
from coalition.service.events import EVENT_TYPES
from coalition.service.webhooks import WebhookShown
from coalition.settings import Settings

__all__ = ["COMMANDS"]

HOUR = 3_600


@click.group()
def webhook() -> None:
    """Say where the events of a partner go, and see how that stands."""


@webhook.command()
@click.argument("partner")
@click.argument("url")
@click.option("--type", "types", multiple=True, type=click.Choice(EVENT_TYPES), help="Only these (default: all).")
@command
@administrative(partner="partner")
def add(settings: Settings, out: Output, partner: str, url: str, types: tuple[str, ...]) -> None:
    """Send a partner's events to an address from now on. The secret is shown this once."""
    with open_ledger(settings) as ledger:
        shown = ledger.webhooks.add(_number(ledger, partner), url, types)
        note_target(shown.row.id)  # an address may hold a secret of its receiver
        out.data(_value(shown))


@webhook.command("list")
@click.argument("partner")
@command
def list_(settings: Settings, out: Output, partner: str) -> None:
    """Show a partner's webhooks."""
    with open_ledger(settings) as ledger:
        values = [_value(one) for one in ledger.webhooks.of(_number(ledger, partner))]
    columns = ("webhook", "url", "status", "waiting", "dead_letters")
    out.table(values, "Webhooks", columns, ([value[name] for name in columns] for value in values))


@webhook.command()
@click.argument("partner")
@click.argument("webhook_id")
@command
@administrative("webhook_id", partner="partner")
def remove(settings: Settings, out: Output, partner: str, webhook_id: str) -> None:
    """Send nothing more, and forget a webhook."""
    with open_ledger(settings) as ledger:
        ledger.webhooks.remove(_number(ledger, partner), webhook_id)
    out.data({"webhook": webhook_id, "removed": True})


@webhook.command()
@click.argument("partner")
@click.argument("webhook_id")
@click.option(
    "--overlap-hours", type=click.IntRange(0, 168), default=24, show_default=True, help="The old secret signs, too."
)
@command
@administrative("webhook_id", partner="partner")
def rotate(settings: Settings, out: Output, partner: str, webhook_id: str, overlap_hours: int) -> None:
    """Sign with a new secret, which is shown this once."""
    with open_ledger(settings) as ledger:
        out.data(_value(ledger.webhooks.rotate(_number(ledger, partner), webhook_id, overlap_hours * HOUR)))


@webhook.command()
@click.argument("partner")
@click.argument("webhook_id")
@click.option("--after", help="The id of an event, or `start` (default: where it stopped).")
@click.option("--since", help="Or a time, such as 2026-11-21T14:30:00Z.")
@command
@administrative("webhook_id", partner="partner")
def replay(
    settings: Settings, out: Output, partner: str, webhook_id: str, after: str | None, since: str | None
) -> None:
    """Send events again, under the ids that they had; a webhook that was disabled is active again."""
    with open_ledger(settings) as ledger:
        number, at = _number(ledger, partner), time_of("--since", since)
        out.data(_value(ledger.webhooks.replay(number, webhook_id, after, at)))


@webhook.command("dead-letters")
@click.argument("partner")
@click.argument("webhook_id")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="The first so many.")
@click.option("--redrive", is_flag=True, help="Try them again, and what waits.")
@command
@administrative("webhook_id", partner="partner")
def dead_letters(settings: Settings, out: Output, partner: str, webhook_id: str, limit: int, redrive: bool) -> None:
    """Show events that were given up."""
    with open_ledger(settings) as ledger:
        number = _number(ledger, partner)
        found = ledger.webhooks.dead_letters(number, webhook_id, None, limit)
        if redrive:
            ledger.webhooks.redrive(number, webhook_id)
    values = [
        {"event_id": one.event_id, "type": one.type, "attempts": one.attempts, "reason": one.reason} for one in found
    ]
    out.table(values, "Dead letters", ("event", "type", "attempts", "reason"), (list(one.values()) for one in values))


def _number(ledger: OpenLedger, partner: str) -> int:
    return ledger.service.partners.find(partner).partner


def _value(found: WebhookShown) -> dict[str, Any]:
    row = found.row
    value: dict[str, Any] = {
        "webhook": row.id,
        "partner": row.partner,
        "url": row.url,
        "types": " ".join(row.types) or "all",
        "status": "active" if row.disabled is None else f"disabled ({row.disabled})",
        "created_at": time_text(row.created_at),
        "checkpoint": row.checkpoint.event_id,
        "waiting": found.standing.waiting,
        "dead_letters": found.standing.dead,
    }
    return value if found.secret is None else value | {"secret": found.secret}


COMMANDS = (webhook,)
