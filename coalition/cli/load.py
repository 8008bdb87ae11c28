"""The command that loads a file of purchases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from coalition.bootstrap import open_ledger
from coalition.cli.common import Output, command, progress_bar
from coalition.errors import InputError
from coalition.service.files import COLUMNS, PurchaseFile
from coalition.service.load import refused_path
from coalition.settings import Settings

__all__ = ["COMMANDS", "columns_of", "map_option"]


def map_option(function: Any) -> Any:
    """Add the option `--map`, which gives names of columns by ours."""
    return click.option(
        "--map",
        "mapping",
        multiple=True,
        metavar="COLUMN=NAME",
        help=f"Name in the file of one of our columns ({', '.join(COLUMNS)}). May be given several times.",
    )(function)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@map_option
@click.option(
    "--enrol/--no-enrol", default=True, help="Make members of accounts that are nobody's yet (default), or refuse."
)
@click.option("--follow-clock", is_flag=True, help="Let a development chain's clock follow occurred_at.")
@command
def load(
    settings: Settings, out: Output, file: Path, mapping: tuple[str, ...], enrol: bool, follow_clock: bool
) -> None:
    """Load purchases from a CSV or Parquet file.

    Each purchase counts once, however often the file is loaded. Refused rows are written, with line, code and reason, to
    FILE.refused.csv. The exit status is 0 if the file was read to its end.
    """
    purchases = PurchaseFile(file, columns_of(mapping))
    with open_ledger(settings, clock_follows=follow_clock) as ledger, progress_bar("rows") as bar:
        task = bar.add_task(file.name, total=purchases.rows_total, rate="")
        loader = ledger.loader(enrol=enrol)
        report = loader.load(
            purchases.chunks(), refused_path(file), lambda rows: bar.update(task, completed=rows, rate="")
        )
        bar.update(task, completed=report.rows, total=report.rows)
    value: dict[str, Any] = {
        "rows": report.rows,
        "accepted": report.accepted,
        "replayed": report.replayed,
        "refused": report.refused,
        "points_issued": report.points_issued,
        "points_awarded": report.points_awarded,
        "refused_by_code": dict(report.refused_by_code),
    }
    text = "\n".join(
        f"{name:<14}{report_value:>12,}" for name, report_value in value.items() if isinstance(report_value, int)
    )
    out.data(value, text)
    if report.refused:
        out.note(f"Refused rows, with line and reason: {refused_path(file)}")


def columns_of(mapping: tuple[str, ...]) -> dict[str, str]:
    """Return the names that `--map` gives.

    Raises:
        InputError: `map_invalid`.
    """
    columns = {}
    for one in mapping:
        column, separator, name = one.partition("=")
        if not separator or column not in COLUMNS or not name:
            raise InputError(
                f"--map {one}: write one of our columns, =, and its name in the file, as in --map member=customer_id. "
                f"Our columns: {', '.join(COLUMNS)}.",
                code="map_invalid",
            )
        columns[column] = name
    return columns


COMMANDS = (load,)
