"""People in the database: who there is, in which roles, and the number that says when what is remembered is old."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from dexter.database.columns import at, new_id
from dexter.database.tables import generation, membership, person
from dexter.errors import BadRequest, NotFound
from dexter.policy.people import BUILT_IN_ID, BUILT_IN_NAME, EVERYWHERE, Person, Role, role_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Row, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

PEOPLE = "people"
"""The subject whose generation changes with every session, token, role or account that ends or changes."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person with what only Dexter's own people pages need to know."""

    person: Person
    created_at: datetime
    disabled_at: datetime | None
    password_hash: str | None = field(repr=False)


def insert_or(connection: AsyncConnection, table: Table) -> Any:
    """Give an insert that can say what happens where there is such a row already; both engines know one."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


async def current_generation(connection: AsyncConnection) -> int:
    """Give how often what processes remember of people became worth nothing."""
    found = await connection.scalar(select(generation.c.number).where(generation.c.subject == PEOPLE))
    return int(found or 0)


async def next_generation(connection: AsyncConnection) -> None:
    """Make what processes remember of people worth nothing once this transaction is kept."""
    made = insert_or(connection, generation).values(subject=PEOPLE, number=1)
    further = made.on_conflict_do_update(
        index_elements=[generation.c.subject], set_={"number": generation.c.number + 1}
    )
    await connection.execute(further)


async def ensure_built_in(connection: AsyncConnection, now: float) -> None:
    """Make sure that the administrator is there whose token Dexter prints."""
    made = insert_or(connection, person).values(
        id=BUILT_IN_ID, name=BUILT_IN_NAME, is_admin=True, built_in=True, created_at=at(now)
    )
    await connection.execute(made.on_conflict_do_nothing(index_elements=[person.c.id]))


async def account(connection: AsyncConnection, person_id: str) -> Account | None:
    """Give the account of an id."""
    found = await _accounts(connection, person.c.id == person_id)
    return found[0] if found else None


async def account_by_email(connection: AsyncConnection, email: str) -> Account | None:
    """Give the account of an e-mail address, however it is capitalized."""
    found = await _accounts(connection, person.c.email == email_key(email))
    return found[0] if found else None


async def accounts(connection: AsyncConnection) -> list[Account]:
    """Give all accounts: the built-in one first, then by name."""
    return await _accounts(connection, true())


async def administrators(connection: AsyncConnection) -> tuple[tuple[str, str], ...]:
    """Give the names of those who can give roles, each with where; the built-in one only where there is nobody else."""
    of_a_place = and_(membership.c.person_id == person.c.id, membership.c.role == Role.ADMIN.word)
    query = (
        select(person.c.name, person.c.is_admin, person.c.built_in, membership.c.organization)
        .select_from(person.outerjoin(membership, of_a_place))
        .where(person.c.disabled_at.is_(None), or_(person.c.is_admin, membership.c.organization.is_not(None)))
        .limit(50)
    )
    rows = (await connection.execute(query)).all()
    known = [row for row in rows if not (row.built_in and row.name == BUILT_IN_NAME)] or rows
    return tuple((row.name, EVERYWHERE if row.is_admin else row.organization) for row in known)


async def add(
    connection: AsyncConnection,
    now: float,
    *,
    name: str,
    email: str | None,
    password_hash: str | None,
    is_admin: bool,
    roles: Mapping[str, Role],
) -> str:
    """Add a person and give the id. Raises BadRequest when somebody has the e-mail address already."""
    person_id = new_id()
    values = {
        "id": person_id,
        "name": name,
        "email": None if email is None else email_key(email),
        "password_hash": password_hash,
        "is_admin": is_admin,
        "created_at": at(now),
    }
    await _unique_email(connection, insert(person).values(values), email)
    for organization, role in roles.items():
        await set_role(connection, person_id, organization, role)
    return person_id


async def change(connection: AsyncConnection, person_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a person. Raises BadRequest when somebody has the e-mail address already."""
    values = dict(values)
    if values.get("email") is not None:
        values["email"] = email_key(values["email"])
    await _unique_email(connection, update(person).where(person.c.id == person_id).values(values), values.get("email"))
    await next_generation(connection)


async def renew_password_hash(connection: AsyncConnection, person_id: str, before: str, renewed: str) -> None:
    """Put a hash of the same password in the place of one by older parameters, unless it was changed meanwhile."""
    same = and_(person.c.id == person_id, person.c.password_hash == before)
    await connection.execute(update(person).where(same).values(password_hash=renewed))


async def set_role(connection: AsyncConnection, person_id: str, organization: str, role: Role | None) -> None:
    """Give a person a role in an organization in the place of any other, or none."""
    organization = organization.lower()
    if role is None:
        mine = and_(membership.c.person_id == person_id, membership.c.organization == organization)
        await connection.execute(delete(membership).where(mine))
    else:
        made = insert_or(connection, membership).values(person_id=person_id, organization=organization, role=role.word)
        index = [membership.c.person_id, membership.c.organization]
        await connection.execute(made.on_conflict_do_update(index_elements=index, set_={"role": role.word}))
    await next_generation(connection)


async def remove(connection: AsyncConnection, person_id: str) -> None:
    """Remove a person with their roles, sessions, tokens and linked token; what they wrote keeps their name."""
    await connection.execute(delete(person).where(person.c.id == person_id))
    await next_generation(connection)


async def required(connection: AsyncConnection, person_id: str) -> Account:
    """Give the account of an id. Raises NotFound without one."""
    found = await account(connection, person_id)
    if found is None:
        raise NotFound("There is no such person here.", remedy="See GET /api/v1/people for those there are.")
    return found


def email_key(email: str) -> str:
    """Give an e-mail address as it is kept and compared."""
    return email.strip().casefold()


async def _unique_email(connection: AsyncConnection, statement: Any, email: str | None) -> None:
    try:
        async with connection.begin_nested():
            await connection.execute(statement)
    except IntegrityError as error:
        raise BadRequest(
            f"Somebody has the e-mail address {email} already.", remedy="Change that person, or take another address."
        ) from error


async def _accounts(connection: AsyncConnection, condition: Any) -> list[Account]:
    ordered = (person.c.built_in.desc(), func.lower(person.c.name), person.c.id)
    rows = (await connection.execute(select(person).where(condition).order_by(*ordered))).all()
    roles: dict[str, dict[str, Role]] = {row.id: {} for row in rows}
    if rows:
        mine = select(membership).where(membership.c.person_id.in_(list(roles)) if len(rows) == 1 else true())
        for held in (await connection.execute(mine.order_by(membership.c.organization))).all():
            if held.person_id in roles:
                roles[held.person_id][held.organization] = role_named(held.role)
    return [_account(row, roles[row.id]) for row in rows]


def _account(row: Row[Any], roles: dict[str, Role]) -> Account:
    known = Person(row.id, row.name, row.email, row.is_admin, roles, row.built_in, row.sentry_user_id)
    return Account(known, row.created_at, row.disabled_at, row.password_hash)


def as_roles(words: Iterable[tuple[str, str]]) -> dict[str, Role]:
    """Give roles by organization from their words. Raises BadRequest for a word that is none."""
    try:
        return {organization.lower(): role_named(word) for organization, word in words}
    except ValueError as error:
        raise BadRequest(f"{error}.") from error
