"""Bodies on their way: read whole within a limit, unpacked, timed by their progress, always closed."""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from typing import TYPE_CHECKING

from dexter.errors import CallerError, Garbled, TimedOut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from dexter.wire import Body

_GZIP = 16 + zlib.MAX_WBITS


class BodyStalled(CallerError):
    """The caller stopped in the midst of sending its body."""

    status = 408
    remedy = "Send the whole body without a long pause."


class BodyStream:
    """A body that comes in chunks, and what to do when nobody wants the rest. Iterated once."""

    def __init__(self, chunks: AsyncIterator[bytes], close: Callable[[], Awaitable[None]] | None = None) -> None:
        self._chunks = chunks
        self._close = close

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks.__aiter__()

    async def __anext__(self) -> bytes:
        return await self._chunks.__anext__()

    async def aclose(self) -> None:
        """Give up the rest of the body and the connection it comes over."""
        if self._close is not None:
            await self._close()


async def close_body(body: Body) -> None:
    """Give up a body, whatever it is."""
    close = getattr(body, "aclose", None)
    if close is not None:
        await close()


async def read_up_to(body: Body, limit_bytes: int) -> tuple[bytes, BodyStream | None]:
    """Give a whole body and None, or, when it exceeds the limit, nothing and the body as a stream."""
    if isinstance(body, bytes):
        return body, None
    chunks: list[bytes] = []
    size = 0
    async for chunk in body:
        chunks.append(chunk)
        size += len(chunk)
        if size > limit_bytes:
            return b"", BodyStream(_prefixed(chunks, body), lambda: close_body(body))
    return b"".join(chunks), None


async def _prefixed(chunks: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    async for chunk in rest:
        yield chunk


def with_patience(body: Body, idle_s: float) -> Body:
    """Give the body so that a chunk which does not come within `idle_s` raises TimedOut."""
    return body if isinstance(body, bytes) else BodyStream(_patient(body, idle_s), lambda: close_body(body))


async def _patient(body: AsyncIterator[bytes], idle_s: float) -> AsyncIterator[bytes]:
    chunks = aiter(body)
    while True:
        try:
            async with asyncio.timeout(idle_s):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            await close_body(body)
            raise TimedOut(f"Sentry's answer stood still for {idle_s:g} s.") from error
        yield chunk


class Upload:
    """A caller's body under way to Sentry: moves the attempt's end with every chunk, and keeps the caller's failure."""

    def __init__(self, body: AsyncIterator[bytes], timer: asyncio.Timeout, *, attempt_s: float, idle_s: float) -> None:
        self._body = body
        self._timer = timer
        self._attempt_s = attempt_s
        self._idle_s = idle_s
        self._waits_for_caller = False
        self.over = False
        """Set when Sentry has answered: from then on there is nothing to time."""
        self.failure: BaseException | None = None
        """What the caller's body raised, if anything."""

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body, chunk by chunk."""
        body = aiter(self._body)
        while True:
            self._give(self._idle_s, waits_for_caller=True)
            try:
                chunk = await anext(body)
            except StopAsyncIteration:
                break
            except Exception as error:
                self.failure = error
                raise
            self._give(self._attempt_s, waits_for_caller=False)
            yield chunk
        self._give(self._attempt_s, waits_for_caller=False)

    def timed_out(self) -> CallerError | TimedOut:
        """Give the error for an attempt whose time is over: the caller's pause, or Sentry's."""
        if self._waits_for_caller:
            return BodyStalled(f"The body stood still for {self._idle_s:g} s.")
        return TimedOut(f"Sentry did not take the body or answer within {self._attempt_s:g} s.")

    def _give(self, seconds: float, *, waits_for_caller: bool) -> None:
        self._waits_for_caller = waits_for_caller
        if not self.over:
            self._timer.reschedule(asyncio.get_running_loop().time() + seconds)


class Unpacker:
    """Unpacks whole bodies and remembers the last ones.

    A body that came is unpacked to be checked, and again a moment later for a caller who takes no gzip.
    """

    def __init__(self, remembered_bytes: int = 4 * 1024 * 1024) -> None:
        self._room_bytes = remembered_bytes
        self._last: deque[tuple[bytes, bytes]] = deque()

    def __call__(self, packed: bytes, limit_bytes: int) -> bytes:
        """Give an unpacked body. Raises Garbled for one that is damaged or grows beyond the limit."""
        for known, plain in tuple(self._last):  # a thread may come by
            if known is packed and len(plain) <= limit_bytes:
                return plain
        plain = _gunzip(packed, limit_bytes)
        self._last.appendleft((packed, plain))
        self._room_bytes -= len(plain)
        while self._room_bytes < 0:
            self._room_bytes += len(self._last.pop()[1])
        return plain


gunzip = Unpacker()


def _gunzip(packed: bytes, limit_bytes: int) -> bytes:
    try:
        unpacker = zlib.decompressobj(_GZIP)
        plain = unpacker.decompress(packed, limit_bytes)
    except zlib.error as error:
        raise Garbled("Sentry answered with gzip that is damaged.") from error
    if unpacker.unconsumed_tail:
        raise Garbled(f"Sentry answered with more than {limit_bytes} bytes.")
    if not unpacker.eof:
        raise Garbled("Sentry answered with gzip that breaks off.")
    return plain


async def gunzipped(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give an unpacked stream, never more than one chunk of it at a time."""
    unpacker = zlib.decompressobj(_GZIP)
    async for chunk in body:
        rest = chunk
        while rest:
            try:
                plain = unpacker.decompress(rest, 256 * 1024)
            except zlib.error as error:
                raise Garbled("Sentry answered with gzip that is damaged.") from error
            if plain:
                yield plain
            rest = unpacker.unconsumed_tail
