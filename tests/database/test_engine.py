"""The database as others see it: what is kept together, what is read, and what is told when it does not answer."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from dexter.database.address import Address, read_address, sqlite_file
from dexter.database.columns import at
from dexter.database.engine import Database, DatabaseUnavailable
from dexter.database.tables import audit, issue_cache, person

if TYPE_CHECKING:
    from pathlib import Path


async def count(database: Database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(person))).scalar_one()


async def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    """What belongs together is there together or not at all."""

    async def add_and_fail() -> None:
        async with database.transaction() as connection:
            await connection.execute(person.insert().values(name="Ada", created_at=at(0)))
            raise KeyError

    with pytest.raises(KeyError):
        await add_and_fail()
    assert await count(database) == 0


async def test_many_writers_wait_for_each_other(database: Database) -> None:
    """A read that turns into a write must not fail because another one was quicker."""

    async def add(number: int) -> None:
        async with database.transaction() as connection:
            known = (await connection.execute(select(func.count()).select_from(person))).scalar_one()
            await asyncio.sleep(0)
            await connection.execute(person.insert().values(name=f"{number} after {known}", created_at=at(0)))

    await asyncio.gather(*(add(number) for number in range(25)))
    assert await count(database) == 25


async def test_a_moment_comes_back_in_utc(database: Database) -> None:
    """SQLite knows no time zones; whoever compares moments must not notice."""
    there = datetime(2026, 1, 2, 3, 4, 5, 678, timezone(timedelta(hours=5)))
    async with database.transaction() as connection:
        await connection.execute(person.insert().values(name="Ada", created_at=there))
        kept = (await connection.execute(select(person.c.created_at))).scalar_one()
    assert kept == there
    assert kept.tzinfo == UTC


async def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    """It would be read as another hour on another host."""
    with pytest.raises(Exception, match="no time zone"):
        async with database.transaction() as connection:
            await connection.execute(person.insert().values(name="Ada", created_at=datetime(2026, 1, 2)))


async def test_text_that_no_database_takes_is_kept_as_near_as_possible(database: Database) -> None:
    """Sentry's titles come from anybody's programs; one with a NUL must not fail a whole job."""
    row = {"organization": "acme", "issue_id": "1", "api_version": 1, "taken_at": at(0)}
    async with database.transaction() as connection:
        await connection.execute(person.insert().values(name="a\0b\ud800", created_at=at(0)))
        await connection.execute(issue_cache.insert().values(**row, snapshot={"title": "a\0b", "emoji": "🦊"}))
        name = (await connection.execute(select(person.c.name))).scalar_one()
        snapshot = (await connection.execute(select(issue_cache.c.snapshot))).scalar_one()
    assert name == "a\ufffdb?"
    assert snapshot == {"title": "a\0b", "emoji": "🦊"}


async def test_a_label_is_one_label_however_it_is_spelled(database: Database) -> None:
    """Foreign keys and unique names are the database's to hold, on both engines."""
    from sqlalchemy.exc import IntegrityError

    from dexter.database.tables import label, membership

    async def add(name: str) -> None:
        async with database.transaction() as connection:
            await connection.execute(
                label.insert().values(organization="acme", name=name, color="red", created_at=at(0))
            )

    await add("Flaky")
    with pytest.raises(IntegrityError):
        await add("flaky")
    with pytest.raises(IntegrityError):
        async with database.transaction() as connection:
            await connection.execute(membership.insert().values(person_id="nobody", organization="*", role="viewer"))


async def test_numbers_are_not_given_twice(database: Database) -> None:
    """A cursor over the audit log, or the outbox's order, must not meet an old number on a new row."""
    row = {"at": at(0), "face": "api", "action": "x", "outcome": "done"}
    async with database.transaction() as connection:
        first = (await connection.execute(audit.insert().values(**row))).inserted_primary_key[0]
        await connection.execute(audit.delete())
        second = (await connection.execute(audit.insert().values(**row))).inserted_primary_key[0]
    assert second > first


async def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    """The answer goes to whoever called, and the log to whoever reads logs."""
    database = Database(read_address("postgresql://dexter:s3cret@127.0.0.1:1/dexter"))
    with pytest.raises(DatabaseUnavailable) as told:
        async with database.reading():
            pass
    assert "127.0.0.1:1/dexter" in told.value.message
    assert "s3cret" not in f"{told.value.message} {told.value.__cause__}"
    await database.aclose()


async def test_a_database_that_comes_back_is_used_again(tmp_path: Path) -> None:
    """What was wrong at the start may be mended without a restart."""
    path = tmp_path / "dexter.sqlite3"
    path.write_text("no database at all, and long enough to be sure that SQLite says so when it reads the header")
    database = Database(sqlite_file(path))
    with pytest.raises(DatabaseUnavailable):
        await count(database)
    path.unlink()
    assert await count(database) == 0
    await database.aclose()


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """It holds people's addresses and the hashes of their passwords."""
    database = Database(sqlite_file(tmp_path / "folder" / "dexter.sqlite3"))
    assert await count(database) == 0
    assert stat.S_IMODE((tmp_path / "folder" / "dexter.sqlite3").stat().st_mode) == 0o600
    await database.aclose()


def test_the_gateway_is_up_before_what_a_start_does_not_need(tmp_path: Path) -> None:
    """It takes longer to import than everything else; whoever waits for the gateway should not wait for that."""
    later = (
        *("sqlalchemy", "alembic", "psycopg", "aiosqlite", "dbos"),
        *("fastapi", "starlette", "dexter.gateway.feature_routes", "dexter.features.bulk.forms"),
        *("cryptography", "argon2", "redis", "opentelemetry"),
    )
    code = (
        "import sys, dexter.serve, dexter.workers\n"
        "from dexter.app import create_app\n"
        "from dexter.settings import read_settings\n"
        "create_app(read_settings({'SENTRY_BASE_URL': 'http://localhost:1', 'SENTRY_ORG': 'acme',"
        " 'SENTRY_API_TOKEN': 'token', 'DEXTER_DATA_DIR': sys.argv[1]}))\n"
        f"print([name for name in {later} if name in sys.modules])"
    )
    told = subprocess.run((sys.executable, "-c", code, str(tmp_path)), capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://ada:s3cret@db.example:5433/dexter?sslmode=require", "postgresql://ada@db.example:5433/dexter"),
        ("postgresql:///dexter?host=/run/postgresql", "postgresql:///dexter"),
        ("sqlite:////var/lib/dexter/a%20b.sqlite3", "sqlite:////var/lib/dexter/a b.sqlite3"),
    ],
)
def test_an_address_is_shown_without_secrets(text: str, shown: str) -> None:
    """It stands in refusals that people paste into tickets."""
    address: Address = read_address(text)
    assert address.shown == shown
