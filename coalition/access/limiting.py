"""How often a key may call: fixed windows, counted in this process.

The window of a key begins with its first call, and what is left is told as in draft-ietf-httpapi-ratelimit-headers-06.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from coalition.access.records import Credential
from coalition.errors import InputError, Unavailable

__all__ = ["SERVICE", "UNLIMITED", "Quota", "RateLimits", "checked_limit"]

UNLIMITED = "unlimited"
SERVICE = "service"
"""In place of a limit: that of the service."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left to a key in this window."""

    limit: int
    window_seconds: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """Return the header fields that tell it."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
            "RateLimit-Policy": f"{self.limit};w={self.window_seconds}",
        }


class RateLimits:
    """Counts calls. `default` is for keys without a limit of their own; `clock` tells Unix seconds."""

    def __init__(self, default: str | None = None, clock: Callable[[], float] = time.time) -> None:
        """Raises `InputError` (`rate_limit_invalid`) if `default` is no limit."""
        self._default = checked_limit(default) or UNLIMITED
        self._clock = clock
        self._windows = _Windows(clock)
        self._limiter = FixedWindowRateLimiter(self._windows)

    def quota_of(self, credential: Credential) -> Quota | None:
        """Return what is left to a key; None if it has no limit."""
        item = self._limit_of(credential)
        if item is None:
            return None
        reset_at, remaining = self._limiter.get_window_stats(item, credential.id)
        return Quota(item.amount, item.get_expiry(), remaining, max(1, math.ceil(reset_at - self._clock())))

    def take(self, credential: Credential) -> None:
        """Count one call.

        Raises:
            Unavailable: `rate_limited`, with the seconds until the window ends as `retry_after_seconds`.
        """
        item = self._limit_of(credential)
        if item is None or self._limiter.hit(item, credential.id):
            return
        wait = max(1, math.ceil(self._windows.get_expiry(item.key_for(credential.id)) - self._clock()))
        raise Unavailable(
            f"This API key may make {item.amount} calls in {item.get_expiry()} s. Go on in {wait} s.",
            code="rate_limited",
            retry_after_seconds=wait,
        )

    def _limit_of(self, credential: Credential) -> RateLimitItem | None:
        text = credential.rate_limit or self._default
        return None if text == UNLIMITED else _parsed(text)


def checked_limit(text: str | None) -> str | None:
    """Return the text of a limit.

    Raises:
        InputError: `rate_limit_invalid`.
    """
    if text not in (None, UNLIMITED):
        try:
            _parsed(str(text))
        except ValueError:
            raise InputError(
                f"A rate limit is a text such as 600/minute or 50/10second, or {UNLIMITED}.",
                code="rate_limit_invalid",
                field="rate_limit",
            ) from None
    return text


@lru_cache(maxsize=1_024)
def _parsed(text: str) -> RateLimitItem:
    item = parse(text)
    if item.amount < 1 or item.get_expiry() < 1:
        raise ValueError(text)
    return item


class _Windows(Storage):
    """Counters in memory by the given clock; the library's own have the machine's, and start a thread for each hundredth of a
    second in which something is counted."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = self._clock()
        with self._lock:
            count, ends_at = self._windows.get(key, (0, 0.0))
            if ends_at <= now:
                count, ends_at = 0, now + expiry
            self._windows[key] = count + amount, ends_at
            return count + amount

    def get(self, key: str) -> int:
        count, ends_at = self._windows.get(key, (0, 0.0))
        return count if self._clock() < ends_at else 0

    def get_expiry(self, key: str) -> float:
        return self._windows.get(key, (0, self._clock()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
            return count

    def clear(self, key: str) -> None:
        with self._lock:
            self._windows.pop(key, None)
