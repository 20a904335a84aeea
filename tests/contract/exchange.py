"""One request through the gateway, whole: what the client sent, what Sentry saw and said, what the client got."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tests.contract.recording_sentry import Headers, Reply, Request

PASSED_TO_SENTRY = frozenset(
    {"authorization", "accept", "user-agent", "content-type", "sentry-trace", "x-sentry-client"}
)
"""The headers of a case's request that are meant for Sentry; the others are the hop's, the browser's or Dexter's."""

PASSED_TO_CLIENT = frozenset(
    {"content-type", "x-hits", "x-sentry-rate-limit-limit", "x-sentry-rate-limit-remaining", "allow", "vary"}
)
"""The headers of a case's reply that are meant for the client as they are. `Link` is turned; the rest are the hop's."""

OF_THE_GATEWAY = frozenset(
    {"x-request-id", "cache-status", "etag", "server-timing", "x-content-type-options", "content-security-policy"}
)
"""What the gateway says itself."""

JUST_FRAMING = frozenset({"content-length", "transfer-encoding"})


@dataclass(frozen=True)
class Exchange:
    """Everything about one request; `reply` is what Sentry was meant to say."""

    request: Request
    seen: tuple[Request, ...]
    reply: Reply
    got: Reply
    sentry_base: str
    own_base: str


def check(exchange: Exchange) -> None:
    """Fail unless Sentry received the client's request and the client got Sentry's reply, to the byte."""
    assert len(exchange.seen) == 1, f"Sentry was asked {len(exchange.seen)} times"
    check_received(exchange.request, exchange.seen[0], exchange.sentry_base)
    check_got(exchange.reply, exchange.got, exchange.sentry_base, exchange.own_base)


def check_received(sent: Request, seen: Request, sentry_base: str) -> None:
    """Fail unless Sentry received what the client sent."""
    assert seen.method == sent.method
    assert seen.target == sent.target
    assert seen.body == sent.body
    expected = _named(sent.headers, PASSED_TO_SENTRY)
    expected["host", urlsplit(sentry_base).netloc] += 1
    received = _lower(seen.headers)
    encodings = [value for name, value in received if name == "accept-encoding"]
    assert encodings in (["gzip"], ["identity"]), "the gateway settles the encoding"
    for name in ("accept-encoding", *JUST_FRAMING):
        received = Counter({pair: count for pair, count in received.items() if pair[0] != name})
    assert received == expected


def check_got(said: Reply, got: Reply, sentry_base: str, own_base: str) -> None:
    """Fail unless the client got what Sentry said, with Sentry's API addresses turned into the gateway's."""
    assert got.status == said.status
    assert got.body == said.body.replace(sentry_base.encode(), own_base.encode())
    expected = _named(said.headers, PASSED_TO_CLIENT)
    for name, value in said.headers:
        if name.lower() == "link":
            expected["link", value.replace(sentry_base, own_base)] += 1
    received = _encodings_apart(_lower(got.headers))
    expected = _encodings_apart(expected)
    lengths = [value for name, value in received if name == "content-length"]
    assert lengths == ([str(len(got.body))] if got.body else lengths)
    assert {name for name, _ in received} >= {"x-request-id", "cache-status"}
    own = OF_THE_GATEWAY | JUST_FRAMING
    assert Counter({pair: count for pair, count in received.items() if pair[0] not in own}) == expected


def _encodings_apart(headers: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Give headers less what `Vary` says of encodings: the gateway has its own, whatever Sentry has."""
    told: Counter[tuple[str, str]] = Counter()
    for (name, value), count in headers.items():
        named = [each for each in value.split(", ") if name != "vary" or each.lower() != "accept-encoding"]
        if named:
            told[name, ", ".join(named)] += count
    return told


def _lower(headers: Headers) -> Counter[tuple[str, str]]:
    return Counter((name.lower(), value) for name, value in headers)


def _named(headers: Headers, names: frozenset[str]) -> Counter[tuple[str, str]]:
    return Counter({pair: count for pair, count in _lower(headers).items() if pair[0] in names})
