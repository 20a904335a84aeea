"""One key for one question: same meaning, same key; another meaning or another identity, another key."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from dexter.wire import Identity

Pairs = tuple[tuple[bytes, bytes], ...]


@lru_cache(maxsize=2048)  # every stage that a call passes asks for it anew
def cache_key(identity: Identity, method: str, path: str, query: str) -> str:
    """Give the key under which an answer is stored and a flight is shared: 32 hex digits.

    Percent-encoding and the order of differently named parameters do not matter to Sentry and therefore not to
    the key; the order of equally named ones (`field`, `yAxis`) does. Identity is part of every key. A digest, since
    paths and queries hold what people searched for.
    """
    # Lengths first: no two different lists of parts give the same bytes.
    parts = [len(part).to_bytes(4, "big") + part for part in _parts(identity, method, path, query)]
    return blake2b(b"".join(parts), digest_size=16).hexdigest()


def _parts(identity: Identity, method: str, path: str, query: str) -> list[bytes]:
    # Segments are decoded one by one, so that `a%2Fb` stays another path than `a/b`.
    segments = [_decoded(segment) for segment in path.split("/")]
    pairs = [part for pair in canonical_query(query) for part in pair]
    named = [identity.kind.encode(), identity.key.encode(), method.encode(), str(len(segments)).encode()]
    return [*named, *segments, *pairs]


def canonical_query(query: str) -> Pairs:
    """Give the decoded pairs of a query, sorted by name, equally named ones in their order.

    >>> canonical_query("b=2&a=x+y&b=1&&c")
    ((b'a', b'x y'), (b'b', b'2'), (b'b', b'1'), (b'c', b''))
    """
    pairs = [_pair(text) for text in query.split("&") if text]
    return tuple(sorted(pairs, key=lambda pair: pair[0]))


def _pair(text: str) -> tuple[bytes, bytes]:
    name, _, value = text.replace("+", " ").partition("=")
    return _decoded(name), _decoded(value)


def _decoded(text: str) -> bytes:
    return unquote_to_bytes(text) if "%" in text else text.encode()
