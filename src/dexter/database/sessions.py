"""Sessions in the database: by a hash of their id, so that whoever reads it cannot use one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select, update

from dexter.database.columns import at
from dexter.database.people import next_generation
from dexter.database.tables import session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

KEPT_S = 30 * 86400.0
"""How long a session that is over is still listed for whoever wonders about it."""


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session as it is kept."""

    id_hash: str
    person_id: str
    opened_with: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    user_agent: str
    address: str


async def add(
    connection: AsyncConnection,
    now: float,
    *,
    id_hash: str,
    person_id: str,
    opened_with: str,
    expires_at: float,
    user_agent: str,
    address: str,
) -> None:
    """Keep a new session, and forget those that ended long ago."""
    await connection.execute(delete(session).where(session.c.expires_at <= at(now - KEPT_S)))
    values = {
        "id_hash": id_hash,
        "person_id": person_id,
        "opened_with": opened_with,
        "created_at": at(now),
        "last_seen_at": at(now),
        "expires_at": at(expires_at),
        "user_agent": user_agent[:300],
        "address": address[:100],
    }
    await connection.execute(insert(session).values(values))


async def find(connection: AsyncConnection, id_hash: str) -> KeptSession | None:
    """Give a session that nobody ended; whether it expired is for the caller to judge."""
    mine = select(session).where(session.c.id_hash == id_hash, session.c.revoked_at.is_(None))
    row = (await connection.execute(mine)).first()
    return None if row is None else KeptSession(*row)


async def of_person(connection: AsyncConnection, person_id: str, now: float) -> list[KeptSession]:
    """Give the live sessions of a person, the one seen last first."""
    live = and_(session.c.person_id == person_id, session.c.revoked_at.is_(None), session.c.expires_at > at(now))
    rows = await connection.execute(select(session).where(live).order_by(session.c.last_seen_at.desc()))
    return [KeptSession(*row) for row in rows]


async def revoke(connection: AsyncConnection, now: float, id_hash: str, person_id: str | None = None) -> bool:
    """End a session, if it is the person's where one is named; give whether there was one to end."""
    mine = [session.c.id_hash == id_hash, session.c.revoked_at.is_(None)]
    if person_id is not None:
        mine.append(session.c.person_id == person_id)
    return await _revoke(connection, now, and_(*mine)) > 0


async def revoke_all(connection: AsyncConnection, now: float, person_id: str, but: str | None = None) -> int:
    """End all sessions of a person but one, and give how many."""
    mine = [session.c.person_id == person_id, session.c.revoked_at.is_(None), session.c.expires_at > at(now)]
    if but is not None:
        mine.append(session.c.id_hash != but)
    return await _revoke(connection, now, and_(*mine))


async def seen(connection: AsyncConnection, moments: Mapping[str, float]) -> None:
    """Note when sessions were last used, by the hashes of their ids."""
    for id_hash, moment in moments.items():
        later = and_(session.c.id_hash == id_hash, session.c.last_seen_at < at(moment))
        await connection.execute(update(session).where(later).values(last_seen_at=at(moment)))


async def _revoke(connection: AsyncConnection, now: float, which: Any) -> int:
    ended = (await connection.execute(update(session).where(which).values(revoked_at=at(now)))).rowcount
    if ended:
        await next_generation(connection)
    return int(ended)
