"""A deploy of a release to an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.moment import iso, iso_or_none

if TYPE_CHECKING:
    import sqlite3


def deploy_json(row: sqlite3.Row) -> dict[str, Any]:
    """Give a deploy."""
    return {
        "id": str(row["id"]),
        "environment": row["environment"],
        "dateStarted": iso_or_none(row["date_started"]),
        "dateFinished": iso(row["date_finished"]),
        "name": row["name"] or "",
        "url": row["url"],
    }
