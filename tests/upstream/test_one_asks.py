"""Who follows whose flight, among processes of one host."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import ONE_ATTEMPT, FakeClock, Held, SentryDouble, call, ok
from tests.doubles.shared_store import LevelDouble

from dexter.stores.host import Host
from dexter.stores.levels import TwoLevels
from dexter.stores.shelf import Shelf
from dexter.upstream.stack import Stack, build_stack
from dexter.wire import Priority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def processes(tmp_path: Path, sentry: SentryDouble, clock: FakeClock) -> AsyncIterator[list[Stack]]:
    level = LevelDouble()
    hosts = [Host(tmp_path / "host", clock.monotonic) for _ in range(2)]
    stacks = [build_stack(sentry, TwoLevels(Shelf(), host, level), clock, ONE_ATTEMPT, flights=host) for host in hosts]
    yield stacks
    for stack in stacks:
        await stack.aclose()


async def settle(clock: FakeClock) -> None:
    for _ in range(20):
        clock.pass_s(0.02)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("first", "second", "calls"),
    [
        (Priority.INTERACTIVE, Priority.INTERACTIVE, 1),
        (Priority.INTERACTIVE, Priority.REALTIME, 1),
        (Priority.BULK, Priority.PREFETCH, 1),
        (Priority.BULK, Priority.INTERACTIVE, 2),
        (Priority.PREFETCH, Priority.REALTIME, 2),
    ],
)
async def test_nobody_in_person_follows_a_flight_that_gives_way_to_people(
    processes: list[Stack], sentry: SentryDouble, clock: FakeClock, first: Priority, second: Priority, calls: int
) -> None:
    """A script's flight waits behind everybody; a person who followed it would wait there, too."""
    held = Held(ok(b"[]"))
    sentry.will(held, ok(b"[]"))
    leader = asyncio.create_task(processes[0](replace(call(clock=clock), priority=first)))
    await settle(clock)
    follower = asyncio.create_task(processes[1](replace(call(clock=clock), priority=second)))
    await settle(clock)
    assert (follower.done(), len(sentry.calls)) == (calls > 1, calls)
    held.let_go()
    await leader
    await settle(clock)
    assert ((await follower).body, len(sentry.calls)) == (b"[]", calls)
