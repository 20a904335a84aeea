"""Nobody gets a value from before a write as fresh once the write's answer is back."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.schedule import ISSUE, LIST, Schedule
from tests.doubles.sentry_double import SERVICE, TOKEN, FakeClock, Held, SentryDouble, call, ok

from dexter.errors import TimedOut, Unreachable
from dexter.wire import Answer, Identity, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.upstream.stack import Stack

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
    await schedule.aclose()
