"""The schema's versions: which one a database has, how it comes to another, and when a start is refused.

A fresh database is brought to the newest schema by itself. An existing one is changed by `dexter db upgrade` only:
whoever runs Dexter decides when, and takes a copy first.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dexter.database.address import SQLITE, Address
from dexter.database.versions import HEAD, VERSIONS
from dexter.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alembic.config import Config
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).with_name("migrations")
VERSION_TABLE = "dexter_version"
BASE = "base"
"""What a database without any of our tables is called."""
_UPGRADE_LOCK = 0x0DE87E12
"""The number of PostgreSQL's advisory lock that whoever changes the schema holds."""


class Standing(StrEnum):
    """How a database's schema stands to the one that this Dexter needs."""

    FRESH = "fresh"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


def standing(version: str | None) -> Standing:
    """Give how a version stands; None is a database that Dexter never used."""
    if version is None:
        return Standing.FRESH
    if version == HEAD:
        return Standing.CURRENT
    return Standing.OLDER if version in VERSIONS else Standing.NEWER


def prepare(address: Address) -> None:
    """Make sure that a database has this version's schema, bringing a fresh one to it.

    Raises SettingsError when it has another, or cannot be reached. Safe in many processes at once.
    """
    version = current(address)
    found = standing(version)
    if found is Standing.FRESH:
        upgrade(address)
    elif found is Standing.OLDER:
        raise SettingsError(
            f"The database {address.shown} has the schema {version}; this Dexter needs {HEAD}.",
            remedy="Take a copy of it, stop every Dexter that uses it, run `dexter db upgrade`, and start again.",
        )
    elif found is Standing.NEWER:
        raise SettingsError(
            f"The database {address.shown} has the schema {version}, which this Dexter ({HEAD}) does not know.",
            remedy="Start the newer Dexter that made it, or run that one's `dexter db downgrade` first.",
        )


def current(address: Address) -> str | None:
    """Give the version of a database's schema, or None for a fresh one. Imports nothing heavy for a SQLite file."""
    if address.path is None:
        with _connection(address) as connection:
            return _version(connection)
    if not address.path.exists():
        return None
    try:
        with closing(sqlite3.connect(address.path, timeout=10)) as database:
            row = database.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608 (our own name)
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise _unusable(address, error) from error
    except sqlite3.DatabaseError as error:
        raise _unusable(address, error) from error
    return None if row is None else str(row[0])


def upgrade(address: Address, version: str = HEAD) -> None:
    """Bring a database to a newer schema, all of it or nothing.

    Raises SettingsError when the database cannot be reached, has that schema or a newer one already, or one that is
    not known here.
    """
    from alembic import command

    with _changing(address) as connection:
        present = _version(connection)
        if present == version == HEAD:
            # Another process was at it at the same time.
            return
        if not place(present) < place(version):
            raise SettingsError(f"The database has the schema {present}, which is no older than {version}.")
        command.upgrade(_config(connection), version)


def downgrade(address: Address, version: str) -> None:
    """Bring a database back to an older schema, or `base` for none; what the older one cannot hold is lost.

    Raises SettingsError as `upgrade` does.
    """
    from alembic import command

    with _changing(address) as connection:
        present = _version(connection)
        if not place(version) < place(present):
            raise SettingsError(f"The database has the schema {present}, which is no newer than {version}.")
        command.downgrade(_config(connection), version)


def place(version: str | None) -> int:
    """Give how many migrations lie before a version. Raises SettingsError for one that this Dexter does not know."""
    known = (BASE, *VERSIONS)
    if (version or BASE) not in known:
        raise SettingsError(
            f"The schema {version} is not known to this Dexter.",
            remedy=f"It knows {', '.join(known)}; a newer one is the matter of the Dexter that made it.",
        )
    return known.index(version or BASE)


def differences(address: Address) -> list[str]:
    """Give how the tables of a database differ from what this Dexter expects at its schema."""
    import warnings

    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from dexter.database.tables import metadata

    with _connection(address) as connection, warnings.catch_warnings():
        # SQLite cannot say what an index over an expression is.
        warnings.simplefilter("ignore")
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return [_told(each) for each in _flat(compare_metadata(context, metadata))]


def _flat(found: Iterable[Any]) -> Iterator[Any]:
    for each in found:
        yield from each if isinstance(each, list) else [each]


def _told(difference: Any) -> str:
    kind, *things = difference
    names = [
        str(getattr(thing, "name", thing)) for thing in things if thing is not None and not isinstance(thing, dict)
    ]
    return f"{kind.replace('_', ' ')}: {' '.join(names)}"


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _changing(address: Address) -> Iterator[Connection]:
    """Give a connection in a transaction that no other upgrade runs beside."""
    if address.path is not None:
        _make_file(address.path)
    with _connection(address) as connection:
        if address.engine != SQLITE:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
        yield connection


@contextmanager
def _connection(address: Address) -> Iterator[Connection]:
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    url = address.url.replace("sqlite+aiosqlite", "sqlite")
    waits: dict[str, Any] = {"timeout": 60} if address.engine == SQLITE else {"connect_timeout": 10}
    engine = create_engine(url, poolclass=NullPool, connect_args=waits, hide_parameters=True)
    if address.engine == SQLITE:
        # Without foreign keys: a table that is rebuilt is dropped in between.
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise _unusable(address, error.orig or error) from error
    finally:
        engine.dispose()


def _version(connection: Connection) -> str | None:
    from sqlalchemy import inspect

    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    row = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608 (our own name)
    return None if row is None else str(row[0])


def _make_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path, timeout=60)) as database, suppress(sqlite3.OperationalError):
        # Kept in the file. Another process that is at it right now sets the same.
        database.execute("PRAGMA journal_mode=WAL")


def _unusable(address: Address, error: BaseException) -> SettingsError:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return SettingsError(
        f"DEXTER_DATABASE_URL: the database {address.shown} cannot be used: {said}",
        remedy="Check that it runs, that its name, user and password are right, and start again.",
    )
