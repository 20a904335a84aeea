"""What a process may trust of other hosts' writes, and for how long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import FakeClock
from tests.doubles.shared_store import Line, PurgeServerDouble

from dexter.stores.leased_purges import LEASE_S, TRUST_S, LeasedPurges

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Hosts:
    """Two hosts at one server."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.server = PurgeServerDouble(self.clock)
        self.lines = [Line(self.server), Line(self.server)]
        self.heard: list[bool] = []
        self.one, self.other = (
            LeasedPurges(line, self.clock.monotonic, self.heard.append, self.clock.sleep) for line in self.lines
        )

    async def pass_s(self, seconds: float) -> None:
        self.clock.pass_s(seconds)
        for _ in range(30):
            await asyncio.sleep(0)


@pytest.fixture
async def hosts() -> AsyncIterator[Hosts]:
    hosts = Hosts()
    for purges in (hosts.one, hosts.other):
        await purges.settle()
        assert not purges.suspended()
    yield hosts
    for purges in (hosts.one, hosts.other):
        await purges.aclose()


async def test_a_write_waits_until_the_other_host_was_told(hosts: Hosts) -> None:
    """And not longer: a write takes some milliseconds more, not a lease."""
    before = hosts.other.mark()
    writing = asyncio.create_task(hosts.one.record(["a"], (), 0.0))
    await hosts.pass_s(0)
    assert not writing.done()
    await hosts.pass_s(0.03)
    await hosts.pass_s(0.005)
    assert writing.done()
    assert hosts.other.outdated(["a"], before)
    assert not hosts.other.outdated(["b"], before)


async def test_a_write_waits_for_a_silent_host_until_that_trusts_itself_no_more(hosts: Hosts) -> None:
    """A host that hangs, or whose line is cut, still gives what it kept for as long as its lease runs."""
    hosts.lines[1].is_cut = True
    writing = asyncio.create_task(hosts.one.record(["a"], (), 0.0))
    for _ in range(20):
        await hosts.pass_s(LEASE_S / 20)
        assert not writing.done() or hosts.other.suspended()
    await hosts.pass_s(0.01)
    assert writing.done()
    assert hosts.other.suspended()


async def test_a_lease_ends_by_itself(hosts: Hosts) -> None:
    """Nobody tells a host that it is cut off."""
    hosts.one._following.cancel()  # type: ignore[union-attr]
    await hosts.pass_s(TRUST_S / 2)
    assert not hosts.one.suspended()
    await hosts.pass_s(TRUST_S / 2 + 0.001)
    assert hosts.one.suspended()
    await hosts.one.settle()
    assert not hosts.one.suspended()
    assert hosts.heard == [], "a pause is no loss"


async def test_a_lost_server_is_told_once_and_its_return_too(hosts: Hosts) -> None:
    """The screen says what is suspended."""
    hosts.lines[0].is_cut = True
    for _ in range(10):
        await hosts.pass_s(0.05)
    assert hosts.one.suspended()
    assert hosts.heard == [True]
    hosts.lines[0].is_cut = False
    for _ in range(4):
        await hosts.pass_s(0.05)
    assert not hosts.one.suspended()
    assert hosts.heard == [True, False]


async def test_a_purge_made_while_cut_off_holds_here_at_once_and_there_later(hosts: Hosts) -> None:
    """The write went to Sentry all the same."""
    hosts.lines[0].is_cut = True
    await hosts.pass_s(0.05)
    here, there = hosts.one.mark(), hosts.other.mark()
    await hosts.one.record(["a"], ["a"], hosts.clock.monotonic() + 30)
    assert hosts.one.outdated(["a"], here)
    assert not hosts.one.outdated(["a"], hosts.one.mark())
    assert hosts.one.lagging(["a"], hosts.clock.monotonic())
    assert not hosts.other.outdated(["a"], there)
    hosts.lines[0].is_cut = False
    for _ in range(6):
        await hosts.pass_s(0.05)
    assert hosts.other.outdated(["a"], there)
    assert hosts.other.lagging(["a"], hosts.clock.monotonic())


async def test_what_the_server_forgot_makes_everything_doubtful(hosts: Hosts) -> None:
    """Purges may have been among it."""
    before = hosts.one.mark()
    hosts.server.forget()
    await hosts.pass_s(0.05)
    assert hosts.one.outdated(["anything"], before)
    assert not hosts.one.outdated(["anything"], hosts.one.mark())


async def test_a_gap_is_closed_by_learning_everything(hosts: Hosts) -> None:
    """It was away for longer than the server remembers single purges."""
    before = hosts.one.mark()
    hosts.lines[0].is_cut = True
    for tag in ("a", "b"):
        writing = asyncio.create_task(hosts.other.record([tag], (), 0.0))
        while not writing.done():
            await hosts.pass_s(0.02)
    missed = hosts.server.purges.pop(0)
    hosts.lines[0].is_cut = False
    whole = hosts.server.purges
    hosts.server.purges = [*whole]
    for _ in range(4):
        await hosts.pass_s(0.05)
    assert missed.generation > 1
    assert hosts.one.outdated(["b"], before)
    assert not hosts.one.suspended()
