"""For the tests of any room: databases, `postgres` being a real server, and what is left out of a quick run."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from dexter.database import upgrade
from dexter.database.address import Address, sqlite_file
from dexter.database.engine import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.doubles.postgres_server import PostgresServer

SLOW_TO_COLLECT = frozenset({"test_schema_conformance.py", "test_operations.py", "test_every_operation.py"})
"""Files of the breadth that take seconds to be read alone: they build a case for everything there is."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what takes long to read and would not be run."""
    skipped = "not breadth" in config.getoption("markexpr") and collection_path.name in SLOW_TO_COLLECT
    return True if skipped else None


ENGINES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.live))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL. It has a template with the newest schema."""
    from tests.doubles.postgres_server import TEMPLATE, running_postgres

    with running_postgres() as server:
        server.run(f"CREATE DATABASE {TEMPLATE}")
        upgrade.upgrade(server.address(TEMPLATE))
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema, to be copied: that is quicker than a hundred migrations."""
    path = tmp_path_factory.mktemp("database") / "template.sqlite3"
    upgrade.upgrade(sqlite_file(path))
    return path


@pytest.fixture(params=ENGINES)
def address(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[Address]:
    """The address of a database with the newest schema and nothing in it; a test that takes it runs on each engine."""
    if request.param == "sqlite":
        yield sqlite_file(shutil.copy(sqlite_template, tmp_path / "dexter.sqlite3"))
        return
    from tests.doubles.postgres_server import TEMPLATE

    server: PostgresServer = request.getfixturevalue("postgres")
    with server.fresh(TEMPLATE) as name:
        yield server.address(name)


@pytest.fixture(params=ENGINES)
def fresh_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Address]:
    """The address of a database that no Dexter ever used."""
    if request.param == "sqlite":
        yield sqlite_file(tmp_path / "dexter.sqlite3")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.fresh() as name:
        yield server.address(name)


@pytest.fixture
async def database(address: Address) -> AsyncIterator[Database]:
    """An open database with nothing in it; a test that takes it runs on each engine."""
    opened = Database(address)
    yield opened
    await opened.aclose()
