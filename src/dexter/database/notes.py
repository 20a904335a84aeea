"""Notes on issues, Dexter's own: pinned ones first. Within the transaction of whoever reads or changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from dexter.database.columns import new_id, written
from dexter.database.tables import note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

Json = dict[str, Any]


async def notes_of(connection: AsyncConnection, organization: str, issue_id: str) -> list[Json]:
    """Give an issue's notes: the pinned ones first, the latest first among each."""
    asked = (
        select(note)
        .where(note.c.organization == organization, note.c.issue_id == issue_id)
        .order_by(note.c.pinned.desc(), note.c.created_at.desc(), note.c.id)
    )
    return [_shown(row) for row in (await connection.execute(asked)).mappings()]


async def find_note(connection: AsyncConnection, organization: str, issue_id: str, note_id: str) -> Json | None:
    """Give a note of an issue's."""
    asked = select(note).where(note.c.organization == organization, note.c.issue_id == issue_id, note.c.id == note_id)
    row = (await connection.execute(asked)).mappings().one_or_none()
    return None if row is None else _shown(row)


async def make_note(
    connection: AsyncConnection, organization: str, issue_id: str, body: str, *,
    pinned: bool, author: tuple[str, str], now: datetime,
) -> Json:  # fmt: skip
    """Write a note; the author is an id and a name."""
    row = {
        "id": new_id(), "organization": organization, "issue_id": issue_id, "body": body, "pinned": pinned,
        "author_id": author[0], "author_name": author[1], "created_at": now, "updated_at": now, "version": 1,
    }  # fmt: skip
    await connection.execute(insert(note).values(row))
    found = await find_note(connection, organization, issue_id, str(row["id"]))
    assert found is not None  # noqa: S101 - written above
    return found


async def change_note(
    connection: AsyncConnection, note_id: str, version: int, changes: Mapping[str, Any], now: datetime
) -> bool:
    """Change a note that still is of a version; give whether it was."""
    changed = await connection.execute(
        update(note)
        .where(note.c.id == note_id, note.c.version == version)
        .values(**changes, version=version + 1, updated_at=now)
    )
    return changed.rowcount > 0


async def delete_note(connection: AsyncConnection, note_id: str) -> None:
    """Delete a note."""
    await connection.execute(delete(note).where(note.c.id == note_id))


async def move_notes(connection: AsyncConnection, organization: str, source: Iterable[str], target: str) -> None:
    """Give an issue the notes of others that were merged into it."""
    mine = (note.c.organization == organization, note.c.issue_id.in_(list(source)))
    await connection.execute(update(note).where(*mine).values(issue_id=target))


async def forget_notes(connection: AsyncConnection, organization: str, issue_id: str) -> None:
    """Delete all notes on an issue that is gone."""
    await connection.execute(delete(note).where(note.c.organization == organization, note.c.issue_id == issue_id))


def _shown(row: RowMapping) -> Json:
    return {
        "id": row["id"],
        "issue_id": row["issue_id"],
        "body": row["body"],
        "pinned": row["pinned"],
        "author": {"id": row["author_id"], "name": row["author_name"]},
        "created_at": written(row["created_at"]),
        "updated_at": written(row["updated_at"]),
        "version": row["version"],
    }
