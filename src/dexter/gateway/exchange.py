"""One request and its response in ASGI's messages, with bodies that stream both ways."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dexter.errors import TooLarge, UpstreamError
from dexter.gateway.asgi import AsgiSend, Receive, Scope, headers_of
from dexter.gateway.forwarding import as_sent, encoded
from dexter.upstream.bodies import close_body
from dexter.wire import Body, Headers, header

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, MutableMapping


class CallerGone(Exception):
    """The client closed its connection; nobody is left to answer."""


class Exchange:
    """One request and its response, in ASGI's messages."""

    def __init__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers = headers_of(scope)
        self.request_id = _request_id(scope)
        self.state: MutableMapping[str, Any] = scope.setdefault("state", {})
        """What the entrance is told of the request."""
        self._receive = receive
        self._send = send
        self._started = time.perf_counter()

    def elapsed_s(self) -> float:
        """Give the seconds since the request came in."""
        return time.perf_counter() - self._started

    def target(self) -> tuple[str, str]:
        """Give path and query as they came."""
        raw_path = self.scope.get("raw_path") or self.path.encode()
        return as_sent(raw_path.partition(b"?")[0]), as_sent(self.scope.get("query_string", b""))

    async def body(self, small_bytes: int, largest_bytes: int) -> Body | None:
        """Give the request's body: none, read whole up to a declared size, or as a stream. Raises TooLarge."""
        declared = header(self.headers, "content-length")
        if declared is None and header(self.headers, "transfer-encoding") is None:
            return None
        size = int(declared) if declared and declared.isdigit() else None
        if size is not None and size > largest_bytes:
            raise TooLarge(f"The body is larger than {largest_bytes} bytes.")
        stream = self._incoming(largest_bytes)
        if size is not None and size <= small_bytes:
            return b"".join([chunk async for chunk in stream]) if size else None
        return stream

    async def _incoming(self, limit: int) -> AsyncIterator[bytes]:
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerGone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise TooLarge(f"The body is larger than {limit} bytes.")
            if chunk:
                yield chunk
            more = message.get("more_body", False)

    async def respond(self, status: int, headers: Headers, body: Body) -> None:
        """Send a whole response, or a stream until its end or the client's leaving."""
        if isinstance(body, bytes):
            unsized = self.is_head() or status in (204, 304)
            await self._start(status, headers if unsized else _sized(headers, body))
            await self._send({"type": "http.response.body", "body": b"" if self.is_head() else body})
            return
        try:
            await self._start(status, headers)
            await self._stream(body)
        finally:
            await close_body(body)

    def is_head(self) -> bool:
        """Whether the client wants no body."""
        return self.method == "HEAD"

    async def _start(self, status: int, headers: Headers) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": encoded(headers)})

    async def _stream(self, body: AsyncIterator[bytes]) -> None:
        gone = asyncio.ensure_future(self._gone())
        try:
            async for chunk in body:
                if gone.done():
                    return
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            await self._send({"type": "http.response.body", "body": b""})
        except UpstreamError as error:
            # The head is out: only a response that visibly breaks off tells the client that something is missing.
            logging.getLogger("dexter.gateway").warning("stream_broke_off: %s", type(error).__name__)
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _request_id(scope: Scope) -> str:
    known = scope.get("state", {}).get("request_id")
    return str(known) if known else uuid.uuid4().hex


def _sized(headers: Headers, body: bytes) -> Headers:
    return (*headers, ("Content-Length", str(len(body))))
