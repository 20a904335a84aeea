"""Transcripts of the breakers: Sentry fails again and again, is left alone, and comes back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import TOKEN, FakeClock, Held, SentryDouble, call, ok

from dexter.errors import CallerError, CircuitOpen, TimedOut, Unreachable, UpstreamError
from dexter.observe.records import BreakerChanged, Record
from dexter.policy.breaker import BreakerRule
from dexter.policy.retry import RetryRule
from dexter.stores.memory import MemoryStore
from dexter.upstream.options import StackOptions
from dexter.upstream.stack import Stack, build_stack
from dexter.wire import Answer, Call, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIST = "/api/0/organizations/acme/issues/"
EVENTS = "/api/0/organizations/acme/issues/7/events/"
ISSUE = "/api/0/organizations/acme/issues/7/"


@pytest.fixture
async def stack(sentry: SentryDouble, clock: FakeClock, records: list[Record]) -> AsyncIterator[Stack]:
    """One attempt a call; three failures in a row open a breaker for a minute."""
    options = StackOptions(retry=RetryRule(attempts=1), breaker=BreakerRule(threshold=3, recovery_s=60.0))
    stack = build_stack(sentry, MemoryStore(), clock, options, (records.append,))
    yield stack
    await stack.aclose()


async def fails(stack: Stack, times: int, path: str = LIST, method: str = "GET") -> None:
    body = b"{}" if method == "PUT" else None
    for number in range(times):
        with suppress(UpstreamError):
            await stack(call(path, method=method, query=f"n={number}", body=body, deadline_s=1e9))


@pytest.mark.parametrize(
    "trouble", [Unreachable("no way"), TimedOut("slow"), ok(status=500), ok(status=503), ok(b'{"id":')]
)
async def test_after_failures_in_a_row_sentry_is_left_alone(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, trouble: Answer | Exception
) -> None:
    """An answer at once, and rest for Sentry."""
    sentry.will(trouble)
    await fails(stack, 3)
    with pytest.raises(CircuitOpen) as caught:
        await stack(call(query="other=1"))
    assert len(sentry.calls) == 3
    assert caught.value.call_class == "read-issues"
    assert caught.value.retry_after_s == 60.0
    assert (caught.value.since, caught.value.probe_at) == (clock.epoch, clock.epoch + 60.0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 429])
async def test_a_4xx_is_no_failure(stack: Stack, sentry: SentryDouble, status: int) -> None:
    """One caller's bad query must not cut off everybody."""
    sentry.will(ok(b'{"detail":"no"}', status=status))
    answers = [await stack(call(query=f"n={number}")) for number in range(20)]
    assert {answer.status for answer in answers} == {status}


async def test_a_callers_own_failure_is_no_failure_of_sentrys(stack: Stack, sentry: SentryDouble) -> None:
    """Whoever breaks off an upload says nothing about Sentry."""
    sentry.will(CallerError("gone"))
    for _ in range(5):
        with pytest.raises(CallerError):
            await stack(call(ISSUE, method="PUT", body=b"{}"))
    assert len(sentry.calls) == 5


async def test_each_class_of_calls_has_a_breaker_of_its_own(stack: Stack, sentry: SentryDouble) -> None:
    """When search is down, events, writes and the rest still answer."""
    sentry.will(TimedOut("slow"))
    await fails(stack, 3)
    sentry.will(ok())
    assert (await stack(call(EVENTS))).status == 200
    assert (await stack(call(ISSUE, method="PUT", body=b"{}"))).status == 200
    with pytest.raises(CircuitOpen):
        await stack(call())


async def test_an_old_answer_stands_in_while_the_breaker_is_open(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A person goes on working with the list of an hour ago."""
    await stack(call())
    clock.pass_s(3600)
    sentry.will(Unreachable("no way"))
    await fails(stack, 3)
    asked = len(sentry.calls)
    answer = await stack(call(clock=clock))
    assert (answer.outcome, answer.status, len(sentry.calls)) == (Outcome.FALLBACK, 200, asked)


async def test_one_probe_decides_and_the_others_are_turned_away(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A crowd at the moment of the probe must not become the next outage."""
    sentry.will(TimedOut("slow"))
    await fails(stack, 3)
    clock.pass_s(60.0)
    probe = Held(ok())
    sentry.will(probe, ok())
    first = asyncio.create_task(stack(call(query="a=1", clock=clock)))
    await probe.asked.wait()
    with pytest.raises(CircuitOpen):
        await stack(call(query="b=2", clock=clock))
    probe.let_go()
    assert (await first).status == 200
    assert (await stack(call(query="b=2", clock=clock))).status == 200


async def test_a_failed_probe_keeps_it_open_for_another_while(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """And it goes on so until Sentry is back, by itself."""
    sentry.will(TimedOut("slow"))
    await fails(stack, 3)
    for _ in range(3):
        clock.pass_s(60.0)
        await fails(stack, 5)
    assert len(sentry.calls) == 3 + 3
    sentry.will(ok())
    clock.pass_s(60.0)
    assert (await stack(call(clock=clock))).status == 200


async def test_a_probe_whose_caller_leaves_makes_room_for_the_next(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Nobody's closed window keeps everybody out."""
    sentry.will(TimedOut("slow"))
    await fails(stack, 3, ISSUE, "PUT")
    clock.pass_s(60.0)
    probe = Held(ok())
    sentry.will(probe, ok())
    leaver = asyncio.create_task(stack(call(ISSUE, method="PUT", body=b"{}", clock=clock)))
    await probe.asked.wait()
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    assert (await stack(call(ISSUE, method="PUT", body=b"{}", clock=clock))).status == 200


async def test_every_change_is_told(
    stack: Stack, sentry: SentryDouble, clock: FakeClock, records: list[Record]
) -> None:
    """Whoever runs Dexter sees it on a screen, not from users."""
    sentry.will(TimedOut("slow"))
    await fails(stack, 3)
    clock.pass_s(60.0)
    sentry.will(ok())
    await stack(call(clock=clock))
    told = [(each.call_class, each.state, each.last_failure) for each in records if isinstance(each, BreakerChanged)]
    assert told == [
        ("read-issues", "open", "TimedOut"),
        ("read-issues", "half_open", "TimedOut"),
        ("read-issues", "closed", ""),
    ]


async def test_calls_that_wait_for_a_place_are_turned_away_when_the_breaker_opens(
    sentry: SentryDouble, clock: FakeClock
) -> None:
    """They would only wait for what is not going to come."""
    options = StackOptions(retry=RetryRule(attempts=1), breaker=BreakerRule(threshold=1), connections=4)
    stack = build_stack(sentry, MemoryStore(), clock, options)
    hanging = Held(TimedOut("slow"))
    sentry.will(hanging)
    calls = [asyncio.create_task(stack(call(query=f"n={number}"))) for number in range(5)]
    await hanging.asked.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(sentry.calls) == 1
    hanging.let_go()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in ended] == [TimedOut, *[CircuitOpen] * 4]
    assert len(sentry.calls) == 1
    await stack.aclose()


async def test_a_class_that_hangs_leaves_places_to_the_others(sentry: SentryDouble, clock: FakeClock) -> None:
    """A slow search must not keep anybody from resolving an issue."""
    stack = build_stack(sentry, MemoryStore(), clock, StackOptions(connections=10))
    hanging = Held(ok())

    async def replies(asked: Call) -> Answer:
        return await hanging(asked) if asked.path == LIST else ok()

    sentry.will(replies)
    stuck = [asyncio.create_task(stack(call(query=f"n={number}"))) for number in range(50)]
    await hanging.asked.wait()
    assert (await stack(call(ISSUE, method="PUT", body=b"{}"))).status == 200
    assert (await stack(call(EVENTS, identity=TOKEN))).status == 200
    assert sentry.asked.count(f"GET {LIST}") == 3
    hanging.let_go()
    await asyncio.gather(*stuck)
    await stack.aclose()
