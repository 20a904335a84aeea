"""Packs what an app answers to one request alone: whole JSON, in the encoding its caller takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dexter.gateway.asgi import headers_of
from dexter.gateway.packing import packed
from dexter.gateway.representations import LEAST_BYTES, OFF_LOOP_BYTES
from dexter.policy.encoding import Coding, choice
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.gateway.asgi import AsgiApp, AsgiSend, Message, Receive, Scope


class PackedAnswers:
    """An ASGI application before another. What streams, is small, or is packed already goes as it comes."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        """Answer one request."""
        coding = choice(header(headers_of(scope), "accept-encoding"))
        await self._app(scope, receive, _Packer(send, coding))


class _Packer:
    """Holds the beginning of an answer back until it is known whether the whole comes at once."""

    def __init__(self, send: AsgiSend, coding: Coding) -> None:
        self._send = send
        self._coding = coding
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _may_be_packed(message):
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            start, message = await self._packed(start, message)
            await self._send(start)
        await self._send(message)

    async def _packed(self, start: Message, message: Message) -> tuple[Message, Message]:
        """Give an answer's two messages with its body packed, if that is worth it."""
        headers = [*start["headers"], (b"vary", b"Accept-Encoding")]
        body: bytes = message.get("body", b"")
        if self._coding is Coding.IDENTITY or len(body) < LEAST_BYTES or message.get("more_body", False):
            return {**start, "headers": headers}, message
        if len(body) > OFF_LOOP_BYTES[Coding.IDENTITY]:
            body = await asyncio.to_thread(packed, body, self._coding)
        else:
            body = packed(body, self._coding)
        kept = [pair for pair in headers if pair[0] != b"content-length"]
        said = [(b"content-encoding", self._coding.encode()), (b"content-length", b"%d" % len(body))]
        return {**start, "headers": [*kept, *said]}, {**message, "body": body}


def _may_be_packed(start: Message) -> bool:
    fields = dict(start.get("headers", ()))
    return fields.get(b"content-type", b"").startswith(b"application/json") and b"content-encoding" not in fields
