"""Removes what is older than it may be: snapshots, the audit log, finished jobs, and what has done its work.

One process does it at a time, a thousand rows in a transaction, so that nobody waits for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import and_, delete, or_, select, tuple_

from dexter.database import leases
from dexter.database.columns import at, new_id
from dexter.database.keeping import DAY_S
from dexter.database.tables import (
    access_token,
    audit,
    bulk_job,
    idempotency_key,
    issue_cache,
    outbox,
    recent_search,
    subscription,
    subscription_delivery,
)
from dexter.database.tables import session as session_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Table

    from dexter.database.engine import Database
    from dexter.database.keeping import KeepingRule

log = structlog.get_logger("dexter.database")

LEASE = "retention"
LEASE_S = 60.0
BATCH = 1000
JOBS = 10
"""A job takes its items along, which may be ten thousand."""
DELIVERED_S = DAY_S
"""How long what the outbox delivered is kept, for whoever asks what happened."""
GIVEN_UP_S = 30 * DAY_S
"""How long what was given up waits for somebody to look at it."""
DELIVERIES = 10_000
"""How many deliveries of a subscription stay at most, however young."""
ENDED_S = 7 * DAY_S
"""How long sessions and tokens that are worth nothing any more are still shown to their people."""


async def remove_old(database: Database, rule: KeepingRule, clock: Callable[[], float]) -> dict[str, int]:
    """Remove what is too old, and give how many rows of each table; nothing while another process does it."""
    holder = new_id()
    removed: dict[str, int] = {}
    if not await leases.take(database, LEASE, holder, at(clock()), LEASE_S):
        return removed
    try:
        for table, is_old in (*_old(rule, at(clock())), *await _crowded(database)):
            while count := await _remove(database, table, is_old):
                removed[table.name] = removed.get(table.name, 0) + count
                if not await leases.take(database, LEASE, holder, at(clock()), LEASE_S):
                    return removed
    finally:
        await leases.give_back(database, LEASE, holder)
    if removed:
        log.info("retention", **removed)
    return removed


def _old(rule: KeepingRule, now: datetime) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    def before(age_s: float) -> datetime:
        return now - timedelta(seconds=age_s)

    if rule.snapshots_s:
        yield issue_cache, issue_cache.c.taken_at < before(rule.snapshots_s)
    if rule.audit_s:
        yield audit, audit.c.at < before(rule.audit_s)
    if rule.jobs_s:
        # Its items go with it. A job that nobody ever applied is old by its making.
        ended = and_(bulk_job.c.finished_at.is_not(None), bulk_job.c.finished_at < before(rule.jobs_s))
        left = and_(bulk_job.c.state == "previewed", bulk_job.c.created_at < before(rule.jobs_s))
        yield bulk_job, or_(ended, left)
    if rule.searches_s:
        yield recent_search, recent_search.c.searched_at < before(rule.searches_s)
    sent = subscription_delivery.c
    if rule.deliveries_s:
        yield subscription_delivery, and_(sent.state == "delivered", sent.settled_at < before(rule.deliveries_s))
    yield subscription_delivery, and_(sent.state == "dead", sent.settled_at < before(GIVEN_UP_S))
    yield idempotency_key, idempotency_key.c.expires_at < now
    delivered = and_(outbox.c.last_error.is_(None), outbox.c.done_at < before(DELIVERED_S))
    yield outbox, or_(delivered, outbox.c.done_at < before(GIVEN_UP_S))
    for table in (session_table, access_token):
        yield table, or_(table.c.expires_at < before(ENDED_S), table.c.revoked_at < before(ENDED_S))


async def _crowded(database: Database) -> list[tuple[Table, ColumnElement[bool]]]:
    """Give what is too much of what was delivered to a subscription: of a busy one that is more than anybody reads."""
    sent = subscription_delivery.c
    found: list[tuple[Table, ColumnElement[bool]]] = []
    async with database.reading() as connection:
        for name in (await connection.scalars(select(subscription.c.id))).all():
            delivered = and_(sent.subscription_id == name, sent.state == "delivered")
            newest = select(sent.number).where(delivered).order_by(sent.number.desc())
            last_of_too_many = await connection.scalar(newest.offset(DELIVERIES).limit(1))
            if last_of_too_many is not None:
                found.append((subscription_delivery, and_(delivered, sent.number <= last_of_too_many)))
    return found


async def _remove(database: Database, table: Table, is_old: ColumnElement[bool]) -> int:
    key = tuple_(*table.primary_key.columns)
    batch = JOBS if table is bulk_job else BATCH
    async with database.transaction() as connection:
        old = (await connection.execute(select(*key.clauses).where(is_old).limit(batch))).all()
        await connection.execute(delete(table).where(key.in_([tuple(row) for row in old]), is_old))
        return len(old)
