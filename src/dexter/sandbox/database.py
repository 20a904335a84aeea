"""The sandbox's memory: a thin road to SQLite, used from the event loop's thread only."""

from __future__ import annotations

import contextlib
import sqlite3
from importlib import resources
from typing import TYPE_CHECKING, Any

from dexter.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

SCHEMAS = ("schema.sql", "schema_2.sql")
"""One file a version, each what it added to the ones before: a file of an older sandbox is brought up by the rest."""
SCHEMA_VERSION = len(SCHEMAS)


class Database:
    """One SQLite connection with short, synchronous calls.

    Every call is meant to take well under a millisecond, which is why none leaves the event loop.
    """

    def __init__(self, path: str, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._depth = 0
        self._connection = _connected(path)
        self._open_schema(path)

    def _open_schema(self, path: str) -> None:
        version = self.value("PRAGMA user_version")
        if version > SCHEMA_VERSION or (version == 0 and self.value("SELECT count(*) FROM sqlite_master")):
            raise SettingsError(
                f"The sandbox database {path} has schema version {version}, and this Dexter knows up to"
                f" {SCHEMA_VERSION}.",
                remedy="Start with another database file, or delete this one: the sandbox seeds it anew.",
            )
        for number, name in enumerate(SCHEMAS[version:], start=version + 1):
            schema = resources.files("dexter.sandbox").joinpath(name).read_text("utf-8")
            self._connection.executescript(f"BEGIN;{schema};PRAGMA user_version={number};COMMIT;")

    def now(self) -> float:
        """Give the sandbox's time in epoch seconds."""
        return self._clock()

    def all(self, sql: str, *args: Any) -> list[sqlite3.Row]:
        """Give every row of a query."""
        return self._connection.execute(sql, args).fetchall()

    def one(self, sql: str, *args: Any) -> sqlite3.Row | None:
        """Give the first row of a query, or None."""
        row: sqlite3.Row | None = self._connection.execute(sql, args).fetchone()
        return row

    def value(self, sql: str, *args: Any) -> Any:
        """Give the first column of the first row, or None."""
        row = self._connection.execute(sql, args).fetchone()
        return None if row is None else row[0]

    def run(self, sql: str, *args: Any) -> sqlite3.Cursor:
        """Run a statement; the cursor tells `lastrowid` and `rowcount`."""
        return self._connection.execute(sql, args)

    def insert(self, sql: str, *args: Any) -> int:
        """Run an INSERT and give the new row's id."""
        row_id = self._connection.execute(sql, args).lastrowid
        assert row_id is not None  # noqa: S101 - SQLite always names the row an INSERT made
        return row_id

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once per row."""
        self._connection.executemany(sql, rows)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what runs inside happen wholly or not at all; one inside another becomes part of it."""
        if self._depth:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        else:
            self._connection.execute("COMMIT")
        finally:
            self._depth = 0

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _connected(path: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-65536"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.DatabaseError as error:
        raise SettingsError(
            f"The sandbox database {path} cannot be opened: {error}.",
            remedy="Name a new file, or one that a sandbox made, in a directory that can be written to.",
        ) from error
    return connection
