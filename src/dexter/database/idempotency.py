"""What was done under which Idempotency-Key, so that asking again does not do it again, in whichever process.

A key is bound to what it was first used for, and to who used it. It is let go of again when nothing came of the
request, so that trying again makes sense; it stays bound when something did, or may have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, select, update
from sqlalchemy.exc import IntegrityError

from dexter.database.tables import idempotency_key as table

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from dexter.database.engine import Database

RUNNING, DONE = "running", "done"


class Standing(StrEnum):
    """What is known of a key."""

    NEW = "new"
    """Nobody used it: it is the asker's now."""
    DONE = "done"
    """It was done; the answer is there, unless it may not be kept."""
    RUNNING = "running"
    """It is being done, perhaps by another process."""
    UNKNOWN = "unknown"
    """It was begun, and whoever did it died, or did not hear what came of it."""
    OTHER = "other"
    """It was used for something else."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer that a request got. `body` is None where it may not be kept, or is too large to be."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for what under which key."""

    identity: str
    key: str
    fingerprint: str

    @property
    def here(self) -> ColumnElement[bool]:
        """Give the condition of its row."""
        return and_(table.c.identity == self.identity, table.c.key == self.key)


@dataclass(frozen=True, slots=True)
class Found:
    """How a claim stands, with the answer where there is one."""

    standing: Standing
    answer: Kept | None = None


async def claim(
    database: Database, wanted: Claim, now: datetime, *, lease_s: float, ttl_s: float, again: bool
) -> Found:
    """Take a key for a request, or give what is known of it.

    `again` says that the request may be done again when it is not known what came of it the first time.
    """
    fresh = {
        "fingerprint": wanted.fingerprint,
        "state": RUNNING,
        "status": None,
        "headers": None,
        "body": None,
        "created_at": now,
        "expires_at": now + timedelta(seconds=ttl_s),
        "leased_until": now + timedelta(seconds=lease_s),
    }
    async with database.transaction() as connection:
        await connection.execute(delete(table).where(wanted.here, table.c.expires_at <= now))
        try:
            async with connection.begin_nested():
                await connection.execute(table.insert().values(identity=wanted.identity, key=wanted.key, **fresh))
        except IntegrityError:
            pass
        else:
            return Found(Standing.NEW)
        row = (await connection.execute(select(table).where(wanted.here))).one()
        if row.fingerprint != wanted.fingerprint:
            return Found(Standing.OTHER)
        if row.state == DONE:
            pairs = tuple((name, value) for name, value in row.headers or ())
            return Found(Standing.DONE, Kept(row.status, pairs, row.body))
        if row.leased_until > now:
            return Found(Standing.RUNNING)
        if not again:
            return Found(Standing.UNKNOWN)
        # Of many who find it so, the first takes it.
        taken = update(table).where(wanted.here, table.c.leased_until == row.leased_until).values(**fresh)
        return Found(Standing.NEW if (await connection.execute(taken)).rowcount else Standing.RUNNING)


async def keep(database: Database, claimed: Claim, answer: Kept) -> None:
    """Bind a key to the answer that its request got."""
    values = {
        "state": DONE,
        "status": answer.status,
        "headers": [list(pair) for pair in answer.headers],
        "body": answer.body,
    }
    async with database.transaction() as connection:
        await connection.execute(update(table).where(claimed.here).values(**values))


async def let_go(database: Database, claimed: Claim) -> None:
    """Let a key go: nothing was done under it."""
    async with database.transaction() as connection:
        await connection.execute(delete(table).where(claimed.here, table.c.state == RUNNING))


async def lose(database: Database, claimed: Claim, now: datetime) -> None:
    """Note that it is not known what came of a request."""
    async with database.transaction() as connection:
        await connection.execute(update(table).where(claimed.here, table.c.state == RUNNING).values(leased_until=now))
