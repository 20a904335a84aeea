"""Purges that every host knows of: learned from a server, and trusted no longer than a lease.

Each process keeps its own table of generations and asks the server, many times within a lease, what was purged since.
What it knows counts for `TRUST_S` from the moment it asked. A write is recorded at the server and waits until every
other process has said that it learned of it, or until the leases of those that did not are over: after that nobody
counts an older answer as fresh.

    knowing      the lease runs: kept answers may be fresh
    suspended    the server does not answer: nothing kept is fresh, and whoever runs Dexter is told
    rejoining    the server is back: what was purged here meanwhile is published, what others purged is learned

A mark has two parts: the generation at the server, and the number of purges recorded here while it was away.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dexter.stores.ledger import Ledger
from dexter.stores.slots import private_table, slots_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from dexter.stores.store import Mark

LEASE_S = 0.1
"""How long a write waits at most until all processes know of it, or know that they know too little."""
TRUST_S = 0.09
"""How long a process trusts what it knows; shorter than the lease, since clocks do not run equally fast."""
RENEW_S = 0.025
"""How often a process asks what was purged since."""
RECONNECT_S = 0.1
"""How often it tries when the server is away."""
SETTLE_S = 0.25
"""How long a request waits for a lease that just ran out, as after a long garbage collection."""
FIRST_SETTLE_S = 1.0
"""How long the first ones wait when nothing is known yet: where entries lie is among it."""
TOLD_LOOK_S = 0.004

_LOCAL = 1 << 56
"""Generations at the server stay below it: they are microseconds, if the server was ever begun anew."""

log = logging.getLogger("dexter.stores")


class PurgeServerFailed(Exception):
    """The server cannot be reached, or does not answer in time."""


@dataclass(frozen=True, slots=True)
class Purge:
    """One purge as the server tells it. `previous` is the generation before it, so that a gap shows."""

    generation: int
    previous: int
    slots: list[int]
    lags: list[int]
    lag_s: float


@dataclass(frozen=True, slots=True)
class Renewal:
    """What was purged since a generation. `epoch` changes when the server has forgotten what it knew."""

    epoch: str
    generation: int
    purges: list[Purge]


@dataclass(frozen=True, slots=True)
class Whole:
    """All that the server knows: generations as little-endian numbers of eight bytes, and the purges of late."""

    epoch: str
    generation: int
    generations: bytes
    recent: list[Purge]


class PurgeServer(Protocol):
    """Where purges are put in order. Every method raises PurgeServerFailed."""

    async def whole(self) -> Whole:
        """Give all there is."""

    async def renew(self, holder: str, seen: int) -> Renewal:
        """Give the purges since generation `seen`, which the holder thereby says it has learned."""

    async def purge(self, slots: list[int], lags: list[int], lag_s: float) -> int:
        """Record a purge and give its generation."""

    async def all_told(self, holder: str, generation: int) -> bool:
        """Whether all other holders whose lease may still run have learned of a generation."""

    async def aclose(self) -> None:
        """Let the connections go."""


@dataclass(frozen=True, slots=True)
class _Pending:
    tags: frozenset[str]
    lagging: frozenset[str]
    until: float


class LeasedPurges:
    """`Purges` over a server. `on_change` hears True when the promise is suspended, and False when it holds again."""

    def __init__(
        self,
        server: PurgeServer,
        monotonic: Callable[[], float],
        on_change: Callable[[bool], None] = lambda _: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._server = server
        self._monotonic = monotonic
        self._on_change = on_change
        self._sleep = sleep
        self._holder = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._table = private_table()
        self._generation = 0
        self._own = Ledger()
        self._pending: list[_Pending] = []
        self._lease_until = float("-inf")
        self._is_lost = False
        self._renewing: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self.epoch: str | None = None
        """Names the time since which the server forgot nothing; None before it was first reached."""

    def mark(self) -> Mark:
        """Give the present point in the order of purges."""
        return self._own.mark() * _LOCAL + self._generation

    def shared(self, mark: Mark) -> int:
        """Give the part of a mark that means the same to every process."""
        return mark % _LOCAL

    def own(self, generation: int) -> Mark:
        """Give the mark of what was asked for at a generation, by whichever process."""
        return self._own.mark() * _LOCAL + generation

    def outdated(self, tags: Iterable[str], since: Mark) -> bool:
        """Whether any of the tags is known to be purged after `since`, or may have been."""
        tags = tuple(tags)
        own, generation = divmod(since, _LOCAL)
        return self._table.newest(tags) > generation or self._own.outdated(tags, own)

    def lagging(self, tags: Iterable[str], now: float) -> bool:
        """Whether any of the tags lags at the monotonic second `now`."""
        tags = tuple(tags)
        return self._table.lags_until(tags) > now or self._own.lagging(tags, now)

    def suspended(self) -> bool:
        """Whether the lease is over."""
        return self._monotonic() >= self._lease_until

    @property
    def is_away(self) -> bool:
        """Whether the server is known to be away, which a lease that just ran out does not mean."""
        return self._is_lost

    async def settle(self) -> None:
        """Renew a lease that just ran out; return at once while the server is known to be away."""
        self._follow()
        if not self._is_lost:
            with suppress(PurgeServerFailed, TimeoutError):
                async with asyncio.timeout(FIRST_SETTLE_S if self.epoch is None else SETTLE_S):
                    await self.renew()

    async def record(self, tags: Iterable[str], lagging: Iterable[str], until: float) -> None:
        """Note that the tags are purged now, and which of them lag until the monotonic second `until`.

        Returns when every process has learned of it or trusts its knowledge no more; or, with the promise suspended,
        when it is noted to be published as soon as the server is back.
        """
        self._follow()
        pending = _Pending(frozenset(tags), frozenset(lagging), until)
        if self._is_lost:
            await self._keep_pending(pending)
            return
        try:
            generation = await self._publish(pending)
            deadline = self._monotonic() + LEASE_S
            await self.renew()
        except PurgeServerFailed:
            await self._keep_pending(pending)
            self._lost()
            return
        await self._all_told(generation, deadline)

    async def _keep_pending(self, pending: _Pending) -> None:
        await self._own.record(pending.tags, pending.lagging, pending.until)
        self._pending.append(pending)

    async def note(self, tags: Iterable[str]) -> None:
        """Note a purge that nobody waits for."""
        task = asyncio.ensure_future(self.record(tags, (), 0.0))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def renew(self) -> None:
        """Learn what was purged since and begin a new lease. Raises PurgeServerFailed."""
        # What was asked before now may not tell of what happened just before now: a later question does.
        if self._renewing is not None and not self._renewing.done():
            with suppress(PurgeServerFailed):
                await asyncio.shield(self._renewing)
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.ensure_future(self._renew())
            # Read once, or asyncio complains of a failure that nobody fetched.
            self._renewing.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._renewing)

    async def aclose(self) -> None:
        """End the following and let the server go."""
        tasks = [task for task in (self._following, self._renewing, *self._errands) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.aclose()

    def _follow(self) -> None:
        if self._following is None or self._following.done():
            self._following = asyncio.ensure_future(self._followed())

    async def _followed(self) -> None:
        while True:
            try:
                await self.renew()
            except PurgeServerFailed:
                self._lost()
                await self._sleep(RECONNECT_S)
            else:
                await self._sleep(RENEW_S)

    async def _renew(self) -> None:
        if self.epoch is None:
            await self._take_all()
        while self._pending:
            await self._publish(self._pending[0])
            self._pending.pop(0)
        while True:
            asked_at = self._monotonic()
            renewal = await self._server.renew(self._holder, self._generation)
            if renewal.epoch != self.epoch or not self._apply(renewal.purges):
                await self._take_all()
                continue
            if self._generation >= renewal.generation:
                self._lease_until = max(self._lease_until, asked_at + TRUST_S)
                self._found()
            if not renewal.purges:
                return
            # Once more, which tells the server what was learned, and those who wait for that.

    def _apply(self, purges: list[Purge]) -> bool:
        """Learn of purges; False when there is a gap before them."""
        for purge in purges:
            if purge.previous > self._generation:
                return False
            self._learn(purge)
            self._generation = purge.generation
        return True

    def _learn(self, purge: Purge) -> None:
        self._table.lag(purge.lags, self._monotonic() + purge.lag_s)
        self._table.purge(purge.slots, purge.generation)

    async def _take_all(self) -> None:
        whole = await self._server.whole()
        if self.epoch is not None and whole.epoch != self.epoch:
            # Purges were forgotten with what the server knew: nothing kept before can be told from what they hit.
            self._own.doubt_everything()
        self._table.load(whole.generations)
        for purge in whole.recent:
            self._learn(purge)
        self.epoch, self._generation = whole.epoch, whole.generation

    async def _publish(self, pending: _Pending) -> int:
        lag_s = max(0.0, pending.until - self._monotonic()) if pending.lagging else 0.0
        return await self._server.purge(slots_of(pending.tags), slots_of(pending.lagging), lag_s)

    async def _all_told(self, generation: int, deadline: float) -> None:
        while (left := deadline - self._monotonic()) > 0:
            try:
                if await self._server.all_told(self._holder, generation):
                    return
            except PurgeServerFailed:
                # It is recorded; who has not heard of it by the deadline hears of nothing.
                await self._sleep(left)
                return
            await self._sleep(min(left, TOLD_LOOK_S))

    def _lost(self) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._lease_until = float("-inf")
            log.warning("purges_unknown: nothing kept counts as fresh until the shared store is back")
            self._on_change(True)

    def _found(self) -> None:
        if self._is_lost:
            self._is_lost = False
            log.warning("purges_known_again")
            self._on_change(False)
