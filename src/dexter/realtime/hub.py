"""One reader of the log for all listeners of a process: each event is read and written out once, and given to many.

A listener says from where on it wants to hear. What lies between that and now is read from the log for it; from then
on it hears what all hear. It never hears an event twice or out of order, and where something is missing it is told.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import structlog

from dexter.policy.feed_channels import Filter, channels_of
from dexter.realtime.events import FeedEvent, unpacked
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from dexter.stores.feed_log import FeedLog, Page, Record

log = structlog.get_logger("dexter.realtime")

REPLAY_PAGE = 500
WAIT_S = 10.0
TRY_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the log: everything up to `offset` of this epoch is known."""

    epoch: str
    offset: int


@dataclass(frozen=True, slots=True)
class Frame:
    """An event on its way to listeners: read once, and written as JSON once."""

    epoch: str
    offset: int
    event: FeedEvent
    channels: frozenset[str]
    text: bytes
    """`{"kind":"event",...}`, as every client gets it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """History is missing between where a listener was and `position`."""

    position: Position
    why: str
    """`epoch`: the log began anew. `trimmed`: it goes no further back. `ahead`: the listener knows more than it."""


@dataclass(slots=True, eq=False)
class Listener:
    """Who listens, to what. `give` gets every wanted frame, and every gap, at once; it must not wait."""

    give: Callable[[Frame | Gap], None]
    channels: set[str] = field(default_factory=set)
    wanted: Filter = field(default_factory=Filter)
    projects: frozenset[str] | None = None
    """The projects that the listener may know of; None for all."""

    def wants(self, frame: Frame) -> bool:
        """Whether the listener has asked for an event, and may have it."""
        return not self.channels.isdisjoint(frame.channels) and self.may_have(frame) and self.wanted.passes(frame.event)

    def may_have(self, frame: Frame) -> bool:
        """Whether the listener may know of an event."""
        return self.projects is None or (frame.event.project is not None and frame.event.project in self.projects)


class Hub:
    """The listeners of a process to the log of one organization."""

    def __init__(self, feed: FeedLog, organization: str) -> None:
        self._feed = feed
        self.organization = organization
        self._listeners: set[Listener] = set()
        self._position = Position("", 0)
        self._reading: asyncio.Task[None] | None = None

    @property
    def listening(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def join(self, listener: Listener) -> Position:
        """Let a listener hear from now on, and give where now is. Raises FeedUnavailable."""
        if self._reading is None or self._reading.done():
            page = await self._feed.after(self.organization, 0, 0)
            if self._reading is None or self._reading.done():
                self._position = Position(page.epoch, page.last)
                self._reading = asyncio.create_task(self._read())
        self._listeners.add(listener)
        return self._position

    def leave(self, listener: Listener) -> None:
        """Let a listener go; the last one ends the reading."""
        self._listeners.discard(listener)
        if not self._listeners and self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def aclose(self) -> None:
        """Let everybody go."""
        self._listeners.clear()
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
            self._reading = None

    async def between(self, since: Position, until: Position) -> AsyncIterator[Frame | Gap]:
        """Give the frames after one place up to another, and before them the gap, if there is one."""
        page = await self._feed.after(self.organization, since.offset, REPLAY_PAGE)
        missing = _missing(page, since)
        if missing is not None:
            yield Gap(until if missing == "ahead" else Position(page.epoch, max(0, page.oldest - 1)), missing)
            if missing == "ahead":
                return
            page = await self._feed.after(self.organization, max(0, page.oldest - 1), REPLAY_PAGE)
        while page.records:
            for record in page.records:
                if record.offset > until.offset:
                    return
                yield frame(page.epoch, record)
            page = await self._feed.after(self.organization, page.records[-1].offset, REPLAY_PAGE)

    async def _read(self) -> None:
        while True:
            try:
                await self._read_on()
            except FeedUnavailable as error:
                log.warning("feed_waits", error=str(error))
                await asyncio.sleep(TRY_AGAIN_S)

    async def _read_on(self) -> None:
        position = self._position
        page = await self._feed.after(self.organization, position.offset, REPLAY_PAGE)
        missing = _missing(page, position)
        if missing is not None:
            position = Position(page.epoch, max(0, page.oldest - 1))
            self._position = position
            for listener in tuple(self._listeners):
                listener.give(Gap(position, missing))
            return
        for record in page.records:
            self._spread(frame(page.epoch, record))
        if not page.records:
            await self._feed.wait(self.organization, position.offset, WAIT_S)

    def _spread(self, found: Frame) -> None:
        self._position = Position(found.epoch, found.offset)
        for listener in tuple(self._listeners):
            if listener.wants(found):
                listener.give(found)


def frame(epoch: str, record: Record) -> Frame:
    """Give an event of the log as listeners get it."""
    event = unpacked(record.body)
    head = b'{"kind":"event","epoch":%b,"offset":%d,"event":' % (msgspec.json.encode(epoch), record.offset)
    return Frame(epoch, record.offset, event, channels_of(event), head + record.body + b"}")


def _missing(page: Page, since: Position) -> str | None:
    """Give why a log does not reach back to a place, or None when it does."""
    if since.epoch != page.epoch:
        return "epoch"
    if since.offset > page.last:
        return "ahead"
    return None if page.reaches(since.offset) else "trimmed"
