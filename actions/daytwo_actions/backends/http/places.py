"""Where a link in an answer leads: its name is resolved once, and only what was looked at is connected to (S21).

A name is no address: one that anybody can register may lead to this machine, to the cloud's metadata or into the
company's network. Everywhere in the public network is allowed; what is not there only when the connection itself is:
a GitHub Enterprise Server inside a company has its store there too. Where the one is public and the other is not, the
connection's setting `private_links` says so.
"""

import asyncio
import ipaddress
import socket
from enum import Enum, auto
from typing import Final
from urllib.parse import urlsplit

from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.http.settings import HttpSettings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_MOST: Final = 8  # places that one name is looked at for and tried at


class Kind(Enum):
    PUBLIC = auto()
    PRIVATE = auto()  # of a company's network: 10/8, 172.16/12, 192.168/16, fc00::/7, 100.64/10
    LINK = auto()  # of this machine's cable: 169.254/16, where clouds tell machines their secrets
    HERE = auto()  # this machine
    NOWHERE = auto()  # nobody's to connect to: multicast, reserved


def kind_of(address: Address) -> Kind:
    """Of what it is in truth: an IPv6 address may be an IPv4 one in another dress."""
    meant = _meant(address)
    if meant.is_loopback or meant.is_unspecified:
        return Kind.HERE
    if meant.is_link_local:
        return Kind.LINK
    if meant.is_multicast or meant.is_reserved:
        return Kind.NOWHERE
    return Kind.PUBLIC if meant.is_global else Kind.PRIVATE


def _meant(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


async def places(link: str, settings: HttpSettings, *, what: str) -> list[str]:
    """The addresses behind a link. Raises `BackendDenied` when one of them may not be connected to,
    `BackendUnreachable` when its name leads nowhere."""
    found = await _resolved(link, settings, what)
    kinds = {kind_of(one) for one in found}
    if kinds - {Kind.PUBLIC} and not kinds <= await _allowed(settings, what):
        private = " If its store is in the company's network, set private_links for this connection."
        raise BackendDenied(
            f"{what} leads to an address that is not public, and the connection's own is; it was not fetched."
            f"{private if kinds <= {Kind.PUBLIC, Kind.PRIVATE} else ''}"
        )
    return [str(one) for one in found]


async def _allowed(settings: HttpSettings, what: str) -> set[Kind]:
    try:
        own = {kind_of(one) for one in await _resolved(settings.base, settings, what)} - {Kind.NOWHERE}
    except BackendUnreachable:  # as behind a proxy: where it is, is not known
        own = set()
    return {Kind.PUBLIC, *own, *({Kind.PRIVATE} if settings.private_links else ())}


async def _resolved(link: str, settings: HttpSettings, what: str) -> list[Address]:
    parts = urlsplit(link)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(settings.connect_timeout.total_seconds()):
            told = await loop.getaddrinfo(parts.hostname or "", parts.port or parts.scheme, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        raise BackendUnreachable(f"The name of {what} could not be resolved. Ask again.") from None
    found = list(dict.fromkeys(ipaddress.ip_address(where[0]) for *_, where in told))
    return found[:_MOST]
