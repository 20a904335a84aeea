"""One WebSocket on its connection: the handshake as ASGI has it, then bytes without a task or a queue in between.

Five thousand of them are held by one process, so that each is small: what waits for nothing has no task, and whoever
writes hands over bytes that were put together once for all.
"""

from __future__ import annotations

import asyncio
import http
from typing import TYPE_CHECKING, Any

from dexter.gateway.events_socket_frames import (
    CLOSE,
    NO_DATA_OF_THIS_KIND,
    NO_TEXT,
    PING,
    PONG,
    TEXT,
    VERSION,
    BadFrame,
    FrameReader,
    accepting,
    answer_to_close,
    closing,
    framed,
    is_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from uvicorn.server import ServerState

    from dexter.gateway.asgi import AsgiApp, Message, Scope

SOCKET = "socket"
"""The key in a scope's state under which the gateway's faces find the connection itself."""
GOING_AWAY = 1001
LINGER_S = 5.0
"""How long a closed connection waits for the client to read its last message."""


class Socket(asyncio.Protocol):
    """A connection that became a WebSocket, or was refused. Whoever accepts it says who hears what comes."""

    __slots__ = (
        "_app",
        "_key",
        "_linger",
        "_loop",
        "_reader",
        "_refusal",
        "_server",
        "_transport",
        "heard_at",
        "is_full",
        "is_open",
        "on_lost",
        "on_room",
        "on_shutdown",
        "on_text",
    )

    def __init__(self, app: AsgiApp, server: ServerState, transport: asyncio.Transport) -> None:
        self._app = app
        self._server = server
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        self._key = b""
        self._refusal: Message | None = None
        self._linger: asyncio.TimerHandle | None = None
        self.is_open = False
        self.is_full = False
        """Whether the client reads more slowly than it is written to."""
        self.heard_at = self._loop.time()
        """When the client showed last that it lives, by the loop's clock."""
        self.on_text: Callable[[bytes], None] = _nothing
        self.on_room: Callable[[], None] = _nothing
        self.on_lost: Callable[[], None] = _nothing
        self.on_shutdown: Callable[[], None] = lambda: self.close(GOING_AWAY, "Dexter ends")

    def begin(self, scope: Scope) -> None:
        """Let the app decide over the handshake of a request."""
        # Only a set of connections, not of one class of them, for all that the server does with it.
        self._server.connections.add(self)  # type: ignore[arg-type]
        self._transport.set_protocol(self)
        headers = dict(scope["headers"])
        self._key = headers.get(b"sec-websocket-key", b"")
        if headers.get(b"sec-websocket-version") != VERSION or not is_key(self._key):
            self._answer(400, ((b"sec-websocket-version", VERSION),), b"No WebSocket of version 13.")
            return
        scope["state"][SOCKET] = self
        task = self._loop.create_task(self._decide(scope))
        task.add_done_callback(self._server.tasks.discard)
        self._server.tasks.add(task)

    def accept(self) -> None:
        """Open it."""
        if self._transport.is_closing():
            return
        extra = b"".join(b"%b: %b\r\n" % pair for pair in self._server.default_headers)
        self._transport.write(accepting(self._key) + extra + b"\r\n")
        self.is_open = True

    def write(self, data: bytes) -> None:
        """Send frames."""
        self._transport.write(data)

    def close(self, code: int, reason: str, last: bytes = b"") -> None:
        """End it; `last` are frames that go before the end."""
        if not self.is_open:
            return
        self._end(last + closing(code, reason))

    def abort(self) -> None:
        """Break it off: whoever is there cannot be told anything."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that the client is gone."""
        self._server.connections.discard(self)
        if self._linger is not None:
            self._linger.cancel()
        self._lose()

    def data_received(self, data: bytes) -> None:
        """Hear bytes."""
        if not self.is_open and self._linger is None:
            self._transport.abort()  # nothing may be said before the handshake is answered
            return
        self.heard_at = self._loop.time()
        try:
            for opcode, payload in self._reader.feed(data):
                self._hear(opcode, payload)
        except BadFrame as error:
            if self._linger is not None:
                self._transport.close()
            self.close(error.code, error.reason)

    def eof_received(self) -> bool:
        """Hear that the client will say nothing more."""
        return False

    def pause_writing(self) -> None:
        """Hear that the client does not read as fast as it is written to."""
        self.is_full = True

    def resume_writing(self) -> None:
        """Hear that the client has caught up."""
        self.is_full = False
        self.on_room()

    def shutdown(self) -> None:
        """Hear that the server ends."""
        if self.is_open:
            self.on_shutdown()

    def _hear(self, opcode: int, payload: bytes) -> None:
        if not self.is_open:
            if opcode == CLOSE:
                self._transport.close()
            return
        if opcode == TEXT:
            try:
                payload.decode()
            except UnicodeDecodeError:
                raise BadFrame(NO_TEXT, "a text message is UTF-8") from None
            self.on_text(payload)
        elif opcode == PING:
            self._transport.write(framed(payload, PONG))
        elif opcode == CLOSE:
            self._end(answer_to_close(payload))
            self._transport.close()
        elif opcode != PONG:
            raise BadFrame(NO_DATA_OF_THIS_KIND, "messages are text, in JSON")

    def _end(self, last: bytes) -> None:
        self._transport.write(last)
        # Who closes first waits for the other's answer, so that the last message is not lost with the connection; a
        # client that reads nothing must not keep it, and what waits for it, for as long as it likes.
        self._linger = self._loop.call_later(LINGER_S, self._transport.abort)
        self._lose()

    def _lose(self) -> None:
        self.is_open = False
        lost, self.on_lost = self.on_lost, _nothing
        self.on_text = self.on_room = self.on_shutdown = _nothing
        lost()

    async def _decide(self, scope: Scope) -> None:
        try:
            await self._app(scope, _connecting(), self._asgi_send)
        finally:
            if not self.is_open and self._linger is None and not self._transport.is_closing():
                self._transport.close()

    async def _asgi_send(self, message: Message) -> None:
        """Take the app's answer to the handshake, where it is a refusal."""
        if message["type"] == "websocket.http.response.start":
            self._refusal = message
        elif message["type"] == "websocket.http.response.body" and self._refusal is not None:
            self._answer(self._refusal["status"], self._refusal["headers"], message.get("body", b""))
        elif message["type"] == "websocket.close" and not self.is_open:
            self._answer(403, (), b"")

    def _answer(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """Refuse the handshake."""
        named = [pair for pair in headers if pair[0].lower() not in (b"content-length", b"connection")]
        lines = [
            b"HTTP/1.1 %d %b" % (status, http.HTTPStatus(status).phrase.encode()),
            *(b"%b: %b" % pair for pair in (*self._server.default_headers, *named)),
            b"content-length: %d" % len(body),
            b"connection: close",
        ]
        self._transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self._transport.close()


def socket_of(scope: Scope) -> Socket:
    """Give the connection of a WebSocket's handshake."""
    found: Socket = scope["state"][SOCKET]
    return found


def _connecting() -> Any:
    async def receive() -> Message:
        return {"type": "websocket.connect"}

    return receive


def _nothing(_: bytes = b"") -> None:
    """Do nothing."""
