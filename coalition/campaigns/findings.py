"""What is wrong with a campaign's file: where, in which field, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from coalition.campaigns.messages import MESSAGES
from coalition.errors import InputError

__all__ = ["Finding", "Place", "Report", "require_none", "suggestion"]

SHOWN_MAX = 60


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file, counted from 1; line 0 is the file as a whole."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `field` is the path to the field, such as `terms.stages[2].award`; empty for the whole file."""

    file: str
    place: Place
    field: str
    code: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.place.line}:{self.place.column}" if self.place.line else self.file
        field = f" {self.field}:" if self.field else ""
        return f"{where}:{field} {self.problem} {self.remedy} ({self.code})"

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        place = {"file": self.file, "line": self.place.line, "column": self.place.column}
        return {**place, "field": self.field, "code": self.code, "problem": self.problem, "remedy": self.remedy}


class Report:
    """Collects what is wrong, so that all of it is told at once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._findings: list[Finding] = []

    def add(self, code: str, place: Place, field: str = "", *, file: str = "", **values: Any) -> None:
        """Tell what is wrong; `values` fill the message's gaps."""
        message = MESSAGES[code]
        shown = {name: _shown(value) for name, value in values.items()}
        problem, remedy = message.problem.format(**shown), message.remedy.format(**shown)
        self._findings.append(Finding(file or self.file, place, field, code, problem, remedy))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """In the order of the file."""
        return tuple(
            sorted(self._findings, key=lambda finding: (finding.file != self.file, finding.file, finding.place))
        )


def require_none(findings: Iterable[Finding]) -> None:
    """Raise `InputError` `campaign_invalid` with every finding, if there are any."""
    found = list(findings)
    if found:
        raise InputError(
            "\n".join(str(finding) for finding in found),
            code="campaign_invalid",
            findings=[finding.to_json() for finding in found],
        )


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return what to write instead, as a sentence."""
    names = list(known)
    plain = wrong.lower().replace("_", " ").replace("-", " ")
    close = difflib.get_close_matches(plain, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Known: {', '.join(f'`{name}`' for name in names)}." if names else "None is known."


def _shown(value: Any) -> str:
    text = str(value)
    printable = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
    return printable if len(printable) <= SHOWN_MAX or not isinstance(value, Written) else f"{printable[:SHOWN_MAX]}…"


class Written(str):
    """Text as it stands in the file: cut where it is shown."""

    __slots__ = ()
