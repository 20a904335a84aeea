"""Forgets a person: what is theirs goes, and what they did stays without saying who did it.

Gone are their account, roles, sessions, tokens, linked Sentry token, searches, preferences and own views; views that
they shared pass to the built-in administrator. Notes, labels, jobs and the audit log keep one pseudonym in their place,
the same everywhere, so that what belongs together still does. Snapshots that name their e-mail address go as well.
Subscriptions that they answered for stop, and what is forwarded names the pseudonym.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, and_, cast, delete, false, func, or_, select, update

from dexter.database import people
from dexter.database.audit import Actor, Target, record
from dexter.database.columns import at
from dexter.database.tables import (
    audit,
    bulk_job,
    idempotency_key,
    issue_cache,
    issue_label,
    label,
    note,
    person,
    saved_view,
    subscription,
    subscription_delivery,
)
from dexter.errors import BadRequest, NotFound
from dexter.policy.people import BUILT_IN_ID, SERVICE_ACCOUNT

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Column, ColumnElement, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from dexter.database.engine import Database

BATCH = 500


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Who was forgotten under which pseudonym, and how many rows of each table were changed or removed."""

    person_id: str
    pseudonym: str
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    """What tells of one person."""

    id: str
    name: str | None
    email: str | None

    @property
    def words(self) -> tuple[str, ...]:
        """Give what names them beyond doubt, in any text."""
        return (self.id,) if self.email is None else (self.id, self.email)


async def forget(database: Database, who: str, now: float) -> Forgotten:
    """Forget the person of an id or an e-mail address, in one transaction; other processes learn of it at once.

    Somebody whose account was removed before is found by their id. Raises NotFound for nobody, BadRequest for the
    administrator that every Dexter has.
    """
    async with database.transaction() as connection:
        known = await _known(connection, who)
        done = Forgotten(known.id, f"forgotten-{secrets.token_hex(4)}")
        await _remove(connection, known, done.rows)
        await _rename(connection, known, done)
        await _clean_log(connection, known, done)
        await _clean_deliveries(connection, known, done)
        await people.next_generation(connection)
        gone = {name: count for name, count in done.rows.items() if count}
        await record(
            connection,
            Actor("cli"),
            "people.forget",
            at=at(now),
            target=Target("person", done.pseudonym),
            after={"rows": gone},
        )
    if database.address.path is not None:
        await asyncio.to_thread(_empty_log_file, database.address.path)
    return Forgotten(done.person_id, done.pseudonym, gone)


async def _known(connection: AsyncConnection, who: str) -> _Known:
    account = await people.account_by_email(connection, who) if "@" in who else await people.account(connection, who)
    if account is not None:
        if account.person.id == BUILT_IN_ID:
            raise BadRequest("The administrator whose token Dexter prints is nobody in particular, and stays.")
        return _Known(account.person.id, account.person.name, account.person.email)
    left = select(audit.c.person_name).where(audit.c.person_id == who, audit.c.person_name.is_not(None)).limit(1)
    wrote = select(note.c.author_name).where(note.c.author_id == who).limit(1)
    for asked in (left, wrote):
        name = (await connection.execute(asked)).scalar_one_or_none()
        if name is not None:
            return _Known(who, name, None)
    raise NotFound(f"Nobody here has the id or e-mail address {who}.", remedy="See `dexter users list`.")


async def _remove(connection: AsyncConnection, known: _Known, rows: dict[str, int]) -> None:
    await people.ensure_built_in(connection, 0)
    shared = and_(saved_view.c.owner_id == known.id, saved_view.c.visibility == "shared")
    await _do(connection, rows, saved_view, update(saved_view).where(shared).values(owner_id=BUILT_IN_ID))
    # Everything that refers to them goes along.
    await _do(connection, rows, person, delete(person).where(person.c.id == known.id))
    keys = idempotency_key.c.identity == f"person:{known.id}"
    await _do(connection, rows, idempotency_key, delete(idempotency_key).where(keys))
    if known.email is not None:
        named = _holds(issue_cache.c.snapshot, known.email)
        await _do(connection, rows, issue_cache, delete(issue_cache).where(named))


async def _rename(connection: AsyncConnection, known: _Known, done: Forgotten) -> None:
    """Put the pseudonym where their id and their name stand."""
    places: tuple[tuple[Table, Column[Any], Column[Any] | None], ...] = (
        (note, note.c.author_id, note.c.author_name),
        (bulk_job, bulk_job.c.created_by, bulk_job.c.created_by_name),
        (bulk_job, bulk_job.c.wished_by, None),
        (label, label.c.created_by, None),
        (issue_label, issue_label.c.added_by, None),
        (audit, audit.c.person_id, audit.c.person_name),
        (subscription, subscription.c.created_by, subscription.c.created_by_name),
    )
    for table, by, name in places:
        values = {by.name: done.pseudonym} | ({} if name is None else {name.name: done.pseudonym})
        theirs = or_(by == known.id, false() if known.name is None or name is not None else by == known.name)
        await _do(connection, done.rows, table, update(table).where(theirs).values(**values))
    if known.name is not None:
        ended = bulk_job.c.reason.endswith(f" by {known.name}.", autoescape=True)
        said = func.replace(bulk_job.c.reason, f" by {known.name}.", f" by {done.pseudonym}.")
        await _do(connection, done.rows, bulk_job, update(bulk_job).where(ended).values(reason=said))


async def _clean_log(connection: AsyncConnection, known: _Known, done: Forgotten) -> None:
    """Put the pseudonym where they stand in what others did: to them, for them, or with their address in it."""
    whole = (*known.words, *([known.name] if known.name else []))
    # What they linked may go by another name at Sentry than the one they have here.
    linked = and_(audit.c.person_id.in_((known.id, done.pseudonym)), audit.c.sentry_account != SERVICE_ACCOUNT)
    named = or_(audit.c.sentry_account.in_(whole), linked)
    await _do(connection, done.rows, audit, update(audit).where(named).values(sentry_account=done.pseudonym))
    after = 0
    while True:
        asked = select(audit).where(audit.c.id > after, _tells_of(known)).order_by(audit.c.id).limit(BATCH)
        found = (await connection.execute(asked)).all()
        if not found:
            return
        after = found[-1].id
        for row in found:
            values = {
                "target_id": done.pseudonym if row.target_id in known.words else row.target_id,
                "before": _without(row.before, known, done.pseudonym),
                "after": _without(row.after, known, done.pseudonym),
            }
            await _do(connection, done.rows, audit, update(audit).where(audit.c.id == row.id).values(**values))


async def _clean_deliveries(connection: AsyncConnection, known: _Known, done: Forgotten) -> None:
    """Put the pseudonym where they stand in what is forwarded: as who did something."""
    table, after = subscription_delivery, 0
    told = or_(false(), *(_holds(table.c.message, word) for word in known.words))
    while True:
        asked = select(table.c.number, table.c.message).where(table.c.number > after, told)
        found = (await connection.execute(asked.order_by(table.c.number).limit(BATCH))).all()
        if not found:
            return
        after = found[-1].number
        for row in found:
            values = {"message": _without(row.message, known, done.pseudonym)}
            await _do(connection, done.rows, table, update(table).where(table.c.number == row.number).values(**values))


def _tells_of(known: _Known) -> ColumnElement[bool]:
    told: ColumnElement[bool] = or_(false(), audit.c.target_id.in_(known.words))
    for column in (audit.c.before, audit.c.after):
        for word in known.words:
            told = or_(told, _holds(column, word))
    return told


def _without(value: Any, known: _Known, pseudonym: str) -> Any:
    """Give a value in which their address and id stand nowhere, nor their name as a whole text."""
    if isinstance(value, dict):
        return {name: _without(part, known, pseudonym) for name, part in value.items()}
    if isinstance(value, list):
        return [_without(part, known, pseudonym) for part in value]
    if not isinstance(value, str):
        return value
    if value == known.name or any(word in value.lower() for word in known.words):
        return pseudonym
    return value


def _holds(column: Column[Any], word: str) -> ColumnElement[bool]:
    """Give whether a JSON column holds a text, in capitals or not; letters beyond ASCII are escaped there."""
    text = func.lower(cast(column, Text))
    spelled = {json.dumps(each)[1:-1].lower() for each in (word, word.upper(), word.lower())}
    return or_(*(text.contains(each, autoescape=True) for each in sorted(spelled)))


async def _do(connection: AsyncConnection, rows: dict[str, int], table: Table, statement: Any) -> None:
    rows[table.name] = rows.get(table.name, 0) + (await connection.execute(statement)).rowcount


def _empty_log_file(path: Path) -> None:
    # Until then the old pages stand in the file beside the database.
    with closing(sqlite3.connect(path, timeout=10)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
