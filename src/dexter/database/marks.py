"""Labels and notes follow the issues they are on: those of merged issues go to the one that these went into."""

from __future__ import annotations

from typing import TYPE_CHECKING

# The database's libraries are imported by what needs them: the gateway's door is open before that.

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.engine import Database


async def move_marks(connection: AsyncConnection, organization: str, source: Collection[str], target: str) -> None:
    """Give an issue the labels and the notes of others that were merged into it. Doing it twice does no harm."""
    from dexter.database.labels import move_labels
    from dexter.database.notes import move_notes

    others = [issue for issue in source if issue != target]
    if others:
        await move_labels(connection, organization, others, target)
        await move_notes(connection, organization, others, target)


async def follow_merge(database: Database, organization: str, gone: str, target: str) -> None:
    """Move what is kept of an issue that somebody merged into another, anywhere. Raises DatabaseUnavailable."""
    from dexter.database.labels import marks_of

    async with database.reading() as connection:
        kept = (await marks_of(connection, organization, [gone]))[gone]
    # Most issues have nothing, and a write waits for its turn.
    if kept["labels"] or kept["notes"]:
        async with database.transaction() as connection:
            await move_marks(connection, organization, [gone], target)
