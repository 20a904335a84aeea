"""The memory: what is kept between starts, and what happens wholly or not at all."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from dexter.errors import SettingsError
from dexter.sandbox.bootstrap import open_sandbox
from dexter.sandbox.command import greeting, listen
from dexter.sandbox.database import Database
from dexter.sandbox.options import SandboxOptions

if TYPE_CHECKING:
    from pathlib import Path


def test_a_failed_transaction_leaves_nothing(bare_db: Any) -> None:
    """Half a bulk update would be a lie about the other half."""

    def fail_half_way() -> None:
        with bare_db.transaction():
            bare_db.run("DELETE FROM projects")
            with bare_db.transaction():
                bare_db.run("DELETE FROM teams")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert bare_db.value("SELECT count(*) FROM projects") == 2
    assert bare_db.value("SELECT count(*) FROM teams") == 1


@pytest.mark.parametrize("path", ["missing/box.sqlite", ".", "notes.txt"])
def test_a_file_that_cannot_be_opened_is_told_in_words(tmp_path: Path, path: str) -> None:
    """`--db /nonexistent/box.sqlite` ended in a stack trace."""
    (tmp_path / "notes.txt").write_text("these are notes and no database " * 9)
    with pytest.raises(SettingsError, match="cannot be opened"):
        open_sandbox(SandboxOptions(database=str(tmp_path / path)), lambda: 1000.0)


def test_a_database_file_keeps_its_state(tmp_path: Path) -> None:
    """A second start finds what the first one left, and seeds nothing anew."""
    options = SandboxOptions(database=str(tmp_path / "box.sqlite"), owner_token="sntryu_first")
    first = open_sandbox(options, lambda: 1000.0)
    first.db.run("UPDATE projects SET slug = 'renamed' WHERE slug = 'shop-api'")
    keys = [row["public_key"] for row in first.db.all("SELECT public_key FROM project_keys")]
    first.db.close()
    again = open_sandbox(SandboxOptions(database=options.database, issues=5), lambda: 2000.0)
    assert {row["slug"] for row in again.db.all("SELECT slug FROM projects")} == {"renamed", "shop-web"}
    assert [row["public_key"] for row in again.db.all("SELECT public_key FROM project_keys")] == keys
    assert again.db.value("SELECT count(*) FROM tokens") == 1
    assert again.owner_token != "sntryu_first"
    again.db.close()


def test_a_file_of_another_schema_is_refused(tmp_path: Path) -> None:
    """Half understanding a file would spoil it; the message says what to do."""
    path = str(tmp_path / "other.sqlite")
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE things (id)")
    other.close()
    with pytest.raises(SettingsError, match="schema version"):
        Database(path, lambda: 0.0)


def test_a_taken_port_says_what_to_do() -> None:
    """A stack trace would not."""
    with listen("127.0.0.1", 0) as taken, pytest.raises(SettingsError, match="cannot listen on"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_the_greeting_says_how_to_reach_the_sandbox(options: SandboxOptions) -> None:
    """Address, token and one DSN per project are all that a newcomer needs."""
    sandbox = open_sandbox(options, lambda: 1000.0)
    text = greeting(sandbox, "http://127.0.0.1:9000")
    key = sandbox.db.value(
        "SELECT public_key FROM project_keys k JOIN projects p ON p.id = k.project_id WHERE p.slug = 'shop-web'"
    )
    number = sandbox.db.value("SELECT id FROM projects WHERE slug = 'shop-web'")
    assert f"shop-web: http://{key}@127.0.0.1:9000/{number}" in text
    assert "sntryu_owner" in text
    assert "sntryu_owner" not in repr(sandbox.options)
    sandbox.db.close()
