"""Which addresses belong to the public internet."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from ..errors import ToolError

__all__ = ["Address", "Resolve", "checked", "is_public", "resolve"]

Address: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a name and a port, as text."""

# Of Python's own lists some are newer than the oldest Python that we run on.
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            *("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        ),
    )
)
_UNICAST = IPv6Network("2000::/3")


def is_public(address: Address) -> bool:
    """Whether an address is one host's of the public internet.

    None of these is: private, loopback, link-local (there the metadata of clouds are), shared by a
    provider (CGNAT), multicast, reserved, for documentation, or an IPv6 address that carries one of
    IPv4 (mapped, 6to4, Teredo, NAT64).

    Example:
        >>> is_public(ip_address("93.184.215.14")), is_public(ip_address("::ffff:93.184.215.14"))
        (True, False)
    """
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in block for block in _NOT_PUBLIC if block.version == address.version)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a name; it also reads `0x7f.1` and `2130706433`.

    Raises:
        ToolError: the name has none.
    """
    literal = _literal(host)
    if literal is not None:
        return [literal]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ToolError(
            f"the host {host!r} cannot be found: there is none of this name, or no network"
        ) from error
    return [str(place[0]) for *_, place in found]


def _literal(host: str) -> str | None:
    """Return the address that a host is, however it is written; None: it is a name."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def checked(host: str, found: Sequence[str], allows: Callable[[Address], bool]) -> list[str]:
    """Return the addresses as text that nothing resolves again, if each of them may be reached.

    Raises:
        ToolError: one may not, or there is none. Which one is not said.
    """
    try:
        addresses = list(dict.fromkeys(ip_address(text) for text in found))
    except ValueError as error:
        raise ToolError(f"the host {host!r} cannot be found: it has an odd address") from error
    if not addresses or not all(allows(address) for address in addresses):
        raise ToolError(
            f"the host {host!r} is not on the public internet, and is not fetched from; "
            "use another source"
        )
    return [str(address) for address in addresses]
