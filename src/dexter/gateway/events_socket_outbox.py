"""What leaves by sockets: written out once for all who get the same, and in a storm many events in one write."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from dexter.gateway.events_socket_frames import framed

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.gateway.events_socket_client import Client
    from dexter.gateway.events_socket_messages import Language
    from dexter.realtime.hub import Frame, Gap

TOGETHER_S = 0.005
"""Events that come within so long of each other leave in one write: a write costs nine times what a message does."""
AT_ONCE = 256
"""So many sockets are written to before anything else gets its turn."""


class Outbox:
    """The sockets that have something to be sent."""

    def __init__(self, told: Callable[[int], None] = lambda _: None) -> None:
        """`told` hears how many messages have left."""
        self._told = told
        self._left = 0
        self._waiting: deque[Client] = deque()
        self._turn: asyncio.Handle | None = None
        self._last_at = 0.0
        self._written: dict[tuple[int, ...], tuple[object, bytes]] = {}
        """What this round has put together, by what it is made of, which is kept so that its ids stay its own."""

    def add(self, client: Client) -> None:
        """Have something sent soon."""
        self._waiting.append(client)
        if self._turn is None:
            loop = asyncio.get_running_loop()
            due = self._last_at + TOGETHER_S
            now = loop.time()
            self._turn = loop.call_soon(self._send) if now >= due else loop.call_at(due, self._send)

    def bytes_of(self, pending: list[Frame | Gap | bytes], language: Language) -> bytes:
        """Give messages as they go to a socket."""
        key = (id(language), id(pending[0])) if len(pending) == 1 else (id(language), *map(id, pending))
        found = self._written.get(key)
        if found is None:
            made = b"".join(framed(each if isinstance(each, bytes) else language.told(each)) for each in pending)
            found = self._written[key] = (pending, made)
        return found[1]

    def left(self, messages: int) -> None:
        """Take note of messages that have left."""
        self._left += messages
        if self._turn is None:
            self._count()

    def _count(self) -> None:
        if self._left:
            left, self._left = self._left, 0
            self._told(left)

    def _send(self) -> None:
        loop = asyncio.get_running_loop()
        self._last_at = loop.time()
        waiting = self._waiting
        for _ in range(min(AT_ONCE, len(waiting))):
            waiting.popleft().flush()
        if waiting:
            self._turn = loop.call_soon(self._send)
        else:
            self._turn = None
            self._written.clear()
        self._count()
