"""What a list is asked to cover: the projects and environments named in the query."""

from __future__ import annotations

from dexter.sandbox.replies import invalid, not_found, permission_denied
from dexter.sandbox.request import SandboxRequest, find_project


def selected_projects(request: SandboxRequest) -> list[int]:
    """Give the ids of the projects a list covers.

    `project` repeats, holds ids or slugs, and -1 stands for all; without it, all the token reaches.
    400 for an id that is no number nor slug, 403 for a project that is unknown or out of reach.
    """
    organization = request.organization["id"]
    named = [name for name in request.query.getlist("project") if name]
    if not named or "-1" in named:
        rows = request.db.all("SELECT id FROM projects WHERE organization_id = ? ORDER BY id", organization)
        return [row["id"] for row in rows if request.actor.sees(row["id"])]
    chosen = []
    for name in named:
        if name.startswith("-"):
            raise invalid("Invalid project parameter. Values must be numbers.")
        row = find_project(request.db, organization, name)
        if row is None or not request.actor.sees(row["id"]):
            raise permission_denied()
        chosen.append(row["id"])
    return list(dict.fromkeys(chosen))


def selected_environments(request: SandboxRequest) -> list[str]:
    """Give the environments a list is narrowed to, none for all of them; 404 for an unknown one."""
    names = [name for name in request.query.getlist("environment") if name]
    for name in names:
        known = request.db.value(
            "SELECT 1 FROM environments WHERE organization_id = ? AND name = ?", request.organization["id"], name
        )
        if not known:
            raise not_found()
    return list(dict.fromkeys(names))
