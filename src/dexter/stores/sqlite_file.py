"""Brings a SQLite file that several processes open into shape, also when they do so at the same moment."""

from __future__ import annotations

import sqlite3
import time

AGAIN_S = 0.02


def prepare(connection: sqlite3.Connection, schema: str, *, synchronous: str, patience_s: float) -> None:
    """Set write-ahead logging and how far a write waits for the disk, and make the tables that are missing.

    Who finds another process doing so tries again for `patience_s`, since SQLite does not wait for that itself. Raises
    sqlite3.Error.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={synchronous}")
            connection.executescript(schema)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(AGAIN_S)
        else:
            return
