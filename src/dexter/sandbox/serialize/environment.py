"""An environment of an organization or of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3


def environment_json(row: sqlite3.Row) -> dict[str, Any]:
    """Give an environment as the organization lists it."""
    return {"id": str(row["id"]), "name": row["name"]}


def project_environment_json(row: sqlite3.Row) -> dict[str, Any]:
    """Give an environment as a project lists it."""
    return {**environment_json(row), "isHidden": bool(row["is_hidden"])}
