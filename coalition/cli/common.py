"""What all commands share: the ledger's folder, output as text or JSON, errors and the exit status."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import orjson
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from coalition.errors import CoalitionError, InputError
from coalition.service.files import parse_time
from coalition.settings import Settings

__all__ = ["PORT", "Output", "command", "error_console", "progress_bar", "serving_text", "time_of", "time_text"]

error_console = Console(stderr=True)
WIDTH = 140
PORT = click.IntRange(0, (1 << 16) - 1)


class Output:
    """Prints results for people, or as one JSON object a line with `--json`."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._console = Console(width=None if sys.stdout.isatty() else WIDTH)

    def data(self, value: Any, text: str | None = None) -> None:
        """Print a result: `value` as one line of JSON, or `text` (by default name and value of each field)."""
        if self.as_json:
            click.echo(orjson.dumps(value).decode())
        elif text is not None:
            self._console.print(text, highlight=False, markup=False)
        else:
            width = max((len(name) for name in value), default=0)
            for name, field in value.items():
                self._console.print(f"{name:<{width}}  {field}", highlight=False, markup=False)

    def table(self, value: Any, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print a table; with `--json`, `value`."""
        if self.as_json:
            self.data(value)
            return
        self._console.print(title, style="table.title", highlight=False, markup=False)
        table = Table()
        for number, column in enumerate(columns):
            table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
        for row in rows:
            table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
        self._console.print(table)

    def rich(self, value: Any, text: RenderableType) -> None:
        """Print something made for people; with `--json`, `value`."""
        if self.as_json:
            self.data(value)
        else:
            self._console.print(text)

    def note(self, text: str) -> None:
        """Print a remark for people, never into the JSON."""
        error_console.print(text, highlight=False, markup=False, soft_wrap=True)


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--home` and `--json`, and turn expected errors into a sentence and exit status 1.

    The command gets `settings` and `out` as its first two arguments.
    """

    @click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the ledger (default: $COALITION_HOME, or var).",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @functools.wraps(function)
    def wrapped(home: Path | None, as_json: bool, **options: Any) -> None:
        out = Output(as_json)
        try:
            function(Settings.from_environment(home), out, **options)
        except CoalitionError as error:
            report(error, as_json)
            sys.exit(1)

    return wrapped


def report(error: CoalitionError, as_json: bool) -> None:
    """Print an expected error: a sentence to standard error, with `--json` also an object to standard output."""
    if as_json:
        content = {"code": error.code, "message": error.message, **error.details}
        click.echo(orjson.dumps({"error": content}, default=str, option=orjson.OPT_NON_STR_KEYS).decode())
    error_console.print(f"error: {error.message} ({error.code})", highlight=False, markup=False, soft_wrap=True)


def progress_bar(unit: str) -> Progress:
    """Return a progress bar on standard error that counts `unit`."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit + " {task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=error_console,
    )


def serving_text(url: str, port: int) -> str:
    """Return the line that says where the API is; `port` is the one that was asked for, 0 for any."""
    taken = "" if port in (0, urlsplit(url).port) else f"   (port {port} is taken)"
    return f"API: {url}/v1   documents: {url}/docs   stop: Ctrl-C{taken}"


def time_of(option: str, text: str | None) -> int | None:
    """Return the Unix time in seconds of an option's text; None if it was not given.

    Raises:
        InputError: it is no time.
    """
    try:
        return parse_time(text)
    except (ValueError, OverflowError, OSError):
        raise InputError(f"{option} is a time such as 2026-11-21T14:30:00Z.") from None


def time_text(unix: int) -> str:
    """Return a Unix time in seconds as RFC 3339 text in UTC."""
    return datetime.fromtimestamp(unix, UTC).isoformat().replace("+00:00", "Z")
