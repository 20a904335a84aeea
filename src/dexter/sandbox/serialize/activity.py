"""The history of an issue as Sentry's JSON, and the people in it."""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.serialize.user import user_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from dexter.sandbox.database import Database

Json = dict[str, Any]
MOST = 100


def issue_activity(db: Database, issue: sqlite3.Row, most: int = MOST) -> list[Json]:
    """Give the latest activities, newest first, and below them the issue's birth, whose id is always 0."""
    rows = db.all(
        "SELECT * FROM activities WHERE issue_id = ? AND type != 'first_seen'"
        " ORDER BY date_created DESC, id DESC LIMIT ?",
        issue["id"], most,
    )  # fmt: skip
    return [*activities_json(db, rows), _birth(issue)]


def activities_json(db: Database, rows: Sequence[sqlite3.Row]) -> list[Json]:
    """Give activities with their users."""
    users = users_by_id(db, (row["user_id"] for row in rows))
    return [activity_json(row, users.get(row["user_id"])) for row in rows]


def activity_json(row: sqlite3.Row, user: sqlite3.Row | None) -> Json:
    """Give one activity; a note is one too."""
    return {
        "id": str(row["id"]),
        "user": None if user is None else user_json(user),
        "sentry_app": None,
        "type": row["type"],
        "data": msgspec.json.decode(row["data_json"]),
        "dateCreated": iso(row["date_created"]),
    }


def _birth(issue: sqlite3.Row) -> Json:
    return {
        "id": "0",
        "user": None,
        "sentry_app": None,
        "type": "first_seen",
        "data": {"priority": issue["priority"]},
        "dateCreated": iso(issue["first_seen"]),
    }


def users_by_id(db: Database, ids: Iterable[int | None]) -> dict[int | None, sqlite3.Row]:
    """Give the rows of users by id."""
    wanted = {user_id for user_id in ids if user_id is not None}
    marks = ",".join("?" * len(wanted))
    return {row["id"]: row for row in db.all(f"SELECT * FROM users WHERE id IN ({marks})", *wanted)}


def seen_by(db: Database, issue_id: int) -> list[Json]:
    """Give who looked at an issue, the latest first, each with when."""
    rows = db.all(
        "SELECT user_id, seen_at FROM issue_user_state WHERE issue_id = ? AND seen_at IS NOT NULL"
        " ORDER BY seen_at DESC",
        issue_id,
    )
    users = users_by_id(db, (row["user_id"] for row in rows))
    return [
        {**user_json(users[row["user_id"]]), "lastSeen": iso(row["seen_at"])} for row in rows if row["user_id"] in users
    ]


def participants(db: Database, issue_id: int) -> list[Json]:
    """Give who is subscribed to an issue."""
    rows = db.all(
        "SELECT u.* FROM issue_user_state s JOIN users u ON u.id = s.user_id"
        " WHERE s.issue_id = ? AND s.is_subscribed = 1 ORDER BY u.id",
        issue_id,
    )
    return [{"type": "user", **user_json(row)} for row in rows]
