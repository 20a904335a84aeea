"""Releases, under the organization's address and under a project's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dexter.sandbox.api.commits import clear_commits, set_commits, set_refs
from dexter.sandbox.bodies import checked_body
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.release_lookup import find_release, reached_projects
from dexter.sandbox.replies import SentryError, detail, empty_reply, invalid, json_reply
from dexter.sandbox.request import find_project
from dexter.sandbox.routing import serves
from dexter.sandbox.search.time_range import InvalidTime, parse_moment, time_range
from dexter.sandbox.serialize.release import release_json

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

ORG = "/api/0/organizations/{organization_id_or_slug}/releases/"
PROJECT = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/releases/"
_UPDATE = f"PUT {ORG}{{version}}/"

READ = ("project:read", "project:write", "project:admin", "project:releases", "org:ci")
WRITE = ("project:write", "project:admin", "project:releases", "org:ci")


@serves("GET", ORG)
async def releases(request: SandboxRequest) -> Response:
    """Give the releases of the projects that are asked for, the newest first."""
    ids = {int(text) for text in request.query.getlist("project") if text.lstrip("-").isdecimal()} - {-1}
    return _list(request, ids or None)


@serves("GET", PROJECT)
async def project_releases(request: SandboxRequest) -> Response:
    """Give a project's releases, the newest first."""
    return _list(request, {request.project()["id"]})


def _list(request: SandboxRequest, project_ids: set[int] | None) -> Response:
    rows = request.db.all(
        "SELECT * FROM releases WHERE organization_id = ? AND status = ?"
        " ORDER BY COALESCE(date_released, date_created) DESC, id DESC",
        request.organization["id"], request.query.get("status") or "open",
    )  # fmt: skip
    wanted = (request.query.get("query") or "").lower()
    rows = [row for row in rows if wanted in row["version"].lower() and _in_period(request, row)]
    rows = [row for row in rows if _in_projects(request, row, project_ids) and _in_environments(request, row)]
    page = paginate_offset(request, rows)
    health = request.query.get("health") == "1"
    return page.reply(request, [release_json(request.db, row, health=health) for row in page.rows])


def _in_period(request: SandboxRequest, row: sqlite3.Row) -> bool:
    try:
        asked = time_range(request.query, request.now, default_s=None)
    except InvalidTime as error:
        raise invalid(str(error)) from error
    moment = row["date_released"] or row["date_created"]
    return not asked.asked or bool(asked.start <= moment <= asked.end)


def _in_projects(request: SandboxRequest, row: sqlite3.Row, project_ids: set[int] | None) -> bool:
    reached = set(reached_projects(request, row["id"]))
    return bool(reached if project_ids is None else reached & project_ids)


def _in_environments(request: SandboxRequest, row: sqlite3.Row) -> bool:
    names = request.query.getlist("environment")
    if not names:
        return True
    marks = ",".join("?" * len(names))
    return bool(
        request.db.value(
            f"SELECT 1 FROM events WHERE release = ? AND environment IN ({marks})"  # noqa: S608
            f" UNION SELECT 1 FROM deploys WHERE release_id = ? AND environment IN ({marks})",
            row["version"], *names, row["id"], *names,
        )
    )  # fmt: skip


@serves("POST", ORG)
async def create_release(request: SandboxRequest) -> Response:
    """Make a release, 201; one that exists takes on what is new, 208."""
    body = await checked_body(request)
    projects = [find_project(request.db, request.organization["id"], str(name)) for name in body["projects"]]
    known = [project for project in projects if project is not None]
    # No project at all is no error: it is how clients archive a release that exists.
    if len(known) < len(projects) or not all(request.actor.sees(project["id"]) for project in known):
        raise SentryError(400, {"projects": ["Invalid project ids or slugs"]})
    return _create(request, body, [project["id"] for project in known])


@serves("POST", PROJECT, scopes=WRITE)
async def create_project_release(request: SandboxRequest) -> Response:
    """Make a release of the path's project."""
    project = request.project()
    return _create(request, await checked_body(request), [project["id"]])


def _create(request: SandboxRequest, body: dict[str, Any], project_ids: list[int]) -> Response:
    db, organization, version = request.db, request.organization["id"], _checked_version(body["version"])
    with db.transaction():
        created = db.run(
            "INSERT OR IGNORE INTO releases (organization_id, version, date_created) VALUES (?,?,?)",
            organization, version, request.now,
        ).rowcount  # fmt: skip
        row = db.one("SELECT * FROM releases WHERE organization_id = ? AND version = ?", organization, version)
        assert row is not None  # noqa: S101 - made a line above
        joined = sum(_join(request, row["id"], project) for project in project_ids)
        _update(request, row, body)
    shown = release_json(db, _again(request, row["id"]))
    return json_reply(shown, 201 if created or joined else 208)


def _join(request: SandboxRequest, release_id: int, project_id: int) -> int:
    return request.db.run(
        "INSERT OR IGNORE INTO release_projects (release_id, project_id) VALUES (?,?)", release_id, project_id
    ).rowcount


def _checked_version(version: Any) -> str:
    text = str(version).strip()
    barred = not text or text in (".", "..") or text.lower() == "latest" or set(text) & set("\r\n\f\t/\\")
    if barred or len(text) > 250:
        raise SentryError(400, {"version": [f"Release with name {text} is not allowed"]})
    return text


@serves("GET", f"{ORG}{{version}}/")
@serves("GET", f"{PROJECT}{{version}}/", scopes=READ)
async def release(request: SandboxRequest) -> Response:
    """Give one release; `health=1` adds session figures."""
    found = find_release(request)
    return json_reply(release_json(request.db, found.release, health=request.query.get("health") == "1"))


@serves("PUT", f"{ORG}{{version}}/")
@serves("PUT", f"{PROJECT}{{version}}/", scopes=WRITE)
async def update_release(request: SandboxRequest) -> Response:
    """Change a release: finalize it with `dateReleased`, give it commits, close it."""
    row = find_release(request).release
    body = await checked_body(request, partial=True, like=_UPDATE)
    for name in body.get("projects") or ():
        project = find_project(request.db, request.organization["id"], str(name))
        if project is None:
            raise SentryError(400, {"projects": ["Invalid project ids or slugs"]})
        _join(request, row["id"], project["id"])
    with request.db.transaction():
        _update(request, row, body)
    return json_reply(release_json(request.db, _again(request, row["id"])))


def _update(request: SandboxRequest, row: sqlite3.Row, body: dict[str, Any]) -> None:
    status = body.get("status") or row["status"]
    if status not in ("open", "archived"):
        raise SentryError(400, {"status": [f"Invalid status {status}. Valid status values are ('open', 'archived')"]})
    released = row["date_released"]
    if body.get("dateReleased"):
        released = parse_moment(str(body["dateReleased"]))
        if released is None:
            raise SentryError(400, {"dateReleased": ["Datetime has wrong format. Use ISO 8601."]})
    request.db.run(
        "UPDATE releases SET ref = ?, url = ?, status = ?, date_released = ? WHERE id = ?",
        body.get("ref") or row["ref"], body.get("url") or row["url"], status, released, row["id"],
    )  # fmt: skip
    if body.get("commits"):
        set_commits(request, row["id"], body["commits"])
    refs = [*(body.get("refs") or ()), *(body.get("headCommits") or ())]
    if refs:
        set_refs(request, row["id"], refs)
    elif body.get("refs") == []:
        clear_commits(request, row["id"])


def _again(request: SandboxRequest, release_id: int) -> sqlite3.Row:
    row = request.db.one("SELECT * FROM releases WHERE id = ?", release_id)
    assert row is not None  # noqa: S101 - a release is not deleted while it is answered
    return row


@serves("DELETE", f"{ORG}{{version}}/")
@serves("DELETE", f"{PROJECT}{{version}}/", scopes=("project:admin", "project:releases"))
async def delete_release(request: SandboxRequest) -> Response:
    """Delete a release that no issue refers to."""
    row = find_release(request).release
    if request.db.value(
        "SELECT 1 FROM issues WHERE first_release_id = ? OR last_release_id = ? LIMIT 1", row["id"], row["id"]
    ):
        raise detail(400, "This release is referenced by active issues and cannot be removed.")
    with request.db.transaction():
        for table in ("release_projects", "commits", "deploys", "release_files"):
            request.db.run(f"DELETE FROM {table} WHERE release_id = ?", row["id"])  # noqa: S608
        request.db.run("DELETE FROM releases WHERE id = ?", row["id"])
    return empty_reply(204)


@serves("GET", f"{ORG}{{version}}/meta/", scopes=READ)
async def release_meta(request: SandboxRequest) -> Response:
    """Give the figures that a release's page begins with."""
    row = find_release(request).release
    shown = release_json(request.db, row)
    files = request.db.value("SELECT count(*) FROM release_files WHERE release_id = ?", row["id"])
    return json_reply(
        {
            **{name: shown[name] for name in ("version", "versionInfo", "projects", "newGroups", "commitCount")},
            "released": shown["dateReleased"] or shown["dateCreated"],
            "deployCount": shown["deployCount"],
            "commitFilesChanged": len(json.loads(row["data_json"]).get("files", [])),
            "releaseFileCount": files,
            "isArtifactBundle": False,
        }
    )
