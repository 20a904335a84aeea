"""What a person has chosen, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from dexter.database.tables import preference

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def preferred(connection: AsyncConnection, person_id: str, name: str) -> Any:
    """Give what a person has chosen, or None where nothing is."""
    mine = (preference.c.person_id == person_id, preference.c.name == name)
    return await connection.scalar(select(preference.c.value).where(*mine))


async def prefer(connection: AsyncConnection, person_id: str, name: str, value: Any) -> None:
    """Note what a person chooses from now on."""
    await unprefer(connection, person_id, name)
    await connection.execute(insert(preference).values(person_id=person_id, name=name, value=value))


async def unprefer(connection: AsyncConnection, person_id: str, name: str) -> None:
    """Forget what a person has chosen."""
    await connection.execute(delete(preference).where(preference.c.person_id == person_id, preference.c.name == name))
