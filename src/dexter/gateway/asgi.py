"""The little of ASGI that the gateway's own pages and the catalog's reads need: a request in, a response out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from dexter.errors import BadRequest, TooLarge
from dexter.wire import Headers, header

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
AsgiSend = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, AsgiSend], Awaitable[None]]

_READ = "dexter.headers"
"""The key in a scope under which its headers stand as text, beside the raw ones that they were read from."""

MAX_BODY_BYTES = 256 * 1024
"""The largest body that an address of Dexter's own takes; `/api/0` streams and has Sentry's limits."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Header names are lower case."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def headers_of(scope: Scope) -> Headers:
    """Give a request's headers as text; several ask, and they are read once."""
    raw = scope["headers"]
    known = scope.get(_READ)
    if known is not None and known[0] is raw:
        read: Headers = known[1]
        return read
    read = tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw])
    scope[_READ] = (raw, read)
    return read


def query_of(scope: Scope) -> tuple[tuple[str, str], ...]:
    """Give a request's query, decoded. Raises BadRequest for an absurd number of names or bytes that are no text."""
    try:
        text = scope.get("query_string", b"").decode("ascii")
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=200, errors="strict"))
    except ValueError as error:
        raise BadRequest("The query is not percent-encoded UTF-8, or names more than 200 parameters.") from error


async def send_response(send: AsgiSend, response: Response, *, head: bool = False) -> None:
    """Send a whole answer; without its body for a HEAD request."""
    pairs = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers]
    if response.status not in (204, 304):
        pairs.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": pairs})
    await send({"type": "http.response.body", "body": b"" if head else response.body})


async def whole_body(receive: Receive, headers: Headers, limit: int = MAX_BODY_BYTES) -> bytes:
    """Give a request's body. Raises TooLarge as soon as it exceeds the limit, and before it is read if it says so."""
    stated = header(headers, "content-length") or "0"
    chunks: list[bytes] = []
    size, more = (int(stated) if stated.isdigit() else 0), True
    while more and size <= limit:
        message = await receive()
        chunks.append(message.get("body", b""))
        size = max(size, sum(map(len, chunks)))
        more = message["type"] == "http.request" and message.get("more_body", False)
    if size > limit:
        raise TooLarge(f"The body is larger than {limit} bytes.")
    return b"".join(chunks)


def replaying(body: bytes, receive: Receive) -> Receive:
    """Give a `receive` that gives a body that was read already, and then what comes after it."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay
