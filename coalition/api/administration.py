"""Calls that administer are in the log before they take effect, and again with what came of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response

from coalition.access import Access
from coalition.access.admin_log import DONE
from coalition.errors import CoalitionError, InputError, StorageFull, Unavailable

__all__ = ["begin", "logged"]

ACTION_MAX = 200
logger = logging.getLogger("coalition.administration")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


async def begin(request: Request, access: Access) -> None:
    """Write down a call that may be done now, by the caller who is noted in its state.

    Raises:
        StorageFull, Unavailable: it was not written down, and is not done.
    """
    request.state.begun = await to_thread.run_sync(lambda: access.log.begin(*_what(request), _source(request)))


def logged(handle: Handler) -> Handler:
    """Write down what came of each call of a known caller: after its beginning, or alone if it was refused before that."""

    async def ended(request: Request) -> Response:
        outcome = "internal_error"
        try:
            response = await handle(request)
            outcome = DONE
            return response
        except CoalitionError as error:
            outcome = error.code
            raise
        except RequestValidationError:
            outcome = InputError.code
            raise
        finally:
            if hasattr(request.state, "caller"):
                await to_thread.run_sync(_end, request, outcome)

    return ended


def _end(request: Request, outcome: str) -> None:
    log = request.app.state.context.access.log
    begun = getattr(request.state, "begun", None)
    if begun is None:
        log.add(*_what(request), outcome, _source(request))
        return
    try:
        log.end(begun, outcome, getattr(request.state, "target", ""))
    except (StorageFull, Unavailable) as error:  # what was done is answered; that it began is written down
        logger.warning("the outcome of administrative call %d is not written down: %s", begun, error.code)


def _what(request: Request) -> tuple[str, int, str, str]:
    """The key's id, the partner, the route, and what it is about by its address."""
    caller = request.state.caller
    action = f"{request.method} {quote(request.url.path)}"[:ACTION_MAX]
    return caller.key_id, caller.partner, action, " ".join(map(str, request.path_params.values()))


def _source(request: Request) -> str:
    return request.state.caller.source or ""
