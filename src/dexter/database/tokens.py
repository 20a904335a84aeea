"""Tokens for scripts in the database: by a keyed hash, with what each may do and when it was last used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, or_, select, update

from dexter.database.columns import at, new_id
from dexter.database.people import next_generation
from dexter.database.tables import access_token
from dexter.policy.people import Grant, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

HINT_LENGTH = 4


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A token as it is kept; `hint` is its end, by which people tell theirs apart."""

    id: str
    person_id: str
    name: str
    token_hash: str = field(repr=False)
    hint: str
    scopes: list[str]
    organization: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def grant(self) -> Grant:
        """Give what it is limited to."""
        return Grant(frozenset(Scope(word) for word in self.scopes), self.organization)


async def add(
    connection: AsyncConnection,
    now: float,
    *,
    person_id: str,
    name: str,
    token_hash: str,
    hint: str,
    grant: Grant,
    expires_at: float | None,
) -> KeptToken:
    """Keep a new token."""
    values: dict[str, Any] = {
        "id": new_id(),
        "person_id": person_id,
        "name": name,
        "token_hash": token_hash,
        "hint": hint,
        "scopes": sorted(scope.value for scope in grant.scopes),
        "organization": grant.organization,
        "created_at": at(now),
        "expires_at": None if expires_at is None else at(expires_at),
        "last_used_at": None,
        "revoked_at": None,
    }
    await connection.execute(insert(access_token).values(values))
    return KeptToken(**values)


async def find(connection: AsyncConnection, token_hash: str) -> KeptToken | None:
    """Give a token that nobody revoked; whether it expired is for the caller to judge."""
    mine = and_(access_token.c.token_hash == token_hash, access_token.c.revoked_at.is_(None))
    row = (await connection.execute(select(access_token).where(mine))).first()
    return None if row is None else KeptToken(*row)


async def of_person(connection: AsyncConnection, person_id: str) -> list[KeptToken]:
    """Give the tokens of a person that nobody revoked, the newest first."""
    mine = and_(access_token.c.person_id == person_id, access_token.c.revoked_at.is_(None))
    newest = (access_token.c.created_at.desc(), access_token.c.id)
    rows = await connection.execute(select(access_token).where(mine).order_by(*newest))
    return [KeptToken(*row) for row in rows]


async def revoke(connection: AsyncConnection, now: float, token_id: str, person_id: str | None = None) -> bool:
    """Revoke a token, if it is the person's where one is named; give whether there was one to revoke."""
    mine = [access_token.c.id == token_id, access_token.c.revoked_at.is_(None)]
    if person_id is not None:
        mine.append(access_token.c.person_id == person_id)
    done = await connection.execute(update(access_token).where(and_(*mine)).values(revoked_at=at(now)))
    if done.rowcount:
        await next_generation(connection)
    return bool(done.rowcount)


async def used(connection: AsyncConnection, moments: Mapping[str, float]) -> None:
    """Note when tokens were last used, by their ids."""
    for token_id, moment in moments.items():
        unknown_or_earlier = or_(access_token.c.last_used_at.is_(None), access_token.c.last_used_at < at(moment))
        later = and_(access_token.c.id == token_id, unknown_or_earlier)
        await connection.execute(update(access_token).where(later).values(last_used_at=at(moment)))
