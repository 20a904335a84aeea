"""People's own Sentry tokens in the database, encrypted: whose, for which Sentry, and by which key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select, update

from dexter.database.columns import at, new_id
from dexter.database.people import next_generation
from dexter.database.tables import credential

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class KeptCredential:
    """A Sentry token as it is kept."""

    id: str
    person_id: str
    upstream: str
    ciphertext: bytes = field(repr=False)
    key_id: str
    sentry_user: Any
    created_at: datetime
    replaced_at: datetime | None

    @property
    def about(self) -> str:
        """Give whose it is and for which Sentry: what it was encrypted with besides the key."""
        return about(self.person_id, self.upstream)


def about(person_id: str, upstream: str) -> str:
    """Give what a token is encrypted with besides the key, so that no row can be put in another's place."""
    return f"{person_id} {upstream}"


async def put(
    connection: AsyncConnection,
    now: float,
    *,
    person_id: str,
    upstream: str,
    ciphertext: bytes,
    key_id: str,
    sentry_user: dict[str, Any],
) -> None:
    """Keep a person's token for a Sentry in the place of any other."""
    await connection.execute(delete(credential).where(_of(person_id, upstream)))
    values = {
        "id": new_id(),
        "person_id": person_id,
        "upstream": upstream,
        "ciphertext": ciphertext,
        "key_id": key_id,
        "sentry_user": sentry_user,
        "created_at": at(now),
    }
    await connection.execute(insert(credential).values(values))
    await next_generation(connection)


async def find(connection: AsyncConnection, person_id: str, upstream: str) -> KeptCredential | None:
    """Give a person's token for a Sentry."""
    row = (await connection.execute(select(credential).where(_of(person_id, upstream)))).first()
    return None if row is None else KeptCredential(*row)


async def remove(connection: AsyncConnection, person_id: str, upstream: str) -> bool:
    """Forget a person's token for a Sentry, and give whether there was one."""
    gone = (await connection.execute(delete(credential).where(_of(person_id, upstream)))).rowcount
    if gone:
        await next_generation(connection)
    return bool(gone)


async def everybodys(connection: AsyncConnection) -> list[KeptCredential]:
    """Give all kept tokens."""
    return [KeptCredential(*row) for row in await connection.execute(select(credential).order_by(credential.c.id))]


async def linked_people(connection: AsyncConnection, upstream: str) -> dict[str, Any]:
    """Give the Sentry users of those who linked a token for a Sentry, by the ids of the people here."""
    mine = select(credential.c.person_id, credential.c.sentry_user).where(credential.c.upstream == upstream)
    return {row.person_id: row.sentry_user for row in await connection.execute(mine)}


async def replace_ciphertext(
    connection: AsyncConnection, now: float, kept: KeptCredential, ciphertext: bytes, key_id: str
) -> bool:
    """Put the same token, encrypted anew, in the place of what was read, unless that was replaced meanwhile."""
    same = and_(credential.c.id == kept.id, credential.c.key_id == kept.key_id)
    values = {"ciphertext": ciphertext, "key_id": key_id, "replaced_at": at(now)}
    return bool((await connection.execute(update(credential).where(same).values(values))).rowcount)


def _of(person_id: str, upstream: str) -> Any:
    return and_(credential.c.person_id == person_id, credential.c.upstream == upstream)
