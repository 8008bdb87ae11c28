"""From where a key may be used: networks in CIDR notation (RFC 4632, RFC 4291)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from coalition.errors import InputError

__all__ = ["Network", "is_from", "networks_of"]

Network: TypeAlias = IPv4Network | IPv6Network
NETWORKS_MAX = 100


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks that texts name; a lone address is a network of one.

    Raises:
        InputError: `source_invalid` if one is none, or has bits set beside its prefix; or if there are more than 100.
    """
    wanted = list(texts)
    if len(wanted) > NETWORKS_MAX:
        raise InputError(f"A key has {NETWORKS_MAX} sources at most.", code="source_invalid", field="sources")
    try:
        return tuple(dict.fromkeys(map(ip_network, wanted)))
    except ValueError:
        raise InputError(
            "A source is a network such as 192.0.2.0/24 or 2001:db8::/32, without bits beside its prefix, or an address.",
            code="source_invalid",
            field="sources",
        ) from None


@lru_cache(maxsize=65_536)
def is_from(address: str | None, networks: Sequence[Network]) -> bool:
    """True if an address lies in one of the networks. One that cannot be read, such as that of a Unix socket, does not.

    An IPv4 address that comes mapped into IPv6 counts as what it is.
    """
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)
