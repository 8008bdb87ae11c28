"""`Idempotency-Key`: the request that a partner's key stands for (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import hashlib
import json
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, Any

from fastapi import Header
from fastapi.concurrency import contextmanager_in_threadpool
from pydantic import BaseModel

from coalition.api.context import Context
from coalition.errors import InputError

__all__ = ["REPLAYED", "REPLAYED_HEADER", "IdempotencyKey", "check_key", "held"]

KEY_LENGTH_MAX = 255
REPLAYED = {"Idempotent-Replayed": "true"}
REPLAYED_HEADER: dict[str, Any] = {
    "Idempotent-Replayed": {
        "description": "`true` if this is the first answer, given again.",
        "schema": {"type": "string"},
    }
}
IdempotencyKey = Annotated[
    str | None,
    Header(
        json_schema_extra={"maxLength": KEY_LENGTH_MAX},
        description="By it a repetition is known; operations need none, since their receipt makes a repetition harmless. For a "
        "day the key stands for one request of the partner: another one under it is 422 `idempotency_key_reused`, and the same "
        "one while it is being answered 409 `idempotency_key_in_use`.",
    ),
]


def check_key(text: str) -> None:
    """Refuse what is no key.

    Raises:
        InputError: `idempotency_key_invalid`.
    """
    if not (text.isascii() and text.isprintable() and len(text) <= KEY_LENGTH_MAX):
        raise InputError(
            f"An Idempotency-Key is printable ASCII, {KEY_LENGTH_MAX} characters at most.",
            code="idempotency_key_invalid",
        )
    if not text.strip('" '):
        raise InputError("The Idempotency-Key is empty.", code="idempotency_key_invalid")


def held(
    context: Context, partner: int, key: str | None, path: str, body: BaseModel
) -> AbstractAsyncContextManager[None]:
    """Have the key, if there is one, stand for this request, and be in use until the block ends.

    Raises:
        InputError: as `check_key` and `IdempotencyKeys.held`.
    """
    if key is None:
        return nullcontext()
    check_key(key)
    content = json.dumps([path, body.model_dump()], default=bytes.hex).encode()
    return contextmanager_in_threadpool(context.idempotency.held(partner, key, hashlib.sha256(content).digest()))
