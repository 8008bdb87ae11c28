"""Where a request came from: the connection's address, unless a proxy that is named says otherwise."""

from __future__ import annotations

import httpx
import pytest

from coalition.access.sources import networks_of
from coalition.bootstrap.serving import config_of
from coalition.errors import SetupError
from coalition.settings import Settings
from tests.api.conftest import World, code_of
from tests.api.stack import served


@pytest.mark.parametrize(
    ("proxies", "forwarded", "is_allowed"),
    [
        ((), None, False),
        ((), "192.0.2.5", False),
        (("10.0.0.0/8",), "192.0.2.5", False),
        (("127.0.0.1",), "192.0.2.5", True),
        (("127.0.0.0/8", "198.51.100.1"), "192.0.2.5, 198.51.100.1", True),
        (("127.0.0.1",), "192.0.2.5, 203.0.113.9", False),
        (("127.0.0.1",), "somewhere", False),
    ],
)
def test_only_a_named_proxy_is_believed(
    world: World, proxies: tuple[str, ...], forwarded: str | None, is_allowed: bool
) -> None:
    key = world.access.credentials.issue(1, "office", sources=networks_of(["192.0.2.0/24"]))
    headers = {"Authorization": f"Bearer {key}"} | ({"X-Forwarded-For": forwarded} if forwarded else {})
    with served(config=config_of(world.http.app, proxies)) as url:  # type: ignore[arg-type]
        answer = httpx.get(f"{url}/v1/api-keys", headers=headers, timeout=60)
    assert code_of(answer, 403) == ("scope_missing" if is_allowed else "source_not_allowed")


@pytest.mark.parametrize("wrong", ["*", "proxy", "10.0.0.1/8"])
def test_proxies_that_are_none(world: World, wrong: str) -> None:
    with pytest.raises(SetupError) as caught:
        config_of(world.http.app, [wrong])  # type: ignore[arg-type]
    assert caught.value.code == "proxies_invalid"


def test_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_environment("x").trusted_proxies == ()
    monkeypatch.setenv("COALITION_TRUSTED_PROXIES", "10.0.0.7, 10.1.0.0/16")
    monkeypatch.setenv("COALITION_RATE_LIMIT", "600/minute")
    found = Settings.from_environment("x")
    assert (found.trusted_proxies, found.rate_limit) == (("10.0.0.7", "10.1.0.0/16"), "600/minute")
