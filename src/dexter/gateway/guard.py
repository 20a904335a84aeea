"""What a request must look like to come in, and what every answer tells the browser: pure decisions on headers."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

from dexter.errors import CallerError, Forbidden

_HOST = re.compile(r"(?:(?P<name>[A-Za-z0-9._\-]+)|\[(?P<address>[0-9A-Fa-f:.]+)\])(?::\d{1,5})?")

MAX_TARGET_BYTES = 16 * 1024
"""The longest path and query together; longer ones are refused before anything reads them."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # Mantine writes style elements and attributes; a style cannot run, nor load anything past the lines below.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class Misdirected(CallerError):
    """The request names a host that this gateway does not answer for."""

    status = 421
    remedy = "Call the gateway by localhost or its address, or name the host in DEXTER_ALLOWED_HOSTS."


class TargetTooLong(CallerError):
    """The address is longer than any that means something."""

    status = 414
    remedy = "Shorten the query; a search of Sentry's rarely needs more than a few hundred characters."


class HeadersTooLarge(CallerError):
    """The header fields exceed what any client needs."""

    status = 431
    remedy = "Send fewer or shorter headers; in a browser, delete the cookies of this address."


def check_size(oversized: str | None) -> None:
    """Raise for a request that was cut short because its target or its headers were too large."""
    if oversized == "target":
        raise TargetTooLong("The address is longer than anything that is read.")
    if oversized is not None:
        raise HeadersTooLarge("The header fields are larger than anything that is read.")


def check_target(path: bytes, query: bytes) -> None:
    """Raise TargetTooLong for an address beyond the stated length."""
    if len(path) + len(query) + 1 > MAX_TARGET_BYTES:
        raise TargetTooLong(f"The address is longer than {MAX_TARGET_BYTES} bytes.")


def check_host(host: str | None, *, bound_to: str, allowed: tuple[str, ...]) -> None:
    """Raise Misdirected unless the Host header is one this gateway goes by.

    A page elsewhere can point a name of its own at 127.0.0.1 (DNS rebinding), but it cannot make a browser send
    `Host: localhost`, nor an IP address, for that name. So loopback names always pass, addresses pass when the
    gateway listens beyond loopback, and every other name has to be configured.
    """
    name = host_name(host or "")
    if name is None or not _is_own_name(name, bound_to, allowed):
        raise Misdirected("The request's Host is none that this gateway answers for.")


def _is_own_name(name: str, bound_to: str, allowed: tuple[str, ...]) -> bool:
    if name == "localhost" or name.endswith(".localhost") or name == bound_to.lower() or name in allowed:
        return True
    address = _address(name)
    return address is not None and (address.is_loopback or not is_loopback(bound_to))


def check_origin(origin: str | None, host: str | None, *, public_url: str | None = None) -> None:
    """Raise Forbidden when a page of another origin makes the request; other clients send no Origin at all.

    Behind a proxy the gateway may be called by another name than the browser knows, which `public_url` then gives.
    """
    if origin is None or (public_url is not None and origin.lower() == origin_of(public_url)):
        return
    if urlsplit(origin).netloc.lower() != (host or "").lower() or origin == "null":
        raise Forbidden(
            "The request comes from a page of another origin.",
            remedy="Open the workbench at the gateway's own address; no other origin may use it.",
        )


def origin_of(url: str) -> str:
    """Give the origin of an address as browsers write it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def is_loopback(bound_to: str) -> bool:
    """Whether the gateway listens to its own machine only."""
    address = _address(bound_to)
    return bound_to == "localhost" or (address is not None and address.is_loopback)


def host_name(host: str) -> str | None:
    """Give the name in a Host header, lower case and without its port, or None if it is not one."""
    match = _HOST.fullmatch(host)
    return None if match is None else (match["address"] or match["name"]).lower()


@lru_cache(maxsize=256)
def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
