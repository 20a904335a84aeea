"""Transcripts of retries: Sentry fails in a way that may pass, and is asked again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import FakeClock, Held, SentryDouble, call, ok

from dexter.errors import DexterError, Garbled, TimedOut, Unreachable
from dexter.observe.records import Record, RetryScheduled
from dexter.policy.breaker import BreakerRule
from dexter.policy.retry import RetryRule
from dexter.policy.retry_budget import BudgetRule
from dexter.stores.memory import MemoryStore
from dexter.upstream.options import StackOptions
from dexter.upstream.stack import Stack, build_stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.wire import Answer

ISSUE = "/api/0/organizations/acme/issues/7/"
BUSY = ok(b'{"detail":"busy"}', status=503)


@pytest.fixture
def budget() -> BudgetRule:
    return BudgetRule()


@pytest.fixture
async def stack(
    sentry: SentryDouble, clock: FakeClock, records: list[Record], budget: BudgetRule
) -> AsyncIterator[Stack]:
    """Retries without a pause (chance draws 0) and a breaker that stays out of the way."""
    options = StackOptions(retry=RetryRule(attempts=3), retry_budget=budget, breaker=BreakerRule(threshold=1000))
    stack = build_stack(sentry, MemoryStore(), clock, options, (records.append,), chance=lambda: 0.0)
    yield stack
    await stack.aclose()


@pytest.mark.parametrize("trouble", [Unreachable("no way"), TimedOut("slow"), BUSY, ok(b"x", status=502)])
async def test_a_failure_that_passes_is_not_seen_by_the_caller(
    stack: Stack, sentry: SentryDouble, records: list[Record], trouble: Answer | Exception
) -> None:
    """One in twenty calls of a tired Sentry fails, and the next one works."""
    sentry.will(trouble, trouble, ok())
    answer = await stack(call())
    assert (answer.status, len(sentry.calls)) == (200, 3)
    assert [record.sent for record in records if isinstance(record, RetryScheduled)] == [1, 2]


async def test_after_the_last_attempt_the_failure_is_told_as_it_is(stack: Stack, sentry: SentryDouble) -> None:
    """Sentry's own words, when it has any."""
    sentry.will(Unreachable("no way"), Unreachable("no way"), BUSY)
    answer = await stack(call())
    assert (answer.status, answer.body, len(sentry.calls)) == (503, b'{"detail":"busy"}', 3)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("trouble", [Unreachable("no way"), TimedOut("slow"), BUSY])
async def test_a_write_is_sent_once(
    stack: Stack, sentry: SentryDouble, method: str, trouble: Answer | DexterError
) -> None:
    """Nobody knows whether the first one was done."""
    sentry.will(trouble)
    with suppress(DexterError):
        await stack(call(ISSUE, method=method, body=b"{}"))
    assert len(sentry.calls) == 1


@pytest.mark.parametrize("answer", [ok(status=400), ok(status=500), ok(status=401)])
async def test_an_answer_is_not_asked_for_again(stack: Stack, sentry: SentryDouble, answer: Answer) -> None:
    """Another try would bring the same."""
    sentry.will(answer)
    assert (await stack(call())).status == answer.status
    assert len(sentry.calls) == 1


async def test_what_is_garbled_is_not_asked_for_again(stack: Stack, sentry: SentryDouble) -> None:
    """A login page comes again."""
    sentry.will(ok(b"<html>", headers=(("Content-Type", "text/html"),)))
    with pytest.raises(Garbled):
        await stack(call())
    assert len(sentry.calls) == 1


async def test_a_client_that_retries_itself_gets_one_attempt(stack: Stack, sentry: SentryDouble) -> None:
    """Its three times our three would be nine."""
    sentry.will(BUSY)
    await stack(call(headers=(("X-Retry-Count", "1"),)))
    assert len(sentry.calls) == 1


async def test_the_same_call_soon_after_its_failure_gets_one_attempt(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Most clients that retry do not say so; and after ten seconds it is a new question."""
    sentry.will(BUSY)
    asked = []
    for pause_s in (0.0, 5.0, 9.0, 10.1):
        clock.pass_s(pause_s)
        await stack(call(clock=clock))
        asked.append(len(sentry.calls))
        sentry.calls.clear()
    assert asked == [3, 1, 1, 3]


@pytest.mark.parametrize("budget", [BudgetRule(share=0.0, floor_per_s=0.0, most=4.0)])
async def test_retries_end_with_the_budget(stack: Stack, sentry: SentryDouble) -> None:
    """When everything fails, asking three times as much would keep Sentry down."""
    sentry.will(BUSY)
    for number in range(10):
        await stack(call(query=f"query={number}"))
    assert len(sentry.calls) == 10 + 4


async def test_there_is_no_attempt_that_the_callers_time_does_not_allow(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """An answer that nobody waits for any more is a call too many."""
    sentry.will(BUSY)
    await stack(call("/api/0/organizations/acme/unshared/", clock=clock, deadline_s=0.2))
    assert len(sentry.calls) == 1


async def test_a_caller_who_leaves_during_the_pause_ends_the_retries(sentry: SentryDouble, clock: FakeClock) -> None:
    """What is not shared with anybody is for that caller alone."""
    stack = build_stack(sentry, MemoryStore(), clock, chance=lambda: 1.0)
    sentry.will(BUSY)
    asking = asyncio.create_task(stack(call("/api/0/organizations/acme/unshared/")))
    for _ in range(20):
        await asyncio.sleep(0)
    assert clock.sleepers
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    clock.pass_s(10.0)
    await asyncio.sleep(0)
    assert len(sentry.calls) == 1
    await stack.aclose()


async def test_a_crowd_on_a_failing_call_shares_its_retries(stack: Stack, sentry: SentryDouble) -> None:
    """A hundred callers of one thing cost three attempts, not three hundred."""
    held = Held(Unreachable("no way"))
    sentry.will(held, ok())
    crowd = [asyncio.create_task(stack(call())) for _ in range(100)]
    await held.asked.wait()
    held.let_go()
    assert {answer.status for answer in await asyncio.gather(*crowd)} == {200}
    assert len(sentry.calls) == 2
