"""Both ledgers of Sentry's quota grant the same, and never more than there is."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest
from bench.stand import running_redis

from dexter.policy.headroom import PRIORITIES
from dexter.stores.quota_ledger import HostQuotaLedger, LedgerFailed, QuotaLedger, Row, Wish, open_quota_ledger

if TYPE_CHECKING:
    from pathlib import Path

NONE = (0,) * PRIORITIES
WINDOW = 1000.0


def wish(*calls: int, limit: int = 40, places: int | None = None) -> Wish:
    return Wish(calls, limit, (0, 4, 12, 20), places, NONE, WINDOW - 1.1)


async def test_what_one_was_granted_is_not_granted_to_another(tmp_path: Path) -> None:
    """Two processes that ask for all there is must not both get it."""
    one, other = (HostQuotaLedger(tmp_path / "quota", "n", time.time) for _ in range(2))
    first = await one.exchange("b", "one", Row(WINDOW), wish(30, 0, 0, 0))
    second = await other.exchange("b", "other", Row(WINDOW), wish(30, 0, 0, 0))
    elsewhere = await other.exchange("c", "other", Row(WINDOW), wish(30, 0, 0, 0))
    assert (first.granted[0], second.granted[0], elsewhere.granted[0]) == (30, 10, 30)
    assert (second.peers.used[0], second.peers.in_flight[0], second.processes) == (30, 30, 2)
    for ledger in (one, other):
        await ledger.aclose()


async def test_a_process_that_lags_behind_learns_of_the_new_window(tmp_path: Path) -> None:
    """Its window is over: it is granted nothing in it, and told which one goes on."""
    ledger = HostQuotaLedger(tmp_path / "quota", "n", time.time)
    await ledger.exchange("b", "one", Row(WINDOW + 1), wish(5, 0, 0, 0))
    told = await ledger.exchange("b", "other", Row(WINDOW), wish(5, 0, 0, 0))
    assert (told.granted, told.peers.reset_epoch, told.peers.used) == (NONE, WINDOW + 1, NONE)
    await ledger.aclose()


async def test_a_silent_process_keeps_its_quota_and_loses_its_places(tmp_path: Path) -> None:
    """Sentry has counted what it sent; what it had under way ended when it died."""
    now = [100.0]
    ledger = HostQuotaLedger(tmp_path / "quota", "n", lambda: now[0])
    await ledger.exchange("b", "dead", Row(WINDOW), wish(30, 0, 0, 0, places=30))
    now[0] += 5
    told = await ledger.exchange("b", "other", Row(WINDOW), wish(30, 0, 0, 0, places=30))
    assert (told.granted[0], told.peers.used[0], told.peers.in_flight[0]) == (10, 30, 0)
    await ledger.aclose()


async def test_a_broken_file_is_said_and_nothing_worse(tmp_path: Path) -> None:
    """Whoever asks falls back to a part of the limit."""
    (tmp_path / "quota").write_bytes(b"no database" * 1000)
    ledger = HostQuotaLedger(tmp_path / "quota", "n", time.time)
    with pytest.raises(LedgerFailed):
        await ledger.exchange("b", "one", Row(WINDOW), wish(1, 0, 0, 0))
    with pytest.raises(LedgerFailed):
        await ledger.knows_any()


async def learns(ledger: QuotaLedger) -> None:
    assert not await ledger.knows_any()
    assert await ledger.known("a") is None
    await ledger.learned("a", b"something")
    assert await ledger.knows_any()
    assert await ledger.known("a") == b"something"


async def test_what_was_learned_outlives_its_process(tmp_path: Path) -> None:
    """The next process on this host begins with it."""
    ledger = HostQuotaLedger(tmp_path / "quota", "n", time.time)
    await learns(ledger)
    await ledger.aclose()
    again = HostQuotaLedger(tmp_path / "quota", "n", time.time)
    assert await again.known("a") == b"something"
    await again.aclose()


@pytest.mark.live
async def test_redis_counts_as_the_host_does(tmp_path: Path) -> None:
    """A script in Lua and a class in Python must be one policy."""
    chance = random.Random(7)
    with running_redis() as redis:
        ledgers = [
            open_quota_ledger(tmp_path, None, "n", time.time),
            open_quota_ledger(tmp_path, redis.url, "n", time.time),
        ]
        await learns(ledgers[1])
        for _ in range(400):
            holder, window = f"process {chance.randrange(4)}", WINDOW + chance.randrange(3)
            counts = [tuple(chance.randrange(6) for _ in range(PRIORITIES)) for _ in range(4)]
            demand = tuple(chance.random() * 10 for _ in range(PRIORITIES))
            row = Row(window, window - chance.random() * 2, counts[0], counts[1], demand)
            places = chance.choice([None, 5, 25])
            wanted = Wish(counts[2], chance.randrange(60), counts[3], places, (0, 2, 7, 12), window - 1.1)
            bucket = f"bucket {chance.randrange(3)}"
            host, shared = [await ledger.exchange(bucket, holder, row, wanted) for ledger in ledgers]
            assert shared.granted == host.granted
            assert shared.processes == host.processes
            assert shared.peers.demand == pytest.approx(host.peers.demand)
            assert (shared.peers.used, shared.peers.in_flight) == (host.peers.used, host.peers.in_flight)
            assert shared.peers.reset_epoch == host.peers.reset_epoch
        redis.kill()
        with pytest.raises(LedgerFailed):
            await ledgers[1].exchange("b", "one", Row(WINDOW), wish(1, 0, 0, 0))
        for ledger in ledgers:
            await ledger.aclose()
