"""What was done under which Idempotency-Key, so that asking again does not do it again, in whichever process.

A key is bound to what it was first used for, and to who used it. It is let go of again when nothing came of the
request, so that trying again makes sense; it stays bound when something did, or may have.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, select, update
from sqlalchemy.exc import IntegrityError

from dexter.database.claims import Claim, Found, Kept, Standing
from dexter.database.tables import idempotency_key as table

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from dexter.database.engine import Database

RUNNING, DONE = "running", "done"


def _here(claimed: Claim) -> ColumnElement[bool]:
    return and_(table.c.identity == claimed.identity, table.c.key == claimed.key)


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
        await connection.execute(delete(table).where(_here(wanted), table.c.expires_at <= now))
        try:
            async with connection.begin_nested():
                await connection.execute(table.insert().values(identity=wanted.identity, key=wanted.key, **fresh))
        except IntegrityError:
            pass
        else:
            return Found(Standing.NEW)
        row = (await connection.execute(select(table).where(_here(wanted)))).one()
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
        taken = update(table).where(_here(wanted), table.c.leased_until == row.leased_until).values(**fresh)
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
        await connection.execute(update(table).where(_here(claimed)).values(**values))


async def let_go(database: Database, claimed: Claim) -> None:
    """Let a key go: nothing was done under it."""
    async with database.transaction() as connection:
        await connection.execute(delete(table).where(_here(claimed), table.c.state == RUNNING))


async def lose(database: Database, claimed: Claim, now: datetime) -> None:
    """Note that it is not known what came of a request."""
    async with database.transaction() as connection:
        await connection.execute(update(table).where(_here(claimed), table.c.state == RUNNING).values(leased_until=now))
