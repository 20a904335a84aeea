"""A commit that went into a release, and its author."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.serialize.user import user_json

if TYPE_CHECKING:
    import sqlite3

    from dexter.sandbox.database import Database


def author_json(db: Database, name: str | None, email: str) -> dict[str, Any]:
    """Give an author: the user with that address, or just name and address."""
    user = db.one("SELECT * FROM users WHERE email = ? COLLATE NOCASE", email)
    return {"name": name, "email": email} if user is None else user_json(user)


def commit_json(db: Database, row: sqlite3.Row) -> dict[str, Any]:
    """Give a commit; without an author it has an empty one, as in Sentry."""
    commit: dict[str, Any] = {
        "id": row["sha"],
        "message": row["message"],
        "dateCreated": iso(row["date_created"]),
        "pullRequest": None,
        "suspectCommitType": "",
        "author": author_json(db, row["author_name"], row["author_email"]) if row["author_email"] else {},
        "releases": [],
    }
    if row["repository"]:
        commit["repository"] = repository_json(row["id"], row["repository"], row["date_created"])
    return commit


def repository_json(number: int, name: str, created: float) -> dict[str, Any]:
    """Give a repository that is known by its name only, connected to no provider."""
    return {
        "id": str(number),
        "name": name,
        "url": None,
        "provider": {"id": "unknown", "name": "Unknown Provider"},
        "status": "active",
        "integrationId": None,
        "externalSlug": None,
        "externalId": None,
        "settings": None,
        "dateCreated": iso(created),
    }
