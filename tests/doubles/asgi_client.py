"""Speaks ASGI to an application, as a server would, and gives back what a client would see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

Asgi = Callable[..., Awaitable[None]]


@dataclass
class Response:
    """What came back."""

    status: int = 0
    raw_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode("latin-1") for name, value in self.raw_headers}

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


async def request(
    app: Asgi,
    method: str,
    target: str,
    headers: dict[str, str] | None = None,
    body: bytes | list[bytes] | None = None,
    **scope: Any,
) -> Response:
    """Send one request and give the response. A list as body is sent in its chunks, without a length."""
    raw_path, _, query = target.encode().partition(b"?")
    fields = {"host": "localhost:8000", **(headers or {})}
    if isinstance(body, bytes):
        fields.setdefault("content-length", str(len(body)))
    elif body is not None:
        fields.setdefault("transfer-encoding", "chunked")
    incoming = _incoming(body)
    response = Response()

    async def receive() -> MutableMapping[str, Any]:
        if incoming:
            return incoming.pop(0)
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            response.status, response.raw_headers = message["status"], list(message["headers"])
            return
        response.body += message.get("body", b"")
        response.complete = not message.get("more_body", False)

    full = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": _decoded(raw_path),
        "raw_path": raw_path,
        "query_string": query,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()],
        **scope,
    }
    await app(full, receive, send)
    return response


def _incoming(body: bytes | list[bytes] | None) -> list[MutableMapping[str, Any]]:
    chunks = body if isinstance(body, list) else [body or b""]
    messages: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    return [*messages[:-1], {**messages[-1], "more_body": False}]


def _decoded(raw_path: bytes) -> str:
    from urllib.parse import unquote

    return unquote(raw_path.decode("ascii"))
