"""Nobody gets a value from before a write as fresh once the write's answer is back."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.schedule import ISSUE, LIST, Schedule
from tests.doubles.sentry_double import SERVICE, TOKEN, FakeClock, Held, SentryDouble, call, ok

from dexter.errors import TimedOut, Unreachable
from dexter.wire import Answer, Call, Identity, Outcome

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


async def test_a_fallback_overtaken_while_sentry_was_asked_stands_in_as_one(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Sentry broke: an old answer that says so is better than none, and a write must not take it away."""
    sentry.will(OLD)
    await stack(call(LIST))
    clock.pass_s(3600)
    held = Held(Unreachable("down"))
    sentry.will(held, ok())
    reading = asyncio.create_task(stack(call(LIST, clock=clock)))
    await held.asked.wait()
    await resolve(stack, clock)
    held.let_go()
    assert (await reading).outcome is Outcome.FALLBACK


def by(person: str, path: str = LIST, **said: Any) -> Call:
    return replace(call(path, **said), person=person)


@pytest.mark.parametrize(
    ("reader", "outcome"), [("ben", Outcome.STALE), ("ann", Outcome.MISS)], ids=["a colleague", "who wrote"]
)
async def test_who_takes_older_answers_still_sees_their_own_writes(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, reader: str, outcome: Outcome
) -> None:
    """A tab that polls must not take back what its person just did."""
    sentry.will(OLD, ok(), NEW)
    await stack(by(reader))
    await stack(by("ann", ISSUE, method="PUT", body=b"{}", clock=clock))
    clock.pass_s(30)
    seen = await stack(by(reader, clock=clock, max_age_s=20, max_stale_s=60))
    assert (seen.outcome, seen.body) == (outcome, OLD.body if outcome is Outcome.STALE else NEW.body)


async def test_a_colleague_is_given_the_list_from_before_as_stale_and_sentry_is_asked_behind(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Fifty people who triage must not wait for Sentry whenever one of them resolves something."""
    sentry.will(OLD, ok(), NEW)
    await stack(by("ben"))
    await stack(by("ann", ISSUE, method="PUT", body=b"{}", clock=clock))
    seen = await stack(by("ben", clock=clock))
    assert (seen.outcome, seen.body, seen.fresh_s) == (Outcome.STALE, OLD.body, 0)
    await asyncio.sleep(0)
    await settled(stack)
    assert (await stack(by("ben", clock=clock))).body == NEW.body


async def test_the_writer_is_given_nothing_from_before_and_nothing_from_the_lag(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """No stale value after your own write: not while search lags, and not what was asked for in the lag."""
    sentry.will(OLD, ok(), OLD, NEW)
    await stack(by("ann"))
    await stack(by("ann", ISSUE, method="PUT", body=b"{}", clock=clock))
    assert (await stack(by("ann", clock=clock))).outcome is Outcome.MISS
    clock.pass_s(29)
    sentry.will(OLD)
    await stack(by("ben", clock=clock))
    await settled(stack)
    clock.pass_s(3)
    sentry.will(NEW)
    seen = await stack(by("ann", clock=clock))
    assert (seen.outcome, seen.body) == (Outcome.MISS, NEW.body)


async def test_while_search_lags_sentry_is_asked_behind_every_few_seconds_and_not_at_every_look(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A busy team's lists always lag behind somebody."""
    await stack(by("ann", ISSUE, method="PUT", body=b"{}", clock=clock))
    await stack(by("ben", clock=clock))
    asked = len(sentry.calls)
    for _ in range(8):
        clock.pass_s(1)
        assert (await stack(by("ben", clock=clock))).outcome is Outcome.STALE
        await settled(stack)
    assert len(sentry.calls) == asked + 1


async def test_an_issues_own_page_is_never_given_from_before_a_write_nor_asked_for_behind(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Who wrote knows better; and asking behind would record a view that nobody had."""
    sentry.will(OLD, ok(), NEW)
    await stack(by("ben", ISSUE))
    await stack(by("ann", ISSUE, method="PUT", body=b"{}", clock=clock))
    await settled(stack)
    assert len(sentry.calls) == 2
    assert (await stack(by("ben", ISSUE, clock=clock))).body == NEW.body


@pytest.mark.parametrize("path", [f"{ISSUE}events/latest/", f"{ISSUE}stats/", "/api/0/organizations/acme/issues/8/"])
async def test_changing_one_issue_leaves_its_events_its_counts_and_other_issues_fresh(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, path: str
) -> None:
    """Resolving an issue changes none of them."""
    number = path.split("/")[6]
    sentry.will(ok(b'{"id":"%b"}' % number.encode()), ok(b'{"id":"7"}'))
    await stack(call(path))
    await resolve(stack, clock)
    assert (await stack(call(path, clock=clock))).outcome is Outcome.HIT


async def test_a_merged_issues_page_is_reached_by_a_change_of_the_surviving_one(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Its old number shows the surviving issue's fields."""
    merged = "/api/0/organizations/acme/issues/3/"
    sentry.will(ok(b'{"id":"7"}'), ok(b'{"id":"7"}'))
    await stack(call(merged))
    await resolve(stack, clock)
    assert (await stack(call(merged, clock=clock))).outcome is Outcome.MISS


async def test_a_change_by_a_merged_issues_number_reaches_the_surviving_ones_page(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """The answer shows that another issue was meant."""
    sentry.will(ok(b'{"id":"7"}'), ok(b'{"id":"7"}'))
    await stack(call(ISSUE))
    await resolve(stack, clock, "/api/0/organizations/acme/issues/3/")
    assert (await stack(call(ISSUE, clock=clock))).outcome is Outcome.MISS


@pytest.mark.parametrize("trouble", [Unreachable("gone"), ok(b"", status=503)])
async def test_a_write_while_sentry_is_broken_takes_nobodys_stand_ins(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, trouble: Answer | Exception
) -> None:
    """An outage is when people try again and again; each try must not cost everybody's lists."""
    sentry.will(OLD, trouble, Unreachable("gone"))
    await stack(by("ann"))
    with contextlib.suppress(Unreachable):
        await stack(by("ann", ISSUE, method="PUT", body=b"{}", clock=clock))
    seen = await stack(by("ann", clock=clock))
    assert (seen.outcome, seen.body) == (Outcome.FALLBACK, OLD.body)


async def test_what_a_whole_organizations_purge_overtook_is_given_to_nobody(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Such a write may have changed who may see what."""
    sentry.will(OLD, ok(), NEW)
    await stack(by("ben", TEAMS))
    await stack(by("ann", TEAMS, method="POST", body=b"{}", clock=clock))
    assert (await stack(by("ben", TEAMS, clock=clock))).body == NEW.body


async def settled(stack: Stack) -> None:
    """Let what goes on behind come to its end."""
    for _ in range(30):
        await asyncio.sleep(0)


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
