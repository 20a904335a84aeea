"""The feed's log in a SQLite file that all processes of a host share."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dexter.stores.feed_log import (
    KEPT_RECORDS,
    KEPT_S,
    KNOWN_S,
    Decide,
    FeedUnavailable,
    Page,
    Record,
)
from dexter.stores.sqlite_file import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

T = TypeVar("T")

FEED_FILE = "feed.sqlite3"
LOOK_S = 0.01
"""How often a waiting process looks whether another one has recorded something; it takes some 3 µs."""
_TRIM_EVERY = 500
PREPARING_S = 4.0
"""How long the first use waits for another process that is making the file."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS line (organization TEXT PRIMARY KEY, epoch TEXT NOT NULL, last INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (
  organization TEXT NOT NULL, offset INTEGER NOT NULL, at REAL NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (organization, offset)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known (
  organization TEXT NOT NULL, subject TEXT NOT NULL, at REAL NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (organization, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS began (organization TEXT PRIMARY KEY, after INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS host (id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL) STRICT;
"""
BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")
"""Names one run of this machine's kernel, on Linux."""

_AFTER = "SELECT offset, body FROM record WHERE organization = ? AND offset > ? ORDER BY offset LIMIT ?"
_BEFORE = "SELECT offset, body FROM record WHERE organization = ? AND offset < ? ORDER BY offset DESC LIMIT ?"


class SqliteFeedLog:
    """A `FeedLog`. Everything that touches the file runs in one thread, since a write may wait for the disk."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="dexter-feed")
        self._connection: sqlite3.Connection | None = None
        self._lookout: sqlite3.Connection | None = None
        """Looks from the event loop's own thread whether the file has changed, and never waits for anybody there."""
        self._changed = asyncio.Condition()
        self._changes = 0
        self._version: int | None = None
        self._waiting = 0
        self._watching: asyncio.Task[None] | None = None
        self._is_closed = False

    async def settle(self, organization: str, subjects: Collection[str], decide: Decide) -> tuple[Record, ...]:
        """Decide over subjects and give what was recorded."""
        recorded = await self._in_thread(lambda: self._settle(organization, tuple(subjects), decide))
        if recorded:
            await self._tell_change()
        return recorded

    async def after(self, organization: str, offset: int, limit: int) -> Page:
        """Give up to `limit` records after an offset."""
        return await self._in_thread(lambda: self._page(organization, _AFTER, offset, limit))

    async def before(self, organization: str, offset: int, limit: int) -> Page:
        """Give up to `limit` records before an offset, the last one first."""
        return await self._in_thread(lambda: self._page(organization, _BEFORE, offset, limit))

    async def wait(self, organization: str, offset: int, timeout_s: float) -> None:
        """Wait until the log may have gone past an offset, or so long."""
        seen = self._changes
        if (await self.after(organization, offset, 0)).last > offset:
            return
        self._waiting += 1
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: self._changes != seen)
        except TimeoutError:
            return
        finally:
            self._waiting -= 1

    async def aclose(self) -> None:
        """Close the file, for good."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._watching is not None:
            self._watching.cancel()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def _watch(self) -> None:
        """Look whether other processes have written, as long as somebody waits."""
        while self._waiting:
            if (lookout := self._lookout) is None:
                lookout = await self._in_thread(self._look_out)
            try:
                version: int | None = lookout.execute("PRAGMA data_version").fetchone()[0]
            except sqlite3.Error:
                version = None  # somebody has the file to themselves, and may have written; readers find out
            if version is None or version != self._version:
                self._version = version
                await self._tell_change()
            await asyncio.sleep(LOOK_S)

    async def _tell_change(self) -> None:
        async with self._changed:
            self._changes += 1
            self._changed.notify_all()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._is_closed:
            raise FeedUnavailable("the feed's log was closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise FeedUnavailable(f"the feed's log cannot be used: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10)
            self._path.chmod(0o600)
            prepare(connection, _SCHEMA, synchronous="NORMAL", patience_s=PREPARING_S)
            _begin_anew_after_a_crash(connection)
            self._connection = connection
        return self._connection

    def _look_out(self) -> sqlite3.Connection:
        self._opened()
        lookout = self._lookout = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=0)
        return lookout

    def _close(self) -> None:
        for connection in (self._connection, self._lookout):
            if connection is not None:
                connection.close()
        self._connection = self._lookout = None

    def _settle(self, organization: str, subjects: tuple[str, ...], decide: Decide) -> tuple[Record, ...]:
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        try:
            known = {}
            for subject in subjects:
                row = connection.execute(
                    "SELECT body FROM known WHERE organization = ? AND subject = ?", (organization, subject)
                ).fetchone()
                if row is not None:
                    known[subject] = bytes(row[0])
            settled = decide(known)
            now = self._now()
            connection.executemany(
                "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)",
                [(organization, subject, now, body) for subject, body in settled.known.items()],
            )
            recorded = self._recorded(connection, organization, settled.records, now)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        return recorded

    def _recorded(
        self, connection: sqlite3.Connection, organization: str, bodies: tuple[bytes, ...], now: float
    ) -> tuple[Record, ...]:
        if not bodies:
            return ()
        _, last = self._line(connection, organization)
        records = tuple(Record(last + number, body) for number, body in enumerate(bodies, start=1))
        connection.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?)",
            [(organization, record.offset, now, record.body) for record in records],
        )
        connection.execute("UPDATE line SET last = ? WHERE organization = ?", (records[-1].offset, organization))
        if records[-1].offset // _TRIM_EVERY != last // _TRIM_EVERY:
            self._trim(connection, organization, records[-1].offset, now)
        return records

    def _line(self, connection: sqlite3.Connection, organization: str) -> tuple[str, int]:
        row = connection.execute("SELECT epoch, last FROM line WHERE organization = ?", (organization,)).fetchone()
        if row is not None:
            return str(row[0]), int(row[1])
        epoch = secrets.token_hex(8)
        connection.execute("INSERT INTO line VALUES (?, ?, 0)", (organization, epoch))
        return epoch, 0

    def _trim(self, connection: sqlite3.Connection, organization: str, last: int, now: float) -> None:
        connection.execute(
            "DELETE FROM record WHERE organization = ? AND (offset <= ? OR at < ?)",
            (organization, last - KEPT_RECORDS, now - KEPT_S),
        )
        connection.execute("DELETE FROM known WHERE organization = ? AND at < ?", (organization, now - KNOWN_S))

    def _page(self, organization: str, reading: str, offset: int, limit: int) -> Page:
        connection = self._opened()
        row = connection.execute("SELECT epoch, last FROM line WHERE organization = ?", (organization,)).fetchone()
        if row is None:
            connection.execute("INSERT OR IGNORE INTO line VALUES (?, ?, 0)", (organization, secrets.token_hex(8)))
            row = connection.execute("SELECT epoch, last FROM line WHERE organization = ?", (organization,)).fetchone()
        oldest = connection.execute("SELECT min(offset) FROM record WHERE organization = ?", (organization,)).fetchone()
        found = connection.execute(reading, (organization, offset, limit)).fetchall()
        began = connection.execute("SELECT after FROM began WHERE organization = ?", (organization,)).fetchone()
        records = tuple(Record(int(number), bytes(body)) for number, body in found)
        # Where all is trimmed the next record is the oldest there will be.
        first = int(oldest[0] or (row[1] + 1 if row[1] else 0))
        return Page(str(row[0]), first, int(row[1]), records, int(began[0]) if began else 0)


def _begin_anew_after_a_crash(connection: sqlite3.Connection) -> None:
    """Begin new epochs when the machine was started since the last ones began: it may have lost the last writes.

    Writes are not waited for until they are on the disk, which only a failure of the machine itself makes a difference.
    """
    try:
        boot = BOOT_FILE.read_text().strip()
    except OSError:
        return
    if connection.execute("SELECT 1 FROM host WHERE boot = ?", (boot,)).fetchone() is not None:
        return
    connection.execute("BEGIN IMMEDIATE")
    row = connection.execute("SELECT boot FROM host").fetchone()
    if row is not None and row[0] != boot:
        connection.execute("INSERT OR REPLACE INTO began SELECT organization, last FROM line")
        for (organization,) in connection.execute("SELECT organization FROM line").fetchall():
            connection.execute("UPDATE line SET epoch = ? WHERE organization = ?", (secrets.token_hex(8), organization))
    connection.execute("INSERT OR REPLACE INTO host VALUES (1, ?)", (boot,))
    connection.execute("COMMIT")
