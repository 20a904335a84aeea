"""Breakers over hosts, played by stacks that share nothing but what a Redis would hold."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import FakeClock, Held, SentryDouble, call, ok

from dexter.errors import CircuitOpen, TimedOut, UpstreamError
from dexter.observe.records import BreakerChanged, Record
from dexter.policy.breaker import BreakerRule, Closed, Open
from dexter.policy.call_class import CallClass
from dexter.policy.retry import RetryRule
from dexter.stores.memory import MemoryStore
from dexter.stores.ranked_values import HostsUnreachable, Ranked
from dexter.upstream.breakers_of_hosts import ASKED_EVERY_S
from dexter.upstream.options import StackOptions
from dexter.upstream.stack import Stack, build_stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from dexter.wire import Call

RULE = BreakerRule(threshold=5, recovery_s=60.0)
ISSUES = CallClass.ISSUES


class Between:
    """What lies between the hosts, and can be out of reach."""

    def __init__(self) -> None:
        self.values: dict[str, Ranked] = {}
        self.claims: set[str] = set()
        self.is_away = False

    async def all(self) -> Mapping[str, Ranked]:
        self._reach()
        return dict(self.values)

    async def publish(self, name: str, ranked: Ranked) -> None:
        self._reach()
        self.values[name] = max(self.values.get(name, (0, b"")), ranked)

    async def claim(self, name: str, for_s: float) -> bool:
        self._reach()
        is_free = name not in self.claims
        self.claims.add(name)
        return is_free

    async def aclose(self) -> None:
        pass

    def _reach(self) -> None:
        if self.is_away:
            raise HostsUnreachable("away")


@pytest.fixture
def between() -> Between:
    return Between()


@pytest.fixture
async def hosts(
    sentry: SentryDouble, clock: FakeClock, records: list[Record], between: Between
) -> AsyncIterator[list[Stack]]:
    """Two hosts."""
    options = StackOptions(retry=RetryRule(attempts=1), breaker=RULE)
    stacks = [build_stack(sentry, MemoryStore(), clock, options, (records.append,), hosts=between) for _ in range(2)]
    for stack in stacks:
        stack.start()
    await asyncio.sleep(0)
    yield stacks
    for stack in stacks:
        await stack.aclose()


async def open_it(host: Stack, sentry: SentryDouble, word: str = "n") -> None:
    sentry.will(TimedOut("slow"))
    for number in range(RULE.threshold):
        with suppress(UpstreamError):
            await host(call(query=f"{word}={number}", deadline_s=1e9))


async def exchanged(clock: FakeClock) -> None:
    """Let every host ask twice: once to tell, once to hear."""
    for _ in range(2):
        clock.pass_s(ASKED_EVERY_S)
        for _ in range(20):
            await asyncio.sleep(0)


async def test_what_one_host_leaves_alone_all_do(hosts: list[Stack], sentry: SentryDouble, clock: FakeClock) -> None:
    """And all of them say since when, and until when."""
    await open_it(hosts[0], sentry)
    await exchanged(clock)
    asked = len(sentry.calls)
    with pytest.raises(CircuitOpen):
        await hosts[1](call(query="other=1", clock=clock))
    assert len(sentry.calls) == asked
    assert hosts[1].breakers.state(ISSUES) == hosts[0].breakers.state(ISSUES)


async def test_one_host_probes_and_the_others_learn_how_it_ended(
    hosts: list[Stack], sentry: SentryDouble, clock: FakeClock
) -> None:
    """One call in all goes to a Sentry that may be just coming back."""
    await open_it(hosts[0], sentry)
    await exchanged(clock)
    clock.pass_s(60.0)
    probe = Held(ok())
    sentry.will(probe, ok())
    first = asyncio.create_task(hosts[0](call(query="a=1", clock=clock)))
    await probe.asked.wait()
    for number in range(3):
        with pytest.raises(CircuitOpen):
            await hosts[1](call(query=f"b={number}", clock=clock))
    assert len(sentry.calls) == RULE.threshold + 1
    probe.let_go()
    assert (await first).status == 200
    await exchanged(clock)
    assert isinstance(hosts[1].breakers.state(ISSUES), Closed)
    assert (await hosts[1](call(query="b=2", clock=clock))).status == 200


async def test_a_prober_that_dies_is_followed_by_one_of_another_host(
    hosts: list[Stack], sentry: SentryDouble, clock: FakeClock
) -> None:
    """Its claim counts for its own probe only."""
    await open_it(hosts[0], sentry)
    await exchanged(clock)
    clock.pass_s(60.0)
    probe = Held(ok())
    sentry.will(probe, ok())
    dies = asyncio.create_task(hosts[0](call(query="a=1", clock=clock, deadline_s=1e9)))
    await probe.asked.wait()
    with pytest.raises(CircuitOpen):
        await hosts[1](call(query="b=1", clock=clock))
    clock.pass_s(RULE.probe_s)
    assert (await hosts[1](call(query="b=2", clock=clock))).status == 200
    dies.cancel()


async def test_without_the_others_each_host_goes_on_by_itself(
    hosts: list[Stack], sentry: SentryDouble, clock: FakeClock, between: Between
) -> None:
    """Redis is away: a host opens, probes and closes by what it sees, and all agree again when it is back."""
    between.is_away = True
    await open_it(hosts[0], sentry)
    await exchanged(clock)
    sentry.will(ok())
    assert (await hosts[1](call(query="b=1", clock=clock))).status == 200
    assert isinstance(hosts[0].breakers.state(ISSUES), Open)
    between.is_away = False
    await exchanged(clock)
    assert isinstance(hosts[1].breakers.state(ISSUES), Open)
    between.is_away = True
    clock.pass_s(60.0)
    assert (await hosts[0](call(query="c=1", clock=clock))).status == 200


async def test_a_caller_who_leaves_while_the_others_are_asked_leaves_the_probe_to_the_next(
    hosts: list[Stack], sentry: SentryDouble, clock: FakeClock, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's closed window keeps everybody out."""
    sentry.will(TimedOut("slow"))
    for _ in range(RULE.threshold):
        with suppress(UpstreamError):
            await hosts[0](change(clock))
    clock.pass_s(60.0)
    asked = asyncio.Event()

    async def hangs(name: str, for_s: float) -> bool:
        asked.set()
        return await asyncio.Event().wait()

    with monkeypatch.context() as hanging:
        hanging.setattr(between, "claim", hangs)
        leaver = asyncio.create_task(hosts[0](change(clock)))
        await asked.wait()
        leaver.cancel()
        await asyncio.gather(leaver, return_exceptions=True)
    sentry.will(ok())
    assert (await hosts[0](change(clock))).status == 200


def change(clock: FakeClock) -> Call:
    return call("/api/0/organizations/acme/issues/7/", method="PUT", body=b"{}", clock=clock)


async def test_each_change_is_told_once_a_host(
    hosts: list[Stack], sentry: SentryDouble, clock: FakeClock, records: list[Record]
) -> None:
    """Each host counts for itself."""
    await open_it(hosts[0], sentry)
    await exchanged(clock)
    await exchanged(clock)
    told = [(each.call_class, each.state) for each in records if isinstance(each, BreakerChanged)]
    assert told == [(ISSUES.value, "open")] * 2
