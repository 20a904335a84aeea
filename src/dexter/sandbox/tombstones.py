"""What is left of a discarded issue: enough to know its events by, so that they are thrown away as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.serialize.activity import users_by_id
from dexter.sandbox.serialize.moment import iso, iso_or_none
from dexter.sandbox.serialize.user import user_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from dexter.sandbox.database import Database

DISCARDED = "discarded-hash"
"""The reason under which dropped events are counted."""


def bury(db: Database, issue: sqlite3.Row, user_id: int | None, now: float) -> int:
    """Make an issue's tombstone, which takes over its hashes; give its id."""
    tombstone = db.insert(
        "INSERT INTO tombstones (project_id, user_id, previous_issue_id, title, culprit, type, level, metadata_json,"
        " date_added) VALUES (?,?,?,?,?,?,?,?,?)",
        issue["project_id"], user_id, issue["id"], issue["title"], issue["culprit"], issue["type"], issue["level"],
        issue["metadata_json"], now,
    )  # fmt: skip
    db.run(
        "INSERT OR REPLACE INTO tombstone_hashes (project_id, hash, tombstone_id)"
        " SELECT project_id, hash, ? FROM issue_hashes WHERE issue_id = ?",
        tombstone, issue["id"],
    )  # fmt: skip
    return tombstone


def discards(db: Database, project_id: int, group: str, now: float) -> bool:
    """Tell whether events of a hash are thrown away, and count one more of them if so."""
    tombstone = db.value(
        "SELECT tombstone_id FROM tombstone_hashes WHERE project_id = ? AND hash = ?", project_id, group
    )
    if tombstone is None:
        return False
    db.run("UPDATE tombstones SET times_seen = times_seen + 1, last_seen = ? WHERE id = ?", now, tombstone)
    return True


def lift(db: Database, tombstone_id: int) -> None:
    """Take a tombstone away: the next such event makes a new issue."""
    with db.transaction():
        db.run("DELETE FROM tombstone_hashes WHERE tombstone_id = ?", tombstone_id)
        db.run("DELETE FROM tombstones WHERE id = ?", tombstone_id)


def tombstones_json(db: Database, rows: Sequence[sqlite3.Row]) -> list[dict[str, Any]]:
    """Give tombstones with who made them."""
    users = users_by_id(db, (row["user_id"] for row in rows))
    return [_shown(row, users.get(row["user_id"])) for row in rows]


def _shown(row: sqlite3.Row, user: sqlite3.Row | None) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "message": row["title"],
        "culprit": row["culprit"],
        "type": row["type"],
        "level": row["level"],
        "metadata": msgspec.json.decode(row["metadata_json"]),
        "actor": None if user is None else user_json(user),
        "dateAdded": iso(row["date_added"]),
        "lastSeen": iso_or_none(row["last_seen"]),
        "timesSeen": row["times_seen"],
    }
