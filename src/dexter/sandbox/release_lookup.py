"""Finds the release that an address names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.sandbox.replies import not_found

if TYPE_CHECKING:
    import sqlite3

    from dexter.sandbox.request import SandboxRequest


@dataclass(frozen=True, slots=True)
class Found:
    """A release and, under a project's address, the project."""

    release: sqlite3.Row
    project: sqlite3.Row | None


def find_release(request: SandboxRequest) -> Found:
    """Give the path's release; 404 when the organization, or the path's project, has none of that version."""
    project = request.project() if "project_id_or_slug" in request.params else None
    row = request.db.one(
        "SELECT * FROM releases WHERE organization_id = ? AND version = ?",
        request.organization["id"], request.params["version"],
    )  # fmt: skip
    if row is None:
        raise not_found()
    reached = reached_projects(request, row["id"])
    if not reached or (project is not None and project["id"] not in reached):
        raise not_found()
    return Found(row, project)


def reached_projects(request: SandboxRequest, release_id: int) -> list[int]:
    """Give a release's projects that the caller may see."""
    rows = request.db.all("SELECT project_id FROM release_projects WHERE release_id = ?", release_id)
    return [row["project_id"] for row in rows if request.actor.sees(row["project_id"])]
