"""A stand for forwarding: a log, a database, a receiver that a test speaks for, and processes that start and die."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from tests.doubles.feed_log_double import FeedLogDouble

from dexter.database import subscription_deliveries, subscriptions, tables
from dexter.database.columns import at
from dexter.database.engine import Database, DatabaseUnavailable
from dexter.features.bulk.executors import Executor
from dexter.features.people_keys import KeyRing
from dexter.policy.outgoing import Answered, RetryRule
from dexter.policy.people import BUILT_IN_ID
from dexter.realtime.hub import Hub
from dexter.realtime.outgoing.forwarding import Forwarding, ForwardingParts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.subscriptions import Subscription
    from dexter.policy.outgoing import Outcome

LIMIT_S = 20.0
RULE = RetryRule(attempts=3, first_s=0.01)


@dataclass
class SenderDouble:
    """Takes what is sent, and answers as a test says."""

    answer: Callable[[str, dict[str, str]], Outcome] = lambda _url, _headers: Answered(204)
    sent: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    holds: dict[str, asyncio.Event] = field(default_factory=dict)
    """By URL what an attempt waits for."""

    async def send(self, url: str, body: bytes, headers: tuple[tuple[str, str], ...]) -> Outcome:
        named = dict(headers)
        self.sent.append((url, body, named))
        if url in self.holds:
            await self.holds[url].wait()
        outcome = self.answer(url, named)
        if isinstance(outcome, Answered) and outcome.status < 300:
            self.taken.append(named["X-Dexter-Delivery"])
        return outcome

    def bodies(self, url: str = "http://r/") -> list[str]:
        return [body.decode() for each, body, _ in self.sent if each == url]

    async def aclose(self) -> None:
        pass


class FlakyDatabase(Database):
    """A database whose next transactions are lost at their end, as many as `losing` says."""

    losing = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with super().transaction() as connection:
            yield connection
            if self.losing:
                self.losing -= 1
                raise DatabaseUnavailable("The connection broke off.")


class Stand:
    """A log, a database, a sender, and as many processes that forward as a test starts."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.log = FeedLogDouble()
        self.database = database
        self.sender = SenderDouble()
        self.ring = KeyRing(folder)
        self.folder = folder
        self.ran: list[Forwarding] = []
        self.now = 1_800_000_000.0
        self.told: list[Any] = []

    def clock(self) -> float:
        return self.now

    def process(self, rule: RetryRule = RULE) -> Forwarding:
        """Start a process that forwards, if none does."""
        parts = ForwardingParts(
            self.database,
            Hub(self.log, "acme"),
            self.ring,
            self.sender,  # type: ignore[arg-type]
            Executor(self.folder),
            self.clock,
            rule,
            (self.told.append,),
        )
        forwarding = Forwarding(parts)
        forwarding.start()
        self.ran.append(forwarding)
        return forwarding

    async def subscribed(self, **changes: Any) -> Subscription:
        """Keep a subscription that begins where the log is now."""
        name = subscriptions.new_subscription_id()
        ciphertext, key_id = self.ring.encrypt("secret", subscriptions.about(name))
        values = {
            "id": name,
            "organization": "acme",
            "name": "Ops",
            "url": "http://r/",
            "channels": ["issues"],
            "filter": "",
            "types": [],
            "active": True,
            "ciphertext": ciphertext,
            "key_id": key_id,
            "created_by": BUILT_IN_ID,
            "created_by_name": "Administrator",
            "created_at": at(self.now),
            "updated_at": at(self.now),
            "epoch": self.log.epoch,
            "position": self.log.last,
        } | changes
        async with self.database.transaction() as connection:
            return await subscriptions.add(connection, values)

    async def kept(self, subscription: Subscription) -> Subscription:
        async with self.database.reading() as connection:
            found = await subscriptions.find(connection, "acme", subscription.id)
        assert found is not None
        return found

    async def deliveries(self, subscription: Subscription) -> list[subscription_deliveries.KeptDelivery]:
        async with self.database.reading() as connection:
            table = tables.subscription_delivery
            asked = select(table).where(table.c.subscription_id == subscription.id).order_by(table.c.number)
            return [subscription_deliveries.KeptDelivery(*row) for row in await connection.execute(asked)]

    async def states(self, subscription: Subscription) -> list[str]:
        return [each.state for each in await self.deliveries(subscription)]

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until something holds; the clock of the gateway runs, so that what was put off comes."""
        async with asyncio.timeout(LIMIT_S):
            while not await holds():
                self.now += 0.02
                for each in self.ran:
                    each.wake()
                    for line in each._lines.values():
                        line.wake()
                await asyncio.sleep(0.005)

    async def kill(self, forwarding: Forwarding) -> None:
        """End a process as kill -9 does: nothing is settled, and the system lets go of its lock file."""
        tasks = [forwarding._task]
        for line in forwarding._lines.values():
            tasks += [line._task, *line._under_way.values()]
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
        await forwarding._parts.hub.aclose()
        executor = forwarding._parts.executor
        if executor._file is not None:
            executor._file.close()
            executor._file = None
        self.ran.remove(forwarding)
        # A dead process's connections are closed; one whose transaction was cancelled lives until it is collected.
        gc.collect()
