"""`?fresh=1`, and `no_cache=true` as older clients of Dexter say it: the same as `Cache-Control: no-cache`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dexter.gateway.asgi import Scope

_NAMES = (b"fresh", b"no_cache")
_YES = (b"1", b"true", b"yes", b"on")
_NO_CACHE = (b"cache-control", b"no-cache")


def asked_anew(scope: Scope) -> Scope:
    """Give a request with such a parameter turned into the header; whatever its value, it goes no further."""
    query: bytes = scope.get("query_string", b"")
    if scope["method"] not in ("GET", "HEAD") or not any(name in query for name in _NAMES):
        return scope
    pairs = [pair.partition(b"=") for pair in query.split(b"&")]
    asked = any(name in _NAMES and value.lower() in _YES for name, _, value in pairs)
    kept = b"&".join(b"".join(pair) for pair in pairs if pair[0] not in _NAMES)
    headers = [*scope["headers"], _NO_CACHE] if asked else scope["headers"]
    return {**scope, "query_string": kept, "headers": headers}
