"""One reader of the log for all listeners of a process: each event is read and written out once, and given to many.

A listener says from where on it wants to hear. What lies between that and now is read from the log for it; from then
on it hears what all hear. It never hears an event twice or out of order, and where something is missing it is told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import structlog

from dexter.features.moment import iso
from dexter.policy.feed_channels import channels_of
from dexter.realtime.audience import Audience
from dexter.realtime.events import FeedEvent, unpacked
from dexter.realtime.poll_turns import PollTurns
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from dexter.realtime.audience import Interest, Listener
    from dexter.stores.feed_log import FeedLog, Page, Record

log = structlog.get_logger("dexter.realtime")

REPLAY_PAGE = 500
WAIT_S = 10.0
TRY_AGAIN_S = 1.0
LOOK_AGAIN_S = 5.0
"""How long it is believed when a webhook came last."""
REMEMBERED = 1000
"""So many events are kept written out for those who come back: a crowd that reconnects does not read the log anew."""


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


class Hub:
    """The listeners of a process to the log of one organization."""

    def __init__(self, feed: FeedLog, organization: str) -> None:
        self.log = feed
        self.organization = organization
        self.before_close: list[Callable[[], Awaitable[None]]] = []
        """What has something to say before the log is closed."""
        self._audience = Audience()
        self._position = Position("", 0)
        self._reading: asyncio.Task[None] | None = None
        self._recent: deque[Frame] = deque(maxlen=REMEMBERED)
        """The last events in their order, without a hole, up to the position."""
        self._turns = PollTurns(feed)
        self._webhooks_at: float | None = None
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    @property
    def position(self) -> Position:
        """Give where now is, as long as somebody listens."""
        return self._position

    @property
    def listening(self) -> int:
        """How many listen."""
        return len(self._audience)

    async def join(self, listener: Listener) -> Position:
        """Let a listener hear from now on, and give where now is. Raises FeedUnavailable."""
        if self._reading is None or self._reading.done():
            page = await self.log.after(self.organization, 0, 0)
            if self._reading is None or self._reading.done():
                self._move(Position(page.epoch, page.last))
                self._reading = asyncio.create_task(self._read())
        self._audience.add(listener)
        return self._position

    def change(self, listener: Listener, interest: Interest) -> None:
        """Let a listener hear something else from now on, whether it has joined or not."""
        self._audience.change(listener, interest)

    def leave(self, listener: Listener) -> None:
        """Let a listener go; the last one ends the reading."""
        self._audience.remove(listener)
        if not self._audience and self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def webhooks_at(self) -> str | None:
        """Give when Sentry last told of something by itself, as far as that was noted; None where it never did.

        Raises FeedUnavailable. A crowd that connects asks the log once.
        """
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now - self._looked_at >= LOOK_AGAIN_S:
                self._webhooks_at = await self._turns.told_at(self.organization)
                self._looked_at = now
        return None if self._webhooks_at is None else iso(self._webhooks_at)

    async def aclose(self) -> None:
        """Let everybody go."""
        for close in self.before_close:
            await close()
        self._audience.clear()
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
            self._reading = None

    async def between(self, since: Position, until: Position) -> AsyncIterator[Frame | Gap]:
        """Give the frames after one place up to another, and where something is missing between them, the gap."""
        recent = self._remembered(since, until)
        if recent is not None:
            for each in recent:
                yield each
            return
        while True:
            page = await self.log.after(self.organization, since.offset, REPLAY_PAGE)
            if page.epoch != until.epoch:
                # The log begins anew at this moment, of which all who listen are told; but after what comes next.
                if since != until:
                    yield Gap(until, "epoch")
                return
            missing = why_missing(page, since)
            if missing is not None:
                since = place_beyond(page, missing)
                if since.offset >= until.offset:
                    yield Gap(until, missing)  # what lies beyond waits to be told already
                    return
                yield Gap(since, missing)
                continue
            for record in page.records:
                if record.offset > until.offset:
                    return
                since = Position(page.epoch, record.offset)
                found = frame(page.epoch, record)
                if found is not None:
                    yield found
            if not page.records:
                return

    def _remembered(self, since: Position, until: Position) -> tuple[Frame, ...] | None:
        """Give the frames between two places where they are all at hand."""
        recent = self._recent
        if not recent or since.epoch != until.epoch or recent[0].epoch != since.epoch:
            return None
        if recent[0].offset > since.offset + 1 or since.offset > until.offset:
            return None
        return tuple(found for found in recent if since.offset < found.offset <= until.offset)

    async def _read(self) -> None:
        while True:
            try:
                await self._read_on()
            except FeedUnavailable as error:
                log.warning("feed_waits", error=str(error))
                await asyncio.sleep(TRY_AGAIN_S)
            except Exception:
                # Whoever listens would wait for ever and not know it.
                log.exception("feed_reading_failed")
                await asyncio.sleep(TRY_AGAIN_S)

    async def _read_on(self) -> None:
        position = self._position
        page = await self.log.after(self.organization, position.offset, REPLAY_PAGE)
        missing = why_missing(page, position)
        if missing is not None:
            position = place_beyond(page, missing)
            self._move(position)
            for listener in self._audience:
                listener.heard = None
                listener.give(Gap(position, missing))
            return
        for record in page.records:
            found = frame(page.epoch, record)
            if found is None:
                # The memory must have no hole that nobody knows of; the log has none.
                self._move(Position(page.epoch, record.offset))
            else:
                self._spread(found)
        if not page.records:
            await self.log.wait(self.organization, position.offset, WAIT_S)

    def _move(self, position: Position) -> None:
        self._position = position
        self._recent.clear()

    def _spread(self, found: Frame) -> None:
        self._position = Position(found.epoch, found.offset)
        self._recent.append(found)
        for listener in self._audience.of(found):
            listener.give(found)


def frame(epoch: str, record: Record) -> Frame | None:
    """Give an event of the log as listeners get it; None for one that a newer Dexter wrote and this one cannot read."""
    try:
        event = unpacked(record.body)
        channels = channels_of(event)
    except (msgspec.MsgspecError, KeyError) as error:
        log.warning("event_unreadable", offset=record.offset, error=type(error).__name__)
        return None
    head = b'{"kind":"event","epoch":%b,"offset":%d,"event":' % (msgspec.json.encode(epoch), record.offset)
    return Frame(epoch, record.offset, event, channels, head + record.body + b"}")


def why_missing(page: Page, since: Position) -> str | None:
    """Give why a log does not reach back to a place, or None when it does."""
    if since.epoch != page.epoch:
        return "epoch"
    if since.offset > page.last:
        return "ahead"
    return None if page.reaches(since.offset) else "trimmed"


def place_beyond(page: Page, missing: str) -> Position:
    """Give the place from where on a log has everything, for somebody who misses something of it."""
    if missing == "ahead":
        # All that is left of a log that fell behind its reader is known to the reader already.
        return Position(page.epoch, page.last)
    # What is left of an earlier epoch is not told as if it happened in this one.
    return Position(page.epoch, max(0, page.oldest - 1, page.begins if missing == "epoch" else 0))
