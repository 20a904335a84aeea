"""What the outbox promises: kept with the change, delivered at least once, in order, by one, and whatever dies."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from tests.doubles.sentry_double import FakeClock

from dexter.database import outbox
from dexter.database.columns import at
from dexter.database.deliveries import Delivery, purging
from dexter.database.outbox import ATTEMPTS, LEASE_S, Relay, put, put_purge
from dexter.database.tables import label
from dexter.database.tables import outbox as table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dexter.database.address import Address
    from dexter.database.engine import Database


class Listener:
    """Takes deliveries, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.failures: dict[object, int] = {}

    async def __call__(self, delivery: Delivery) -> None:
        self.taken.append(delivery)
        if self.failures.get(delivery.payload, 0):
            self.failures[delivery.payload] -= 1
            raise OSError("nobody there")

    @property
    def heard(self) -> list[object]:
        return [each.payload for each in self.taken]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def wrote(database: Database, topic: str, *payloads: object) -> None:
    for payload in payloads:
        async with database.transaction() as connection:
            await put(connection, topic, payload)


async def waiting(database: Database) -> int:
    async with database.reading() as connection:
        counting = select(func.count()).select_from(table).where(table.c.done_at.is_(None))
        return (await connection.execute(counting)).scalar_one()


async def delivered(relay: Relay) -> None:
    while await relay.deliver():
        pass


async def test_an_effect_is_kept_with_its_change_or_not_at_all(database: Database, clock: FakeClock) -> None:
    """A purge without its change is noise; a change without its purge shows what is old to everybody."""
    listener = Listener()
    relay = Relay(database, {"news": listener}, clock.now)

    async def change(fails: bool) -> None:
        async with database.transaction() as connection:
            name = "kept" if not fails else "lost"
            await connection.execute(
                label.insert().values(organization="acme", name=name, color="red", created_at=at(0))
            )
            await put(connection, "news", name)
            if fails:
                raise KeyError

    with pytest.raises(KeyError):
        await change(fails=True)
    await change(fails=False)
    await delivered(relay)
    assert listener.heard == ["kept"]


async def test_a_topic_is_delivered_in_order_and_waits_for_what_fails(database: Database, clock: FakeClock) -> None:
    """Whoever hears of a change must not hear of the one before it afterwards; other topics are not held up."""
    news, other = Listener(), Listener()
    news.failures = {2: 2}
    relay = Relay(database, {"news": news, "other": other}, clock.now)
    await wrote(database, "news", 1, 2, 3)
    await wrote(database, "other", "a", "b")
    await delivered(relay)
    assert (news.heard, other.heard) == ([1, 2], ["a", "b"])
    clock.pass_s(0.9)
    await delivered(relay)
    assert news.heard == [1, 2]
    clock.pass_s(0.2)
    await delivered(relay)
    assert news.heard == [1, 2, 2]
    clock.pass_s(2.1)
    await delivered(relay)
    assert news.heard == [1, 2, 2, 2, 3]
    assert [each.attempt for each in news.taken] == [1, 1, 2, 3, 1]
    assert len({each.id for each in news.taken}) == 3


async def test_what_never_works_is_given_up_and_stays_with_its_error(database: Database, clock: FakeClock) -> None:
    """One poisoned row must not hold up its topic for ever, nor vanish."""
    listener = Listener()
    listener.failures = {"bad": 1000}
    relay = Relay(database, {"news": listener}, clock.now)
    await wrote(database, "news", "bad", "good")
    for _ in range(ATTEMPTS):
        await delivered(relay)
        clock.pass_s(outbox.LONGEST_PAUSE_S + 1)
    assert listener.heard == ["bad"] * ATTEMPTS + ["good"]
    async with database.reading() as connection:
        errors = list(await connection.scalars(select(table.c.last_error).order_by(table.c.id)))
    assert errors == ["OSError: nobody there", None]


async def test_a_topic_that_nobody_here_knows_waits(database: Database, clock: FakeClock) -> None:
    """A newer Dexter beside this one may know it."""
    await wrote(database, "of the future", 1)
    await delivered(Relay(database, {"news": Listener()}, clock.now))
    assert await waiting(database) == 1


async def test_one_of_many_processes_delivers_and_another_goes_on(database: Database, clock: FakeClock) -> None:
    """Two at once would break the order; none at all would break everything."""
    first, second = Listener(), Listener()
    one, two = (Relay(database, {"news": each}, clock.now) for each in (first, second))
    await wrote(database, "news", 1)
    await delivered(one)
    await wrote(database, "news", 2)
    assert await two.deliver() == 0
    assert second.heard == []
    clock.pass_s(LEASE_S + 1)
    await delivered(two)
    assert (first.heard, second.heard) == ([1], [2])


async def test_a_relay_that_ends_hands_over_at_once(database: Database, clock: FakeClock) -> None:
    """A rolling restart must not hold effects up for the length of a lease."""
    first, second = Listener(), Listener()
    one, two = (Relay(database, {"news": each}, clock.now) for each in (first, second))
    one.start()
    await wrote(database, "news", 1)
    await until(lambda: asyncio.sleep(0, bool(first.heard)))
    await one.aclose()
    await wrote(database, "news", 2)
    await delivered(two)
    assert (first.heard, second.heard) == ([1], [2])


async def test_a_running_relay_delivers_at_once(database: Database, clock: FakeClock) -> None:
    """What was written here is not left to the next look, a second later."""
    listener = Listener()
    relay = Relay(database, {"news": listener}, clock.now)
    await wrote(database, "news", 0)
    relay.start()
    await until(lambda: asyncio.sleep(0, listener.heard == [0]))
    await asyncio.sleep(0.05)
    await wrote(database, "news", 1)
    await asyncio.wait_for(until(lambda: asyncio.sleep(0, listener.heard == [0, 1])), outbox.POLL_S * 0.8)
    await relay.aclose()


async def test_puts_of_one_topic_are_numbered_in_the_order_they_are_kept(database: Database) -> None:
    """PostgreSQL numbers a row when it is written; one kept later with a lower number would come out of order."""
    order: list[int] = []
    first_put, second_done = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with database.transaction() as connection:
            order.append(await put(connection, "news", "slow"))
            first_put.set()
            await asyncio.sleep(0.2)
            assert not second_done.is_set()

    async def quick() -> None:
        await first_put.wait()
        async with database.transaction() as connection:
            order.append(await put(connection, "news", "quick"))
        second_done.set()

    await asyncio.gather(slow(), quick())
    assert order == sorted(order)


async def test_a_purge_reaches_the_store(database: Database, clock: FakeClock) -> None:
    """The first effect there is: answers that a change made stale are forgotten."""
    purged: list[frozenset[str]] = []

    async def purge(tags: frozenset[str]) -> None:
        purged.append(tags)

    relay = Relay(database, {"purge": purging(purge)}, clock.now)
    async with database.transaction() as connection:
        await put_purge(connection, ["issues:acme", "issue:1", "issues:acme"])
    await delivered(relay)
    assert purged == [frozenset({"issues:acme", "issue:1"})]


RELAY = """
import asyncio, sys, time
from dexter.database.address import read_address
from dexter.database.engine import Database
from dexter.database.outbox import Relay

async def main():
    out = open(sys.argv[2], "a", buffering=1)
    async def handle(delivery):
        out.write(f"{delivery.payload}\\n")
        await asyncio.sleep(0.02)
    relay = Relay(Database(read_address(sys.argv[1])), {"news": handle}, lambda: time.time() + float(sys.argv[3]))
    relay.start()
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.live
async def test_a_killed_relay_loses_nothing(database: Database, address: Address, tmp_path: object) -> None:
    """`kill -9` comes at the worst moment there is: each effect still happens, in order, at most the last one twice."""
    log = f"{tmp_path}/heard"
    url = address.url if address.path is None else f"sqlite:///{address.path}"
    await wrote(database, "news", *range(60))

    async def run(killed_after: int, ahead_s: float) -> None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", RELAY, url, log, str(ahead_s))
        await until(lambda: asyncio.to_thread(lambda: str(killed_after) in lines(log)))
        process.kill()
        await process.wait()

    # The next one waits for the dead one's lease; its clock is ahead, so that the test does not wait with it.
    await run(10, 0)
    await run(30, LEASE_S + 1)
    await run(59, 2 * LEASE_S + 2)
    heard = [int(line) for line in lines(log)]
    assert sorted(set(heard)) == list(range(60))
    assert heard == sorted(heard)
    assert len(heard) <= 62


def lines(path: str) -> list[str]:
    try:
        with open(path) as file:  # noqa: PTH123
            return file.read().splitlines()
    except FileNotFoundError:
        return []


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.01)
