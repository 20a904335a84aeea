"""One client of the feed on a socket: what it asked for, what it is owed, and what it may have."""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dexter.errors import DexterError
from dexter.gateway.events_socket_frames import framed
from dexter.gateway.events_socket_messages import ACK, BYE, ERROR, HELLO, PONG, place
from dexter.gateway.events_stream import FeedDown, read_channels, read_place, wanted
from dexter.realtime.audience import Interest, Listener
from dexter.realtime.hub import Frame, Gap
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dexter.gateway.events_socket_messages import Language, Said
    from dexter.gateway.events_socket_outbox import Outbox
    from dexter.gateway.events_socket_wire import Socket
    from dexter.gateway.events_stream import Wish
    from dexter.gateway.feed_access import Access
    from dexter.gateway.listeners import Seat
    from dexter.realtime.hub import Hub, Position
    from dexter.realtime.presence import Presence, Viewer

LONGEST_QUEUE = 1000
"""How many messages a slow client may be behind before it is told and dropped."""
MOST_MESSAGES = 200
"""How many messages a client may send between two looks at it."""
MOST_WAITING = 50
"""How many of them may wait while one is worked on."""
STUCK_S = 30.0
REPLAYED_AT_ONCE = 100

POLICY, TRY_LATER, RESTART = 1008, 1013, 1012
UNAUTHENTICATED, FORBIDDEN = 4401, 4403


class Client:
    """A client that is connected."""

    __slots__ = (
        "_backlog",
        "_is_due",
        "_is_replaying",
        "_language",
        "_outbox",
        "_room",
        "_work",
        "checked_at",
        "held",
        "hub",
        "listener",
        "looks_at",
        "messages",
        "pending",
        "pinged_at",
        "presence",
        "seat",
        "socket",
        "viewer",
    )

    def __init__(
        self,
        socket: Socket,
        seat: Seat,
        hub: Hub,
        outbox: Outbox,
        presence: Presence,
        language: Language,
        held: Access,
        now: float,
    ) -> None:
        self.socket = socket
        self.seat = seat
        self.hub = hub
        self.presence = presence
        self.held = held
        self.checked_at = now
        self.pinged_at = 0.0
        self.messages = 0
        self.pending: list[Frame | Gap | bytes] = []
        self.listener = Listener(self.give, Interest(projects=held.projects))
        self.viewer: Viewer | None = None
        self.looks_at: str | None = None
        self._outbox = outbox
        self._language = language
        self._is_due = False
        self._is_replaying = False
        self._room: asyncio.Event | None = None
        self._work: asyncio.Task[None] | None = None
        self._backlog: deque[bytes] = deque()

    def begin(self, now: Position, wish: Wish, more: Mapping[str, Any] | None = None) -> None:
        """Say where now is, with what else is to be said at first, and do what the address asks for."""
        if not self.socket.is_open:
            return
        self.socket.on_text = self.hear
        self.socket.on_room = self._has_room
        self.socket.on_shutdown = lambda: self.end(RESTART, "restart", "This Dexter ends; connect again.")
        self.hub.change(self.listener, Interest(wish.channels, wish.wanted, self.held.projects))
        self.say(HELLO, {**place(now), "channels": sorted(wish.channels), **(more or {})})
        if wish.since is not None:
            self._replay(wish.channels, wish.since, now, is_first=True)

    def give(self, found: Frame | Gap | bytes) -> None:
        """Have something sent soon; what cannot be sent waits, and a client that lets too much wait is dropped."""
        if not self.socket.is_open:
            return
        if isinstance(found, Gap):
            self.seat.missed(found.why)
        self.pending.append(found)
        if self.socket.is_full or self._is_replaying:
            if len(self.pending) > LONGEST_QUEUE:
                self.end(TRY_LATER, "slow", "You read more slowly than events happen; come back with your last place.")
        elif not self._is_due:
            self._is_due = True
            self._outbox.add(self)

    def say(self, kind: str, document: dict[str, Any]) -> None:
        """Have a message sent, in its turn."""
        self.give(self._language.said(kind, document))

    def flush(self) -> None:
        """Send what waits, if it can be sent."""
        self._is_due = False
        if self.pending and self.socket.is_open and not self.socket.is_full and not self._is_replaying:
            pending, self.pending = self.pending, []
            self.socket.write(self._outbox.bytes_of(pending, self._language))
            self._outbox.left(len(pending))

    def end(self, code: int, reason: str, detail: str) -> None:
        """Say why nothing more comes, and close."""
        self.pending = []
        self.seat.ends_for(reason)
        bye = framed(self._language.said(BYE, {"reason": reason, "detail": detail}))
        self.socket.close(code, detail, bye)

    def leave(self) -> None:
        """Let go of everything, once the socket is closed."""
        self.hub.leave(self.listener)
        self.seat.leave()
        self.pending = []
        self._backlog.clear()
        if self._work is not None:
            self._work.cancel()
        if self.viewer is not None and self.looks_at is not None:
            self.presence.leaves(self.viewer, self.looks_at)

    def allowed(self, held: Access, now: float) -> None:
        """Take note of what the client may have from now on, also of what waits to be sent."""
        self.held, self.checked_at = held, now
        if self.listener.interest.projects != held.projects:
            self._regard(projects=held.projects)
            allows = self.listener.interest.allows
            self.pending = [each for each in self.pending if not isinstance(each, Frame) or allows(each)]

    def hear(self, text: bytes) -> None:
        """Do what the client says, one thing after the other."""
        self.messages += 1
        if self.messages > MOST_MESSAGES or len(self._backlog) >= MOST_WAITING:
            self.end(POLICY, "flood", "You send more messages than anybody needs.")
        elif self._work is not None:
            self._backlog.append(text)
        else:
            self._do(text)

    def _do(self, text: bytes) -> None:
        try:
            said = self._language.read(text)
        except ValueError as error:
            self.say(ERROR, {"id": None, "detail": f"That is no message: {error}."})
            return
        try:
            self._obey(said)
        except DexterError as error:
            self.say(ERROR, {"id": said.id, "detail": f"{error.message} {error.remedy}".strip()})

    def _obey(self, said: Said) -> None:
        match said.op:
            case "ping":
                self._start(lambda: self._pong(said))
            case "unsubscribe":
                self._regard(channels=self.listener.interest.channels - read_channels(said.channels))
                self._confirm(said)
            case "subscribe":
                self._subscribe(said)
            case "presence":
                self._start(lambda: self._look(said))

    def _subscribe(self, said: Said) -> None:
        channels, since = read_channels(said.channels), read_place(said.since)
        before = self.listener.interest
        had = before.channels
        new_filter = before.wanted if said.filter is None else wanted(said.filter)
        self._regard(channels=read_channels(tuple(had | channels)), wanted=new_filter)
        until = self.hub.position
        self._confirm(said)
        if since is not None:
            self._replay(channels - had, since, until, is_first=not had)

    def _regard(self, **changed: Any) -> None:
        self.hub.change(self.listener, replace(self.listener.interest, **changed))

    def _confirm(self, said: Said) -> None:
        channels = sorted(self.listener.interest.channels)
        self.say(ACK, {"op": said.op, "id": said.id, **place(self.hub.position), "channels": channels})

    async def _pong(self, said: Said) -> None:
        try:
            more = {"webhooks_at": await self.hub.webhooks_at()}
        except FeedUnavailable:
            more = {}  # the socket lives all the same
        self.say(PONG, {"id": said.id, **more})

    async def _look(self, said: Said) -> None:
        if self.viewer is None:
            self.say(ERROR, {"id": said.id, "detail": "Only somebody who signed in to Dexter can be seen by others."})
            return
        if said.issue is not None and not (said.issue.isascii() and said.issue.isdigit() and len(said.issue) <= 20):
            self.say(ERROR, {"id": said.id, "detail": "issue must be an issue's number, or null."})
            return
        before, self.looks_at = self.looks_at, said.issue
        if before is not None and before != said.issue:
            self.presence.leaves(self.viewer, before)
        if said.issue is not None and before != said.issue:
            await self.presence.looks(self.viewer, said.issue)
        seen = {"issue": said.issue, "viewer": {"id": self.viewer.id, "name": self.viewer.name}}
        self.say(ACK, {"op": "presence", "id": said.id, **place(self.hub.position), **seen})

    def _replay(self, channels: frozenset[str], since: Position, until: Position, *, is_first: bool) -> None:
        """Send what happened in channels between two places. What happens from this moment on waits."""
        before, self.pending = self.pending, []
        self._is_replaying = True
        self._start(lambda: self._replayed(before, channels, since, until, is_first=is_first))

    async def _replayed(
        self,
        before: list[Frame | Gap | bytes],
        channels: frozenset[str],
        since: Position,
        until: Position,
        *,
        is_first: bool,
    ) -> None:
        await self._sent([framed(self._spelt(each)) for each in before])
        interest = self.listener.interest
        replayed = replace(interest, channels=channels)
        others = interest.channels - channels
        is_whole, batch = True, []
        async for found in self.hub.between(since, until):
            if isinstance(found, Gap):
                is_whole = False
                self.seat.missed(found.why)
            if isinstance(found, Gap) or (replayed.covers(found) and others.isdisjoint(found.channels)):
                batch.append(framed(self._language.told(found)))
            if len(batch) >= REPLAYED_AT_ONCE:
                await self._sent(batch)
                batch = []
        await self._sent(batch)
        if is_whole and is_first:
            self._forget_up_to(since)

    def _forget_up_to(self, since: Position) -> None:
        """Send nothing that another process has told already, which knew more than this one knows of yet.

        What comes after a gap begins anew.
        """
        self.listener.heard = since
        waiting, self.pending = self.pending, []
        for each in waiting:
            if isinstance(each, Gap):
                self.listener.heard = None
            if not isinstance(each, Frame) or not self.listener.has_heard(each):
                self.pending.append(each)

    def _spelt(self, message: Frame | Gap | bytes) -> bytes:
        return message if isinstance(message, bytes) else self._language.told(message)

    async def _sent(self, frames: list[bytes]) -> None:
        if self.socket.is_full:
            self._room = asyncio.Event()
            async with asyncio.timeout(STUCK_S):
                await self._room.wait()
        if frames and self.socket.is_open:
            self.socket.write(b"".join(frames))
            self._outbox.left(len(frames))

    def _has_room(self) -> None:
        if self._room is not None:
            self._room.set()
        self.flush()

    def _start(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = asyncio.get_running_loop().create_task(self._worked(work), context=Context())

    async def _worked(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except FeedUnavailable:
            self.end(TRY_LATER, "unavailable", f"The feed's log does not answer. {FeedDown.remedy}")
        except TimeoutError:
            self.end(TRY_LATER, "slow", "You do not read what you are sent; come back with your last place.")
        finally:
            self._is_replaying = False
            self._work = None
        self.flush()
        while self._backlog and self._work is None:
            self._do(self._backlog.popleft())
