"""How bytes of a connection become requests: uvicorn's own parser, with limits that it does not set.

Rests on uvicorn's internals, so that its minor version is pinned; `tests/gateway/test_protocol.py` holds what is used.
"""

from __future__ import annotations

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_TARGET_BYTES = 60 * 1024
"""The longest request target that is kept; httptools reads none of 64 KB. What follows is dropped as it comes."""

MAX_HEADER_BYTES = 64 * 1024
"""The most that a request's header fields may take together."""

OVERSIZED = "oversized"
"""The key in a scope's state that tells the entrance what was too large: `target` or `headers`."""


class GatewayProtocol(HttpToolsProtocol):
    """Reads requests within limits; one beyond them reaches the entrance cut short and marked, to be refused there."""

    _header_bytes = 0

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        room = MAX_TARGET_BYTES - len(self.url)
        super().on_url(url[:room])
        if len(url) > room:
            self.scope["state"][OVERSIZED] = "target"

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field."""
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES:
            self.scope["state"][OVERSIZED] = "headers"
        else:
            super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP."""
        body = msgspec.json.encode({"title": "Bad Request", "status": 400, "detail": msg})
        head = (
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n" % len(body)
        )
        self.transport.write(head + body)
        self.transport.close()
