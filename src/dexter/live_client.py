"""A Python client of the live feed: it connects, comes back when the connection breaks, and misses nothing silently.

    async with RealtimeManager("http://localhost:8000", token, channels=["issues"], on_gap=reload) as live:
        async for event in live:
            print(event["type"], event["issue"])

It needs nothing of Dexter but this file, and aiohttp and msgspec.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
    from types import TracebackType

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
SILENT_S = 45.0
"""The gateway shows every 15 to 20 seconds that it lives."""


class Transport(StrEnum):
    """How the feed is heard."""

    WEBSOCKET = "websocket"
    SSE = "sse"


class State(StrEnum):
    """How near to now the client is."""

    CONNECTING = "connecting"
    CATCHING_UP = "catching up"
    LIVE = "live"
    OFFLINE = "offline"
    CLOSED = "closed"


class FeedRefused(Exception):
    """The gateway will not let this client hear, and coming back would not change that."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class _Broken(Exception):
    """The connection is no more; it is made anew."""


def backoff_s(failures: int, chance: Callable[[], float] = random.random) -> float:
    """Give how long to wait after so many failures in a row: at random, so that a crowd does not come back at once."""
    return chance() * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures, 16))


@dataclass(slots=True)
class RealtimeManager:
    """Hears the feed of one gateway. Iterate over it for events; leave its `async with` to end it."""

    url: str
    token: str = field(repr=False)
    """Dexter's token or a personal one; it goes into a header, never into the address."""
    channels: Iterable[str] = ("issues",)
    wanted: str = ""
    """A filter, such as `project:shop type:issue.resolved`."""
    transport: Transport = Transport.WEBSOCKET
    since: tuple[str, int] | None = None
    """The place after which to begin, and later the place up to which everything was heard."""
    on_gap: Callable[[dict[str, Any]], Awaitable[None]] | None = None
    """Is told that history is missing, before any event after it: read anew what the events keep up to date."""
    on_state: Callable[[State], None] | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    state: State = State.CLOSED
    _session: aiohttp.ClientSession | None = None
    _now: tuple[str, int] = ("", 0)
    _failures: int = 0

    async def __aenter__(self) -> RealtimeManager:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=SILENT_S)
        self._session = aiohttp.ClientSession(headers={"X-Dexter-Token": self.token}, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._become(State.CLOSED)
        if self._session is not None:
            await self._session.close()

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        """Give events, each once and in order, for ever. Raises FeedRefused."""
        while True:
            self._become(State.CONNECTING if self._failures == 0 else State.OFFLINE)
            with suppress(_Broken, aiohttp.ClientError, TimeoutError, OSError):
                async with aclosing(self._messages()) as messages:
                    async for message in messages:
                        event = await self._heard(message)
                        if event is not None:
                            yield event
            self._become(State.OFFLINE)
            self._failures += 1
            await self.sleep(backoff_s(self._failures - 1, self.chance))

    async def _heard(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Take note of a message, and give the event that it is."""
        kind = message["kind"]
        if kind == "bye":
            if message["reason"] == "refused":
                raise FeedRefused(403, message["detail"])
            raise _Broken(message["reason"])
        if kind == "pong":
            # It comes after all that was missed, so that everything up to the greeting was heard.
            if self.state is State.CATCHING_UP:
                self.since = self._now
                self._become(State.LIVE)
            return None
        if kind not in ("hello", "event", "gap"):
            return None
        place = (message["epoch"], message["offset"])
        if kind == "hello":
            self._failures, self._now = 0, place
            self._become(State.LIVE if self.since in (None, place) else State.CATCHING_UP)
            # From here on a place is known, also when nothing happens before the connection breaks.
            self.since = self.since or place
            return None
        self.since = place
        if kind == "gap" and self.on_gap is not None:
            await self.on_gap(message)
        if place[0] == self._now[0] and place[1] >= self._now[1]:
            self._become(State.LIVE)
        event: dict[str, Any] | None = message.get("event")
        return event

    def _messages(self) -> AsyncGenerator[dict[str, Any], None]:
        return self._by_socket() if self.transport is Transport.WEBSOCKET else self._by_stream()

    async def _by_socket(self) -> AsyncGenerator[dict[str, Any], None]:
        session = self._opened()
        try:
            socket = await session.ws_connect(self._address("/events"), params=self._query(), heartbeat=SILENT_S / 2)
        except aiohttp.WSServerHandshakeError as error:
            _require_hope(error.status, error.message)
            raise
        async with socket:
            await socket.send_str('{"op":"ping"}')
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    yield msgspec.json.decode(message.data)
            if socket.close_code in (4401, 4403):
                raise FeedRefused(socket.close_code - 4000, "the right to hear has ended")

    async def _by_stream(self) -> AsyncGenerator[dict[str, Any], None]:
        async with self._opened().get(self._address("/events/stream"), params=self._query()) as answer:
            if answer.status != 200:
                _require_hope(answer.status, (await answer.read()).decode("utf-8", "replace"))
                raise _Broken(str(answer.status))
            async for line in answer.content:
                if line.startswith(b"data: "):
                    yield msgspec.json.decode(line[6:])
                elif line.startswith(b":"):
                    yield {"kind": "pong"}

    def _query(self) -> dict[str, str]:
        query = {"channels": ",".join(self.channels)}
        if self.wanted:
            query["filter"] = self.wanted
        if self.since is not None:
            query["since"] = f"{self.since[0]}:{self.since[1]}"
        return query

    def _address(self, path: str) -> str:
        return self.url.rstrip("/") + path

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use it in an `async with`")
        return self._session

    def _become(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            if self.on_state is not None:
                self.on_state(state)


def _require_hope(status: int, detail: str) -> None:
    """Raise FeedRefused for an answer that would be the same the next time."""
    if 400 <= status < 500 and status not in (408, 425, 429):
        raise FeedRefused(status, detail)
