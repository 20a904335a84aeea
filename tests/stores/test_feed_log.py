"""The feed's log, in a file and in a real Redis: one line, no holes, one decision at a time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

import pytest
from bench.stand import Redis, running_redis

from dexter.stores import feed_sqlite
from dexter.stores.feed_log import FeedLog, FeedUnavailable, Settled
from dexter.stores.feed_sqlite import SqliteFeedLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path


class Open(Protocol):
    """Opens the log as another process would."""

    def __call__(self) -> FeedLog: ...


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with running_redis() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.live)])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    logs: list[FeedLog] = []

    def another() -> FeedLog:
        if request.param == "sqlite":
            logs.append(SqliteFeedLog(tmp_path / "feed.sqlite3"))
        else:
            from dexter.stores.feed_redis import RedisFeedLog
            from dexter.stores.redis_server import connected

            logs.append(RedisFeedLog(connected(request.getfixturevalue("redis").url, 8), f"test {tmp_path.name}"))
        return logs[-1]

    yield another
    for log in logs:
        await log.aclose()


def saying(*bodies: bytes, **known: bytes) -> Settled:
    return Settled(known, bodies)


async def test_records_get_offsets_that_grow_by_one_and_are_read_after_any_of_them(opened: Open) -> None:
    log = opened()
    assert [each.offset for each in await log.settle("acme", (), lambda _: saying(b"a", b"b"))] == [1, 2]
    assert [each.offset for each in await log.settle("acme", (), lambda _: saying(b"c"))] == [3]
    page = await opened().after("acme", 1, 10)
    assert [(each.offset, each.body) for each in page.records] == [(2, b"b"), (3, b"c")]
    assert (page.oldest, page.last) == (1, 3)
    assert page.reaches(0)
    assert page.reaches(3)
    assert not page.reaches(4)


async def test_the_log_is_read_backwards_from_any_place(opened: Open) -> None:
    """Who looks back reads the newest first, and begins where nothing newer can be."""
    log = opened()
    await log.settle("acme", (), lambda _: saying(b"a", b"b", b"c"))
    newest = await log.before("acme", 2**62, 2)
    assert [(each.offset, each.body) for each in newest.records] == [(3, b"c"), (2, b"b")]
    assert (newest.oldest, newest.last) == (1, 3)
    assert [each.offset for each in (await log.before("acme", 2, 10)).records] == [1]
    assert (await log.before("acme", 1, 10)).records == ()
    assert (await log.before("acme", 0, 10)).records == ()
    assert (await log.before("acme", 3, 0)).records == ()


async def test_organizations_have_lines_of_their_own(opened: Open) -> None:
    log = opened()
    await log.settle("acme", (), lambda _: saying(b"a"))
    other = await log.after("globex", 0, 10)
    assert (other.last, other.records) == (0, ())
    assert other.epoch != (await log.after("acme", 0, 10)).epoch


async def test_what_one_process_knows_another_decides_over(opened: Open) -> None:
    await opened().settle("acme", ("7",), lambda _: saying(b"a", **{"7": b"resolved"}))
    asked: list[Mapping[str, bytes]] = []

    def decide(known: Mapping[str, bytes]) -> Settled:
        asked.append(known)
        return Settled()

    assert await opened().settle("acme", ("7", "8"), decide) == ()
    assert asked == [{"7": b"resolved"}]


async def test_a_crowd_that_sees_the_same_change_records_it_once(opened: Open) -> None:
    """Each process is told by another source."""

    def decide(known: Mapping[str, bytes]) -> Settled:
        return Settled() if known.get("7") == b"resolved" else saying(b"resolved", **{"7": b"resolved"})

    logs = [opened() for _ in range(4)]
    told = await asyncio.gather(*(log.settle("acme", ("7",), decide) for log in logs for _ in range(5)))
    assert [len(each) for each in told if each] == [1]
    assert (await logs[0].after("acme", 0, 100)).last == 1


async def test_many_writers_leave_no_hole(opened: Open) -> None:
    logs = [opened() for _ in range(3)]
    await asyncio.gather(*(log.settle("acme", (), lambda _: saying(b"x")) for log in logs for _ in range(10)))
    page = await logs[0].after("acme", 0, 100)
    assert [each.offset for each in page.records] == list(range(1, 31))


async def test_a_decision_that_fails_leaves_nothing_behind(opened: Open) -> None:
    log = opened()

    def decide(_: Mapping[str, bytes]) -> Settled:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await log.settle("acme", ("7",), decide)
    assert (await log.settle("acme", (), lambda _: saying(b"a")))[0].offset == 1


async def test_a_waiting_process_hears_of_another_ones_record(opened: Open) -> None:
    reader, writer = opened(), opened()
    await writer.settle("acme", (), lambda _: saying(b"a"))
    waiting = asyncio.create_task(reader.wait("acme", 1, 5))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await writer.settle("acme", (), lambda _: saying(b"b"))
    await waiting
    assert time.monotonic() - began < 1
    assert (await reader.after("acme", 1, 10)).records[0].body == b"b"


async def test_nobody_waits_for_what_is_there_already(opened: Open) -> None:
    log = opened()
    await log.settle("acme", (), lambda _: saying(b"a"))
    began = time.monotonic()
    await log.wait("acme", 0, 5)
    assert time.monotonic() - began < 1


@pytest.mark.live
async def test_a_redis_that_lost_its_data_begins_a_new_epoch(redis: Redis, tmp_path: Path) -> None:
    """Whoever had the old line must be told of the gap."""
    from dexter.stores.feed_redis import RedisFeedLog
    from dexter.stores.redis_server import connected

    log = RedisFeedLog(connected(redis.url, 4), f"lost {tmp_path.name}")
    await log.settle("acme", (), lambda _: saying(b"a"))
    before = (await log.after("acme", 0, 1)).epoch
    other = connected(redis.url, 1)
    await other.flushall()
    await other.aclose(close_connection_pool=True)
    after = await log.after("acme", 1, 10)
    assert after.epoch != before
    assert not after.reaches(1)
    await log.aclose()


@pytest.mark.live
async def test_a_redis_that_comes_back_without_its_last_second_begins_a_new_epoch() -> None:
    """It gives the same offsets again, to other records: who had the lost ones would miss those and not know it."""
    from dexter.stores.feed_redis import RedisFeedLog
    from dexter.stores.redis_server import connected

    with running_redis() as redis:
        log = RedisFeedLog(connected(redis.url, 4), "restarted")
        await log.settle("acme", (), lambda _: saying(b"kept", b"kept too", fact=b"1"))
        saved = connected(redis.url, 1)
        await saved.save()
        await saved.aclose(close_connection_pool=True)
        await log.settle("acme", (), lambda _: saying(b"lost", fact=b"2"))
        before = await log.after("acme", 0, 10)
        redis.kill()
        redis.start()
        new = RedisFeedLog(connected(redis.url, 4), "restarted")
        assert [each.offset for each in await new.settle("acme", (), lambda _: saying(b"new"))] == [3]
        after = await new.after("acme", 0, 10)
        assert (before.last, after.last, after.begins) == (3, 3, 2)
        assert after.epoch != before.epoch
        assert [each.body for each in after.records] == [b"kept", b"kept too", b"new"], "the rest is there to look at"
        assert (await new.after("acme", 0, 10)).epoch == after.epoch
        await log.aclose()
        await new.aclose()


async def test_a_file_that_outlived_its_machine_begins_a_new_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power failure may take the last writes along, whose offsets are then given again."""
    boot = tmp_path / "boot"
    monkeypatch.setattr(feed_sqlite, "BOOT_FILE", boot)
    found = []
    for run in ("one", "one", "two", "two"):
        boot.write_text(run)
        log = SqliteFeedLog(tmp_path / "feed.sqlite3")
        (record,) = await log.settle("acme", (), lambda _: saying(b"a"))
        page = await log.after("acme", 0, 10)
        found.append((page.epoch, record.offset, page.begins, len(page.records)))
        await log.aclose()
    first, again, second, still = (epoch for epoch, *_ in found)
    assert (first == again, second == still, first == second) == (True, True, False)
    assert [rest for _, *rest in found] == [[1, 0, 1], [2, 0, 2], [3, 2, 3], [4, 2, 4]]


async def test_where_no_run_of_the_machine_is_named_the_epoch_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every system says; a gap at each start of Dexter would be worse than none."""
    monkeypatch.setattr(feed_sqlite, "BOOT_FILE", tmp_path / "none")
    epochs = set()
    for _ in range(2):
        log = SqliteFeedLog(tmp_path / "feed.sqlite3")
        epochs.add((await log.after("acme", 0, 1)).epoch)
        await log.aclose()
    assert len(epochs) == 1


@pytest.mark.live
async def test_a_redis_that_is_gone_is_said_to_be_so(tmp_path: Path) -> None:
    from dexter.stores.feed_redis import RedisFeedLog
    from dexter.stores.redis_server import connected

    log = RedisFeedLog(connected("redis://127.0.0.1:1/0", 1), "gone")
    with pytest.raises(FeedUnavailable):
        await log.after("acme", 0, 1)
    await log.aclose()


async def test_a_file_is_closed_once_however_often_that_is_asked_and_is_then_unavailable(tmp_path: Path) -> None:
    """An application's end may be told twice; whoever comes later must hear that the log is gone, not fail oddly."""
    log = SqliteFeedLog(tmp_path / "feed.sqlite3")
    await log.after("acme", 0, 1)
    await log.aclose()
    await log.aclose()
    with pytest.raises(FeedUnavailable):
        await log.after("acme", 0, 1)
