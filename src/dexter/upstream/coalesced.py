"""Stage that lets a crowd of identical reads share one flight to Sentry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dexter.observe.records import FlightLanded
from dexter.policy.cache_key import cache_key
from dexter.policy.purge import flown_under
from dexter.policy.sharing import may_share
from dexter.upstream.bodies import close_body
from dexter.wire import Answer, Call, Outcome, Priority, Send

if TYPE_CHECKING:
    from dexter.stores.store import Mark
    from dexter.upstream.parts import Parts


@dataclass(slots=True, eq=False)
class Flight:
    """One way to Sentry and back, with everybody who waits for it."""

    task: asyncio.Task[Answer]
    tags: frozenset[str]
    mark: Mark
    """Where in the order of purges it took off: who comes after a purge of its tags must not join it."""
    priority: Priority
    waiting: int = 0
    joined: int = 0
    claimed: bool = False
    """Whether somebody took a body that is too large to share."""


class Coalesced:
    """A stage. Flights belong to one identity, since the key does; nobody's leaving cancels one."""

    def __init__(self, inner: Send, parts: Parts) -> None:
        self._inner = inner
        self._parts = parts
        self._flights: dict[str, Flight] = {}

    async def __call__(self, call: Call) -> Answer:
        """Give the answer of a flight, one under way or a new one."""
        # Who wants Sentry's own word must not get what was asked before it wanted it.
        if not may_share(call) or call.no_cache:
            return await self._inner(call)
        key = cache_key(call.identity, call.method, call.path, call.query)
        flight = self._flights.get(key)
        if flight is None or not self._may_join(call, flight):
            return await self._landed(self._take_off(key, call), call, Outcome.MISS)
        flight.joined += 1
        return await self._landed(flight, call, Outcome.COLLAPSED)

    def _may_join(self, call: Call, flight: Flight) -> bool:
        # A person who joined a script's flight would wait for quota as long as the script.
        return flight.priority <= call.priority and not self._parts.store.outdated(flight.tags, flight.mark)

    def _take_off(self, key: str, call: Call) -> Flight:
        tags = flown_under(call.endpoint, dict(call.params), call.identity)
        mark = self._parts.store.mark()
        # Its time is its own: the first caller's may be shorter than that of those who join.
        shared = replace(call, deadline=self._parts.clock.monotonic() + self._parts.options.request_s)
        flight = Flight(self._parts.background.start(_sent(self._inner, shared)), tags, mark, call.priority)
        self._flights[key] = flight
        flight.task.add_done_callback(lambda _: self._over(key, flight, call))
        return flight

    def _over(self, key: str, flight: Flight, call: Call) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        self._parts.tell(FlightLanded(call.endpoint.name, flight.joined))
        self._close_unclaimed(flight)

    async def _landed(self, flight: Flight, call: Call, outcome: Outcome) -> Answer:
        flight.waiting += 1
        try:
            answer = await asyncio.shield(flight.task)
            if isinstance(answer.body, bytes):
                return answer if answer.outcome is outcome else replace(answer, outcome=outcome)
            if call.transparent and not flight.claimed:
                flight.claimed = True
                return answer
        finally:
            flight.waiting -= 1
            self._close_unclaimed(flight)
        return await self._inner(call)

    def _close_unclaimed(self, flight: Flight) -> None:
        """Let go of a large body that nobody is left to take."""
        task = flight.task
        if flight.waiting or flight.claimed or not task.done() or task.cancelled() or task.exception():
            return
        flight.claimed = True
        if not isinstance(task.result().body, bytes):
            self._parts.background.start(close_body(task.result().body))


async def _sent(inner: Send, call: Call) -> Answer:
    return await inner(call)
