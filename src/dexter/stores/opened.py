"""Opens the store that the settings ask for: what is shared, with whom, and over what."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dexter.stores.host import Host
from dexter.stores.leased_purges import LeasedPurges
from dexter.stores.levels import TwoLevels
from dexter.stores.shelf import DEFAULT_MAX_BYTES, Shelf
from dexter.stores.sqlite_level import SqliteLevel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dexter.stores.flights import Flights

HOST_FILE = "host.shared"
DISK_FILE = "cache.sqlite3"


class Clock(Protocol):
    """Tells how time passes."""

    def monotonic(self) -> float:
        """Give a second that only ever grows, the same for all processes of a host."""

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Where answers are kept, and within which bounds."""

    data_dir: Path
    memory_bytes: int = DEFAULT_MAX_BYTES
    disk_bytes: int = 0
    """0 keeps nothing on disk."""
    redis_url: str | None = None
    """A Redis or Valkey that takes the disk's place, for processes on several hosts."""
    namespace: str = "dexter"
    """Processes with the same one share purges and entries there."""


def open_store(
    options: StoreOptions, clock: Clock, on_suspended: Callable[[bool], None] = lambda _: None
) -> tuple[TwoLevels, Flights]:
    """Give a store and the flights that go with it, shared by all processes of this host, or of all with Redis.

    `on_suspended` hears True when other hosts' writes cannot be known any more, and False when they can again.
    """
    if options.redis_url is not None:
        return _over_redis(options, options.redis_url, clock, on_suspended)
    options.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    host = Host(options.data_dir / HOST_FILE, clock.monotonic)
    return TwoLevels(Shelf(options.memory_bytes), host, _disk(options, host)), host


def _over_redis(
    options: StoreOptions, url: str, clock: Clock, on_suspended: Callable[[bool], None]
) -> tuple[TwoLevels, Flights]:
    # Imported here, since whoever has no Redis need not pay for its client.
    from dexter.stores import redis_server as redis

    order = redis.connected(url, redis.ORDER_CONNECTIONS)
    server = redis.RedisPurgeServer(order, options.namespace)
    purges = LeasedPurges(server, clock.monotonic, on_suspended, clock.sleep)
    level = redis.RedisLevel(redis.connected(url, redis.ENTRY_CONNECTIONS), options.namespace, purges)
    flights = redis.RedisFlights(order, options.namespace, purges)
    return TwoLevels(Shelf(options.memory_bytes), purges, level), flights


def _disk(options: StoreOptions, host: Host) -> SqliteLevel | None:
    if not options.disk_bytes:
        return None
    try:
        return SqliteLevel(options.data_dir / DISK_FILE, host.epoch, host.filed, options.disk_bytes)
    except sqlite3.Error as error:
        # Memory is left: a cache that cannot be used is no reason not to start.
        logging.getLogger("dexter.stores").warning("disk_cache_unusable: %s", type(error).__name__)
        return None
