"""Rate limits: by the injected clock, per key."""

from __future__ import annotations

import pytest

from coalition.access import Access, Credential, Quota, RateLimits
from coalition.access.scopes import ALL_SCOPES
from coalition.errors import InputError, Unavailable
from tests.access.conftest import Clock


def key(key_id: str = "a", rate_limit: str | None = None) -> Credential:
    return Credential(key_id, 1, "till", bytes(32), ALL_SCOPES, 0, rate_limit=rate_limit)


def test_a_window_begins_with_its_first_call_and_ends(clock: Clock) -> None:
    limits, till = RateLimits("3/minute", clock), key()
    for left in (2, 1, 0):
        limits.take(till)
        assert limits.quota_of(till) == Quota(3, 60, left, 60)
    clock.now += 19.5
    with pytest.raises(Unavailable) as caught:
        limits.take(till)
    assert caught.value.code == "rate_limited"
    assert caught.value.details == {"retry_after_seconds": 41}
    assert limits.quota_of(till) == Quota(3, 60, 0, 41)
    clock.now += 40.5
    limits.take(till)
    assert limits.quota_of(till) == Quota(3, 60, 2, 60)


def test_keys_have_windows_and_limits_of_their_own(clock: Clock) -> None:
    limits = RateLimits("1/second", clock)
    limits.take(key("a"))
    limits.take(key("b"))
    for _ in range(50):
        limits.take(key("c", "unlimited"))
    assert limits.quota_of(key("c", "unlimited")) is None
    for _ in range(2):
        limits.take(key("d", "2/10second"))
    with pytest.raises(Unavailable):
        limits.take(key("d", "2/10second"))
    assert limits.quota_of(key("d", "2/10second")) == Quota(2, 10, 0, 10)
    with pytest.raises(Unavailable):
        limits.take(key("a"))


def test_without_a_limit_nothing_is_counted() -> None:
    limits = RateLimits()
    for _ in range(1_000):
        limits.take(key())
    assert limits.quota_of(key()) is None


def test_the_header_fields() -> None:
    assert Quota(600, 60, 599, 12).headers() == {
        "RateLimit-Limit": "600",
        "RateLimit-Remaining": "599",
        "RateLimit-Reset": "12",
        "RateLimit-Policy": "600;w=60",
    }


def test_a_default_that_is_none(access: Access) -> None:
    with pytest.raises(InputError) as caught:
        RateLimits("a lot")
    assert caught.value.code == "rate_limit_invalid"
