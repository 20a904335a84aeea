"""The feed of one organization, put together: its sources, its log, its hub, and the work that goes on behind."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from dexter.policy.issue_feed import Kind
from dexter.realtime.events import ActorRef, FeedEvent, Source
from dexter.realtime.hub import Hub
from dexter.realtime.intake import Hint, Intake, Merged
from dexter.realtime.job_news import JobNews
from dexter.realtime.own_writes import ORG, Done, read_write
from dexter.realtime.poll_turns import PollTurns
from dexter.realtime.poller import Poller
from dexter.realtime.readings import Readings
from dexter.realtime.webhooks import Webhooks
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dexter.features.sentry import Sentry
    from dexter.observe.records import Observer
    from dexter.realtime.gateway_news import GatewayNews
    from dexter.realtime.job_news import Look
    from dexter.stores.feed_log import FeedLog
    from dexter.stores.store import Store
    from dexter.stores.webhook_inbox import WebhookInbox
    from dexter.wire import Answer, Call

log = structlog.get_logger("dexter.realtime")

BEGIN_ANEW_S = 1.0
DEXTER = ActorRef("application", "dexter", "Dexter")
"""Who did it, where nobody knows more than that it was done with Dexter's own credential."""
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
    who: Callable[[str], Awaitable[ActorRef | None]]
    """Gives who somebody is of those that a call may name."""
    news: GatewayNews
    look_at_job: Look
    observers: tuple[Observer, ...] = ()
    merged: Merged | None = None
    """Hears of issues that were merged, by whomever."""


class Feed:
    """What happens in an organization."""

    def __init__(self, organization: str, parts: FeedParts) -> None:
        self.organization = organization
        self._parts = parts
        self.inbox = parts.inbox
        self.intake = Intake(parts.log, parts.store, parts.now, parts.observers, parts.merged)
        self.hub = Hub(parts.log, organization)
        self.readings = Readings(parts.sentry, self.intake, parts.now)
        turns = PollTurns(parts.log)
        self.webhooks = Webhooks(parts.inbox, self.intake, self.readings, turns, organization, parts.now)
        self.poller = Poller(parts.sentry, self.intake, self.readings, turns, lambda: self.hub.listening, parts.now)
        self.jobs = JobNews(organization, parts.look_at_job, parts.now)
        self._running: list[asyncio.Task[None]] = []
        self._writes: asyncio.Queue[Done] = asyncio.Queue(MOST_BEHIND)

    def start(self) -> None:
        """Begin to listen to the sources, in the running loop."""
        self._running = [
            asyncio.create_task(_kept_running(name, work), name=name)
            for name, work in (
                ("readings", self.readings.run),
                ("webhooks", self.webhooks.run),
                ("poller", self.poller.run),
                ("own writes", self._record_writes),
                ("jobs", partial(self.jobs.tell, self.intake)),
                ("gateway", partial(self._parts.news.tell, self.intake)),
            )
        ]

    async def aclose(self) -> None:
        """Stop, and let files and connections go."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.hub.aclose()
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

    async def announced(self, event: Any, name: str) -> None:
        """Record an event that was written down with what it tells of, once. Raises FeedUnavailable."""
        await self.intake.told(msgspec.convert(event, FeedEvent), subject=name, state=b"told")

    async def _record_writes(self) -> None:
        while True:
            done = await self._writes.get()
            try:
                await self._record(done)
            except FeedUnavailable as error:
                # The poller will see what they changed.
                log.warning("own_write_not_recorded", error=str(error))

    async def _record(self, done: Done) -> None:
        actor = await self._actor(done)
        for name, into in done.gone:
            await self.intake.removed(self.organization, name, Source.WRITE, into, actor)
        recorded = await self.intake.sighted(self.organization, [replace(each, actor=actor) for each in done.sightings])
        self.readings.want(each.name for each in done.sightings if each.name.id in recorded.doubtful)
        hints = {}
        if done.comment is not None:
            hints[Kind.COMMENTED] = Hint(Source.WRITE, actor, {"comment": done.comment})
        self.readings.want(done.readings, hints)

    async def _actor(self, done: Done) -> ActorRef | None:
        """Give who did it. Of those who came with a token of Sentry's own Dexter knows nothing."""
        if not done.is_dexters and not done.person:
            return None
        try:
            return (await self._parts.who(done.person) if done.person else None) or DEXTER
        except Exception as error:
            log.warning("actor_unknown", error=type(error).__name__)
            return DEXTER


async def _kept_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do work that never ends, and begin anew when it does: a surprise must not make the feed go silent."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("feed_part_failed", part=name)
        await asyncio.sleep(BEGIN_ANEW_S)
