"""One request, complete before the first attempt, so that each attempt sends the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Generic, TypeVar
from urllib.parse import quote

__all__ = ["Effect", "Request", "body_of", "get", "line_of", "post", "segment", "time_text"]

KINDS = frozenset({"earn", "redeem", "hold", "capture", "release", "reverse", "refund"})

T = TypeVar("T")


class Effect(Enum):
    """What a request does, and so when it may be sent again."""

    NOTHING = "it only asks: any number of times"
    RECEIPT = "it counts once for its receipt: any number of times"
    KEY = "it counts once for its idempotency key: any number of times"
    CHANGE = "it changes something each time: only if it surely did not arrive"


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """What is sent, and the type of what comes back. A `patient` request is repeated until the deadline."""

    method: str
    path: str
    answer: type[T]
    query: Mapping[str, str | int] | None = None
    content: bytes | None = None
    effect: Effect = Effect.NOTHING
    receipt: str | None = None
    patient: bool = True
    idempotency_key: str | None = None


def get(path: str, answer: type[T], query: Mapping[str, str | int | None] | None = None) -> Request[T]:
    """Return a request that asks; parameters that are `None` are left out."""
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return Request("GET", path, answer, given or None)


def post(path: str, answer: type[T], effect: Effect, body: Mapping[str, Any] | None = None) -> Request[T]:
    """Return a request with a body, if it has one."""
    receipt = body.get("receipt") if body and effect is Effect.RECEIPT else None
    return Request("POST", path, answer, None, None if body is None else body_of(body), effect, receipt)


def body_of(members: Mapping[str, Any]) -> bytes:
    """Return a JSON text without the members that are `None`; times as RFC 3339, signatures as hexadecimal digits."""
    given = {name: value for name, value in members.items() if value is not None}
    return json.dumps(given, allow_nan=False, default=_plain).encode()


def line_of(operation: Request[Any]) -> bytes:
    """Return what posts an operation, with its kind: a line of many, or what a preview asks about.

    Raises:
        ValueError: it is another request.
    """
    kind = operation.path.rpartition("/")[2]
    if kind not in KINDS or operation.method != "POST" or operation.content is None:
        raise ValueError(f"{operation.method} {operation.path} is not an operation of a ledger")
    return b'{"kind": "' + kind.encode() + b'", ' + operation.content[1:]


def segment(name: str) -> str:
    """Return a receipt or an account as one part of a path. `.` and `..` are encoded too: others would resolve them."""
    return name.replace(".", "%2E") if name in (".", "..") else quote(name, safe="")


def time_text(time: datetime) -> str:
    """Return a time as RFC 3339 in UTC, whole seconds.

    Raises:
        ValueError: it has no offset from UTC, and could mean any place's time.
    """
    if time.utcoffset() is None:
        raise ValueError(f"{time!r} has no time zone: give an aware datetime, such as datetime.now(UTC)")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    raise TypeError(f"{type(value).__name__} has no place in a request")
