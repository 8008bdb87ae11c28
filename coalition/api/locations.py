"""Addresses in answers, safe for any receipt."""

from __future__ import annotations

from urllib.parse import quote, urlencode

__all__ = ["batch_location", "gaps_location", "history_location", "operation_location"]


def batch_location(root: str, transaction: str) -> str:
    """Return the path of what became of a signed batch."""
    return f"{root}/v1/batches/{transaction}"


def operation_location(root: str, receipt: str) -> str:
    """Return the path of what became of a receipt: slashes are encoded, as are `.` and `..`, which clients resolve."""
    name = quote(receipt, safe="", errors="replace")
    if receipt in (".", ".."):
        name = name.replace(".", "%2E")
    return f"{root}/v1/operations/{name}"


def gaps_location(root: str, till: int, start: int, limit: int) -> str:
    """Return the path of a page of a till's gaps."""
    return f"{root}/v1/tills/{till}/gaps?{urlencode({'start': start, 'limit': limit})}"


def history_location(root: str, parameters: dict[str, str | int | None]) -> str:
    """Return the path of a page of the history."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{root}/v1/operations?{urlencode(given)}"
