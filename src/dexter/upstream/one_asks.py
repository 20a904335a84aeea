"""Stage that lets one of all processes ask Sentry what several of them are asked for; the others take what it kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dexter.policy.cache_key import cache_key
from dexter.policy.freshness import Fresh, fresh_for_s, judge
from dexter.policy.purge import flown_under
from dexter.policy.revalidation import may_have_stored
from dexter.policy.sharing import may_share
from dexter.stores.flights import LEASE_S, Lead
from dexter.wire import Answer, Outcome, Priority

if TYPE_CHECKING:
    from dexter.stores.entry import Entry
    from dexter.stores.flights import Flights, Led
    from dexter.upstream.parts import Parts
    from dexter.wire import Call, Send

FIRST_LOOK_S = 0.003
LONGEST_LOOK_S = 0.02
"""How often a waiting process looks whether the flight landed: at first soon, then less and less often."""
SIGN_OF_LIFE_S = LEASE_S / 3


class OneAsks:
    """A stage behind the one that shares flights within a process, so that each process waits once.

    A leader that fails, or whose answer is not kept, leaves the others to ask for themselves: nobody stands in line
    behind a failure.
    """

    def __init__(self, inner: Send, parts: Parts, flights: Flights) -> None:
        self._inner = inner
        self._parts = parts
        self._flights = flights
        self._under_way: dict[str, Lead] = {}
        self._ending: dict[str, Lead] = {}
        """Leads whose answers are being put away, so that others can read them before they may take the lead."""
        self._life: asyncio.Task[None] | None = None
        self._ends: asyncio.Task[None] | None = None

    async def __call__(self, call: Call) -> Answer:
        """Give the answer of a flight, this process's or another's."""
        if not may_share(call) or call.no_cache:
            return await self._inner(call)
        key = cache_key(call.identity, call.method, call.path, call.query)
        # Nobody who waits in person follows a flight that gives way to people, and may wait for long.
        flight = key if call.priority <= Priority.REALTIME else f"{key} later"
        while flight in self._ending and self._ends is not None:
            # This process's own last flight is being put away: some milliseconds, and no reason to look every few.
            await asyncio.shield(self._ends)
        lead = await self._flights.lead(flight, self._parts.clock.now(), self._parts.store.mark())
        if isinstance(lead, Lead):
            return await self._ask(call, key, lead)
        if lead is not None and not self._parts.store.outdated(_tags(call), lead.mark):
            entry = await self._landed(key, lead, knew=not self._parts.store.suspended())
            if entry is not None:
                return _answer(call, entry)
        return await self._inner(call)

    async def _ask(self, call: Call, key: str, lead: Lead) -> Answer:
        self._take_off(lead)
        try:
            entry = await self._parts.store.reread(key)
            if entry is not None and self._has_just_landed(call, entry):
                return _answer(call, entry)
            return await self._inner(call)
        finally:
            self._touch_down(lead)

    def _has_just_landed(self, call: Call, entry: Entry) -> bool:
        """Whether another process answered between this one's look into the store and its taking the lead."""
        now = self._parts.clock.now()
        fresh = isinstance(judge(entry, call.endpoint.cache, now, call.max_age_s), Fresh)
        # Sentry gave it to this very credential: that counts as long as any other proof of it.
        return fresh and may_have_stored(call.identity, entry.stored_at, now)

    async def _landed(self, key: str, led: Led, *, knew: bool) -> Entry | None:
        """Wait for another process's flight and give what it kept, or None when it kept nothing of use.

        `knew` says that all writes were known when it was joined. Those that returned since then overlap the call
        that waits, so that not knowing of them now, as on a crowded machine, takes nothing from the answer.
        """
        look_s = FIRST_LOOK_S
        while await self._flights.is_under_way(led):
            await self._parts.clock.sleep(look_s)
            look_s = min(LONGEST_LOOK_S, look_s * 1.5)
        entry = await self._parts.store.reread(key)
        if (
            entry is None
            or entry.outdated
            or entry.stored_at < led.began_at
            or not (knew or not self._parts.store.suspended())
        ):
            return None
        return entry

    def _take_off(self, lead: Lead) -> None:
        self._under_way[lead.key] = lead
        if self._life is None or self._life.done():
            self._life = self._parts.background.start(self._signs_of_life())

    def _touch_down(self, lead: Lead) -> None:
        del self._under_way[lead.key]
        self._ending[lead.key] = lead
        if self._ends is None or self._ends.done():
            self._ends = self._parts.background.start(self._end())

    async def _signs_of_life(self) -> None:
        """Keep the leads of all flights under way, for as long as there are any."""
        while self._under_way or self._ending:
            await self._parts.clock.sleep(SIGN_OF_LIFE_S)
            for lead in (*self._under_way.values(), *self._ending.values()):
                await self._flights.keep(lead)

    async def _end(self) -> None:
        """Give leads back once the others can read what was kept; the leaders' own callers have it by then.

        All that landed together end together: a flight alone would cost more than what it is kept for.
        """
        while self._ending:
            landed = tuple(self._ending.values())
            try:
                await self._parts.store.settled()
            finally:
                await self._flights.end(landed)
                for lead in landed:
                    del self._ending[lead.key]


def _tags(call: Call) -> frozenset[str]:
    return flown_under(call.endpoint, dict(call.params), call.identity)


def _answer(call: Call, entry: Entry) -> Answer:
    fresh_s = fresh_for_s(entry, call.endpoint.cache)
    return Answer(entry.status, entry.headers, entry.body, Outcome.COLLAPSED, entry.stored_at, fresh_s)
