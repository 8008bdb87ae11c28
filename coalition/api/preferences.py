"""The `Prefer` header (RFC 7240): how long to wait for the outcome, and what to answer when it is not there yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from coalition.api.context import Ctx

__all__ = ["Prefer", "Preference", "Preferred", "preference_of", "preferred"]

WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Preference:
    """`asynchronous`: an outcome that is still open after `wait_seconds` is answered by 202."""

    asynchronous: bool
    wait_seconds: float


def preferred(header: str, wait_seconds_max: float) -> Preference:
    """Read a `Prefer` header. What it does not know, it ignores, as the standard wants it."""
    asynchronous, wait = False, None
    for part in header.split(","):
        preference = part.partition(";")[0].strip().lower()
        found = WAIT.fullmatch(preference)
        if preference == "respond-async":
            asynchronous = True
        elif found is not None and wait is None:
            wait = float(found[1])
    if wait is None:
        wait = 0.0 if asynchronous else wait_seconds_max
    return Preference(asynchronous, min(wait, wait_seconds_max))


def preference_of(request: Request, wait_seconds_max: float) -> Preference:
    """Read the `Prefer` headers of a request."""
    return preferred(",".join(request.headers.getlist("prefer")), wait_seconds_max)


Prefer = Annotated[
    str | None,
    Header(
        description="`respond-async`: answer 202 with a `Location` at once instead of waiting for the confirmed "
        "outcome. `wait=N`: wait N seconds at most. Without it the answer is the confirmed outcome.",
    ),
]


async def _preferred(request: Request, context: Ctx, prefer: Prefer = None) -> Preference:
    return preference_of(request, context.wait_seconds)


Preferred = Annotated[Preference, Depends(_preferred)]
