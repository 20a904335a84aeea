"""Dexter's own database, open: transactions on it, and nothing of what is in it.

Drivers and migrations are imported when the database is opened, which is after the gateway's door is.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import structlog

from dexter.database.address import SQLITE, Address
from dexter.errors import DexterError, SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

BUSY_S = 10
"""How long a write waits for another one to end, on SQLite, where there is one at a time."""
CONNECTIONS = 5
FURTHER_CONNECTIONS = 5
WRITING = "dexter_writing"
PUT = "dexter_put"
"""Set on a connection whose transaction wrote into the outbox."""

log = structlog.get_logger("dexter.database")


class DatabaseUnavailable(DexterError):
    """Dexter's own database does not answer, or not in time; Sentry has nothing to do with it."""

    status = 503
    remedy = "Try again in a moment; if it lasts, whoever runs Dexter must look after its database."
    retry_after_s = 5.0


class Database:
    """The database at an address. The first use opens it, and brings a fresh one to this version's schema."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._engine: AsyncEngine | None = None
        self._opening: asyncio.Task[AsyncEngine] | None = None
        self.on_put: Callable[[], object] = lambda: None
        """What is called once something new is kept in the outbox."""

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this host; else it is PostgreSQL."""
        return self.address.engine == SQLITE

    def start(self) -> None:
        """Begin to open it, in the running loop, so that the first who needs it does not wait."""
        self._opened_soon()

    async def engine(self) -> AsyncEngine:
        """Give the engine. Raises SettingsError when the database cannot be opened or has another schema."""
        if self._engine is None:
            self._engine = await asyncio.shield(self._opened_soon())
        return self._engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection whose writes are kept together at the end of the block, or, if it raises, not at all.

        Raises DatabaseUnavailable when the database does not answer.
        """
        async with self._connected() as connection:
            await connection.execution_options(**{WRITING: True})
            connection.info.pop(PUT, None)
            async with connection.begin():
                yield connection
            if connection.info.pop(PUT, False):
                self.on_put()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection that sees one moment of the database and waits for no writer."""
        async with self._connected() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        try:
            engine = await self.engine()
        except SettingsError as error:
            raise DatabaseUnavailable(error.message) from error
        from sqlalchemy.exc import InterfaceError, OperationalError
        from sqlalchemy.exc import TimeoutError as NoConnectionFree

        try:
            async with engine.connect() as connection:
                yield connection
        except (OperationalError, InterfaceError, NoConnectionFree) as error:
            log.warning("database_unavailable", address=self.address.shown, error=type(error).__name__)
            raise DatabaseUnavailable("Dexter's own database does not answer.") from error

    async def aclose(self) -> None:
        """Close every connection."""
        if self._opening is not None:
            with suppress(Exception):
                await self._opening
                await self._opening.result().dispose()
        self._engine = self._opening = None

    def _opened_soon(self) -> asyncio.Task[AsyncEngine]:
        # What was wrong with it when it last failed to open may be mended by now.
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(_tell_failure)
        return self._opening

    async def _open(self) -> AsyncEngine:
        # Imports and migrations take a while, and this loop has requests to answer.
        return await asyncio.to_thread(_prepared, self.address)


def _tell_failure(opening: asyncio.Task[AsyncEngine]) -> None:
    if not opening.cancelled() and (error := opening.exception()) is not None:
        log.error("database_not_opened", error=str(error))


def _prepared(address: Address) -> AsyncEngine:
    from dexter.database.upgrade import prepare

    prepare(address)
    return open_engine(address)


def open_engine(address: Address) -> AsyncEngine:
    """Give an engine for an address; it connects when it is first used."""
    from sqlalchemy import event
    from sqlalchemy.ext.asyncio import create_async_engine

    if address.engine != SQLITE:
        return create_async_engine(
            address.url,
            pool_size=CONNECTIONS,
            max_overflow=FURTHER_CONNECTIONS,
            # A server that was restarted leaves dead connections in the pool.
            pool_pre_ping=True,
            pool_recycle=1800,
            # Behind a pooler like PgBouncer a statement prepared by one transaction is unknown to the next.
            connect_args={"connect_timeout": 10, "application_name": "dexter", "prepare_threshold": None},
            hide_parameters=True,
        )
    engine = create_async_engine(
        address.url,
        pool_size=CONNECTIONS,
        max_overflow=FURTHER_CONNECTIONS,
        connect_args={"timeout": BUSY_S},
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", set_up_sqlite)
    event.listen(engine.sync_engine, "begin", begin_on_sqlite)
    return engine


def set_up_sqlite(connection: Any, _: Any) -> None:
    """Set up a new connection to a SQLite file."""
    # The driver would begin transactions by itself, and too late for a consistent read.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA synchronous=NORMAL")
    # What is deleted is overwritten, since people's data is among it.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def begin_on_sqlite(connection: Any) -> None:
    """Begin a transaction; one that will write takes its turn now, since a read that turns into a write can fail."""
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
