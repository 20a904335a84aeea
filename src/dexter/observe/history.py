"""Thirty days of coarse counts by the hour, in SQLite: what an error budget needs and a restart must not forget."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from dexter.policy.latency import BUCKETS
from dexter.policy.slo import WINDOW_DAYS, Traffic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOUR_S = 3600
_SCHEMA = """
CREATE TABLE IF NOT EXISTS counted (
    hour INTEGER NOT NULL,
    what TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (hour, what)
) WITHOUT ROWID
"""
_ADD = "INSERT INTO counted VALUES (?, ?, ?) ON CONFLICT (hour, what) DO UPDATE SET n = n + excluded.n"
_LATENCY = "latency:"


class History:
    """Counts by hour, to which any number of workers add."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is opened when it is needed."""
        self._path = path
        self._opened: sqlite3.Connection | None = None

    def _database(self) -> sqlite3.Connection:
        if self._opened is None:
            # Used by one thread at a time, but not always by the one that made it.
            opened = sqlite3.connect(self._path, timeout=0.1, isolation_level=None, check_same_thread=False)
            opened.execute("PRAGMA journal_mode=WAL")
            opened.execute("PRAGMA synchronous=NORMAL")
            opened.execute(_SCHEMA)
            self._opened = opened
        return self._opened

    def add(self, now: float, counts: Mapping[str, int]) -> None:
        """Add counts to the hour of an epoch second, and let go of those older than the window."""
        hour = int(now) // HOUR_S
        rows = [(hour, what, n) for what, n in counts.items() if n]
        database = self._database()
        database.execute("BEGIN IMMEDIATE")
        try:
            database.executemany(_ADD, rows)
            database.execute("DELETE FROM counted WHERE hour <= ?", (hour - WINDOW_DAYS * 24,))
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")

    def window(self, now: float) -> tuple[Traffic, float | None]:
        """Give what was counted in the last thirty days, and the epoch second at which the oldest hour began."""
        after = int(now) // HOUR_S - WINDOW_DAYS * 24
        database = self._database()
        counts: dict[str, int] = dict(
            database.execute("SELECT what, sum(n) FROM counted WHERE hour > ? GROUP BY what", (after,))
        )
        (oldest,) = database.execute("SELECT min(hour) FROM counted WHERE hour > ?", (after,)).fetchone()
        latencies = [counts.get(f"{_LATENCY}{bucket}", 0) for bucket in range(BUCKETS)]
        plain = {name: counts.get(name, 0) for name in ("requests", "errors", "quick", "reads", "hits")}
        return Traffic(**plain, latencies=latencies), None if oldest is None else float(oldest * HOUR_S)

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def latency_name(bucket: int) -> str:
    """Give the name that a bucket of durations is counted under."""
    return f"{_LATENCY}{bucket}"
