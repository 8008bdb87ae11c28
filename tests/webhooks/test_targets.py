"""Where webhooks may go, and what is connected to."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from coalition.errors import InputError, SetupError
from coalition.service.sealing import Seal
from coalition.service.webhook_sender import Reply, Sender, Target
from coalition.service.webhook_targets import Reach, TargetForbidden, address_of, check_url
from tests.webhooks.receiver import Receiver

PRIVATE = ("10.0.0.1", "172.16.5.4", "192.168.1.1", "100.64.0.1", "fd00::1")
NEVER = ("169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "64:ff9b::a00:1", "2002:a00:1::")
HERE = ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")


def pointed(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name lead to these addresses."""

    async def getaddrinfo(self: Any, host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


def goes(url: str, reach: Reach) -> bool:
    try:
        asyncio.run(address_of(check_url(url, reach), reach))
    except (InputError, TargetForbidden):
        return False
    return True


@pytest.mark.parametrize("reach", list(Reach))
def test_what_a_name_may_lead_to(reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    for addresses, least in ((("93.184.216.34", "2606:4700::1"), 0), (HERE, 1), (PRIVATE, 2), (NEVER, 3)):
        for address in addresses:
            pointed(monkeypatch, address)
            assert goes("https://shop.example/hook", reach) == (reach >= least), address
            pointed(monkeypatch, "93.184.216.34", address)
            assert goes("https://shop.example/hook", reach) == (reach >= least), "one of them is enough"


@pytest.mark.parametrize("address", [*HERE, *PRIVATE, *NEVER])
def test_addresses_written_out_are_judged_at_once(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(InputError) as raised:
        check_url(f"https://{host}/hook", Reach.PUBLIC)
    assert raised.value.code == "webhook_url_forbidden"


def test_plain_http_goes_to_this_machine_only_unless_all_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    pointed(monkeypatch, "127.0.0.1")
    allowed = [reach for reach in Reach if goes("http://localhost:8080/", reach)]
    assert allowed == [Reach.LOOPBACK, Reach.PRIVATE]
    pointed(monkeypatch, "93.184.216.34")
    assert not goes("http://localhost/", Reach.LOOPBACK), "a localhost that is elsewhere"
    assert [reach for reach in Reach if goes("http://shop.example/", reach)] == [Reach.PRIVATE]


def sent(url: str, reach: Reach) -> Reply:
    async def main() -> Reply:
        async with Sender(reach, time.time).connection() as connection:
            return await connection.send(Target(url, b"secret"), "evt_1", "{}")

    return asyncio.run(main())


def test_the_address_that_was_judged_is_the_one_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = httpx.URL(receiver.url).port
    pointed(monkeypatch, "127.0.0.1")
    first, looked_up = asyncio.BaseEventLoop.getaddrinfo, []

    async def elsewhere_next(self: Any, host: str, port: int, **more: Any) -> Any:
        looked_up.append(host)
        assert len(looked_up) == 1, "whoever asks again may be led elsewhere"
        return await first(self, host, port, **more)

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", elsewhere_next)
    assert sent(f"http://shop.example:{port}/hook?a=b", Reach.PRIVATE).status == 204
    (came,) = receiver.came
    assert (came.headers["host"], came.path) == (f"shop.example:{port}", "/hook?a=b")
    pointed(monkeypatch, "10.0.0.1")
    assert sent(f"https://shop.example:{port}/hook", Reach.PUBLIC) == Reply(None, "address forbidden")
    assert len(receiver.came) == 1


def test_a_proxy_of_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert sent(receiver.url, Reach.LOOPBACK).delivered


def test_a_name_that_leads_nowhere() -> None:
    assert sent("https://nobody.invalid/hook", Reach.PUBLIC).reason == "name not found"


def test_a_seal_opens_for_its_owner_and_its_key_only() -> None:
    sealed = Seal(b"\1" * 32).close(b"secret", "wh_1")
    assert Seal(b"\1" * 32).open(sealed, "wh_1") == b"secret"
    assert sealed != Seal(b"\1" * 32).close(b"secret", "wh_1")
    for key, content, owner in ((b"\2", sealed, "wh_1"), (b"\1", sealed, "wh_2"), (b"\1", sealed[:-1] + b"\0", "wh_1")):
        with pytest.raises(SetupError) as raised:
            Seal(key * 32).open(content, owner)
        assert raised.value.code == "seal_broken"
