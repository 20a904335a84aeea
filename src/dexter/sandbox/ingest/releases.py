"""Which release is newer, and releases that an event is the first to name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

    from dexter.sandbox.database import Database

_SEMVER = re.compile(r"(?:(?P<package>[^@]+)@)?(?P<numbers>\d+(?:\.\d+){1,3})(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:\+.*)?")


def version_key(version: str) -> tuple[str, tuple[Any, ...]] | None:
    """Give package and a sortable version of `shop@1.2.3-beta+45`, or None where the name is no version number."""
    match = _SEMVER.fullmatch(version)
    if match is None:
        return None
    numbers = tuple(int(part) for part in match["numbers"].split("."))
    padded = numbers + (0,) * (4 - len(numbers))
    # A pre-release sorts before its release; within it numbers sort before words.
    before = match["pre"]
    marks = tuple(
        (not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in (before or "").split(".")
    )
    return match["package"] or "", (*padded, before is None, marks)


def is_newer(one: sqlite3.Row, other: sqlite3.Row) -> bool:
    """Tell whether a release comes after another: by version number within one package, else by date."""
    if one["id"] == other["id"]:
        return False
    first, second = version_key(one["version"]), version_key(other["version"])
    if first and second and first[0] == second[0] and first[1] != second[1]:
        return bool(first[1] > second[1])
    return (one["date_created"], one["id"]) > (other["date_created"], other["id"])


def latest_release(db: Database, project_id: int, before: float | None = None) -> sqlite3.Row | None:
    """Give a project's newest release (made until a moment), or None."""
    rows = db.all(
        "SELECT r.* FROM releases r JOIN release_projects p ON p.release_id = r.id"
        " WHERE p.project_id = ? AND r.date_created <= ? ORDER BY r.date_created DESC, r.id DESC LIMIT 50",
        project_id, float("inf") if before is None else before,
    )  # fmt: skip
    newest: sqlite3.Row | None = None
    for row in rows:
        if newest is None or is_newer(row, newest):
            newest = row
    return newest


def note_release(db: Database, project: sqlite3.Row, version: str, moment: float, now: float) -> sqlite3.Row:
    """Give the release of a version, made and tied to the project when the event is the first to name it."""
    organization = project["organization_id"]
    row = db.one("SELECT * FROM releases WHERE organization_id = ? AND version = ?", organization, version)
    if row is None:
        db.run(
            "INSERT INTO releases (organization_id, version, date_created) VALUES (?,?,?)",
            organization,
            version,
            moment,
        )
        row = db.one("SELECT * FROM releases WHERE organization_id = ? AND version = ?", organization, version)
        assert row is not None  # noqa: S101 - it was made a line above
    db.run(
        "INSERT INTO release_projects (release_id, project_id, first_event, last_event) VALUES (?1,?2,?3,?3)"
        " ON CONFLICT DO UPDATE SET first_event = min(coalesce(first_event, ?3), ?3),"
        " last_event = max(coalesce(last_event, ?3), ?3)",
        row["id"], project["id"], min(moment, now),
    )  # fmt: skip
    return row


def note_environment(db: Database, project: sqlite3.Row, name: str) -> None:
    """Make an environment known to the project's organization and the project."""
    organization = project["organization_id"]
    db.run("INSERT OR IGNORE INTO environments (organization_id, name) VALUES (?,?)", organization, name)
    db.run(
        "INSERT OR IGNORE INTO environment_projects (environment_id, project_id)"
        " SELECT id, ? FROM environments WHERE organization_id = ? AND name = ?",
        project["id"], organization, name,
    )  # fmt: skip
