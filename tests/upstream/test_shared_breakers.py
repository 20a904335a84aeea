"""Breakers over processes, played by several stacks over one file: failures add up, one probes, all know."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import FakeClock, Held, SentryDouble, call, ok

from dexter.errors import CircuitOpen, TimedOut, UpstreamError
from dexter.gateway.host_cells import CELLS
from dexter.observe.records import BreakerChanged, Record
from dexter.policy.breaker import BreakerRule
from dexter.policy.retry import RetryRule
from dexter.stores.cells import HostCells
from dexter.stores.memory import MemoryStore
from dexter.upstream.breakers import as_written, state_of
from dexter.upstream.options import StackOptions
from dexter.upstream.stack import Stack, build_stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

RULE = BreakerRule(threshold=5, recovery_s=60.0)


@pytest.fixture
async def workers(
    sentry: SentryDouble, clock: FakeClock, records: list[Record], tmp_path: Path
) -> AsyncIterator[list[Stack]]:
    """Four processes of one host, with few connections each."""
    options = StackOptions(retry=RetryRule(attempts=1), breaker=RULE, connections=4)
    stacks = [
        build_stack(
            sentry, MemoryStore(), clock, options, (records.append,), cells=HostCells(tmp_path / "cells", CELLS)
        )
        for _ in range(4)
    ]
    yield stacks
    for stack in stacks:
        await stack.aclose()


async def fails(stack: Stack, number: int) -> None:
    with suppress(UpstreamError):
        await stack(call(query=f"n={number}", deadline_s=1e9))


async def open_it(workers: list[Stack], sentry: SentryDouble) -> None:
    sentry.will(TimedOut("slow"))
    for number in range(RULE.threshold):
        await fails(workers[number % 4], number)


async def test_failures_at_all_processes_add_up_and_all_are_turned_away(
    workers: list[Stack], sentry: SentryDouble, clock: FakeClock
) -> None:
    """Four times the threshold is four times the wait for people, and four times the load for a Sentry that is down."""
    await open_it(workers, sentry)
    for worker in workers:
        with pytest.raises(CircuitOpen) as caught:
            await worker(call(query="other=1"))
        assert caught.value.probe_at == clock.epoch + 60.0
    assert len(sentry.calls) == RULE.threshold


async def test_a_success_at_one_process_interrupts_the_row(workers: list[Stack], sentry: SentryDouble) -> None:
    """Sentry works, whoever saw it."""
    for number in range(3 * RULE.threshold):
        sentry.will(ok() if number % 5 == 4 else TimedOut("slow"))
        await fails(workers[number % 4], number)
    assert len(sentry.calls) == 3 * RULE.threshold


async def test_one_process_probes_and_all_know_how_it_ended(
    workers: list[Stack], sentry: SentryDouble, clock: FakeClock
) -> None:
    """A Sentry that is just coming back is asked once, not once by each."""
    await open_it(workers, sentry)
    clock.pass_s(60.0)
    probe = Held(ok())
    sentry.will(probe, ok())
    first = asyncio.create_task(workers[2](call(query="a=1", clock=clock)))
    await probe.asked.wait()
    for worker in workers:
        with pytest.raises(CircuitOpen):
            await worker(call(query="b=2", clock=clock))
    assert len(sentry.calls) == RULE.threshold + 1
    probe.let_go()
    assert (await first).status == 200
    assert {(await worker(call(query="b=2", clock=clock))).status for worker in workers} == {200}


async def test_a_probe_whose_process_is_killed_is_followed_by_another(
    workers: list[Stack], sentry: SentryDouble, clock: FakeClock
) -> None:
    """With the defaults, Sentry is found again within 90 s of going away, whoever dies meanwhile."""
    await open_it(workers, sentry)
    clock.pass_s(60.0)
    probe = Held(ok())
    sentry.will(probe, ok())
    dies = asyncio.create_task(workers[0](call(query="a=1", clock=clock, deadline_s=1e9)))
    await probe.asked.wait()
    clock.pass_s(RULE.probe_s)
    assert (await workers[1](call(query="b=2", clock=clock))).status == 200
    assert RULE.recovery_s + RULE.probe_s < 90
    dies.cancel()


async def test_each_change_is_told_once(
    workers: list[Stack], sentry: SentryDouble, clock: FakeClock, records: list[Record]
) -> None:
    """Who counts changes, or is told of them, must not hear of each from every process."""
    await open_it(workers, sentry)
    clock.pass_s(60.0)
    sentry.will(ok())
    for worker in workers:
        await worker(call(query="b=2", clock=clock))
    told = [(each.state, each.last_failure) for each in records if isinstance(each, BreakerChanged)]
    assert told == [("open", "TimedOut"), ("half_open", "TimedOut"), ("closed", "")]


async def test_who_waits_for_a_place_is_turned_away_when_another_process_opens_it(
    workers: list[Stack], sentry: SentryDouble, clock: FakeClock
) -> None:
    """They would wait for a part of Sentry of which everybody knows that it is down."""
    hanging = Held(ok())
    sentry.will(hanging, TimedOut("slow"))
    calls = [asyncio.create_task(workers[0](call(query=f"w={number}", clock=clock))) for number in range(4)]
    await hanging.asked.wait()
    for number in range(RULE.threshold):
        await fails(workers[1], number)
    clock.pass_s(0.25)
    waiters = await asyncio.gather(*calls[1:], return_exceptions=True)
    assert [type(each) for each in waiters] == [CircuitOpen] * 3
    hanging.let_go()
    assert (await calls[0]).status == 200


@pytest.mark.parametrize(
    "written", [b"", b"{", b'["open",{"last_failure":"\xe9"}]', b'["open",{}]', b'["ajar",{"era":1}]', b"\xff\xfe"]
)
def test_what_cannot_be_read_is_a_closed_breaker(written: bytes) -> None:
    """A file that another version wrote must not keep anybody from Sentry."""
    assert as_written(state_of(written)) == b'["closed",{"era":0,"failures":0,"last_failure":"","since":null}]'
