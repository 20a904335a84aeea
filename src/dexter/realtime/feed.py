"""The feed of one organization, put together: its sources, its log, its hub, and the work that goes on behind."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from dexter.realtime.events import Source
from dexter.realtime.hub import Hub
from dexter.realtime.intake import Intake
from dexter.realtime.own_writes import ORG, Done, read_write
from dexter.realtime.poll_turns import PollTurns
from dexter.realtime.poller import Poller
from dexter.realtime.readings import Readings
from dexter.realtime.webhooks import Webhooks
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.features.sentry import Sentry
    from dexter.observe.records import Observer
    from dexter.realtime.events import FeedEvent
    from dexter.stores.feed_log import FeedLog
    from dexter.stores.store import Store
    from dexter.stores.webhook_inbox import WebhookInbox
    from dexter.wire import Answer, Call

log = structlog.get_logger("dexter.realtime")

MOST_BEHIND = 1000
"""So many own writes may wait to be recorded; beyond that the poller finds what they changed."""


@dataclass(frozen=True, slots=True)
class FeedParts:
    """What a feed rests on. `sentry` gives Dexter's own way to Sentry, at realtime priority and past the cache."""

    log: FeedLog
    inbox: WebhookInbox
    store: Store
    sentry: Callable[[], Sentry]
    now: Callable[[], float]
    observers: tuple[Observer, ...] = ()


class Feed:
    """What happens in an organization."""

    def __init__(self, organization: str, parts: FeedParts) -> None:
        self.organization = organization
        self._parts = parts
        self.inbox = parts.inbox
        self.intake = Intake(parts.log, parts.store, parts.now, parts.observers)
        self.hub = Hub(parts.log, organization)
        self.readings = Readings(parts.sentry, self.intake, parts.now)
        self.webhooks = Webhooks(parts.inbox, self.intake, self.readings, organization, parts.now)
        self.poller = Poller(
            parts.sentry,
            self.intake,
            PollTurns(parts.log),
            lambda: self.hub.listening,
            lambda: self.webhooks.last_at,
            parts.now,
        )
        self._running: list[asyncio.Task[None]] = []
        self._writes: asyncio.Queue[Done] = asyncio.Queue(MOST_BEHIND)

    def start(self) -> None:
        """Begin to listen to the sources, in the running loop."""
        self._running = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("readings", self.readings.run()),
                ("webhooks", self.webhooks.run()),
                ("poller", self.poller.run()),
                ("own writes", self._record_writes()),
            )
        ]
        for task in self._running:
            task.add_done_callback(_tell_death)

    async def aclose(self) -> None:
        """Stop, and let files and connections go."""
        for task in self._running:
            task.cancel()
        for task in self._running:
            with suppress(asyncio.CancelledError):
                await task
        await self.hub.aclose()
        with suppress(FeedUnavailable):
            await self.poller.give_way()
        await self._parts.inbox.aclose()
        await self._parts.log.aclose()

    def witness(self, call: Call, answer: Answer) -> None:
        """Hear of a change that was made through Dexter."""
        if dict(call.params).get(ORG, self.organization).lower() != self.organization.lower():
            return
        done = read_write(call, answer, self._parts.now())
        if done.says_something:
            with suppress(asyncio.QueueFull):
                self._writes.put_nowait(done)

    async def told(self, event: FeedEvent) -> None:
        """Record something of Dexter's own; what cannot be recorded now is lost, and said to be."""
        try:
            await self.intake.told(event)
        except FeedUnavailable as error:
            log.warning("event_lost", type=event.type, error=str(error))

    async def _record_writes(self) -> None:
        while True:
            done = await self._writes.get()
            try:
                await self._record(done)
            except FeedUnavailable as error:
                # The poller will see what they changed.
                log.warning("own_write_not_recorded", error=str(error))

    async def _record(self, done: Done) -> None:
        for name, into in done.gone:
            await self.intake.removed(self.organization, name, Source.WRITE, into)
        recorded = await self.intake.sighted(self.organization, done.sightings)
        self.readings.want(each.name for each in done.sightings if each.name.id in recorded.doubtful)
        self.readings.want(done.readings)


def _tell_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("feed_part_ended", part=task.get_name(), error=repr(task.exception()))
