"""Where webhooks may go: nobody may use the service to reach what only the service can reach."""

from __future__ import annotations

import asyncio
import socket
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from coalition.errors import InputError

__all__ = ["Reach", "TargetForbidden", "address_of", "check_url"]

URL_LENGTH_MAX = 2_048
PORTS = range(1, 1 << 16)
EMBEDDING = (
    IPv6Network("64:ff9b::/96"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("2002::/16"),
    IPv6Network("2001::/32"),
)
"""IPv6 that stands for IPv4: what is behind it cannot be told."""


class Reach(IntEnum):
    """Public addresses over https; also this machine; also private networks and plain http."""

    PUBLIC = 0
    LOOPBACK = 1
    PRIVATE = 2


class TargetForbidden(Exception):
    """A name leads to an address that may not be reached."""


def check_url(url: str, reach: Reach) -> httpx.URL:
    """Return the address of a webhook, as far as it can be judged before its name is looked up.

    Raises:
        InputError: `webhook_url_invalid`, or `webhook_url_forbidden`.
    """
    try:
        address = httpx.URL(url)
        port = 443 if address.port is None else address.port
        usable = address.scheme in ("http", "https") and address.host and url.isascii() and port in PORTS
    except (httpx.InvalidURL, ValueError):
        usable = False
    if not usable or len(url) > URL_LENGTH_MAX or address.userinfo or address.fragment:
        raise InputError(
            f"A webhook's address is https:// and a host, in ASCII, of {URL_LENGTH_MAX} characters at most, without user, "
            "password and fragment.",
            code="webhook_url_invalid",
        )
    literal = _literal(address.host)
    plain_is_fine = reach is Reach.PRIVATE or (reach is Reach.LOOPBACK and _is_this_machine(address.host))
    if (address.scheme == "http" and not plain_is_fine) or (literal is not None and not _allowed(literal, reach)):
        raise InputError(
            "Webhooks go to public addresses over https only. The operator can allow others.",
            code="webhook_url_forbidden",
        )
    return address


async def address_of(url: httpx.URL, reach: Reach) -> str:
    """Return the IP address to connect to. It is looked up at each attempt, since a name can be pointed elsewhere.

    Raises:
        TargetForbidden: one of the addresses may not be reached.
        OSError: the name leads nowhere.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    for one in addresses:
        if not _allowed(one, reach) or (url.scheme == "http" and reach < Reach.PRIVATE and not one.is_loopback):
            raise TargetForbidden
    return str(addresses[0])


def _allowed(address: IPv4Address | IPv6Address, reach: Reach) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _allowed(address.ipv4_mapped, reach)
        if any(address in network for network in EMBEDDING):
            return False
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False  # link-local: where clouds tell their machines their keys
    if address.is_loopback:
        return reach >= Reach.LOOPBACK
    return address.is_global or reach is Reach.PRIVATE


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_this_machine(host: str) -> bool:
    literal = _literal(host)
    return host == "localhost" if literal is None else literal.is_loopback
