"""The level that outlives a restart: a SQLite file that all processes of a host share, bounded in bytes.

Reading happens on the event loop (17 microseconds for a list of issues, four times less than a thread would cost);
writing in a thread of its own, in batches, since nobody waits for it. Whatever fails here counts as nothing kept.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

from dexter.stores.packing import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dexter.stores.entry import Entry
    from dexter.stores.filed import Filed

DEFAULT_MAX_BYTES = 512 * 1024 * 1024
LONGEST_QUEUE = 2000
"""Beyond so many waiting writes new ones are dropped: an entry that is not kept costs a call, a full memory all."""
_GATHER_S = 0.002
"""How long the writer waits for more: waking it costs the event loop as much as a look into the file."""
_BATCH = 200
_WEIGH_EVERY = 50
"""After so many batches the room taken is weighed, other processes' entries too."""
_ROOM_LEFT = 0.9

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (
  key TEXT NOT NULL UNIQUE,
  stored_at REAL NOT NULL,
  size INTEGER NOT NULL,
  packed BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entry_by_age ON entry (stored_at, size);
"""
_PUT = """
INSERT INTO entry (key, stored_at, size, packed) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (key) DO UPDATE SET stored_at = ?2, size = ?3, packed = ?4 WHERE stored_at <= ?2
"""

log = logging.getLogger("dexter.stores")


class SqliteLevel:
    """A `Level` in a file. Entries of another epoch than `epoch` are forgotten at the start.

    `filed` knows, for all processes that use the file, what may be in it. Raises sqlite3.Error when the file cannot be
    used.
    """

    def __init__(self, path: Path, epoch: str, filed: Filed, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._path = path
        self._filed = filed
        self._max_bytes = max_bytes
        self._waiting: deque[Entry | str | Callable[[], None] | None] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._rung = False
        """Whether the writer was called and has not begun yet."""
        self._told = self._written = 0
        """How much the writer was told to do, and how much of it is done."""
        try:
            _prepare(path, epoch)
        except sqlite3.OperationalError:
            # Locked, full, not permitted: nothing that a new file would mend.
            raise
        except sqlite3.DatabaseError:
            # A file that is damaged is worth nothing, and everything in it can be had again.
            log.warning("disk_cache_renewed")
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            _prepare(path, epoch)
        self._reader = _connected(path)
        self._writer = threading.Thread(target=self._write, name="dexter-disk-cache", daemon=True)
        self._writer.start()

    async def get(self, key: str) -> Entry | None:
        """Give the entry of a key, or None."""
        if not self._filed.may_hold(key):
            return None
        try:
            row = self._reader.execute("SELECT packed FROM entry WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            _failed(error)
            return None
        return None if row is None else unpacked(row[0])

    async def get_anew(self, key: str) -> Entry | None:
        """Give the entry of a key, or None."""
        return await self.get(key)

    def put(self, entry: Entry) -> None:
        """Begin to keep an entry."""
        if self._writer.is_alive() and len(self._waiting) < LONGEST_QUEUE:
            self._filed.note(entry.key)
            self._tell(entry)

    async def discard(self, key: str) -> None:
        """Begin to forget the entry of a key."""
        self._tell(key)

    async def settled(self) -> None:
        """Return when everything put so far is in the file."""
        if self._written == self._told or not self._writer.is_alive():
            return
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def tell() -> None:
            if not done.done():
                done.set_result(None)

        def written() -> None:
            # The loop may have ended while the write went on.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(tell)

        self._tell(written)
        await done

    async def aclose(self) -> None:
        """Write what waits and let the file go."""
        self._tell(None)
        await asyncio.to_thread(self._writer.join)
        self._reader.close()

    def _tell(self, work: Entry | str | Callable[[], None] | None) -> None:
        self._told += 1
        self._waiting.append(work)
        if not self._rung:
            self._rung = True
            self._bell.put(None)

    def _write(self) -> None:
        connection = _connected(self._path)
        batches = 0
        more = True
        while more:
            if not self._waiting:
                self._bell.get()
                time.sleep(_GATHER_S)
                # Before anything is taken: whoever comes from here on rings anew.
                self._rung = False
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            if not batch:
                continue
            more = None not in batch
            try:
                _apply(connection, batch)
                if batches % _WEIGH_EVERY == 0:
                    _make_room(connection, self._max_bytes)
            except (sqlite3.Error, ValueError) as error:
                _failed(error)
            batches += 1
            self._written += len(batch)
            for work in batch:
                if callable(work):
                    work()
        connection.close()


def _apply(connection: sqlite3.Connection, batch: list[Entry | str | Callable[[], None] | None]) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for work in batch:
            if isinstance(work, str):
                connection.execute("DELETE FROM entry WHERE key = ?", (work,))
            elif work is not None and not callable(work):
                data = packed(work)
                connection.execute(_PUT, (work.key, work.stored_at, len(data), data))


def _make_room(connection: sqlite3.Connection, max_bytes: int) -> None:
    (used,) = connection.execute("SELECT COALESCE(SUM(size), 0) FROM entry").fetchone()
    if used <= max_bytes:
        return
    excess = used - int(max_bytes * _ROOM_LEFT)
    with connection:
        # The oldest first: what is still asked for is asked for anew and stands at the other end.
        connection.execute(
            "DELETE FROM entry WHERE rowid IN (SELECT rowid FROM (SELECT rowid, SUM(size) OVER "
            "(ORDER BY stored_at, rowid) - size AS before FROM entry) WHERE before < ?)",
            (excess,),
        )


def _prepare(path: Path, epoch: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    connection = _connected(path)
    try:
        _made_wal(connection)
        connection.executescript(_SCHEMA)
        known = connection.execute("SELECT value FROM about WHERE name = 'epoch'").fetchone()
        if known is None or known[0] != epoch:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DELETE FROM entry")
                connection.execute("INSERT OR REPLACE INTO about VALUES ('epoch', ?)", (epoch,))
    finally:
        connection.close()


def _made_wal(connection: sqlite3.Connection) -> None:
    """Let readers and the writer work side by side; of several processes that start together one has to be first."""
    for _ in range(20):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            # SQLite does not wait its usual time for this lock.
            time.sleep(0.1)
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
    # A crash of the machine may lose the last entries, never damage the file; nothing else is asked of a cache.
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA mmap_size=268435456")
    return connection


def _failed(error: Exception) -> None:
    log.warning("disk_cache_failed: %s", type(error).__name__)
