"""Where the service is, and the API key, which is sent and never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Generator

import httpx

__all__ = ["ApiKey", "address_of"]

URL_VARIABLE = "COALITION_URL"
KEY_VARIABLE = "COALITION_API_KEY"
VISIBLE = re.compile(r"[!-~]+")


class ApiKey(httpx.Auth):
    """Puts the key into each request."""

    def __init__(self, key: str | None) -> None:
        """Take the key, or `COALITION_API_KEY`.

        Raises:
            ValueError: there is none, or it holds what no key holds; the sentence does not show it.
        """
        found = key or os.environ.get(KEY_VARIABLE)
        if not found:
            raise ValueError(f"Give api_key, or set {KEY_VARIABLE}.")
        if not VISIBLE.fullmatch(found):
            # Checked here, since an error from further down would show the header.
            raise ValueError("The API key holds a space, a line break or another character that no key has.")
        self._header = f"Bearer {found}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """As in the base class."""
        request.headers["Authorization"] = self._header
        yield request

    def __repr__(self) -> str:
        return "ApiKey(not shown)"


def address_of(url: str | None) -> httpx.URL:
    """Return where the service is: `url`, or `COALITION_URL`.

    Raises:
        ValueError: there is none, or it is not an http or https address of a host.
    """
    found = url or os.environ.get(URL_VARIABLE)
    if not found:
        raise ValueError(f"Give url, or set {URL_VARIABLE}.")
    address = httpx.URL(found)
    if address.scheme not in ("http", "https") or not address.host:
        raise ValueError("The url is http:// or https:// and a host.")
    return address
