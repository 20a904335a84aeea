"""Projects: list, create, detail, update, rename, delete."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dexter.sandbox.api.organizations import organization_detail
from dexter.sandbox.api.teams import find_team
from dexter.sandbox.bodies import checked_body, checked_slug, free_slug, slug_of
from dexter.sandbox.founding import make_project
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import SentryError, detail, empty_reply, invalid_fields, json_reply, permission_denied
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.organization import organization_json
from dexter.sandbox.serialize.project import (
    SETTINGS,
    project_detail_json,
    project_summaries_json,
    project_with_teams_json,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from starlette.responses import Response

    from dexter.sandbox.database import Database
    from dexter.sandbox.request import SandboxRequest

LIST = "/api/0/organizations/{organization_id_or_slug}/projects/"
DETAIL = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/"
TEAM_PROJECTS = "/api/0/teams/{organization_id_or_slug}/{team_id_or_slug}/projects/"


@serves("GET", LIST)
async def projects(request: SandboxRequest) -> Response:
    """Give the organization's projects that the token reaches; `query` looks in slug and name, or `slug:` and `id:`."""
    rows = request.db.all("SELECT * FROM projects WHERE organization_id = ? ORDER BY slug", request.organization["id"])
    wanted = (request.query.get("query") or "").split()
    rows = [row for row in rows if request.actor.sees(row["id"]) and all(_matches(row, term) for term in wanted)]
    if request.query.get("all_projects") == "1":
        return json_reply(_summaries(request, rows))
    page = paginate_offset(request, rows)
    return page.reply(request, _summaries(request, page.rows))


@serves("GET", "/api/0/projects/", scopes=("project:read", "project:write", "project:admin"))
async def all_projects(request: SandboxRequest) -> Response:
    """Give the projects of every organization of whoever asks, as older clients want them."""
    user_id = request.actor.user_id
    rows = request.db.all(
        "SELECT p.* FROM projects p WHERE ? IS NULL OR EXISTS (SELECT 1 FROM members m"
        " WHERE m.organization_id = p.organization_id AND m.user_id = ?) ORDER BY p.date_created DESC, p.id DESC",
        user_id, user_id,
    )  # fmt: skip
    page = paginate_offset(request, [row for row in rows if request.actor.sees(row["id"])])
    shown = _summaries(request, page.rows)
    for row, item in zip(page.rows, shown, strict=True):
        owner = request.db.one("SELECT * FROM organizations WHERE id = ?", row["organization_id"])
        if owner is not None:
            item["organization"] = organization_json(owner, request.base_url)
    return page.reply(request, shown)


def _summaries(request: SandboxRequest, rows: Sequence[sqlite3.Row]) -> list[dict[str, Any]]:
    return project_summaries_json(request.db, rows, user_id=request.actor.user_id, access=request.actor.scopes)


def _matches(row: sqlite3.Row, term: str) -> bool:
    key, colon, value = term.partition(":")
    if colon and key in ("slug", "id", "platform"):
        return str(row[key] or "").lower() == value.lower()
    return term.lower() in row["slug"] or term.lower() in row["name"].lower()


@serves("POST", LIST)
async def create_project(request: SandboxRequest) -> Response:
    """Make a project that belongs to the caller's first team."""
    team = request.db.one(
        "SELECT t.* FROM teams t JOIN team_members tm ON tm.team_id = t.id JOIN members m ON m.id = tm.member_id"
        " WHERE t.organization_id = ? AND m.user_id = ? ORDER BY t.id LIMIT 1",
        request.organization["id"], request.actor.user_id,
    )  # fmt: skip
    return await _create(request, [team["id"]] if team is not None else [])


@serves("GET", TEAM_PROJECTS)
async def team_projects(request: SandboxRequest) -> Response:
    """Give a team's projects."""
    rows = request.db.all(
        "SELECT p.* FROM projects p JOIN project_teams t ON t.project_id = p.id WHERE t.team_id = ? ORDER BY p.slug",
        find_team(request)["id"],
    )
    page = paginate_offset(request, [row for row in rows if request.actor.sees(row["id"])])
    return page.reply(request, _summaries(request, page.rows))


@serves("POST", TEAM_PROJECTS)
async def create_team_project(request: SandboxRequest) -> Response:
    """Make a project that belongs to the path's team."""
    return await _create(request, [find_team(request)["id"]])


async def _create(request: SandboxRequest, teams: list[int]) -> Response:
    body = await checked_body(request)
    name = str(body["name"]).strip()
    if not name:
        raise invalid_fields(name="This field may not be blank.")
    db, organization = request.db, request.organization["id"]
    if body.get("slug"):
        slug = checked_slug(str(body["slug"]))
        if db.value("SELECT 1 FROM projects WHERE organization_id = ? AND slug = ?", organization, slug):
            raise detail(409, "A project with this slug already exists.")
    else:
        slug = free_slug(db, "projects", organization, slug_of(name))
    with db.transaction():
        project = make_project(db, organization, slug, name, body.get("platform"), teams)
        db.run("DELETE FROM project_slugs_moved WHERE organization_id = ? AND old_slug = ?", organization, slug)
    return json_reply(_summaries(request, db.all("SELECT * FROM projects WHERE id = ?", project))[0], 201)


@serves("GET", DETAIL)
async def project(request: SandboxRequest) -> Response:
    """Give a project at length."""
    return json_reply(_detail(request, request.project()))


def _detail(request: SandboxRequest, row: sqlite3.Row) -> dict[str, Any]:
    organization = organization_detail(request, request.organization, full=False)
    return project_detail_json(
        request.db, row, organization, user_id=request.actor.user_id, access=request.actor.scopes
    )


@serves("PUT", DETAIL)
async def update_project(request: SandboxRequest) -> Response:
    """Change a project; with reading rights only, no more than its bookmark."""
    row = request.project()
    body = await checked_body(request, partial=True)
    if set(body) - {"isBookmarked"} and not request.actor.may(("project:write", "project:admin")):
        raise permission_denied()
    slug = _new_slug(request, row, body)
    name = body.get("name", row["name"])
    if not str(name).strip():
        raise invalid_fields(name="This field may not be blank.")
    settings = json.loads(row["settings_json"]) | {key: body[key] for key in SETTINGS if key in body}
    if "isBookmarked" in body:
        settings["bookmarkedBy"] = _bookmarked_by(request, settings, marked=body["isBookmarked"])
    with request.db.transaction():
        request.db.run(
            "UPDATE projects SET name = ?, slug = ?, platform = ?, settings_json = ? WHERE id = ?",
            name, slug, body.get("platform", row["platform"]), json.dumps(settings), row["id"],
        )  # fmt: skip
        if slug != row["slug"]:
            _remember_move(request.db, row, slug)
    return json_reply(_detail(request, request.project(slug)))


def _new_slug(request: SandboxRequest, row: sqlite3.Row, body: dict[str, Any]) -> str:
    if "slug" not in body:
        return str(row["slug"])
    slug = checked_slug(str(body["slug"]))
    other = request.db.one(
        "SELECT * FROM projects WHERE organization_id = ? AND slug = ? AND id <> ?",
        row["organization_id"], slug, row["id"],
    )  # fmt: skip
    if other is not None:
        raise SentryError(400, {"slug": [f"Another project ({other['name']}) is already using that slug"]})
    return slug


def _bookmarked_by(request: SandboxRequest, settings: dict[str, Any], *, marked: bool) -> list[int]:
    others = [user for user in settings.get("bookmarkedBy", []) if user != request.actor.user_id]
    return [*others, request.actor.user_id] if marked and request.actor.user_id is not None else others


def _remember_move(db: Database, row: sqlite3.Row, slug: str) -> None:
    organization = row["organization_id"]
    db.run(
        "DELETE FROM project_slugs_moved WHERE organization_id = ? AND old_slug IN (?, ?)",
        organization, slug, row["slug"],
    )  # fmt: skip
    db.run(
        "INSERT INTO project_slugs_moved (organization_id, old_slug, project_id) VALUES (?,?,?)",
        organization, row["slug"], row["id"],
    )  # fmt: skip


@serves("DELETE", DETAIL)
async def delete_project(request: SandboxRequest) -> Response:
    """Delete a project and everything in it."""
    row = request.project()
    with request.db.transaction():
        _erase(request.db, row["id"])
    return empty_reply(204)


_OF_ISSUES = ("issue_hours", "issue_users", "issue_tags", "issue_user_state", "activities")
_OF_PROJECT = (
    "issue_hashes", "events", "attachments", "issues", "project_keys", "project_teams", "project_slugs_moved",
    "environment_projects", "release_projects",
)  # fmt: skip


def _erase(db: Database, project_id: int) -> None:
    for table in _OF_ISSUES:
        db.run(f"DELETE FROM {table} WHERE issue_id IN (SELECT id FROM issues WHERE project_id = ?)", project_id)  # noqa: S608
    for table in _OF_PROJECT:
        db.run(f"DELETE FROM {table} WHERE project_id = ?", project_id)  # noqa: S608
    db.run("DELETE FROM projects WHERE id = ?", project_id)


@serves("POST", f"{DETAIL}teams/{{team_id_or_slug}}/")
async def add_team(request: SandboxRequest) -> Response:
    """Give a team access to a project."""
    row, team = request.project(), find_team(request)
    request.db.run("INSERT OR IGNORE INTO project_teams (project_id, team_id) VALUES (?,?)", row["id"], team["id"])
    return json_reply(_with_teams(request, row), 201)


@serves("DELETE", f"{DETAIL}teams/{{team_id_or_slug}}/")
async def remove_team(request: SandboxRequest) -> Response:
    """Take a team's access to a project away."""
    row, team = request.project(), find_team(request)
    request.db.run("DELETE FROM project_teams WHERE project_id = ? AND team_id = ?", row["id"], team["id"])
    return json_reply(_with_teams(request, row))


def _with_teams(request: SandboxRequest, row: sqlite3.Row) -> dict[str, Any]:
    return project_with_teams_json(request.db, row, user_id=request.actor.user_id, access=request.actor.scopes)
