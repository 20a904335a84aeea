"""Two processes that share a real Redis, played by two stores."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from bench.stand import Redis, running_redis

from dexter.stores.entry import Entry
from dexter.stores.flights import LEASE_S as FLIGHT_LEASE_S
from dexter.stores.flights import Flights, Lead, Led
from dexter.stores.leased_purges import LEASE_S, TRUST_S
from dexter.stores.levels import TwoLevels
from dexter.stores.opened import StoreOptions, open_store
from dexter.upstream.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.live

Opened = tuple[TwoLevels, Flights]


@pytest.fixture(scope="module")
def running() -> Iterator[Redis]:
    with running_redis() as redis:
        yield redis


@pytest.fixture
def redis(running: Redis) -> Iterator[Redis]:
    yield running
    if running.process is None:
        running.start()


@pytest.fixture
async def opened(redis: Redis, tmp_path: Path) -> AsyncIterator[Callable[..., Opened]]:
    """Open another process's store."""
    stores: list[TwoLevels] = []

    def another() -> Opened:
        options = StoreOptions(tmp_path, redis_url=redis.url, namespace=f"test {tmp_path.name}")
        store, flights = open_store(options, SystemClock())
        stores.append(store)
        return store, flights

    yield another
    for store in stores:
        await store.aclose()


def entry(key: str = "k", *tags: str, body: bytes = b"{}", stored_at: float = 1000.0) -> Entry:
    return Entry(key, 200, (("Content-Type", "application/json"),), body, stored_at, frozenset(tags))


async def knows(store: TwoLevels, *, suspended: bool = False) -> None:
    limit = time.monotonic() + 5
    while store.suspended() is not suspended:
        assert time.monotonic() < limit
        await store.get("nothing")
        await asyncio.sleep(0.01)


async def is_outdated(store: TwoLevels, key: str) -> bool:
    """It is kept for when Sentry breaks, and never given as fresh."""
    found = await store.get(key)
    assert found is not None
    return found.outdated and store.peek(key) is None


async def test_what_one_process_keeps_another_gives(opened: Callable[[], Opened]) -> None:
    """Any number of hosts ask Sentry once."""
    (one, _), (other, _) = opened(), opened()
    await knows(one)
    assert await one.put(entry("k", "a"), one.mark())
    await one.settled()
    found = await other.get("k")
    assert found is not None
    assert (found.body, found.tags, found.fallback_only) == (b"{}", {"a"}, False)
    assert other.peek("k") is not None


async def test_a_purge_has_reached_every_process_when_it_returns(opened: Callable[[], Opened]) -> None:
    """The writer's caller reads at another host next."""
    (one, _), (other, _) = opened(), opened()
    await knows(one)
    await one.put(entry("k", "a"), one.mark())
    await one.settled()
    assert await other.get("k") is not None
    before = other.mark()
    began = time.monotonic()
    await one.purge(["a"], ["a"], time.monotonic() + 30)
    assert time.monotonic() - began < LEASE_S, "it waited for the lease, though everybody was told"
    assert other.peek("k") is None
    assert other.outdated(["a"], before)
    assert other.lagging(["a"], time.monotonic())
    assert await is_outdated(other, "k")
    assert not await other.put(entry("k", "a"), before)


async def test_a_purge_waits_for_a_silent_process_as_long_as_its_lease_runs(opened: Callable[[], Opened]) -> None:
    """It hangs, or is cut off; once its lease is over it counts nothing as fresh."""
    (one, _), (other, _) = opened(), opened()
    await knows(one)
    await knows(other)
    following = other._purges._following  # type: ignore[attr-defined]
    following.cancel()
    began = time.monotonic()
    await one.purge(["a"])
    assert TRUST_S * 0.6 < time.monotonic() - began < LEASE_S + 0.1
    assert other.suspended()


async def test_a_newcomer_knows_of_old_purges(opened: Callable[[], Opened]) -> None:
    """It finds entries in Redis that were made stale before it began."""
    one, _ = opened()
    await knows(one)
    for key, tag in (("k", "a"), ("l", "b")):
        await one.put(entry(key, tag), one.mark())
    await one.settled()
    await one.purge(["a"], ["a"], time.monotonic() + 30)
    newcomer, _ = opened()
    assert await is_outdated(newcomer, "k")
    assert await newcomer.get("l") is not None
    assert newcomer.lagging(["a"], time.monotonic())
    assert not newcomer.lagging(["a"], time.monotonic() + 31)


async def test_without_redis_nothing_is_fresh_and_nothing_fails(opened: Callable[[], Opened], redis: Redis) -> None:
    """Other hosts may be writing, and nobody here would know."""
    one, flights = opened()
    await knows(one)
    await one.put(entry("k", "a"), one.mark())
    redis.kill()
    await knows(one, suspended=True)
    assert one.peek("k") is None
    found = await one.get("k")
    assert found is not None
    assert found.fallback_only
    assert await flights.lead("k", 0.0, one.mark()) is None
    began = time.monotonic()
    before = one.mark()
    await one.purge(["a"])
    assert time.monotonic() - began < 1
    assert one.outdated(["a"], before)
    assert await is_outdated(one, "k")
    assert await one.put(entry("l", "a"), one.mark())


async def test_it_recovers_by_itself(opened: Callable[[], Opened], redis: Redis) -> None:
    """Redis is restarted; it has forgotten everything, so nothing from before is believed."""
    (one, _), (other, _) = opened(), opened()
    for store in (one, other):
        await knows(store)
        await store.put(entry("k", "a"), store.mark())
    redis.kill()
    await knows(one, suspended=True)
    redis.start()
    await knows(one)
    await knows(other)
    assert await one.get("k") is None
    assert await one.put(entry("k", "a"), one.mark())
    await one.settled()
    assert (await other.get("k")) is not None


async def test_what_was_written_while_redis_was_away_is_published(opened: Callable[[], Opened], redis: Redis) -> None:
    """One host lost its connection and wrote; the others learn of it when it is back."""
    (one, _), (other, _) = opened(), opened()
    await knows(one)
    await knows(other)
    before = other.mark()
    server = one._purges._server  # type: ignore[attr-defined]
    scripts, server._scripts = server._scripts, {}
    failing = dict.fromkeys(scripts, _fails)
    server._scripts = failing
    await one.purge(["a"])
    assert one.suspended()
    assert not other.outdated(["a"], before)
    server._scripts = scripts
    await knows(one)
    await asyncio.sleep(LEASE_S)
    assert other.outdated(["a"], before)


async def _fails(*_: object, **__: object) -> None:
    raise OSError("cut off")


async def test_one_process_leads_and_the_others_know(opened: Callable[[], Opened]) -> None:
    """Also when it is on another host."""
    (one, flights), (other, others) = opened(), opened()
    await knows(one)
    await knows(other)
    lead = await flights.lead("k", 17.5, one.mark())
    assert isinstance(lead, Lead)
    led = await others.lead("k", 18.0, other.mark())
    assert isinstance(led, Led)
    assert (led.began_at, led.mark) == (17.5, one.mark())
    assert await others.is_under_way(led)
    await flights.keep(lead)
    await flights.end([lead])
    assert not await others.is_under_way(led)
    assert isinstance(await others.lead("k", 19.0, 0), Lead)
    await flights.end([lead])
    assert isinstance(await flights.lead("k", 20.0, 0), Led), "who lost the lead cannot give it away"


async def test_a_silent_leader_holds_nobody_up_for_longer_than_its_lease(opened: Callable[[], Opened]) -> None:
    """It was killed in the midst of its flight."""
    (one, flights), (other, others) = opened(), opened()
    await knows(one)
    await knows(other)
    await flights.lead("k", 17.5, one.mark())
    led = await others.lead("k", 18.0, other.mark())
    assert isinstance(led, Led)
    began = time.monotonic()
    while await others.is_under_way(led):
        assert time.monotonic() - began < FLIGHT_LEASE_S + 0.5
    assert time.monotonic() - began > FLIGHT_LEASE_S - 0.5


async def test_a_crowd_is_no_failure_of_redis(opened: Callable[[], Opened]) -> None:
    """More questions at once than there are connections wait their turn; the promise holds, and leads are known."""
    store, flights = opened()
    await knows(store)
    lead = await flights.lead("k", 1000.0, store.mark())
    assert isinstance(lead, Lead)
    _, other = opened()
    found = await asyncio.gather(*(store.get(f"key {number}") for number in range(400)))
    leads = await asyncio.gather(*(other.lead("k", 1000.0, store.mark()) for _ in range(200)))
    assert found == [None] * 400
    assert all(isinstance(led, Led) for led in leads)
    assert not store._purges.is_away  # type: ignore[attr-defined]


async def test_a_crowd_for_one_entry_reads_it_from_redis_once(opened: Callable[[], Opened]) -> None:
    """Every tab opens the same list; a second look after a lead was taken is always a new one."""
    (one, _), (other, _) = opened(), opened()
    await knows(one)
    await knows(other)
    await one.put(entry("k", "a"), one.mark())
    await one.settled()
    level = other._level
    asked: list[str] = []
    look = level._client.get  # type: ignore[union-attr]
    level._client.get = lambda name: asked.append(name) or look(name)  # type: ignore[union-attr,func-returns-value]
    found = await asyncio.gather(*(other.get("k") for _ in range(50)))
    assert all(each is not None and each.body == b"{}" for each in found)
    assert len(asked) == 1
    assert await other.reread("k") is not None
    assert len(asked) == 2
