"""Saved views of the issue stream: a person's own, and those that they share with their organization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, literal, or_, select, update

from dexter.database.columns import new_id, written
from dexter.database.preferences import prefer, unprefer
from dexter.database.tables import person, preference, saved_view

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import RowMapping, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

Json = dict[str, Any]

SHARED, PRIVATE = "shared", "private"
_NOTIFY = "notify:"
"""What the preferences of those begin with who want to be told of what comes up in a view; its id follows."""


def _asked(person_id: str) -> Select[Any]:
    wished = and_(preference.c.person_id == person_id, preference.c.name == literal(_NOTIFY) + saved_view.c.id)
    return (
        select(saved_view, person.c.name.label("owner_name"), preference.c.name.label("notify"))
        .join(person, person.c.id == saved_view.c.owner_id)
        .outerjoin(preference, wished)
    )


async def views_for(connection: AsyncConnection, organization: str, person_id: str) -> list[Json]:
    """Give the views that somebody may use: their own as they ordered them, then those that others share."""
    asked = (
        _asked(person_id)
        .where(
            saved_view.c.organization == organization,
            or_(saved_view.c.owner_id == person_id, saved_view.c.visibility == SHARED),
        )
        .order_by((saved_view.c.owner_id != person_id), saved_view.c.position, func.lower(saved_view.c.name))
    )
    return [_shown(row, person_id) for row in (await connection.execute(asked)).mappings()]


async def find_view(
    connection: AsyncConnection, organization: str, view_id: str, person_id: str, *, any_owner: bool = False
) -> Json | None:
    """Give a view that somebody may use, or with `any_owner` whosesoever it is."""
    asked = _asked(person_id).where(saved_view.c.organization == organization, saved_view.c.id == view_id)
    if not any_owner:
        asked = asked.where(or_(saved_view.c.owner_id == person_id, saved_view.c.visibility == SHARED))
    row = (await connection.execute(asked)).mappings().one_or_none()
    return None if row is None else _shown(row, person_id)


async def count_views(connection: AsyncConnection, organization: str, person_id: str) -> int:
    """Give how many views somebody has."""
    asked = select(func.count()).where(saved_view.c.organization == organization, saved_view.c.owner_id == person_id)
    return int((await connection.execute(asked)).scalar_one())


async def make_view(
    connection: AsyncConnection, organization: str, person_id: str, kept: Mapping[str, Any], now: datetime
) -> str:
    """Keep a view, behind the others unless its position is stated; give its id."""
    view_id = new_id()
    last = select(func.coalesce(func.max(saved_view.c.position) + 1, 0)).where(
        saved_view.c.organization == organization, saved_view.c.owner_id == person_id
    )
    position = kept.get("position")
    row = {
        "id": view_id, "organization": organization, "owner_id": person_id, "created_at": now, "updated_at": now,
        **kept, "position": (await connection.execute(last)).scalar_one() if position is None else position,
    }  # fmt: skip
    await connection.execute(insert(saved_view).values(row))
    return view_id


async def change_view(connection: AsyncConnection, view_id: str, kept: Mapping[str, Any], now: datetime) -> None:
    """Change a view."""
    await connection.execute(update(saved_view).where(saved_view.c.id == view_id).values(**kept, updated_at=now))


async def delete_view(connection: AsyncConnection, view_id: str) -> None:
    """Forget a view, and who wanted to be told of it."""
    await connection.execute(delete(preference).where(preference.c.name == _NOTIFY + view_id))
    await connection.execute(delete(saved_view).where(saved_view.c.id == view_id))


async def notify_of(connection: AsyncConnection, person_id: str, view_id: str, *, on: bool) -> None:
    """Note whether somebody wants to be told of what comes up in a view."""
    if on:
        await prefer(connection, person_id, _NOTIFY + view_id, True)
    else:
        await unprefer(connection, person_id, _NOTIFY + view_id)


def _shown(row: RowMapping, person_id: str) -> Json:
    return {
        "id": row["id"],
        "name": row["name"],
        "address": row["address"],
        "visibility": row["visibility"],
        "position": row["position"],
        "owner": {"id": row["owner_id"], "name": row["owner_name"]},
        "mine": row["owner_id"] == person_id,
        "notify": row["notify"] is not None,
        "created_at": written(row["created_at"]),
        "updated_at": written(row["updated_at"]),
    }
