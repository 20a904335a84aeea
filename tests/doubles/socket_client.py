"""A WebSocket to the gateway without a network: bytes through the server's own protocol class, frames read by hand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import uvicorn
from tests.doubles.described import as_described
from uvicorn.server import ServerState

from dexter.gateway.protocol import GatewayProtocol

if TYPE_CHECKING:
    from dexter.app import Application

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
LIMIT_S = 5.0
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_MASK = b"\x11\x22\x33\x44"


class Line(asyncio.Transport):
    """The server's side of a connection. A client that does not read lets `unread` grow."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: Any = None
        self.written = bytearray()
        self.came = asyncio.Event()
        self.closed = False
        self.writes = 0

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def write(self, data: Any) -> None:
        self.writes += 1
        self.written += data
        self.came.set()

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)
        self.came.set()

    abort = close

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 8000)}.get(name, default)

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class SocketClient:
    """A client on one connection."""

    def __init__(self, app: Application) -> None:
        config = uvicorn.Config(app, http=GatewayProtocol, ws="none", lifespan="off", log_config=None)
        config.load()
        self.state = ServerState()
        self.line = Line()
        self.line.protocol = GatewayProtocol(config=config, server_state=self.state, app_state={})
        self.line.protocol.connection_made(self.line)
        self.closed_with: tuple[int, str] | None = None
        self.status = 0
        self.body = b""
        self.pings = 0

    async def open(self, target: str = "/events", **headers: str) -> SocketClient:
        """Shake hands; `status` says what came of it."""
        fields = {
            "host": "localhost:8000",
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": KEY,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value), "", ""]
        self.line.protocol.data_received("\r\n".join(lines).encode())
        head = await self._until(b"\r\n\r\n")
        self.status = int(head.split(b" ")[1])
        self.head = head
        if self.status != 101:
            await self.gone()
            self.body = bytes(self.line.written)
        return self

    def problem(self) -> dict[str, Any]:
        """Give the body of a refusal."""
        found: dict[str, Any] = msgspec.json.decode(self.body)
        return found

    def say(self, **message: Any) -> None:
        """Send a message."""
        self.send(msgspec.json.encode(message))

    def send(self, payload: bytes, opcode: int = TEXT, *, first: int | None = None) -> None:
        """Send a frame."""
        self.line.protocol.data_received(masked(payload, opcode, first=first))

    async def next(self) -> dict[str, Any]:
        """Give the next message."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                opcode, payload = await self._frame()
                if opcode == PING:
                    self.pings += 1
                elif opcode == CLOSE:
                    self.closed_with = (int.from_bytes(payload[:2], "big"), payload[2:].decode())
                    self.send(payload[:2], CLOSE)
                    raise EOFError(self.closed_with)
                elif opcode == TEXT:
                    found: dict[str, Any] = msgspec.json.decode(payload)
                    return as_described(found)

    async def answer(self, **message: Any) -> dict[str, Any]:
        """Send a message and give the next one that comes."""
        self.say(**message)
        return await self.next()

    async def until_closed(self) -> tuple[list[dict[str, Any]], tuple[int, str]]:
        """Give what else comes, and what it ends with."""
        found = []
        try:
            while True:
                found.append(await self.next())
        except EOFError as error:
            return found, error.args[0]

    async def gone(self) -> None:
        """Wait until the connection is closed."""
        async with asyncio.timeout(LIMIT_S):
            while not self.line.closed:
                self.line.came.clear()
                await self.line.came.wait()
        await asyncio.sleep(0)

    async def leave(self) -> None:
        """Close it as a client that goes away."""
        self.line.close()
        await asyncio.sleep(0)

    async def _frame(self) -> tuple[int, bytes]:
        while True:
            found = frame_of(self.line.written)
            if found is not None:
                return found
            if self.line.closed:
                raise EOFError((1006, ""))
            self.line.came.clear()
            await self.line.came.wait()

    async def _until(self, end: bytes) -> bytes:
        async with asyncio.timeout(LIMIT_S):
            while end not in self.line.written:
                self.line.came.clear()
                await self.line.came.wait()
        cut = self.line.written.index(end) + len(end)
        head = bytes(self.line.written[:cut])
        del self.line.written[:cut]
        return head


def frame_of(written: bytearray) -> tuple[int, bytes] | None:
    """Take a frame of the server's off what it wrote."""
    if len(written) < 2:
        return None
    assert not written[1] & 0x80, "a server's frame is not masked"
    assert written[0] & 0xF0 == 0x80, "whole, and without extensions"
    size, start = written[1] & 0x7F, 2
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(written[2:start], "big")
    if len(written) < start + size:
        return None
    found = written[0] & 0x0F, bytes(written[start : start + size])
    del written[: start + size]
    return found


def masked(payload: bytes, opcode: int = TEXT, *, first: int | None = None) -> bytes:
    """Give a client's frame."""
    size = len(payload)
    head = bytes([0x80 | opcode if first is None else first])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return head + _MASK + bytes(byte ^ _MASK[at % 4] for at, byte in enumerate(payload))
