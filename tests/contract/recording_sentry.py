"""A server on a real socket that writes down every request as it came over the wire and answers as it was told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httptools

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """A request as it stands on the wire."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """A response: what a server sends, or what a client gets."""

    status: int
    headers: Headers
    body: bytes = b""


@dataclass
class RecordingSentry:
    """The upstream of every case."""

    reply: Reply = Reply(500, ())
    seen: list[Request] = field(default_factory=list)
    base_url: str = ""
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    def will_answer(self, reply: Reply) -> None:
        """Forget what was seen, and answer every request from now on with `reply`."""
        self.reply = reply
        self.seen.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while (request := await _read_request(reader)) is not None:
                self.seen.append(request)
                writer.write(_on_the_wire(self.reply))
                await writer.drain()
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()
            self._open.discard(task)


class _Parsed:
    """What httptools tells of one request."""

    def __init__(self) -> None:
        self.target = b""
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    parsed = _Parsed()
    parser: Any = httptools.HttpRequestParser(parsed)
    while not parsed.complete:
        data = await reader.read(65536)
        if not data:
            return None
        parser.feed_data(data)
    method = parser.get_method().decode()
    return Request(method, parsed.target.decode("latin-1"), tuple(parsed.headers), parsed.body)


def _on_the_wire(reply: Reply) -> bytes:
    head = [f"HTTP/1.1 {reply.status} Said", *(f"{name}: {value}" for name, value in reply.headers), "", ""]
    return "\r\n".join(head).encode("latin-1") + reply.body
