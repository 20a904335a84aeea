"""How long somebody waits for Sentry who could be given something older, or who waits with others."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import FakeClock, Held, SentryDouble, call, ok

from dexter.policy.retry import RetryRule
from dexter.stores.memory import MemoryStore
from dexter.upstream.options import StackOptions
from dexter.upstream.stack import Stack, build_stack
from dexter.wire import Outcome, Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ISSUE = "/api/0/organizations/acme/issues/7/"
OLD = b'{"id":"1"}'
NEW = b'{"id":"2"}'


@pytest.fixture
async def stack(sentry: SentryDouble, clock: FakeClock) -> AsyncIterator[Stack]:
    options = StackOptions(retry=RetryRule(attempts=1), stand_in_after_s=0.02)
    stack = build_stack(sentry, MemoryStore(), clock, options)
    yield stack
    await stack.aclose()


async def test_an_old_answer_is_given_soon_when_sentry_hangs(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Nobody looks at an empty screen for half a minute; and the answer that comes later serves the next."""
    await stack(call())
    clock.pass_s(3600)
    hanging = Held(ok(NEW))
    sentry.will(hanging)
    soon = await asyncio.wait_for(stack(call(clock=clock)), 1.0)
    assert (soon.outcome, soon.body) == (Outcome.FALLBACK, OLD)
    hanging.let_go()
    later = await stack(call(clock=clock))
    assert (later.body, len(sentry.calls)) == (NEW, 2)


async def test_who_says_how_old_an_answer_may_be_waits_for_a_recent_one(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """A script that asks for a recent value asks for patience."""
    await stack(call())
    clock.pass_s(3600)
    hanging = Held(ok(NEW))
    sentry.will(hanging)
    asking = asyncio.create_task(stack(replace(call(clock=clock), max_age_s=60.0)))
    await hanging.asked.wait()
    await asyncio.sleep(0.05)
    assert not asking.done()
    hanging.let_go()
    assert (await asking).body == NEW


async def test_the_wait_goes_on_when_a_write_made_the_old_answer_useless(
    stack: Stack, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Giving up on Sentry is sensible only with something to give instead."""
    await stack(call())
    clock.pass_s(3600)
    hanging = Held(ok(NEW))
    sentry.will(hanging, ok())
    asking = asyncio.create_task(stack(call(clock=clock)))
    await hanging.asked.wait()
    await stack(call(ISSUE, method="PUT", body=b"{}", clock=clock))
    sentry.will(ok(NEW))
    await asyncio.sleep(0.05)
    hanging.let_go()
    answer = await asking
    assert (answer.outcome, answer.body) == (Outcome.MISS, NEW)


@pytest.mark.parametrize(
    ("first", "second", "flights"),
    [
        (Priority.BULK, Priority.INTERACTIVE, 2),
        (Priority.INTERACTIVE, Priority.BULK, 1),
        (Priority.BULK, Priority.BULK, 1),
    ],
)
async def test_nobody_joins_a_flight_that_may_wait_longer_than_they(
    stack: Stack, sentry: SentryDouble, first: Priority, second: Priority, flights: int
) -> None:
    """A script's flight waits for quota behind people; a person must not wait with it."""
    held = Held(ok())
    sentry.will(held)
    calls = [asyncio.create_task(stack(replace(call(), priority=each))) for each in (first, second)]
    await held.asked.wait()
    await asyncio.sleep(0)
    held.let_go()
    await asyncio.gather(*calls)
    assert len(sentry.calls) == flights
