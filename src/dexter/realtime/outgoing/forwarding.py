"""Forwards in one of all processes: whoever holds the lease has a line to each subscription's receiver.

Everything that is known is in the database, so that another process goes on where one died: at once on the same host,
which sees that it is dead, and on others when its lease has run out.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from dexter.database.engine import DatabaseUnavailable
from dexter.policy.feed_channels import PLAIN
from dexter.policy.outgoing import RetryRule
from dexter.realtime.audience import Interest, Listener
from dexter.stores.feed_log import FeedUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.database.engine import Database
    from dexter.database.subscriptions import Subscription
    from dexter.features.bulk.executors import Executor
    from dexter.features.people_keys import KeyRing
    from dexter.observe.records import Observer
    from dexter.realtime.hub import Frame, Gap, Hub
    from dexter.realtime.outgoing.lines import Line
    from dexter.realtime.outgoing.sender import Sender

log = structlog.get_logger("dexter.outgoing")

LOOK_S = 1.0
"""How soon a change of a subscription is noticed that was made through another process."""
UNAVAILABLE_S = 3.0
LEASE_S = 15.0
RENEW_S = 4.0
TURNS = 4
"""How many lines use the database at a time; none of them waits for a receiver meanwhile."""
STOP_S = 5.0
"""How long the end waits for attempts under way; what is broken off is sent again."""


@dataclass(frozen=True, slots=True)
class ForwardingParts:
    """What forwarding rests on."""

    database: Database
    hub: Hub
    ring: KeyRing
    sender: Sender
    executor: Executor
    now: Callable[[], float]
    rule: RetryRule = field(default_factory=RetryRule)
    observers: tuple[Observer, ...] = ()
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TURNS))
    """Who takes one may use the database; the gateway's requests need some of its connections, too."""


class Forwarding:
    """This process's part in forwarding."""

    def __init__(self, parts: ForwardingParts) -> None:
        self._parts = parts
        self._lease = f"outgoing {parts.hub.organization}"
        self._lines: dict[str, Line] = {}
        self._listener = Listener(self._heard, Interest(PLAIN))
        self._is_listening = False
        self._renewed_at = self._held_until = 0.0
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_over = False

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Look at once: a subscription is new or has changed."""
        self._woken.set()

    def is_ours(self) -> bool:
        """Whether this process may forward: as long as its lease lasts."""
        return not self._is_over and time.monotonic() < self._held_until

    def lag_s(self) -> float:
        """Give how long the oldest event has waited that this process is to forward."""
        return max((line.lag_s() for line in self._lines.values()), default=0.0)

    async def aclose(self) -> None:
        """Finish the attempts under way, and let another process go on."""
        self._is_over = True
        self._woken.set()
        if self._task is not None:
            # Not cancelled at once: a transaction that is can hold up all others for a while.
            await asyncio.wait([self._task], timeout=STOP_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._let_go()
        await self._parts.sender.aclose()
        self._parts.executor.end()

    async def _run(self) -> None:
        while not self._is_over:
            self._woken.clear()
            pause_s = LOOK_S
            try:
                await self._look()
            except DatabaseUnavailable as error:
                log.warning("forwarding_waits", error=str(error))
                pause_s = UNAVAILABLE_S
            except Exception:
                log.exception("forwarding_failed")
                pause_s = UNAVAILABLE_S
            with suppress(TimeoutError):
                # Not `wait_for`, which keeps a cancellation to itself that comes together with what it waits for.
                async with asyncio.timeout(pause_s):
                    await self._woken.wait()

    async def _look(self) -> None:
        await self._parts.database.engine()
        # Not imported above, since a start waits for no library of the database's.
        from dexter.database.subscriptions import of_organization

        async with self._parts.database.reading() as connection:
            found = await of_organization(connection, self._parts.hub.organization)
        running = {each.id: each for each in found if each.is_running}
        if running and await self._take():
            await self._listen()
            await self._tend(running)
        else:
            await self._let_go()

    async def _take(self) -> bool:
        """Take the lease, or prolong it when it is time; False while another process forwards."""
        from dexter.database import leases
        from dexter.database.columns import at

        if self.is_ours() and time.monotonic() - self._renewed_at < RENEW_S:
            return True
        database, executor = self._parts.database, self._parts.executor
        holder = await leases.holder_of(database, self._lease, at(self._parts.now()))
        if holder is not None and executor.is_dead(holder):
            await leases.give_back(database, self._lease, holder)
        elif holder not in (None, executor.name):
            return False
        executor.begin()
        begun = time.monotonic()
        if not await leases.take(database, self._lease, executor.name, at(self._parts.now()), LEASE_S):
            return False
        self._renewed_at, self._held_until = begun, begun + LEASE_S
        return True

    async def _listen(self) -> None:
        """Hear of each event, and have the poller look for them: a receiver is a listener like any other."""
        if not self._is_listening:
            try:
                await self._parts.hub.join(self._listener)
            except FeedUnavailable as error:
                # What is pending can be sent without it.
                log.warning("forwarding_hears_nothing", error=str(error))
            else:
                self._is_listening = True

    def _heard(self, _: Frame | Gap) -> None:
        for line in self._lines.values():
            line.wake()

    async def _tend(self, running: dict[str, Subscription]) -> None:
        """Have a line for each subscription, and none else."""
        from dexter.realtime.outgoing.lines import Line

        gone = [self._lines.pop(name) for name in list(self._lines) if name not in running]
        await asyncio.gather(*(line.aclose(STOP_S) for line in gone))
        for name, subscription in running.items():
            if name not in self._lines:
                line = self._lines[name] = Line(self._parts, subscription, self.is_ours, self.wake)
                line.start()
            elif self._lines[name].has_changed(subscription):
                self._lines[name].wake()

    async def _let_go(self) -> None:
        if self._is_listening:
            self._parts.hub.leave(self._listener)
            self._is_listening = False
        lines, self._lines = list(self._lines.values()), {}
        await asyncio.gather(*(line.aclose(STOP_S) for line in lines))
        if self._held_until:
            self._held_until = 0.0
            from dexter.database import leases

            with suppress(DatabaseUnavailable):
                await leases.give_back(self._parts.database, self._lease, self._parts.executor.name)
