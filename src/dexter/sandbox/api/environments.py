"""Environments of the organization and of a project, shown or hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.bodies import checked_body
from dexter.sandbox.replies import invalid, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.environment import environment_json, project_environment_json

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

LIST = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/environments/"
DETAIL = f"{LIST}{{environment}}/"

_SHOWN = {"visible": (0,), "hidden": (1,), "all": (0, 1)}


def _visibility(request: SandboxRequest) -> tuple[int, ...]:
    asked = request.query.get("visibility") or "visible"
    if asked not in _SHOWN:
        raise invalid(f"Invalid value for 'visibility', valid values are: {sorted(_SHOWN)!r}")
    return _SHOWN[asked]


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/environments/")
async def environments(request: SandboxRequest) -> Response:
    """Give the environments of every project that the token reaches."""
    shown = _visibility(request)
    rows = request.db.all(
        "SELECT e.*, p.project_id, p.is_hidden FROM environments e JOIN environment_projects p"
        " ON p.environment_id = e.id WHERE e.organization_id = ? AND e.name <> '' ORDER BY e.name",
        request.organization["id"],
    )
    wanted = {text for text in request.query.getlist("project") if text != "-1"}
    found = {
        row["name"]: environment_json(row)
        for row in rows
        if row["is_hidden"] in shown
        and request.actor.sees(row["project_id"])
        and (not wanted or str(row["project_id"]) in wanted)
    }
    return json_reply(list(found.values()))


def _of_project(request: SandboxRequest, project_id: int) -> list[sqlite3.Row]:
    return request.db.all(
        "SELECT e.*, p.is_hidden FROM environments e JOIN environment_projects p ON p.environment_id = e.id"
        " WHERE p.project_id = ? ORDER BY e.name",
        project_id,
    )


@serves("GET", LIST)
async def project_environments(request: SandboxRequest) -> Response:
    """Give a project's environments."""
    shown = _visibility(request)
    rows = _of_project(request, request.project()["id"])
    return json_reply([project_environment_json(row) for row in rows if row["is_hidden"] in shown and row["name"]])


@serves("PUT", LIST)
async def hide_environments(request: SandboxRequest) -> Response:
    """Show or hide several environments of a project."""
    project = request.project()
    body = await checked_body(request)
    names = set(body["environmentNames"])
    rows = [row for row in _of_project(request, project["id"]) if row["name"] in names]
    if len(rows) < len(names):
        raise not_found()
    for row in rows:
        _set_hidden(request, project["id"], row["id"], hidden=body["isHidden"])
    changed = [row for row in _of_project(request, project["id"]) if row["name"] in names]
    return json_reply([project_environment_json(row) for row in changed])


@serves("GET", DETAIL)
async def environment(request: SandboxRequest) -> Response:
    """Give one environment of a project."""
    return json_reply(project_environment_json(_find(request, request.project()["id"])))


@serves("PUT", DETAIL)
async def hide_environment(request: SandboxRequest) -> Response:
    """Show or hide one environment of a project."""
    project = request.project()
    row = _find(request, project["id"])
    body = await checked_body(request)
    _set_hidden(request, project["id"], row["id"], hidden=body["isHidden"])
    return json_reply(project_environment_json(_find(request, project["id"])))


def _find(request: SandboxRequest, project_id: int) -> sqlite3.Row:
    name = request.params["environment"]
    for row in _of_project(request, project_id):
        if row["name"] == ("" if name == "none" else name):
            return row
    raise not_found()


def _set_hidden(request: SandboxRequest, project_id: int, environment_id: int, *, hidden: bool) -> None:
    request.db.run(
        "UPDATE environment_projects SET is_hidden = ? WHERE project_id = ? AND environment_id = ?",
        int(hidden), project_id, environment_id,
    )  # fmt: skip
