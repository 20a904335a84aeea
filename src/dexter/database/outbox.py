"""A change here and its effect elsewhere, kept together: the effect is written in the change's transaction.

`put` writes what is to happen; one `Relay` among all processes makes it happen, at least once, and in the order of
writing within a topic. What fails is tried again, ever more seldom, and holds up what comes after it in its topic,
until it is given up and stays in the table with its error.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import func, select, update

from dexter.database import leases
from dexter.database.columns import at, new_id
from dexter.database.deliveries import PURGE, Delivery
from dexter.database.engine import PUT, DatabaseUnavailable
from dexter.database.tables import outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.deliveries import Handler
    from dexter.database.engine import Database

log = structlog.get_logger("dexter.database")

LEASE = "outbox"
LEASE_S = 30.0
HANDLING_S = 10.0
"""How long one delivery may take; well within the lease, which is prolonged before each."""
GRACE_S = 5.0
"""How long the end waits for a delivery under way; what is broken off is delivered again."""
POLL_S = 1.0
UNAVAILABLE_S = 5.0
BATCH = 100
ATTEMPTS = 30
LONGEST_PAUSE_S = 300.0
_TOPIC_LOCK = 0x0DE87E13


async def put(connection: AsyncConnection, topic: str, payload: Any, *, not_before: datetime | None = None) -> int:
    """Write, in a transaction of `Database.transaction`, what is to happen once it is kept; give its number."""
    if connection.dialect.name == "postgresql":
        # Numbers are given when rows are written, not when they are kept; in a topic one transaction follows another.
        await connection.execute(select(func.pg_advisory_xact_lock(_TOPIC_LOCK, func.hashtext(topic))))
    connection.info[PUT] = True
    row = {"topic": topic, "payload": payload, "created_at": datetime.now(UTC), "available_at": not_before or at(0)}
    written = await connection.execute(outbox.insert().values(**row).returning(outbox.c.id))
    number: int = written.scalar_one()
    return number


async def put_purge(connection: AsyncConnection, tags: Iterable[str]) -> int:
    """Have all processes forget what is stored under any of the tags, once the transaction is kept."""
    return await put(connection, PURGE, {"tags": sorted(set(tags))})


def pause_s(attempts: int) -> float:
    """Give how long to wait after so many attempts in vain."""
    return min(LONGEST_PAUSE_S, 0.5 * 2.0 ** min(attempts, 20))


class Relay:
    """Delivers what the outbox holds, if no other process does."""

    def __init__(self, database: Database, handlers: Mapping[str, Handler], now: Callable[[], float]) -> None:
        self._database = database
        self._handlers = dict(handlers)
        self._now = now
        self._holder = new_id()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_over = False
        database.on_put = self._woken.set

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """Finish the delivery under way, and let another process go on."""
        if self._task is None:
            return
        self._is_over = True
        self._woken.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._task, GRACE_S)
        self._task = None
        with suppress(DatabaseUnavailable):
            await leases.give_back(self._database, LEASE, self._holder)

    async def deliver(self) -> int:
        """Deliver what is due now, as far as it goes, and give how much that was; 0 while another process does it."""
        topics = await self._due()
        if not topics or not await self._is_ours():
            return 0
        return sum(await asyncio.gather(*(self._deliver_topic(topic) for topic in topics)))

    async def _run(self) -> None:
        while not self._is_over:
            self._woken.clear()
            pause_s = POLL_S
            try:
                if await self.deliver():
                    continue
            except DatabaseUnavailable:
                pause_s = UNAVAILABLE_S
            except Exception:
                log.exception("outbox_failed")
            if not self._is_over:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), pause_s)

    async def _is_ours(self) -> bool:
        return await leases.take(self._database, LEASE, self._holder, at(self._now()), LEASE_S)

    async def _due(self) -> list[str]:
        """Give the topics whose first waiting thing is due, of those that are known here."""
        waiting = select(outbox.c.topic, func.min(outbox.c.id).label("id")).where(outbox.c.done_at.is_(None))
        first = waiting.where(outbox.c.topic.in_(self._handlers)).group_by(outbox.c.topic).subquery()
        due = select(outbox.c.topic).join(first, first.c.id == outbox.c.id)
        async with self._database.reading() as connection:
            return list(await connection.scalars(due.where(outbox.c.available_at <= at(self._now()))))

    async def _deliver_topic(self, topic: str) -> int:
        waiting = select(outbox).where(outbox.c.topic == topic, outbox.c.done_at.is_(None))
        async with self._database.reading() as connection:
            rows = (await connection.execute(waiting.order_by(outbox.c.id).limit(BATCH))).all()
        for number, row in enumerate(rows):
            if self._is_over or row.available_at > at(self._now()) or (number and not await self._is_ours()):
                return number
            if not await self._attempt(Delivery(row.id, row.topic, row.payload, row.attempts + 1)):
                return number
        return len(rows)

    async def _attempt(self, delivery: Delivery) -> bool:
        """Deliver one thing; False when the topic has to wait for it."""
        try:
            async with asyncio.timeout(HANDLING_S):
                await self._handlers[delivery.topic](delivery)
        except Exception as error:
            return await self._failed(delivery, error)
        await self._note(delivery, done_at=at(self._now()), last_error=None)
        return True

    async def _failed(self, delivery: Delivery, error: Exception) -> bool:
        said = f"{type(error).__name__}: {error}"[:500]
        given_up = delivery.attempt >= ATTEMPTS
        log.warning(
            "outbox_delivery_failed",
            topic=delivery.topic,
            id=delivery.id,
            attempt=delivery.attempt,
            error=said,
            given_up=given_up,
        )
        now = at(self._now())
        next_at = now + timedelta(seconds=pause_s(delivery.attempt))
        await self._note(delivery, available_at=next_at, last_error=said, done_at=now if given_up else None)
        return given_up

    async def _note(self, delivery: Delivery, **values: Any) -> None:
        noting = update(outbox).where(outbox.c.id == delivery.id).values(attempts=delivery.attempt, **values)
        async with self._database.transaction() as connection:
            await connection.execute(noting)
