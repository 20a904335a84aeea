"""What only one of many processes does at a time: whoever holds its lease. A holder that dies loses it by waiting."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from dexter.database.tables import lease

if TYPE_CHECKING:
    from datetime import datetime

    from dexter.database.engine import Database


async def take(database: Database, name: str, holder: str, now: datetime, for_s: float) -> bool:
    """Take or prolong a lease; False while another one holds it. Hosts' clocks must agree to well within `for_s`."""
    until = now + timedelta(seconds=for_s)
    mine_or_over = or_(lease.c.holder == holder, lease.c.held_until <= now)
    taking = update(lease).where(lease.c.name == name, mine_or_over).values(holder=holder, held_until=until)
    async with database.transaction() as connection:
        if (await connection.execute(taking)).rowcount:
            return True
        try:
            async with connection.begin_nested():
                await connection.execute(lease.insert().values(name=name, holder=holder, held_until=until))
        except IntegrityError:
            return False
        return True


async def holder_of(database: Database, name: str, now: datetime) -> str | None:
    """Give who holds a lease, None while nobody does: to look costs no write."""
    held = select(lease.c.holder).where(lease.c.name == name, lease.c.held_until > now)
    async with database.reading() as connection:
        return (await connection.execute(held)).scalar_one_or_none()


async def give_back(database: Database, name: str, holder: str) -> None:
    """Let the next one take a lease at once."""
    async with database.transaction() as connection:
        await connection.execute(delete(lease).where(lease.c.name == name, lease.c.holder == holder))
