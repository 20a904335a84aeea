"""Stage that gives each caller the encoding it takes: what is stored stays packed, as it came."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from dexter.errors import Garbled
from dexter.policy.encoding import accepts_gzip, is_packed
from dexter.upstream.bodies import BodyStream, close_body, gunzip, gunzipped
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.upstream.parts import Parts
    from dexter.wire import Answer, Call, Headers, Send

_OFF_LOOP_BYTES = 512 * 1024
"""Unpacking more than this would hold up every other request for milliseconds; a thread does it."""


def decoded(inner: Send, parts: Parts) -> Send:
    """Give the stage that unpacks gzip for callers that do not take it."""

    async def send(call: Call) -> Answer:
        answer = await inner(call)
        encoding = header(answer.headers, "content-encoding")
        if not is_packed(encoding) or (call.transparent and accepts_gzip(header(call.headers, "accept-encoding"))):
            return answer
        return await _unpacked(answer, (encoding or "").strip().lower(), transparent=call.transparent)

    async def _unpacked(answer: Answer, encoding: str, *, transparent: bool) -> Answer:
        if encoding not in ("gzip", "x-gzip"):
            if transparent:
                return answer
            await close_body(answer.body)
            raise Garbled("Sentry answered in an encoding that nobody asked for.")
        headers = _plain_headers(answer.headers)
        if not isinstance(answer.body, bytes):
            packed = answer.body
            return replace(answer, headers=headers, body=BodyStream(gunzipped(packed), lambda: close_body(packed)))
        if len(answer.body) > _OFF_LOOP_BYTES:
            plain = await asyncio.to_thread(gunzip, answer.body, parts.options.largest_body_bytes)
        else:
            plain = gunzip(answer.body, parts.options.largest_body_bytes) if answer.body else b""
        return replace(answer, headers=headers, body=plain)

    return send


def _plain_headers(headers: Headers) -> Headers:
    return tuple((name, value) for name, value in headers if name.lower() not in ("content-encoding", "content-length"))
