"""Deliveries of Sentry's webhooks, on the disk before Sentry is told that they came.

Sentry waits one second and does not send again, so that a delivery is written through to the disk (fsync) and then
answered; several that come at once share one write. What it means is found out later, from here.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from dexter.stores.sqlite_file import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INBOX_FILE = "webhooks.sqlite3"
REMEMBERED_S = 3600.0
"""How long a delivery's id is remembered; longer than a delivery is believed."""
CLAIM_S = 10.0
"""After so long another worker takes up what one has begun and not finished."""
BUSY_S = 0.5
"""How long another worker's write is waited for: Sentry gives up after a second."""
_BATCH = 500

_SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
  id INTEGER PRIMARY KEY, request_id TEXT NOT NULL UNIQUE, received_at REAL NOT NULL, sent_at REAL NOT NULL,
  resource TEXT NOT NULL, body BLOB NOT NULL, claimed_at REAL, done_at REAL
) STRICT;
CREATE INDEX IF NOT EXISTS delivery_waiting ON delivery (id) WHERE done_at IS NULL;
"""


class InboxUnavailable(Exception):
    """A delivery cannot be written down now."""


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery as it came. Times are epoch seconds; `sent_at` is Sentry's."""

    request_id: str
    sent_at: float
    resource: str
    body: bytes


Work = Callable[[sqlite3.Connection], Any]


@dataclass(slots=True, eq=False)
class _Task:
    """Something to do with the file, and who waits for what comes of it."""

    work: Work
    loop: asyncio.AbstractEventLoop
    told: asyncio.Future[Any]

    def tell(self, outcome: Any) -> None:
        """Tell the outcome, or the error, to whoever waits, if they still do."""
        with suppress(RuntimeError):  # the loop has ended
            self.loop.call_soon_threadsafe(self._told, outcome)

    def _told(self, outcome: Any) -> None:
        if self.told.done():
            return
        if isinstance(outcome, BaseException):
            self.told.set_exception(outcome)
        else:
            self.told.set_result(outcome)


class WebhookInbox:
    """The deliveries of a host, shared by its workers."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._queue: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def put(self, received: Received) -> bool:
        """Write a delivery down and give True, or False for one that came before. Raises InboxUnavailable."""
        return bool(await self._done(lambda connection: _put(connection, received, self._now())))

    async def claim(self, limit: int) -> list[tuple[int, Received]]:
        """Give deliveries that nobody works on, in the order in which they came, and keep others from them."""
        found: list[tuple[int, Received]] = await self._done(lambda file: _claim(file, limit, self._now()))
        return found

    async def release(self, numbers: Sequence[int]) -> None:
        """Say that deliveries could not be understood now: whoever asks next is given them."""
        await self._done(lambda connection: _release(connection, numbers))

    async def finish(self, numbers: Sequence[int]) -> None:
        """Say that deliveries have been understood."""
        await self._done(lambda connection: _finish(connection, numbers, self._now()))

    async def aclose(self) -> None:
        """Write what waits, and let the file go."""
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    async def _done(self, work: Work) -> Any:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="dexter-webhooks", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        task = _Task(work, loop, loop.create_future())
        self._queue.put(task)
        return await task.told

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while (first := self._queue.get()) is not None:
            tasks, is_last = self._batch(first)
            try:
                connection = connection or _opened(self._path)
                outcomes = _together(connection, tasks)
            except (sqlite3.Error, OSError) as error:
                outcomes = [InboxUnavailable(str(error))] * len(tasks)
            for task, outcome in zip(tasks, outcomes, strict=True):
                task.tell(outcome)
            if is_last:
                break
        if connection is not None:
            connection.close()

    def _batch(self, first: _Task) -> tuple[list[_Task], bool]:
        """Give what waits, to be done with one write to the disk, and whether nothing comes after it."""
        tasks = [first]
        while len(tasks) < _BATCH:
            try:
                task = self._queue.get_nowait()
            except Empty:
                return tasks, False
            if task is None:
                return tasks, True
            tasks.append(task)
        return tasks, False


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
    path.chmod(0o600)
    # The one file here that must be on the disk before anybody is told so.
    prepare(connection, _SCHEMA, synchronous="FULL", patience_s=BUSY_S)
    return connection


def _together(connection: sqlite3.Connection, tasks: list[_Task]) -> list[Any]:
    """Do tasks in one transaction and give what came of each."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [task.work(connection) for task in tasks]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _put(connection: sqlite3.Connection, received: Received, now: float) -> bool:
    row = (received.request_id, now, received.sent_at, received.resource, received.body)
    written = connection.execute(
        "INSERT OR IGNORE INTO delivery (request_id, received_at, sent_at, resource, body) VALUES (?, ?, ?, ?, ?)", row
    )
    return written.rowcount == 1


def _claim(connection: sqlite3.Connection, limit: int, now: float) -> list[tuple[int, Received]]:
    rows = connection.execute(
        "SELECT id, request_id, sent_at, resource, body FROM delivery"
        " WHERE done_at IS NULL AND (claimed_at IS NULL OR claimed_at < ?) ORDER BY id LIMIT ?",
        (now - CLAIM_S, limit),
    ).fetchall()
    connection.executemany("UPDATE delivery SET claimed_at = ? WHERE id = ?", [(now, row[0]) for row in rows])
    return [(int(row[0]), Received(str(row[1]), float(row[2]), str(row[3]), bytes(row[4]))) for row in rows]


def _release(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    connection.executemany("UPDATE delivery SET claimed_at = NULL WHERE id = ?", [(number,) for number in numbers])


def _finish(connection: sqlite3.Connection, numbers: Sequence[int], now: float) -> None:
    # Its id stays for a while, so that a replay is known; what it said is in the log.
    connection.executemany(
        "UPDATE delivery SET done_at = ?, body = x'' WHERE id = ?", [(now, number) for number in numbers]
    )
    connection.execute("DELETE FROM delivery WHERE done_at < ?", (now - REMEMBERED_S,))
