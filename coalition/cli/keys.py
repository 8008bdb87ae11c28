"""Commands about the API keys with which partners call over HTTP."""

from __future__ import annotations

import re
from typing import Any

import click

from coalition.access import Credential
from coalition.access.limiting import SERVICE
from coalition.access.scopes import ALL_SCOPES, TILL_SCOPES, scopes_of, text_of
from coalition.access.secret_text import id_of
from coalition.access.sources import networks_of
from coalition.bootstrap import open_access, open_ledger
from coalition.cli.administrative import administrative, note_target
from coalition.cli.common import Output, command, time_text
from coalition.errors import InputError
from coalition.settings import Settings

__all__ = ["COMMANDS"]

CHANGEABLE = ("key_id", "scopes", "sources", "rate_limit")
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@click.group("api-key")
def api_key() -> None:
    """Issue, rotate, revoke and list the keys with which partners call the API."""


@api_key.command()
@click.argument("partner")
@click.option("--label", default="key", show_default=True, help="What the key is for.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(text_of(ALL_SCOPES).split()),
    multiple=True,
    default=text_of(TILL_SCOPES).split(),
    show_default=True,
    help="What it may do; may be given several times.",
)
@click.option("--source", "sources", multiple=True, help="Network from which it may be used; default: anywhere.")
@click.option("--rate-limit", help="Calls a time, as in 600/minute, or unlimited; default: that of the service.")
@command
@administrative(partner="partner")
def issue(
    settings: Settings,
    out: Output,
    partner: str,
    label: str,
    scopes: tuple[str, ...],
    sources: tuple[str, ...],
    rate_limit: str | None,
) -> None:
    """Issue a key. It is shown this once; only its hash is kept."""
    with open_ledger(settings) as ledger:
        row = ledger.service.partners.find(partner)
        issued = ledger.access.credentials.issue(
            row.partner, label, scopes_of(scopes), sources=networks_of(sources), rate_limit=rate_limit
        )
    note_target(id_of(issued))
    value = {"partner": row.partner, "name": row.name, "key_id": id_of(issued), "scopes": text_of(scopes_of(scopes))}
    out.data(value | {"api_key": issued})


@api_key.command()
@click.argument("key_id")
@click.option(
    "--scope", "scopes", type=click.Choice(text_of(ALL_SCOPES).split()), multiple=True, help="What it may do."
)
@click.option("--source", "sources", multiple=True, help="Network from which it may be used.")
@click.option("--anywhere", is_flag=True, help="Let it be used from anywhere.")
@click.option("--rate-limit", help=f"Calls a time, as in 600/minute, unlimited, or {SERVICE}: that of the service.")
@command
@administrative("key_id", key="key_id")
def change(
    settings: Settings,
    out: Output,
    key_id: str,
    scopes: tuple[str, ...],
    sources: tuple[str, ...],
    anywhere: bool,
    rate_limit: str | None,
) -> None:
    """Change what a key may do, from where, or how often. What is not named stays as it is, and so does its secret."""
    if anywhere and sources:
        raise InputError("--anywhere and --source exclude each other.", code="source_invalid")
    with open_access(settings) as access:
        found = access.credentials.change(
            key_id,
            scopes=scopes_of(scopes) if scopes else None,
            sources=networks_of(sources) if sources or anywhere else None,
            rate_limit=rate_limit,
        )
    out.data({name: _cell(value) for name, value in key_value(found).items() if name in CHANGEABLE})


@api_key.command()
@click.argument("key_id")
@click.option(
    "--overlap", default="24h", show_default=True, help="How long the secret before counts: 90s, 30m, 24h, 7d."
)
@command
@administrative("key_id", key="key_id")
def rotate(settings: Settings, out: Output, key_id: str, overlap: str) -> None:
    """Give a key another secret, which is shown this once; the one before counts until the overlap's end."""
    seconds = _seconds(overlap)
    with open_access(settings) as access:
        rotated = access.credentials.rotate(key_id, seconds)
        found = access.credentials.find(key_id)
    assert found is not None and found.previous_until is not None
    out.data({"key_id": key_id, "previous_until": time_text(found.previous_until), "api_key": rotated})


@api_key.command()
@click.argument("key_id")
@command
@administrative("key_id", key="key_id")
def revoke(settings: Settings, out: Output, key_id: str) -> None:
    """Revoke a key by its id, the part after `ck_`, and its tokens with it."""
    with open_access(settings) as access:
        access.credentials.revoke(key_id)
    out.data({"key_id": key_id, "revoked": True})


@api_key.command("list")
@click.argument("partner", required=False)
@command
def list_(settings: Settings, out: Output, partner: str | None) -> None:
    """List keys with what they may do, from where, and when they were last used; of one partner, or all."""
    with open_ledger(settings) as ledger:
        number = None if partner is None else ledger.service.partners.find(partner).partner
        names = {row.partner: row.name for row in ledger.service.partners.all()}
        found = ledger.access.credentials.all(number)
    values = [{"name": names.get(one.partner, "")} | key_value(one) for one in found]
    columns = ("key_id", "name", "label", "scopes", "sources", "rate_limit", "last_used", "previous_until", "status")
    rows = [[_cell(value[column]) for column in columns] for value in values]
    out.table({"keys": values}, "API keys", [column.replace("_", " ") for column in columns], rows)


def key_value(one: Credential) -> dict[str, Any]:
    """Return a key as JSON for people; it has no secret."""
    return {
        "key_id": one.id,
        "partner": one.partner,
        "label": one.label,
        "scopes": text_of(one.scopes).split(),
        "sources": list(map(str, one.sources)),
        "rate_limit": one.rate_limit,
        "created": time_text(one.created_at),
        "last_used": None if one.last_used_at is None else time_text(one.last_used_at),
        "previous_until": None if one.previous_until is None else time_text(one.previous_until),
        "status": "active" if one.revoked_at is None else "revoked",
    }


def _cell(value: Any) -> str:
    return (" ".join(value) if isinstance(value, list) else value) or "–"


def _seconds(text: str) -> int:
    shape = re.fullmatch(r"(\d{1,9})([smhd])", text, re.ASCII)
    if shape is None:
        raise InputError("--overlap is a time such as 90s, 30m, 24h or 7d.", code="overlap_invalid")
    return int(shape[1]) * UNITS[shape[2]]


COMMANDS = (api_key,)
