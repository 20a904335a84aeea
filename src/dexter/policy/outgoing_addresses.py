"""Where Dexter may be told to send something: whoever can name an address must not reach what only Dexter reaches.

A name is checked when it is stated, as far as it shows what it is; the address behind it is checked each time that a
connection is about to be made, since a name may lead elsewhere tomorrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

LONGEST_URL = 2000

_NEVER = tuple(
    (ip_network(text), what)
    for text, what in (
        ("169.254.0.0/16", "a link-local address, where clouds keep their metadata"),
        ("fe80::/10", "a link-local address"),
        ("fd00:ec2::/32", "a cloud's metadata address"),
        ("100.100.100.200/32", "a cloud's metadata address"),
        ("168.63.129.16/32", "a cloud's metadata address"),
        ("192.0.0.0/24", "a cloud's metadata address"),
        ("0.0.0.0/8", "no address of a host"),
        ("::/128", "no address of a host"),
        ("255.255.255.255/32", "no address of a host"),
    )
)
_EMBEDDING = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""Networks whose addresses stand for the IPv4 address in their last four bytes."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be reached besides the public internet."""

    private: bool = False
    """Whoever runs Dexter permits the networks that are nobody's in particular, this host among them."""
    loopback: bool = False
    """Dexter itself is reached from this host only, so that who uses it is here already."""


def refused_address(text: str, reach: Reach) -> str | None:
    """Give why an IP address must not be connected to, or None for one that may be."""
    try:
        address = _meant(ip_address(text.partition("%")[0]))
    except ValueError:
        return f"{text} is no address"
    for network, what in _NEVER:
        if address in network:
            return f"{address} is {what}"
    if address.is_multicast:
        return f"{address} is no address of a host"
    if address.is_loopback:
        permitted = reach.loopback or reach.private
        return None if permitted else f"{address} is this host itself"
    if reach.private or (address.is_global and not _is_site_local(address)):
        return None
    return f"{address} is in a private network"


def refused_url(text: str, reach: Reach) -> str | None:
    """Give why nothing can be sent to a URL, as far as it shows, or None."""
    if len(text) > LONGEST_URL or not text.isprintable() or not text.isascii() or " " in text:
        return f"it must be up to {LONGEST_URL} visible ASCII characters"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return "it must begin with http:// or https:// and name a host"
    if "@" in parts.netloc:
        return "it must not hold a user or a password; the signature says who sends"
    if parts.fragment or "\\" in text:
        return "it must have no fragment and no backslash"
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return refused_address(host, reach)


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the address that is connected to: some IPv6 addresses stand for an IPv4 one."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and (any(address in network for network in _EMBEDDING) or _is_compatible(address)):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def _is_compatible(address: IPv6Address) -> bool:
    return 1 < int(address) <= 0xFFFFFFFF


def _is_site_local(address: IPv4Address | IPv6Address) -> bool:
    return isinstance(address, IPv6Address) and address.is_site_local
