"""Request bodies, read strictly: bounded, UTF-8, JSON without ambiguity.

Strict where RFC 8259 leaves things open: a name that comes twice is refused, since parsers differ on which one counts and
an amount must not have two readings; NaN and Infinity are no JSON.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections import Counter
from typing import Any, NoReturn

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from coalition.api.administration import Handler, logged
from coalition.api.errors import unexpected, with_quota
from coalition.api.scopes import is_logged
from coalition.errors import CoalitionError, InputError

__all__ = ["BODY_BYTES_MAX", "DirectRoute", "Handler", "StrictRoute", "parse"]

BODY_BYTES_MAX = 64 * 1024
DEPTH_MAX = 32
BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)  # an open string reaches to the end: no second look


class StrictRoute(APIRoute):
    """A route that looks at a body before anybody else does, and lets no unexpected error out."""

    body_bytes_max = BODY_BYTES_MAX

    def handler(self) -> Handler:
        """Return what answers a request whose body was read."""
        return super().get_route_handler()

    def get_route_handler(self) -> Handler:
        """As in the base class."""
        handle = self.handler()
        if is_logged(self.name, self.methods or set()):
            handle = logged(handle)

        async def strictly(request: Request) -> Response:
            try:
                if self.body_field is not None:
                    body = await _read(request, self.body_bytes_max)
                    request = _ReadRequest(request, body, parse(body))
                return with_quota(request, await handle(request))
            except (CoalitionError, RequestValidationError, HTTPException):
                raise
            except ClientDisconnect:
                return Response(status_code=400)  # which nobody reads
            except Exception as error:
                return with_quota(request, unexpected(error))

        return strictly


class DirectRoute(StrictRoute, ABC):
    """A route whose handler wants two things, who calls and the body, and gets them without FastAPI's search for dependencies,
    which would cost more than all else that a lone purchase does.

    The OpenAPI document is still made of the handler's signature; a test holds the answers against those that FastAPI makes of it.
    """

    @abstractmethod
    async def called(self, request: Request) -> Any:
        """Return the first argument of the handler, or raise as a dependency would."""

    def handler(self) -> Handler:
        """As in the base class."""
        assert self.body_field is not None
        read, answer = self.body_field.validate, self.endpoint

        async def handle(request: Request) -> Response:
            call = await self.called(request)
            body, wrong = read(await request.json(), {}, loc=("body",))
            if wrong:
                raise RequestValidationError(wrong)
            response: Response = await answer(call, body)
            return response

        return handle


class _ReadRequest(Request):
    """A request whose body was read and parsed: nobody does it again."""

    def __init__(self, request: Request, body: bytes, parsed: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._bytes = body
        self._parsed = parsed

    async def body(self) -> bytes:
        """As in the base class."""
        return self._bytes

    async def json(self) -> Any:
        """As in the base class."""
        return self._parsed


def parse(body: bytes) -> Any:
    """Return what a JSON text says.

    Raises:
        InputError: `body_malformed`.
    """
    try:
        text = body.decode()
        _check_depth(text)
        return json.loads(text, object_pairs_hook=_unambiguous, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise InputError("The body is not valid UTF-8.", code="body_malformed") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"The body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno}).",
            code="body_malformed",
        ) from None
    except ValueError:
        raise InputError("The body holds a number of too many digits.", code="body_malformed") from None


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return
    depth = 0
    for bracket in BRACKETS.findall(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket, 0)
        if depth > DEPTH_MAX:
            raise InputError(f"The body is nested more than {DEPTH_MAX} deep.", code="body_malformed")


async def _read(request: Request, most: int) -> bytes:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise InputError("Send the body as Content-Type: application/json.", code="content_type_unsupported")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        _too_large(most)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            _too_large(most)
    return bytes(body)


def _too_large(most: int) -> NoReturn:
    raise InputError(f"A body has {most} bytes at most.", code="body_too_large", body_bytes_max=most)


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise InputError(f"The body gives {twice[:80]!r} twice in one object.", code="body_malformed")
    return found


def _no_number(name: str) -> NoReturn:
    raise InputError(f"{name} is not a JSON number.", code="body_malformed")
