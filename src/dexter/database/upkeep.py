"""What the database needs done for as long as a gateway runs: the outbox delivered, and what is too old removed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from dexter.database.engine import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dexter.database.deliveries import Handler
    from dexter.database.engine import Database
    from dexter.database.keeping import KeepingRule
    from dexter.database.outbox import Relay

log = structlog.get_logger("dexter.database")

EVERY_S = 600.0
RETRY_S = 1.0


class Upkeep:
    """Runs beside the requests. It begins with opening the database, so that the first who needs it does not wait."""

    def __init__(
        self, database: Database, handlers: Mapping[str, Handler], rule: KeepingRule, now: Callable[[], float]
    ) -> None:
        """Look after a database. `handlers` are the outbox's topics and who makes happen what is put there."""
        self._database = database
        self._handlers = handlers
        self._rule = rule
        self._now = now
        self._relay: Relay | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """End, in such an order that nothing is broken off that was begun."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._relay is not None:
            await self._relay.aclose()

    async def _run(self) -> None:
        while True:
            if await self._open():
                break
            await asyncio.sleep(RETRY_S)
        # Not imported above, since a start waits for no library of the database's.
        from dexter.database.outbox import Relay
        from dexter.database.retention import remove_old

        self._relay = Relay(self._database, self._handlers, self._now)
        self._relay.start()
        while True:
            try:
                await remove_old(self._database, self._rule, self._now)
            except DatabaseUnavailable:
                # It is looked at again after a while.
                pass
            except Exception:
                log.exception("retention_failed")
            await asyncio.sleep(EVERY_S)

    async def _open(self) -> bool:
        try:
            async with self._database.reading():
                return True
        except DatabaseUnavailable:
            return False
