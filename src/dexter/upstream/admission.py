"""The queue before Sentry: who goes next, when quota and places allow.

Two things must be free for a call: quota, as the `QuotaBook` knows it, and a place in its class's bulkhead, so that a
class that hangs cannot take every connection. The more urgent go first, within a priority the earlier; a call that is
held up holds up only those that need the same. Nobody waits beyond the time of their caller.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from dexter.errors import RateLimited, TimedOut
from dexter.policy.call_class import CallClass, call_class
from dexter.policy.headroom import PRIORITIES, free
from dexter.upstream.quota_book import Subject, Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dexter.errors import DexterError
    from dexter.upstream.parts import Parts
    from dexter.upstream.quota_book import QuotaBook
    from dexter.wire import Call, Priority

LEAST_S = 0.25
"""What is kept back of a caller's time for the answer itself."""

SHARES: Mapping[CallClass, float] = {
    CallClass.ISSUES: 0.30,
    CallClass.EVENTS: 0.20,
    CallClass.STATS: 0.15,
    CallClass.READS: 0.20,
    CallClass.WRITES: 0.15,
}
"""How the connections to Sentry are divided; together no more than there are, so that no class waits for another."""


class NoPlace(TimedOut):
    """So many calls of its kind were under way that this one found no place in its time."""

    status = 503
    retry_after_s = 1.0
    remedy = "Sentry is slow just now; try again in a moment."


@dataclass(frozen=True, slots=True)
class Pass:
    """The right to send one call, until it is handed back."""

    taken: Taken
    call_class: CallClass
    waited_s: float


@dataclass(slots=True, eq=False)
class _Waiter:
    number: int
    since: float
    turn: asyncio.Future[Pass]


@dataclass(slots=True, eq=False)
class _Lane:
    """Calls that need the same, in the order of their coming."""

    subject: Subject
    call_class: CallClass
    priority: Priority
    waiters: deque[_Waiter] = field(default_factory=deque)

    def head(self) -> _Waiter | None:
        """Give the first that still waits, and forget those that left."""
        while self.waiters and self.waiters[0].turn.done():
            self.waiters.popleft()
        return self.waiters[0] if self.waiters else None


class Admission:
    """Lets calls through one by one; the connections to Sentry are divided among the classes."""

    def __init__(self, book: QuotaBook, parts: Parts) -> None:
        self._book = book
        self._parts = parts
        book.on_answer = self._heard
        connections = parts.options.connections
        self._places = {kind: max(1, int(connections * share)) for kind, share in SHARES.items()}
        self._under_way = {kind: [0] * PRIORITIES for kind in CallClass}
        self._lanes: dict[tuple[Subject, CallClass, Priority], _Lane] = {}
        self._latest: list[tuple[float, int, _Waiter, _Lane]] = []
        """Until when each may wait, the soonest first; with those that no longer wait until they come to the top."""
        self._count = 0
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = inf
        self._looks_soon = False

    async def enter(self, call: Call) -> Pass:
        """Give the right to send a call, once it is its turn.

        Raises RateLimited when Sentry's quota does not let it in within its caller's time, NoPlace when what is under
        way does not, and whatever `turn_away` says.
        """
        now = self._parts.clock.now()
        latest = now + call.deadline - self._parts.clock.monotonic() - LEAST_S
        if not self._lanes and (held := self._at_once(call, now)) is not None:
            return held
        lane = self._lane(call)
        turn = self._opens_at(lane, now)
        if turn > max(now, latest):
            self._forget_empty()
            raise _rate_limited(turn)
        self._count += 1
        waiter = _Waiter(self._count, now, asyncio.get_running_loop().create_future())
        lane.waiters.append(waiter)
        heapq.heappush(self._latest, (latest, waiter.number, waiter, lane))
        self._dispatch()
        try:
            return await waiter.turn
        except BaseException:
            self._left(waiter)
            raise

    def leave(self, held: Pass) -> None:
        """Hand a right back when its call has ended."""
        self._book.give_back(held.taken)
        self._under_way[held.call_class][held.taken.priority] -= 1
        if self._lanes and not self._looks_soon:
            # Not at once: the breaker hears of the call's end first, and may turn those away who wait.
            self._looks_soon = True
            asyncio.get_running_loop().call_soon(self._look)

    def turn_away(self, kind: CallClass, error: Callable[[], DexterError]) -> None:
        """Let nobody of a class wait any longer; each gets an error."""
        for lane in self._lanes.values():
            if lane.call_class is kind:
                for waiter in lane.waiters:
                    if not waiter.turn.done():
                        waiter.turn.set_exception(error())
        self._forget_empty()

    def wait_s(self, call: Call) -> float:
        """Give in how many seconds a call like this may be sent, as far as quota decides."""
        now = self._parts.clock.now()
        subject = Subject(call.identity, call.method, call.endpoint.name)
        return max(0.0, self._book.opens_at(subject, call.priority, now) - now)

    def _left(self, waiter: _Waiter) -> None:
        """A caller went away: what it was given in the same moment goes to the next."""
        turn = waiter.turn
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self.leave(turn.result())
        else:
            turn.cancel()

    def _heard(self) -> None:
        """Look at once: what other processes leave is held for this one no longer than this takes."""
        if self._lanes:
            self._dispatch()

    def _look(self) -> None:
        self._looks_soon = False
        self._dispatch()

    def _at_once(self, call: Call, now: float) -> Pass | None:
        """Give the right to send a call before which nobody waits, or None when it has to wait itself."""
        subject = Subject(call.identity, call.method, call.endpoint.name)
        kind, book = call_class(call), self._book
        if free(call.priority, self._places[kind], self._under_way[kind]) <= 0:
            return None
        if book.opens_at(subject, call.priority, now) > now or not book.has_place(subject, call.priority):
            return None
        if not book.may_take(subject, call.priority, 1, now):
            return None
        self._under_way[kind][call.priority] += 1
        return Pass(book.take(subject, call.priority, now), kind, 0.0)

    def _lane(self, call: Call) -> _Lane:
        subject = Subject(call.identity, call.method, call.endpoint.name)
        key = (subject, call_class(call), call.priority)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(*key)
        return lane

    def _opens_at(self, lane: _Lane, now: float) -> float:
        ahead = sum(
            len(other.waiters)
            for other in self._lanes.values()
            if other.priority <= lane.priority and self._book.same_bucket(other.subject, lane.subject)
        )
        return self._book.opens_at(lane.subject, lane.priority, now, ahead)

    def _dispatch(self) -> None:
        """Let everybody through whose turn it is, and set the alarm for when it may be the next one's."""
        now = self._parts.clock.now()
        wake_at = self._let_through_all(now)
        self._expire(now)
        self._forget_empty()
        self._set_alarm(min(wake_at, self._latest[0][0] if self._latest else inf), now)

    def _let_through_all(self, now: float) -> float:
        """Let through whom quota and places allow, and give the moment at which quota may allow the next."""
        wake_at = inf
        order = [(lane.priority, head.number, lane) for lane in self._lanes.values() if (head := lane.head())]
        heapq.heapify(order)
        while order:
            lane = heapq.heappop(order)[2]
            opens_at = self._book.opens_at(lane.subject, lane.priority, now)
            if opens_at > now:
                wake_at = min(wake_at, opens_at)
            elif self._has_place(lane) and self._book.may_take(lane.subject, lane.priority, len(lane.waiters), now):
                self._let_through(lane, now)
                if (head := lane.head()) is not None:
                    heapq.heappush(order, (lane.priority, head.number, lane))
        return wake_at

    def _has_place(self, lane: _Lane) -> bool:
        places, under_way = self._places[lane.call_class], self._under_way[lane.call_class]
        return free(lane.priority, places, under_way) > 0 and self._book.has_place(lane.subject, lane.priority)

    def _let_through(self, lane: _Lane, now: float) -> None:
        waiter = lane.waiters.popleft()
        taken = self._book.take(lane.subject, lane.priority, now)
        self._under_way[lane.call_class][lane.priority] += 1
        waiter.turn.set_result(Pass(taken, lane.call_class, now - waiter.since))

    def _expire(self, now: float) -> None:
        while self._latest and (self._latest[0][0] <= now or self._latest[0][2].turn.done()):
            _, _, waiter, lane = heapq.heappop(self._latest)
            if not waiter.turn.done():
                waiter.turn.set_exception(self._too_late(lane, now))

    def _too_late(self, lane: _Lane, now: float) -> DexterError:
        opens_at = self._book.opens_at(lane.subject, lane.priority, now)
        if opens_at > now:
            return _rate_limited(opens_at)
        return NoPlace("So many calls to Sentry are under way that this one found no place in its time.")

    def _forget_empty(self) -> None:
        for key in [key for key, lane in self._lanes.items() if lane.head() is None]:
            del self._lanes[key]

    def _set_alarm(self, moment: float, now: float) -> None:
        if moment >= self._alarm_at:
            return  # it rings in time, and finds nothing to do at worst
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = moment
        self._alarm = self._parts.background.start(self._ring(moment - now))

    async def _ring(self, after_s: float) -> None:
        await self._parts.clock.sleep(max(0.0, after_s))
        self._alarm, self._alarm_at = None, inf
        self._dispatch()


def _rate_limited(until: float) -> RateLimited:
    return RateLimited("Sentry's quota is used up until the stated moment, so it was not asked.", until=until)
