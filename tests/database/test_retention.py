"""What is too old goes, what is not stays, and what belongs to it goes along."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Table, func, select
from tests.database.rows import row
from tests.doubles.sentry_double import FakeClock

from dexter.database import retention, tables
from dexter.database.columns import at
from dexter.database.deliveries import PURGE, purging
from dexter.database.keeping import DAY_S, KeepingRule
from dexter.database.outbox import put_purge
from dexter.database.retention import remove_old
from dexter.database.upkeep import Upkeep

if TYPE_CHECKING:
    from dexter.database.engine import Database

NOW = 1_800_000_000.0
RULE = KeepingRule(snapshots_s=30 * DAY_S, audit_s=365 * DAY_S, jobs_s=90 * DAY_S, searches_s=90 * DAY_S)


async def add(database: Database, table: Table, **changes: Any) -> None:
    async with database.transaction() as connection:
        await connection.execute(table.insert().values(**{**row(table), **changes}))


async def count(database: Database, table: Table) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


KINDS = [
    (tables.issue_cache, {}, "taken_at", RULE.snapshots_s),
    (tables.audit, {}, "at", RULE.audit_s),
    (tables.bulk_job, {"state": "done"}, "finished_at", RULE.jobs_s),
    (tables.bulk_job, {"state": "previewed", "finished_at": None}, "created_at", RULE.jobs_s),
    (tables.recent_search, {}, "searched_at", RULE.searches_s),
    (tables.idempotency_key, {}, "expires_at", 0.0),
    (tables.outbox, {"last_error": None}, "done_at", DAY_S),
    (tables.outbox, {"last_error": "OSError"}, "done_at", 30 * DAY_S),
    (tables.subscription_delivery, {"state": "delivered"}, "settled_at", RULE.deliveries_s),
    (tables.subscription_delivery, {"state": "dead"}, "settled_at", 30 * DAY_S),
    (tables.session, {"revoked_at": None}, "expires_at", 7 * DAY_S),
    (tables.access_token, {"expires_at": None}, "revoked_at", 7 * DAY_S),
]


@pytest.mark.parametrize(("table", "changes", "column", "age_s"), KINDS, ids=lambda value: str(value)[:30])
async def test_it_lives_as_long_as_the_setting_says(
    database: Database, table: Table, changes: dict[str, Any], column: str, age_s: float
) -> None:
    """Too short loses what people were promised; too long keeps what they were promised to be rid of."""
    await add(database, tables.person)
    await add(database, tables.subscription)
    await add(database, table, **changes, **{column: at(NOW)})
    assert await remove_old(database, RULE, lambda: NOW + age_s - 1) == {}
    assert await remove_old(database, RULE, lambda: NOW + age_s + 1) == {table.name: 1}
    assert await count(database, table) == 0


async def test_a_job_that_still_runs_is_never_too_old(database: Database) -> None:
    """It may have been paused for a quarter of a year; its before-images are what undo rests on."""
    await add(database, tables.bulk_job, state="paused", finished_at=None)
    assert await remove_old(database, RULE, lambda: NOW * 2) == {}


async def test_of_many_deliveries_the_newest_stay(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy subscription must not fill the disk within its week; what waits or was given up is not counted."""
    monkeypatch.setattr(retention, "DELIVERIES", 3)
    for name in ("busy", "calm"):
        await add(database, tables.subscription, id=name)
    states = ["delivered", "dead", "delivered", "pending", "delivered", "delivered", "delivered"]
    for number, state in enumerate(states):
        values = {"number": number, "id": str(number), "state": state, "settled_at": at(NOW)}
        await add(database, tables.subscription_delivery, **values, subscription_id="busy")
    await add(database, tables.subscription_delivery, number=99, id="99", state="delivered", subscription_id="calm")
    forever = KeepingRule(deliveries_s=0)
    assert await remove_old(database, forever, lambda: NOW) == {"subscription_delivery": 2}
    async with database.reading() as connection:
        left = (await connection.scalars(select(tables.subscription_delivery.c.number))).all()
    assert sorted(left) == [1, 3, 4, 5, 6, 99]


async def test_what_is_still_to_be_forwarded_is_never_too_old(database: Database) -> None:
    """Its subscription may have been stopped for a month; it is sent when it goes on."""
    await add(database, tables.subscription)
    await add(database, tables.subscription_delivery, state="pending", settled_at=None)
    assert await remove_old(database, RULE, lambda: NOW * 2) == {}


async def test_a_job_takes_its_items_along(database: Database) -> None:
    """They hold titles and before-images of issues."""
    await add(database, tables.bulk_job, finished_at=at(0))
    await add(database, tables.bulk_item)
    await remove_old(database, RULE, lambda: NOW)
    assert await count(database, tables.bulk_item) == 0


async def test_zero_keeps_for_ever(database: Database) -> None:
    """Some must keep their audit log for ten years."""
    await add(database, tables.audit, at=at(0))
    await add(database, tables.issue_cache, taken_at=at(0))
    await add(database, tables.subscription)
    await add(database, tables.subscription_delivery, state="delivered", settled_at=at(0))
    forever = KeepingRule(snapshots_s=0, audit_s=0, jobs_s=0, searches_s=0, deliveries_s=0)
    assert await remove_old(database, forever, lambda: NOW) == {}


async def test_many_rows_go_in_small_transactions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite everybody's writes wait for this one."""
    monkeypatch.setattr(retention, "BATCH", 10)
    rows = [{**row(tables.issue_cache), "issue_id": str(number), "taken_at": at(0)} for number in range(35)]
    async with database.transaction() as connection:
        await connection.execute(tables.issue_cache.insert(), rows)
    assert await remove_old(database, RULE, lambda: NOW) == {"issue_cache": 35}


async def test_one_process_does_it_at_a_time(database: Database) -> None:
    """Eight workers that delete the same rows only wait for each other."""
    await add(database, tables.lease, name=retention.LEASE, holder="another", held_until=at(NOW + 10))
    await add(database, tables.audit, at=at(0))
    assert await remove_old(database, RULE, lambda: NOW) == {}
    assert await remove_old(database, RULE, lambda: NOW + 11) == {"audit": 1}


async def test_a_running_gateway_removes_and_delivers(database: Database) -> None:
    """Retention that nobody runs is a promise not kept."""
    clock = FakeClock()
    purged = asyncio.Event()

    async def purge(tags: frozenset[str]) -> None:
        assert tags == {"labels:acme"}
        purged.set()

    await add(database, tables.audit, at=at(0))
    upkeep = Upkeep(database, {PURGE: purging(purge)}, RULE, clock.now)
    upkeep.start()
    async with database.transaction() as connection:
        await put_purge(connection, ["labels:acme"])
    async with asyncio.timeout(60):
        await purged.wait()
        while await count(database, tables.audit):  # noqa: ASYNC110 (another task's work in the database)
            await asyncio.sleep(0.01)
    await upkeep.aclose()
    assert await count(database, tables.lease) == 0
