"""Sentry's answer as a feature uses it: its whole body, known to be JSON; or an error that says who must act."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import brotli  # type: ignore[import-untyped]
import msgspec
import zstandard

from dexter.errors import Garbled
from dexter.features.upstream_errors import garbled, upstream_error
from dexter.wire import Answer, Call, Headers, Outcome, Send, header

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BODY_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """A success of Sentry's. `body` is its JSON text, `taken_at` the epoch second at which it left Sentry."""

    answer: Answer
    body: bytes
    taken_at: float

    @property
    def headers(self) -> Headers:
        """Sentry's own headers."""
        return self.answer.headers

    def document(self) -> Any:
        """Give the body as Python values."""
        return msgspec.json.decode(self.body)

    @property
    def is_stale(self) -> bool:
        """Whether the body is older than its endpoint's answers should be."""
        return self.answer.outcome in (Outcome.STALE, Outcome.FALLBACK)


async def ask(send: Send, call: Call, clock: Callable[[], float]) -> Reply:
    """Send a call and give Sentry's success.

    Raises the error that a failure stands for, and Garbled for a success that is no JSON.
    """
    answer = await send(call)
    body = _decoded(await whole_body(answer), header(answer.headers, "content-encoding"))
    now = clock()
    if not 200 <= answer.status < 300:
        raise upstream_error(answer.status, answer.headers, body, identity=call.identity, now=now)
    if answer.status != 204:
        _check_json(answer, body)
    taken_at = now if answer.stored_at is None else answer.stored_at
    return Reply(answer, body, taken_at)


async def whole_body(answer: Answer) -> bytes:
    """Give an answer's body in one piece. Raises Garbled beyond a bound that no page of Sentry's reaches."""
    if isinstance(answer.body, bytes):
        return answer.body
    chunks, size = [], 0
    async for chunk in answer.body:
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise Garbled(f"Sentry's answer is larger than {MAX_BODY_BYTES} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)


def _check_json(answer: Answer, body: bytes) -> None:
    media_type = header(answer.headers, "content-type") or ""
    if "html" in media_type.lower():
        raise garbled("a web page")
    try:
        msgspec.json.decode(body, type=msgspec.Raw)  # checks the grammar and builds nothing
        if not body.isascii():
            body.decode()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise garbled("text that is broken off or garbled") from error


def _decoded(body: bytes, encoding: str | None) -> bytes:
    decode = _DECODERS.get((encoding or "identity").strip().lower())
    if decode is None:
        raise garbled(f"a body in the encoding {encoding!r}")
    try:
        return decode(body)
    except (OSError, EOFError, zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise garbled("compressed text that is broken off") from error


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "x-gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body, max_output_size=MAX_BODY_BYTES),
}
