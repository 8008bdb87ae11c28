"""A partner's operations as a file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from coalition.bootstrap import open_ledger
from coalition.cli.common import Output, command, time_of
from coalition.errors import InputError, SetupError
from coalition.service.exports import FORMATS, Chosen, export
from coalition.settings import Settings

__all__ = ["COMMANDS"]


@click.command(name="export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--partner", required=True, help="Whose operations.")
@click.option("--format", "form", type=click.Choice(sorted(FORMATS)), help="Default: by the end of the file's name.")
@click.option("--member", help="Only operations of this member.")
@click.option("--since", help="Only what was decided then or later, such as 2026-03-01T00:00:00Z.")
@click.option("--until", help="Only what was decided before that time.")
@command
def export_(
    settings: Settings,
    out: Output,
    file: Path,
    partner: str,
    form: str | None,
    member: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Write a partner's operations, oldest first, to a CSV or Parquet file."""
    form = form or _form_of(file)
    bounds = time_of("--since", since), time_of("--until", until)
    with open_ledger(settings) as ledger:
        number = ledger.service.partners.find(partner).partner
        account = ledger.custody.account(member) if member else None
        pieces = export(ledger.service, number, Chosen(account, None, None, *bounds), form)
        fresh = file.with_name(f".{file.name}.part")
        try:
            with fresh.open("wb") as target:
                for piece in pieces:
                    target.write(piece)
            os.replace(fresh, file)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise SetupError(f"{file} cannot be written: {error.strerror}.", code="file_unwritable") from None
    size = file.stat().st_size
    out.data({"file": str(file), "format": form, "bytes": size}, f"{file}: {size:,} bytes of {form}")


def _form_of(file: Path) -> str:
    if file.suffix in (".parquet", ".pq"):
        return "parquet"
    if file.suffix in (".csv", ".txt", ""):
        return "csv"
    raise InputError(
        f"{file.name} says neither CSV nor Parquet. Name it .csv or .parquet, or choose with --format.",
        code="format_unsupported",
    )


COMMANDS = (export_,)
