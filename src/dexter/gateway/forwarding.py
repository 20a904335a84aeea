"""Which header fields pass through the gateway, there and back: pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from dexter.wire import Priority, header

if TYPE_CHECKING:
    from dexter.wire import Headers

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "expect",
    }
)

_NOT_SENTRYS = frozenset(
    {
        "host",
        "authorization",  # the credential is put there at the last step, and only towards Sentry's origin
        "cookie",
        "origin",  # Sentry answers 400 to an origin it does not know
        "referer",
        "forwarded",
        "via",
        "x-real-ip",
        "x-csrf-token",
        "x-request-id",
    }
)
_NOT_SENTRYS_PREFIXES = ("x-dexter-", "x-forwarded-", "sec-fetch-", "sec-ch-")

_NOT_THE_CLIENTS = frozenset(
    {
        # What another server says of its own origin must not hold for the gateway's.
        "set-cookie",
        "strict-transport-security",
        "content-security-policy",
        "content-security-policy-report-only",
        "clear-site-data",
        "alt-svc",
        "nel",
        "report-to",
        "reporting-endpoints",
        "refresh",
        "service-worker-allowed",
        # What the gateway says itself.
        "content-length",
        "date",
        "server",
        "age",
        "cache-status",
        "server-timing",
        "x-request-id",
        "x-frame-options",
        "x-content-type-options",
        "x-xss-protection",
        "referrer-policy",
    }
)
_NOT_THE_CLIENTS_PREFIXES = ("access-control-", "x-dexter-", "cross-origin-")

_KEPT_FROM_SENTRY = _HOP_BY_HOP | _NOT_SENTRYS
_KEPT_FROM_THE_CLIENT = _HOP_BY_HOP | _NOT_THE_CLIENTS

PRIORITY_HEADER = "x-dexter-priority"

_ANEW = frozenset({"no-cache", "no-store", "max-age=0"})

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_AS_IT_IS = re.compile(r"[!-~]*")


def to_sentry(headers: Headers) -> Headers:
    """Give the fields of a client's request that Sentry gets."""
    return _without(headers, _KEPT_FROM_SENTRY, _NOT_SENTRYS_PREFIXES)


def to_client(headers: Headers) -> Headers:
    """Give the fields of Sentry's answer that the client gets; lengths are set anew."""
    return _without(headers, _KEPT_FROM_THE_CLIENT, _NOT_THE_CLIENTS_PREFIXES)


def _without(headers: Headers, dropped: frozenset[str], prefixes: tuple[str, ...]) -> Headers:
    """Give the fields but for those of such names, and for those that `Connection` names as this hop's alone."""
    if header(headers, "connection") is not None:
        dropped |= _named_by_connection(headers)
    return tuple(
        [pair for pair in headers if (lower := pair[0].lower()) not in dropped and not lower.startswith(prefixes)]
    )


def wants_no_cache(headers: Headers) -> bool:
    """Whether the client asks for Sentry's own word."""
    stated = [value for name, value in headers if name.lower() in ("cache-control", "pragma")]
    directives = {directive.strip().lower() for value in stated for directive in value.split(",")}
    return not directives.isdisjoint(_ANEW)


def max_age_s(headers: Headers) -> float | None:
    """Give how old an answer the client takes, in seconds (`Cache-Control: max-age=N`); None when it does not say."""
    return min(_seconds(headers, "max-age="), default=None)


def max_stale_s(headers: Headers) -> float:
    """Give for how long beyond that the client takes an answer as stale (`Cache-Control: max-stale=N`), in seconds."""
    return min(_seconds(headers, "max-stale="), default=0.0)


def _seconds(headers: Headers, directive: str) -> list[float]:
    if header(headers, "cache-control") is None:
        return []
    stated = [
        each.strip().lower().removeprefix(directive)
        for name, value in headers
        if name.lower() == "cache-control"
        for each in value.split(",")
        if each.strip().lower().startswith(directive)
    ]
    return [float(seconds) for seconds in stated if seconds.isascii() and seconds.isdigit()]


def lowered(priority: Priority, headers: Headers) -> Priority:
    """Give the priority that a client asks for (`X-Dexter-Priority`), which may only be lower than its face's.

    `realtime`, `bulk` and `prefetch` are known; any other word asks for nothing.
    """
    if header(headers, PRIORITY_HEADER) is None:
        return priority
    asked = [
        Priority[value.strip().upper()]
        for name, value in headers
        if name.lower() == PRIORITY_HEADER and value.strip().upper() in Priority.__members__
    ]
    return max([priority, *asked])


def as_sent(raw: bytes) -> str:
    """Give a path or query as it goes out: byte for byte, what is no printable ASCII percent-encoded."""
    text = raw.decode("latin-1")
    # Nearly always there is nothing to do.
    return text if _AS_IT_IS.fullmatch(text) else quote(raw, safe=_PRINTABLE)


def encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Give header fields as ASGI takes them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _named_by_connection(headers: Headers) -> frozenset[str]:
    return frozenset(
        named.strip().lower() for name, value in headers if name.lower() == "connection" for named in value.split(",")
    )
