"""Two processes of one host, played by two stores over the same files."""

from __future__ import annotations

import sqlite3
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import FakeClock

from dexter.stores.entry import Entry
from dexter.stores.flights import LEASE_S, Lead, Led
from dexter.stores.host import Host
from dexter.stores.levels import TwoLevels
from dexter.stores.packing import packed, unpacked
from dexter.stores.shelf import Shelf
from dexter.stores.sqlite_level import SqliteLevel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


def entry(key: str = "k", *tags: str, body: bytes = b"{}", stored_at: float = 1000.0) -> Entry:
    return Entry(key, 200, (("Content-Type", "application/json"),), body, stored_at, frozenset(tags))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def opened(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Callable[..., TwoLevels]]:
    """Open another process's store over the same files."""
    stores: list[TwoLevels] = []

    def another(max_bytes: int = 10_000_000) -> TwoLevels:
        host = Host(tmp_path / "host", clock.monotonic)
        level = SqliteLevel(tmp_path / "cache.sqlite3", host.epoch, host.filed, max_bytes)
        stores.append(TwoLevels(Shelf(), host, level))
        return stores[-1]

    yield another
    for store in stores:
        await store.aclose()


async def test_what_one_process_keeps_another_gives(opened: Callable[..., TwoLevels]) -> None:
    """Four workers must not ask Sentry four times."""
    one, other = opened(), opened()
    assert await one.put(entry("k", "a"), one.mark())
    await one.settled()
    found = await other.get("k")
    assert found is not None
    assert (found.body, found.headers, found.tags) == (b"{}", (("Content-Type", "application/json"),), {"a"})
    assert other.peek("k") is found, "it is in this process's memory from here on"


async def is_outdated(store: TwoLevels, key: str) -> bool:
    """It is kept for when Sentry breaks, and never given as fresh."""
    found = await store.get(key)
    assert found is not None
    return found.outdated and store.peek(key) is None


async def test_a_restart_starts_warm(opened: Callable[..., TwoLevels], tmp_path: Path) -> None:
    """Nobody should wait for Sentry because Dexter was updated."""
    before = opened()
    await before.put(entry(), before.mark())
    await before.settled()
    assert await opened().get("k") is not None


async def test_a_purge_reaches_the_memory_of_every_process_and_the_file(opened: Callable[..., TwoLevels]) -> None:
    """The write came in at one worker, the next read at another, or at one that has just started."""
    one, other = opened(), opened()
    await one.put(entry("k", "a"), one.mark())
    await one.settled()
    assert await other.get("k") is not None
    await one.purge(["a"])
    assert other.peek("k") is None
    assert await is_outdated(other, "k")
    assert await is_outdated(opened(), "k")


async def test_a_newer_answer_of_another_process_takes_the_place_of_an_outdated_one(
    opened: Callable[..., TwoLevels],
) -> None:
    """One worker asked Sentry after the write; the others need not."""
    one, other = opened(), opened()
    await one.put(entry("k", "a"), one.mark())
    await one.settled()
    assert await other.get("k") is not None
    await one.purge(["a"])
    await one.put(replace(entry("k", "a"), stored_at=2000.0), one.mark())
    await one.settled()
    found = await other.get("k")
    assert found is not None
    assert (found.stored_at, found.outdated) == (2000.0, False)


async def test_a_doubted_credentials_entries_are_gone_everywhere(opened: Callable[..., TwoLevels]) -> None:
    """They are not even good enough for when Sentry breaks."""
    one, other = opened(), opened()
    await one.put(entry("k", "identity:token:x"), one.mark())
    await one.settled()
    assert await other.get("k") is not None
    await one.purge(["identity:token:x"])
    assert await one.get("k") is None
    assert await other.get("k") is None
    assert await opened().get("k") is None


async def test_what_was_asked_for_before_another_processes_purge_is_refused(opened: Callable[..., TwoLevels]) -> None:
    """It may show what was before the write."""
    one, other = opened(), opened()
    before = one.mark()
    await other.purge(["a"])
    assert one.outdated(["a"], before)
    assert not await one.put(entry("k", "a"), before)
    assert await one.put(entry("k", "a"), one.mark())


async def test_a_lag_is_known_to_every_process(opened: Callable[..., TwoLevels], clock: FakeClock) -> None:
    """Sentry's search lags for all of them."""
    one, other = opened(), opened()
    await one.purge(["a"], ["a"], clock.monotonic() + 30)
    assert other.lagging(["a", "b"], clock.monotonic() + 29)
    assert not other.lagging(["b"], clock.monotonic())
    assert not other.lagging(["a"], clock.monotonic() + 30)


async def test_what_one_process_discards_no_other_gives(opened: Callable[..., TwoLevels]) -> None:
    """Sentry said that it is not there any more."""
    one, other = opened(), opened()
    for key in ("k", "l"):
        await one.put(entry(key, "a"), one.mark())
    await one.settled()
    assert await other.get("k") is not None
    await one.discard("k")
    await one.settled()
    assert await other.get("k") is None
    assert await other.get("l") is not None


async def test_an_older_answer_does_not_replace_a_newer_one_in_the_file(opened: Callable[..., TwoLevels]) -> None:
    """Two processes went to Sentry; the slower one asked first."""
    one, other = opened(), opened()
    await one.put(entry(body=b"new", stored_at=20.0), one.mark())
    await one.settled()
    await other.put(entry(body=b"old", stored_at=10.0), other.mark())
    await other.settled()
    found = await other.reread("k")
    assert found is not None
    assert found.body == b"new"


async def test_the_file_keeps_its_bound(opened: Callable[..., TwoLevels], tmp_path: Path) -> None:
    """The oldest goes first; a disk that fills up takes more down than a cache."""
    store = opened(100_000)
    for number in range(400):
        await store.put(entry(str(number), body=b"x" * 1000, stored_at=number), store.mark())
        await store.settled()
    with sqlite3.connect(tmp_path / "cache.sqlite3") as file:
        used, oldest = file.execute("SELECT SUM(size), MIN(stored_at) FROM entry").fetchone()
    file.close()
    assert used < 200_000
    assert oldest > 200


def modes_in(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_files_are_their_owners_alone(opened: Callable[..., TwoLevels], tmp_path: Path) -> None:
    """They hold what only Dexter's own credential may see."""
    store = opened()
    await store.put(entry(), store.mark())
    await store.settled()
    modes = modes_in(tmp_path)
    assert {"host", "cache.sqlite3", "cache.sqlite3-wal"} <= set(modes)
    assert set(modes.values()) == {0o600}


async def test_a_damaged_file_is_begun_anew(opened: Callable[..., TwoLevels], tmp_path: Path) -> None:
    """A cache that keeps Dexter from starting is worse than none."""
    (tmp_path / "cache.sqlite3").write_bytes(b"no database at all, but long enough to be looked at " * 100)
    store = opened()
    await store.put(entry(), store.mark())
    await store.settled()
    assert await opened().get("k") is not None


async def test_a_file_that_fails_while_in_use_fails_no_request(
    opened: Callable[..., TwoLevels], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody emptied the table by hand, or the disk is full."""
    store = opened()
    with sqlite3.connect(tmp_path / "cache.sqlite3") as file:
        file.execute("DROP TABLE entry")
    file.close()
    assert await store.get("k") is None
    assert await store.put(entry(), store.mark())
    await store.settled()
    assert await store.get("k") is not None, "memory still has it"
    assert "disk_cache_failed" in caplog.text


async def test_without_the_purges_the_file_is_not_believed(opened: Callable[..., TwoLevels], tmp_path: Path) -> None:
    """Who loses the order of purges cannot tell which entries writes made stale."""
    before = opened()
    await before.put(entry(), before.mark())
    await before.settled()
    (tmp_path / "host").unlink()
    assert await opened().get("k") is None


def test_an_entry_survives_its_packing() -> None:
    """Also with header values that are no text of any encoding."""
    kept = Entry("k", 404, (("X", "\xff"),), b"\x00\xff", 1.5, frozenset("ab"), fallback_only=True, brief=True, mark=7)
    assert unpacked(packed(kept)) == kept
    assert unpacked(b"something else") is None


async def test_one_process_leads_and_the_others_know(tmp_path: Path, clock: FakeClock) -> None:
    """A crowd over all workers is one call."""
    one, other = (Host(tmp_path / "host", clock.monotonic) for _ in range(2))
    lead = await one.lead("k", 17.0, 3)
    assert isinstance(lead, Lead)
    led = await other.lead("k", 18.0, 3)
    assert led == Led("k", lead.token, 17.0, 3)
    assert await other.is_under_way(led)
    assert isinstance(await other.lead("l", 18.0, 3), Lead)
    await one.end([lead])
    assert not await other.is_under_way(led)
    assert isinstance(await other.lead("k", 19.0, 3), Lead)
    await one.aclose()
    await other.aclose()


async def test_a_silent_leader_holds_nobody_up_for_longer_than_its_lease(tmp_path: Path, clock: FakeClock) -> None:
    """It was killed in the midst of its flight, or it lives and says so."""
    one, other = (Host(tmp_path / "host", clock.monotonic) for _ in range(2))
    lead = await one.lead("k", 17.0, 0)
    assert isinstance(lead, Lead)
    clock.pass_s(LEASE_S - 0.1)
    await one.keep(lead)
    clock.pass_s(LEASE_S - 0.1)
    led = await other.lead("k", 18.0, 0)
    assert isinstance(led, Led)
    assert await other.is_under_way(led)
    clock.pass_s(0.2)
    assert not await other.is_under_way(led)
    successor = await other.lead("k", 19.0, 0)
    assert isinstance(successor, Lead)
    await one.end([lead])
    third = await one.lead("k", 20.0, 0)
    assert isinstance(third, Led), "who lost the lead cannot give it away"
    await one.aclose()
    await other.aclose()
