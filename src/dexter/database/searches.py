"""What a person searched for lately, the latest first; the oldest make room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from dexter.database.columns import new_id, written
from dexter.database.tables import recent_search

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

KEPT = 50
"""How many searches of a person's are kept for an organization."""


async def recent_searches(
    connection: AsyncConnection, organization: str, person_id: str, most: int = KEPT
) -> list[dict[str, Any]]:
    """Give somebody's searches."""
    asked = (
        select(recent_search)
        .where(recent_search.c.organization == organization, recent_search.c.person_id == person_id)
        .order_by(recent_search.c.searched_at.desc(), recent_search.c.id)
        .limit(most)
    )
    return [
        {"id": row["id"], "query": row["query"], "searched_at": written(row["searched_at"])}
        for row in (await connection.execute(asked)).mappings()
    ]


async def remember_search(
    connection: AsyncConnection, organization: str, person_id: str, query: str, now: datetime
) -> None:
    """Put a search in front, once."""
    mine = (recent_search.c.organization == organization, recent_search.c.person_id == person_id)
    known = await connection.execute(
        update(recent_search).where(*mine, recent_search.c.query == query).values(searched_at=now)
    )
    if known.rowcount:
        return
    row = {
        "id": new_id(), "person_id": person_id, "organization": organization, "query": query, "searched_at": now,
    }  # fmt: skip
    await connection.execute(insert(recent_search).values(row))
    kept = (
        select(recent_search.c.id)
        .where(*mine)
        .order_by(recent_search.c.searched_at.desc(), recent_search.c.id)
        .limit(KEPT)
    )
    surviving = list((await connection.execute(kept)).scalars())
    await connection.execute(delete(recent_search).where(*mine, recent_search.c.id.not_in(surviving)))


async def forget_searches(
    connection: AsyncConnection, organization: str, person_id: str, search_id: str | None = None
) -> bool:
    """Forget one of somebody's searches, or all of them; give whether there was any."""
    which = [recent_search.c.organization == organization, recent_search.c.person_id == person_id]
    if search_id is not None:
        which.append(recent_search.c.id == search_id)
    return (await connection.execute(delete(recent_search).where(*which))).rowcount > 0
