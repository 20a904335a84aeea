"""A connection to the gateway without a socket: bytes in, bytes out, through the server's own protocol class."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.server import ServerState

from dexter.gateway.fast_path import FAST_PATH
from dexter.gateway.protocol import GatewayProtocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dexter.app import Application

DATE = (b"date", b"Tue, 14 Nov 2023 22:13:20 GMT")


class Pipe(asyncio.Transport):
    """The server's side of a connection; what it writes is kept."""

    def __init__(self, peer: str) -> None:
        super().__init__()
        self.peer = peer
        self.written = b""
        self.closed = False
        self.reading = True

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.written += b"".join(list_of_data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": (self.peer, 50_000), "sockname": ("127.0.0.1", 8000)}.get(name, default)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def take(self) -> bytes:
        taken, self.written = self.written, b""
        return taken


@dataclass(frozen=True)
class Said:
    """One answer as it stood on the wire."""

    status: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str | None:
        wanted = name.encode()
        return next((value.decode("latin-1") for key, value in self.headers if key == wanted), None)


class Connection:
    """One keep-alive connection. Without `fast`, everything goes the usual way."""

    def __init__(self, app: Application, *, fast: bool = True, peer: str = "127.0.0.1") -> None:
        config = uvicorn.Config(app, http=GatewayProtocol, ws="none", lifespan="off", log_config=None)
        config.load()
        self.state = ServerState()
        self.state.default_headers = [DATE]
        self.pipe = Pipe(peer)
        self.protocol = GatewayProtocol(
            config=config, server_state=self.state, app_state={FAST_PATH: app.fast_path} if fast else {}
        )
        self.protocol.connection_made(self.pipe)

    async def ask(self, *chunks: bytes, head: bool = False) -> list[Said]:
        """Send bytes and give every answer that comes of them."""
        for chunk in chunks:
            self.protocol.data_received(chunk)
        while self.state.tasks:
            await asyncio.gather(*self.state.tasks)
            await asyncio.sleep(0)
        return answers(self.pipe.take(), head=head)

    async def get(self, target: str, *fields: tuple[str, str]) -> Said:
        """Give the one answer to a GET."""
        (said,) = await self.ask(get(target, *fields))
        return said

    async def at_once(self, *chunks: bytes) -> bytes:
        """Give what is written by the time the bytes are read: nothing that takes a task is among it."""
        await asyncio.sleep(0)  # so that they come in a new turn of the loop, as they do from a socket
        for chunk in chunks:
            self.protocol.data_received(chunk)
        return self.pipe.take()

    def lost(self) -> None:
        """Let the client leave."""
        self.protocol.connection_lost(None)


def get(target: str, *fields: tuple[str, str], method: str = "GET", version: str = "1.1") -> bytes:
    """Give a request as bytes; fields stand as they are given."""
    named = {name.lower() for name, _ in fields}
    fields = fields if "host" in named else (("Host", "localhost:8000"), *fields)
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answers(raw: bytes, *, head: bool = False) -> list[Said]:
    """Read answers that follow each other."""
    found = []
    while raw:
        start, _, rest = raw.partition(b"\r\n\r\n")
        status, *lines = start.split(b"\r\n")
        if status.split(b" ")[1] == b"100":
            raw = rest  # no answer yet, but leave to send the body
            continue
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
        length = int(dict(headers).get(b"content-length", b"0"))
        bodiless = head or status.split(b" ")[1] in (b"204", b"304")
        body, raw = (b"", rest) if bodiless else (rest[:length], rest[length:])
        found.append(Said(status, headers, body))
    return found
