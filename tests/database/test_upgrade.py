"""The schema's versions: fresh databases, older ones, newer ones, and the way between them with data in the tables."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, select
from tests.database.rows import row, tables

from dexter.database import upgrade
from dexter.database.address import sqlite_file
from dexter.database.tables import metadata
from dexter.database.versions import HEAD, VERSIONS
from dexter.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from dexter.database.address import Address


def names(connection: Connection) -> dict[str, set[str]]:
    """Give every table with its columns and indexes; the expression of an index is told by its name alone."""
    look = inspect(connection)
    kind = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = '{}'"
    if connection.dialect.name == "postgresql":
        kind = "SELECT indexname FROM pg_indexes WHERE tablename = '{}'"
    return {
        table: {f"{column['name']} {column['type']} {column['nullable']}" for column in look.get_columns(table)}
        | {str(name) for (name,) in connection.exec_driver_sql(kind.format(table)) if "autoindex" not in name}
        for table in look.get_table_names()
        if table != upgrade.VERSION_TABLE
    }


def seen(address: Address) -> dict[str, set[str]]:
    with upgrade._connection(address) as connection:
        return names(connection)


def fill(address: Address) -> None:
    with upgrade._connection(address) as connection:
        for table in tables():
            connection.execute(table.insert().values(**row(table)))


def rows(address: Address) -> dict[str, list[dict[str, Any]]]:
    with upgrade._connection(address) as connection:
        return {table.name: [dict(each) for each in connection.execute(select(table)).mappings()] for table in tables()}


def test_the_versions_known_at_a_start_are_the_migrations() -> None:
    """A start compares without Alembic; a migration that the list lacks would never be asked for."""
    script = ScriptDirectory(str(upgrade.MIGRATIONS))
    assert tuple(each.revision for each in script.walk_revisions())[::-1] == VERSIONS
    assert script.get_current_head() == HEAD


def test_a_fresh_database_comes_to_the_newest_schema_by_itself(fresh_address: Address) -> None:
    """Who starts Dexter for the first time should not have to know that there is a schema."""
    upgrade.prepare(fresh_address)
    assert upgrade.current(fresh_address) == HEAD
    upgrade.prepare(fresh_address)


def test_the_migrations_make_what_the_tables_say(fresh_address: Address) -> None:
    """What works on a database of the tests must work on one that was migrated."""
    upgrade.upgrade(fresh_address)
    assert upgrade.differences(fresh_address) == []
    migrated = seen(fresh_address)
    upgrade.downgrade(fresh_address, "base")
    with upgrade._connection(fresh_address) as connection:
        metadata.create_all(connection)
    assert seen(fresh_address) == migrated


def test_a_change_behind_the_migrations_back_is_told(address: Address) -> None:
    """`dexter db check` that always says yes would be worth nothing."""
    with upgrade._connection(address) as connection:
        connection.exec_driver_sql("DROP TABLE lease")
        connection.exec_driver_sql("DROP INDEX ix_audit_person_id")
    assert sorted(upgrade.differences(address)) == ["add index: ix_audit_person_id", "add table: lease"]


def test_rows_outlive_every_step_back_and_forth(address: Address) -> None:
    """An upgrade that loses rows is found out when it is too late. What a version brought goes with it."""
    fill(address)
    before = rows(address)
    assert all(len(each) == 1 for each in before.values())
    for version in VERSIONS[-2::-1]:
        upgrade.downgrade(address, version)
        assert upgrade.current(address) == version
        there = seen(address)
        before = {table: kept if table in there else [] for table, kept in before.items()}
    assert {table for table, kept in before.items() if not kept} == {"subscription", "subscription_delivery"}
    for version in VERSIONS[1:]:
        upgrade.upgrade(address, version)
    assert rows(address) == before
    assert upgrade.differences(address) == []


def test_base_leaves_nothing_behind(address: Address) -> None:
    """A database that is given back must be as empty as it was."""
    fill(address)
    upgrade.downgrade(address, "base")
    assert seen(address) == {}
    assert upgrade.current(address) is None


def test_an_older_schema_ends_the_start_with_what_to_run(address: Address) -> None:
    """Changing people's data is for them to decide, after they took a copy."""
    upgrade.downgrade(address, "0001")
    with pytest.raises(SettingsError) as told:
        upgrade.prepare(address)
    assert "dexter db upgrade" in told.value.remedy
    assert upgrade.current(address) == "0001"


def test_a_newer_schema_ends_the_start(address: Address) -> None:
    """An older Dexter would write what the newer one does not expect."""
    with upgrade._connection(address) as connection:
        connection.exec_driver_sql(f"UPDATE {upgrade.VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(SettingsError, match="9999"):
        upgrade.prepare(address)
    for change in (lambda: upgrade.upgrade(address), lambda: upgrade.downgrade(address, "0001")):
        with pytest.raises(SettingsError, match="not known"):
            change()


@pytest.mark.parametrize("version", ["9999", "head", "-1", "nonsense"])
def test_a_version_that_does_not_exist_is_told(address: Address, version: str) -> None:
    """A typing error is no reason for a traceback."""
    with pytest.raises(SettingsError, match="not known"):
        upgrade.downgrade(address, version)


def test_a_step_that_fails_leaves_the_database_as_it_was(
    address: Address, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Half a schema is one that neither Dexter can use."""
    broken = tmp_path / "migrations"
    (broken / "versions").mkdir(parents=True)
    for path in ("env.py", *(f"versions/{each.name}" for each in (upgrade.MIGRATIONS / "versions").glob("0*.py"))):
        (broken / path).write_text((upgrade.MIGRATIONS / path).read_text())
    (broken / "versions" / "9999_broken.py").write_text(
        f"from alembic import op\nrevision = '9999'\ndown_revision = '{HEAD}'\n"
        "def upgrade():\n    op.drop_table('note')\n    raise RuntimeError('the power went')\n"
    )
    fill(address)
    before = rows(address)
    monkeypatch.setattr(upgrade, "MIGRATIONS", broken)
    monkeypatch.setattr(upgrade, "VERSIONS", (*VERSIONS, "9999"))
    with pytest.raises(RuntimeError, match="the power went"):
        upgrade.upgrade(address, "9999")
    assert upgrade.current(address) == HEAD
    assert rows(address) == before


def test_many_processes_at_a_first_start_make_one_schema(fresh_address: Address) -> None:
    """Workers start together, and all of them find nothing there."""
    code = (
        "import sys\nfrom dexter.database.address import read_address\nfrom dexter.database.upgrade import prepare\n"
        "prepare(read_address(sys.argv[1]))"
    )
    url = fresh_address.url
    if fresh_address.path is not None:
        url = f"sqlite:///{fresh_address.path}"
    starts = [subprocess.Popen((sys.executable, "-c", code, url), stderr=subprocess.PIPE) for _ in range(4)]
    assert [(each.communicate()[1], each.returncode) for each in starts] == [(b"", 0)] * 4
    assert upgrade.current(fresh_address) == HEAD


def test_a_database_of_somebody_else_is_left_alone(fresh_address: Address) -> None:
    """A wrong address must not mix our tables into another program's."""
    with (
        upgrade._connection(fresh_address)
        if fresh_address.path is None
        else create_engine(f"sqlite:///{fresh_address.path}").begin() as connection
    ):
        connection.exec_driver_sql("CREATE TABLE person (id INTEGER)")
    with pytest.raises(SettingsError, match="person"):
        upgrade.prepare(fresh_address)
    assert seen(fresh_address).keys() == {"person"}


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """The sentence names the file; a traceback would name SQLite's internals."""
    path = tmp_path / "dexter.sqlite3"
    path.write_bytes(b"certainly not a database, however long one looks at it" * 20)
    with pytest.raises(SettingsError, match=r"dexter\.sqlite3 cannot be used"):
        upgrade.prepare(sqlite_file(path))
