"""Nobody gets a value from before a write as fresh once the write's answer is back."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.sentry_double import JSON, ONE_ATTEMPT, SERVICE, TOKEN, FakeClock, Held, SentryDouble, call, ok

from dexter.errors import TimedOut, Unreachable
from dexter.stores.memory import MemoryStore
from dexter.upstream.stack import Stack, build_stack
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call, Identity, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

LIST = "/api/0/organizations/acme/issues/"
ISSUE = "/api/0/organizations/acme/issues/7/"
TEAMS = "/api/0/organizations/acme/teams/"
OLD, NEW = ok(b'{"status":"unresolved"}'), ok(b'{"status":"resolved"}')


async def resolve(stack: Stack, clock: FakeClock, path: str = ISSUE, identity: Identity = SERVICE) -> Answer:
    return await stack(call(path, method="PUT", body=b'{"status":"resolved"}', clock=clock, identity=identity))


@pytest.mark.parametrize("path", [ISSUE, LIST, f"{ISSUE}tags/", "/api/0/organizations/4711/issues/"])
async def test_a_write_makes_what_it_touches_go(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, path: str
) -> None:
    """Resolved is resolved, on every screen."""
    sentry.will(OLD, NEW)
    await stack(call(path))
    await resolve(stack, clock)
    assert (await stack(call(path))).body == NEW.body


async def test_a_write_by_one_identity_is_seen_by_all(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """A colleague resolved it with a token of their own."""
    sentry.will(OLD, NEW)
    await stack(call(ISSUE))
    await resolve(stack, clock, identity=TOKEN)
    assert (await stack(call(ISSUE))).body == NEW.body


async def test_a_write_leaves_the_rest_in_the_store(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """Resolving an issue changes no team."""
    await stack(call(TEAMS))
    await resolve(stack, clock)
    assert (await stack(call(TEAMS))).outcome is Outcome.HIT


async def test_a_read_under_way_during_a_write_is_not_stored(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """It left before the write and comes back after it, with yesterday's truth."""
    held = Held(OLD)
    sentry.will(held, NEW)
    reading = asyncio.create_task(stack(call(ISSUE)))
    await held.asked.wait()
    await resolve(stack, clock)
    held.let_go()
    await reading
    assert (await stack(call(ISSUE))).body == NEW.body


async def test_a_reader_after_the_write_does_not_join_a_flight_from_before(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """The flight still carries what was before."""
    held = Held(OLD)
    sentry.will(held, NEW)
    reading = asyncio.create_task(stack(call(ISSUE)))
    await held.asked.wait()
    await resolve(stack, clock)
    assert (await stack(call(ISSUE))).body == NEW.body
    held.let_go()
    await reading
    assert (await stack(call(ISSUE))).body == NEW.body


async def test_a_read_begun_while_the_write_is_under_way_is_not_kept(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Whether Sentry had written yet when it was read, nobody knows."""
    held = Held(ok())
    sentry.will(held, OLD, NEW)
    writing = asyncio.create_task(resolve(stack, clock))
    await held.asked.wait()
    await stack(call(ISSUE))
    held.let_go()
    await writing
    assert (await stack(call(ISSUE))).body == NEW.body


@pytest.mark.parametrize(
    "trouble", [Unreachable("gone"), TimedOut("slow"), ok(b'{"detail":"x"}', status=500), ok(b"", status=504)]
)
async def test_a_write_of_unknown_outcome_counts_as_one(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, trouble: Answer | Exception
) -> None:
    """Sentry may have done it, or do it in a moment: nothing it touches is kept as fresh for a while."""
    sentry.will(OLD, trouble, OLD, NEW)
    await stack(call(ISSUE))
    with contextlib.suppress(Unreachable, TimedOut):
        await resolve(stack, clock)
    await stack(call(ISSUE))
    clock.pass_s(29)
    assert (await stack(call(ISSUE, clock=clock))).body == NEW.body
    clock.pass_s(2)
    await stack(call(ISSUE, clock=clock))
    assert (await stack(call(ISSUE, clock=clock))).outcome is Outcome.HIT


async def test_a_write_whose_caller_left_counts_as_one(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """The browser tab is closed in the midst of a resolve."""
    held = Held(ok())
    sentry.will(OLD, held, NEW)
    await stack(call(ISSUE))
    writing = asyncio.create_task(resolve(stack, clock))
    await held.asked.wait()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert (await stack(call(ISSUE))).body == NEW.body


async def test_lists_are_not_stored_fresh_while_sentrys_search_lags(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """For half a minute the search still shows the issue as open; five minutes of that would be a lie."""
    sentry.will(ok(), OLD, OLD, NEW)
    await resolve(stack, clock)
    assert (await stack(call(LIST, clock=clock))).body == OLD.body
    clock.pass_s(29)
    assert (await stack(call(LIST, clock=clock))).outcome is Outcome.MISS
    clock.pass_s(1)
    assert (await stack(call(LIST, clock=clock))).body == NEW.body
    assert (await stack(call(LIST, clock=clock))).outcome is Outcome.HIT


async def test_the_issue_itself_is_stored_fresh_after_a_write(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Only the search lags; the database does not."""
    await resolve(stack, clock)
    await stack(call(ISSUE))
    assert (await stack(call(ISSUE))).outcome is Outcome.HIT


async def test_a_list_from_the_lag_stands_in_when_sentry_breaks(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A list that may lag, and says how old it is, is better than an error."""
    sentry.will(ok(), OLD, Unreachable("down"))
    await resolve(stack, clock)
    await stack(call(LIST))
    assert (await stack(call(LIST, clock=clock))).outcome is Outcome.FALLBACK


async def test_a_crowd_in_the_lag_still_shares_one_flight(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """A team that triages writes every few seconds; each write must not cost a call per reader."""
    await resolve(stack, clock)
    await asyncio.gather(*(stack(call(LIST)) for _ in range(20)))
    assert len(sentry.calls) == 2


@pytest.mark.parametrize("status", [400, 403, 404, 429])
async def test_a_refused_write_starts_no_lag(stack: Stack, sentry: SentryDouble, clock: FakeClock, status: int) -> None:
    """Nothing changed, so the search has nothing to catch up with."""
    sentry.will(ok(b"{}", status=status), OLD)
    await resolve(stack, clock)
    await stack(call(LIST))
    assert (await stack(call(LIST))).outcome is Outcome.HIT


STRANGERS = [Identity("bogus", "token"), Identity("anonymous", "anonymous")]


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("path", [ISSUE, "/api/0/issues/7/"])
async def test_a_strangers_write_empties_nothing(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, stranger: Identity, path: str
) -> None:
    """Else anybody who reaches the port could keep the store empty, and Sentry's quota with it."""
    sentry.will(OLD, ok(b"{}", status=401))
    await stack(call(ISSUE))
    await resolve(stack, clock, path, identity=stranger)
    assert (await stack(call(ISSUE))).outcome is Outcome.HIT


@pytest.mark.parametrize("answer", [ok(), ok(b"", status=502), Unreachable("gone")])
async def test_a_newcomers_write_counts_once_sentry_may_have_taken_it(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, answer: Answer | Exception
) -> None:
    """A token's first call may well be a resolve."""
    sentry.will(OLD, answer, NEW)
    await stack(call(ISSUE))
    with contextlib.suppress(Unreachable):
        await resolve(stack, clock, identity=TOKEN)
    assert (await stack(call(ISSUE))).body == NEW.body


async def test_an_unknown_write_makes_everything_go(stack: Stack, sentry: SentryDouble, clock: FakeClock) -> None:
    """Older servers' addresses, private ones: what they change is anybody's guess."""
    sentry.will(OLD, ok(), NEW)
    await stack(call(TEAMS))
    await resolve(stack, clock, "/api/0/issues/7/")
    assert (await stack(call(TEAMS))).body == NEW.body


async def test_a_fallback_purged_while_sentry_was_asked_does_not_stand_in(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """It was in hand already when the write came."""
    sentry.will(OLD)
    await stack(call(LIST))
    clock.pass_s(3600)
    held = Held(Unreachable("down"))
    sentry.will(held, ok())
    reading = asyncio.create_task(stack(call(LIST, clock=clock)))
    await held.asked.wait()
    await resolve(stack, clock)
    held.let_go()
    with pytest.raises(Unreachable):
        await reading


@dataclass
class VersionedSentry:
    """A Sentry with one issue whose value is its version; every answer waits until the schedule lets it go.

    The issue's address shows the version at the moment Sentry reads it, which is when the schedule says so: a read
    may have left long before. The list shows what the version was `INDEX_LAG_S` ago.
    """

    clock: FakeClock
    version: int = 0
    written_at: list[float] = field(default_factory=list)
    waiting: list[tuple[Call, asyncio.Future[Answer]]] = field(default_factory=list)
    upstream: Upstream = field(default_factory=lambda: Upstream("https://sentry.example"))

    async def send(self, asked: Call) -> Answer:
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append((asked, done))
        return await done

    def apply(self, index: int) -> tuple[Call, asyncio.Future[Answer], Answer] | None:
        """Let Sentry do what was asked; the answer is on its way back but not there yet."""
        if not self.waiting:
            return None
        asked, done = self.waiting.pop(index % len(self.waiting))
        if asked.method == "PUT":
            self.version += 1
            self.written_at.append(self.clock.monotonic())
        indexed = sum(self.clock.monotonic() - moment >= INDEX_LAG_S for moment in self.written_at)
        shown = indexed if asked.path == LIST else self.version
        body = b'{"auth":{}}' if asked.path == "/api/0/" else b'{"version":%d}' % shown
        return asked, done, Answer(200, JSON, body)

    async def aclose(self) -> None:
        pass


INDEX_LAG_S = 29.0
STORED = {Outcome.HIT, Outcome.STALE}
PROMISED = {ISSUE: {*STORED, Outcome.MISS, Outcome.COLLAPSED}, LIST: STORED}
"""Outcomes that must show every write that returned; straight from Sentry, a list may lag, which is Sentry's truth."""


class Schedule:
    """Reads, writes and departures, with Sentry doing and answering in the order a test chooses."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sentry = VersionedSentry(self.clock)
        self.stack = build_stack(self.sentry, MemoryStore(), self.clock, ONE_ATTEMPT)
        self.returned = 0
        """The version of the newest write whose answer its caller has."""
        self.reads: list[tuple[int, str, asyncio.Task[Answer]]] = []
        """For each: the newest version its caller may already know, the address, and the read itself."""
        self.writes: list[asyncio.Task[Answer]] = []
        self.on_the_way: list[tuple[Call, asyncio.Future[Answer], Answer]] = []

    def read(self, number: int) -> None:
        identity, path = (SERVICE, TOKEN)[number % 2], (ISSUE, LIST)[number // 2 % 2]
        asked = self.stack(call(path, clock=self.clock, identity=identity))
        self.reads.append((self.returned, path, asyncio.create_task(asked)))

    def write(self, _: int) -> None:
        self.writes.append(asyncio.create_task(resolve(self.stack, self.clock)))

    def apply(self, number: int) -> None:
        applied = self.sentry.apply(number)
        if applied is not None:
            self.on_the_way.append(applied)

    def deliver(self, number: int) -> None:
        if self.on_the_way:
            _, done, answer = self.on_the_way.pop(number % len(self.on_the_way))
            if not done.done():
                done.set_result(answer)

    def answer(self, number: int) -> None:
        self.apply(number)
        self.deliver(-1)

    def leave(self, number: int) -> None:
        if self.reads:
            self.reads[number % len(self.reads)][2].cancel()

    def wait(self, number: int) -> None:
        self.clock.pass_s((1.0, 14.0, 25.0, 200.0)[number])

    async def settle(self) -> None:
        for _ in range(12):
            await asyncio.sleep(0)
        written = [_version(task.result()) for task in self.writes if task.done()]
        self.returned = max(self.returned, *written, 0)

    def check(self) -> None:
        for floor, path, task in self.reads:
            if task.done() and not task.cancelled() and task.result().outcome in PROMISED[path]:
                assert _version(task.result()) >= floor

    async def overtake(self) -> None:
        """One more write that Sentry answers before everything else under way, and a read by everybody after it."""
        self.write(0)
        await self.settle()
        self.answer(-1)
        await self.settle()
        await self.read_by_all()

    async def read_by_all(self) -> None:
        for number in range(4):
            self.read(number)
            await self.settle()

    async def drain(self) -> None:
        """Let everything that is under way come to its end."""
        while self.sentry.waiting or self.on_the_way:
            self.answer(0)
            await self.settle()
        await asyncio.gather(*(task for _, _, task in self.reads), *self.writes, return_exceptions=True)


often = st.sampled_from([Schedule.read, Schedule.write, Schedule.answer, Schedule.apply, Schedule.deliver])
seldom = st.sampled_from([Schedule.leave, Schedule.wait])
steps = st.lists(st.tuples(often | often | often | seldom, st.integers(0, 3)), min_size=4, max_size=20)


@settings(max_examples=300, deadline=None)
@given(steps)
async def test_no_interleaving_gives_a_value_older_than_a_write_that_returned(
    taken: list[tuple[Callable[[Schedule, int], None], int]],
) -> None:
    """The promise of this file, for any order of everything; and once all is quiet, everybody sees the last write."""
    schedule = Schedule()
    for step, number in taken:
        step(schedule, number)
        await schedule.settle()
        schedule.check()
    await schedule.overtake()
    await schedule.drain()
    await schedule.read_by_all()
    await schedule.drain()
    schedule.check()
    await schedule.stack.aclose()


def _version(answer: Answer) -> int:
    assert isinstance(answer.body, bytes)
    return int(answer.body.split(b":")[1].rstrip(b"}"))
