"""How bytes of a connection become requests: uvicorn's own parser, with limits that it does not set.

And how a request whose answer stands ready is answered on the spot (see `fast_path`).

Rests on uvicorn's internals, so that its minor version is pinned; `tests/gateway/test_protocol.py` holds what is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dexter.gateway.events_socket_wire import Socket
from dexter.gateway.fast_path import FAST_PATH, PENDING, FastPath, Pending, asked

if TYPE_CHECKING:
    from dexter.gateway.ready import ReadyAnswer

MAX_TARGET_BYTES = 60 * 1024
"""The longest request target that is kept; httptools reads none of 64 KB. What follows is dropped as it comes."""

MAX_HEADER_BYTES = 64 * 1024
"""The most that a request's header fields may take together."""

OVERSIZED = "oversized"
"""The key in a scope's state that tells the entrance what was too large: `target` or `headers`."""


SOCKET_PATH, OLD_SOCKET_PATHS = "/events", "/ws/"
"""Where WebSockets are, and what the addresses begin with where earlier Dexters had them."""
OLD_PUSH_PATHS = ("/broadcast/", "/notify/")
"""What the addresses began with by which earlier Dexters let anybody push something to all, or to one client."""

FAREWELL = "farewell"
"""The key in a scope's state under which an answer without an end puts what ends it when the server does."""

MAX_REMEMBERED_BYTES = 4096
"""Requests longer than this are always parsed: taking the hash of a large upload would cost more than it saves."""


class GatewayProtocol(HttpToolsProtocol):
    """Reads requests within limits; one beyond them reaches the entrance cut short and marked, to be refused there."""

    _header_bytes = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whether a connection too many is refused is the usual way's to decide.
        limited = self.limit_concurrency is not None
        self._fast_path: FastPath | None = None if limited else self.app_state.get(FAST_PATH)
        self._given_at = 0.0
        self._under_way = False
        """Whether a request is being read."""
        self._messages = 0
        """Requests that began in the bytes at hand."""
        self._given: ReadyAnswer | None = None
        """What the request being read was answered with before it went anywhere."""
        self._comes_again = False

    def data_received(self, data: bytes) -> None:
        """Answer bytes that are known to be a request whose answer stands ready; read all others."""
        fast_path = self._fast_path
        if fast_path is None:
            super().data_received(data)
            return
        may_be_known = not self._under_way and len(data) <= MAX_REMEMBERED_BYTES
        ready = fast_path.whole.get(data) if may_be_known and self._is_free() else None
        defaults = self.server_state.default_headers
        if ready is None or (ready.turn != fast_path.turn and not fast_path.is_good(ready, defaults)):
            self._read(data)
            if may_be_known and self._comes_again and self._messages == 1 and not self._under_way and self._given:
                fast_path.remember_bytes(data, self._given)
            return
        self._give(ready, fast_path, fast_path.new_id())
        if self.timeout_keep_alive_task is None:
            self._start_timer(self.timeout_keep_alive)

    def _read(self, data: bytes) -> None:
        """Read bytes that stand for nothing yet."""
        self._messages, self._comes_again = 0, False
        # To end a timer and start it anew costs as much as an answer that stands ready, which needs neither.
        timer, self.timeout_keep_alive_task = self.timeout_keep_alive_task, None
        super().data_received(data)
        if self._given is None or self.timeout_keep_alive_task is not None:
            if timer is not None:
                timer.cancel()
        elif timer is not None:
            self.timeout_keep_alive_task = timer
        else:
            self._start_timer(self.timeout_keep_alive)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._under_way = True
        self._messages += 1
        self._given = None
        super().on_message_begin()
        self._header_bytes = 0

    def on_headers_complete(self) -> None:
        """Answer a request from what stands ready, or send it the usual way."""
        if self.parser.should_upgrade():
            # What comes after an upgrade is no HTTP, so that nothing may be known by its bytes any more.
            self._fast_path = None
        if self._fast_path is None or not self._may_stand_ready() or not self._answered(self._fast_path):
            super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """Let a WebSocket have the connection."""
        self.connections.discard(self)
        if self.cycle is not None and not self.cycle.response_complete:
            # It was asked for in the middle of another answer, which nobody who speaks the protocol does.
            self.transport.close()
            return
        url = httptools.parse_url(self.url)
        scope = {
            **self.scope,
            "type": "websocket",
            "scheme": "wss" if self.scheme == "https" else "ws",
            "path": unquote(url.path.decode("ascii")),
            "raw_path": url.path,
            "query_string": url.query or b"",
            "subprotocols": [],
        }
        Socket(self.app, self.server_state, self.transport).begin(scope)

    def shutdown(self) -> None:
        """Let an answer that has no end of its own end, and the connection with the answers that are under way."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.scope["state"].get(FAREWELL, _nothing)()
        super().shutdown()

    def _should_upgrade_to_ws(self) -> bool:
        # Everywhere else the wish is passed over, as HTTP allows, and the request is answered as any other.
        path = self.url.partition(b"?")[0].decode("latin-1")
        is_socket = path == SOCKET_PATH or path.startswith(OLD_SOCKET_PATHS)
        return is_socket and self.parser.get_method() == b"GET"

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        if self._given is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._under_way = False
        if self._given is None:
            super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless an answer that stood ready was given meanwhile."""
        left_s = self._given_at + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._start_timer(left_s)
        else:
            super().timeout_keep_alive_handler()

    def _is_free(self) -> bool:
        """Whether an answer may be written now: none is under way, and the client reads what it is sent."""
        cycle = self.cycle  # the last one, which those that wait in line come before
        return (
            (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    def _may_stand_ready(self) -> bool:
        parser = self.parser
        return (
            parser.get_method() == b"GET"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not self.expect_100_continue
            and OVERSIZED not in self.scope["state"]
        )

    def _answered(self, fast_path: FastPath) -> bool:
        question = asked(self.url, self.headers, self.client[0] if self.client else "")
        if question is None:
            return False
        ready = fast_path.find(question, self.server_state.default_headers) if self._is_free() else None
        if ready is None:
            self.scope["state"][PENDING] = Pending(fast_path, question, self.headers)
            return False
        self._given, self._comes_again = ready, question.whole
        self._give(ready, fast_path, question.request_id or fast_path.new_id())
        return True

    def _give(self, ready: ReadyAnswer, fast_path: FastPath, request_id: bytes) -> None:
        if ready.rest:
            self.transport.writelines((ready.head + request_id + ready.middle, *ready.rest))
        else:
            self.transport.write(ready.head + request_id + ready.middle)
        self.server_state.total_requests += 1
        ready.tally.count += 1
        self._given_at = fast_path.turn_at

    def _start_timer(self, seconds: float) -> None:
        """Let the connection be looked at when it may have been idle for too long."""
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

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


def _nothing() -> None:
    """Do nothing."""
