"""Teams: list, create, detail, update, delete, and who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.bodies import checked_body, checked_slug, free_slug, slug_of
from dexter.sandbox.founding import make_team
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import SentryError, detail, empty_reply, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.member import members_json
from dexter.sandbox.serialize.organization import organization_json
from dexter.sandbox.serialize.project import project_json
from dexter.sandbox.serialize.team import team_json, teams_json

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

LIST = "/api/0/organizations/{organization_id_or_slug}/teams/"
DETAIL = "/api/0/teams/{organization_id_or_slug}/{team_id_or_slug}/"


def find_team(request: SandboxRequest) -> sqlite3.Row:
    """Give the path's team, by slug or id; 404 when there is none."""
    name = request.params["team_id_or_slug"]
    row = request.db.one(
        "SELECT * FROM teams WHERE organization_id = ? AND (slug = ? OR CAST(id AS TEXT) = ?)",
        request.organization["id"], name, name,
    )  # fmt: skip
    if row is None:
        raise not_found()
    return row


def shown_team(request: SandboxRequest, row: sqlite3.Row) -> dict[str, Any]:
    """Give one team as the caller sees it."""
    return team_json(request.db, row, user_id=request.actor.user_id, access=request.actor.scopes)


@serves("GET", LIST)
async def teams(request: SandboxRequest) -> Response:
    """Give the organization's teams with their projects; `detailed=0` without."""
    rows = request.db.all("SELECT * FROM teams WHERE organization_id = ? ORDER BY slug", request.organization["id"])
    wanted = (request.query.get("query") or "").lower()
    page = paginate_offset(request, [row for row in rows if wanted in row["slug"] or wanted in row["name"].lower()])
    return page.reply(request, _listed(request, page.rows))


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/user-teams/")
async def own_teams(request: SandboxRequest) -> Response:
    """Give the teams of whoever asks."""
    rows = request.db.all(
        "SELECT t.* FROM teams t JOIN team_members tm ON tm.team_id = t.id JOIN members m ON m.id = tm.member_id"
        " WHERE t.organization_id = ? AND m.user_id = ? ORDER BY t.slug",
        request.organization["id"], request.actor.user_id,
    )  # fmt: skip
    return json_reply(_listed(request, rows))


@serves("GET", "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/teams/")
async def project_teams(request: SandboxRequest) -> Response:
    """Give the teams that have access to a project."""
    rows = request.db.all(
        "SELECT t.* FROM teams t JOIN project_teams p ON p.team_id = t.id WHERE p.project_id = ? ORDER BY t.slug",
        request.project()["id"],
    )
    page = paginate_offset(request, rows)
    return page.reply(
        request, teams_json(request.db, page.rows, user_id=request.actor.user_id, access=request.actor.scopes)
    )


def _listed(request: SandboxRequest, rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
    shown = teams_json(request.db, rows, user_id=request.actor.user_id, access=request.actor.scopes)
    if request.query.get("detailed") != "0":
        for row, team in zip(rows, shown, strict=True):
            team |= {"externalTeams": [], "projects": _projects(request, row)}
    return shown


def _projects(request: SandboxRequest, team: sqlite3.Row) -> list[dict[str, Any]]:
    rows = request.db.all(
        "SELECT p.* FROM projects p JOIN project_teams t ON t.project_id = p.id WHERE t.team_id = ? ORDER BY p.slug",
        team["id"],
    )
    actor = request.actor
    return [
        project_json(row, user_id=actor.user_id, access=actor.scopes) for row in rows if request.actor.sees(row["id"])
    ]


@serves("POST", LIST)
async def create_team(request: SandboxRequest) -> Response:
    """Make a team; whoever makes it joins it."""
    body = await checked_body(request)
    name, slug = body.get("name"), body.get("slug")
    if not name and not slug:
        raise SentryError(400, {"nonFieldErrors": ["Name or slug is required"]})
    db, organization = request.db, request.organization["id"]
    wanted = checked_slug(str(slug)) if slug else slug_of(str(name))
    if not slug:
        wanted = free_slug(db, "teams", organization, wanted)
    elif db.value("SELECT 1 FROM teams WHERE organization_id = ? AND slug = ?", organization, wanted):
        said = "A team with this slug already exists."
        raise SentryError(409, {"nonFieldErrors": [said], "detail": said})
    with db.transaction():
        team = make_team(db, organization, wanted, str(name or slug))
        member = db.value(
            "SELECT id FROM members WHERE organization_id = ? AND user_id = ?", organization, request.actor.user_id
        )
        if member is not None:
            db.run("INSERT INTO team_members (team_id, member_id) VALUES (?,?)", team, member)
    return json_reply(_listed(request, db.all("SELECT * FROM teams WHERE id = ?", team))[0], 201)


@serves("GET", DETAIL)
async def team(request: SandboxRequest) -> Response:
    """Give a team; `expand=projects` adds those, `collapse=organization` leaves that out."""
    row = find_team(request)
    shown = shown_team(request, row)
    if "organization" not in request.query.getlist("collapse"):
        shown["organization"] = organization_json(request.organization, request.base_url)
    if "projects" in request.query.getlist("expand"):
        shown["projects"] = _projects(request, row)
    if "externalTeams" in request.query.getlist("expand"):
        shown["externalTeams"] = []
    return json_reply(shown)


@serves("PUT", DETAIL)
async def update_team(request: SandboxRequest) -> Response:
    """Change a team's name and slug."""
    row = find_team(request)
    body = await checked_body(request, partial=True)
    slug = checked_slug(str(body["slug"])) if "slug" in body else row["slug"]
    taken = request.db.value(
        "SELECT 1 FROM teams WHERE organization_id = ? AND slug = ? AND id <> ?",
        row["organization_id"], slug, row["id"],
    )  # fmt: skip
    if taken:
        raise SentryError(400, {"slug": [f'The slug "{slug}" is already in use.']})
    request.db.run("UPDATE teams SET name = ?, slug = ? WHERE id = ?", body.get("name", row["name"]), slug, row["id"])
    request.params = {**request.params, "team_id_or_slug": slug}
    return json_reply(
        shown_team(request, find_team(request))
        | {"organization": organization_json(request.organization, request.base_url)}
    )


@serves("DELETE", DETAIL)
async def delete_team(request: SandboxRequest) -> Response:
    """Delete a team; its issues belong to nobody then."""
    row = find_team(request)
    with request.db.transaction():
        for table in ("team_members", "project_teams"):
            request.db.run(f"DELETE FROM {table} WHERE team_id = ?", row["id"])  # noqa: S608
        request.db.run(
            "UPDATE issues SET assigned_team_id = NULL, idx_assigned_team_id = NULL WHERE assigned_team_id = ?",
            row["id"],
        )
        request.db.run("DELETE FROM teams WHERE id = ?", row["id"])
    return empty_reply(204)


@serves("GET", f"{DETAIL}members/")
async def team_members(request: SandboxRequest) -> Response:
    """Give the members of a team with their part in it."""
    row = find_team(request)
    rows = request.db.all(
        "SELECT m.*, t.role AS team_role FROM members m JOIN team_members t ON t.member_id = m.id"
        " WHERE t.team_id = ? ORDER BY m.id",
        row["id"],
    )
    page = paginate_offset(request, rows)
    shown = members_json(request.db, page.rows)
    for found, item in zip(page.rows, shown, strict=True):
        item |= {"teamRole": found["team_role"], "teamSlug": row["slug"], "role": found["role"]}
    return page.reply(request, shown)


MEMBER_TEAM = "/api/0/organizations/{organization_id_or_slug}/members/{member_id}/teams/{team_id_or_slug}/"


def _membership(request: SandboxRequest) -> tuple[sqlite3.Row, sqlite3.Row]:
    from dexter.sandbox.api.members import find_member

    return find_team(request), find_member(request)


@serves("POST", MEMBER_TEAM)
async def join_team(request: SandboxRequest) -> Response:
    """Put a member into a team; 204 when it is there already."""
    team, member = _membership(request)
    added = request.db.run(
        "INSERT OR IGNORE INTO team_members (team_id, member_id) VALUES (?,?)", team["id"], member["id"]
    ).rowcount
    return json_reply(shown_team(request, team), 201) if added else empty_reply(204)


@serves("PUT", MEMBER_TEAM)
async def change_team_role(request: SandboxRequest) -> Response:
    """Change a member's part in a team."""
    team, member = _membership(request)
    body = await checked_body(request, partial=True)
    role = body.get("teamRole", "contributor")
    changed = request.db.run(
        "UPDATE team_members SET role = ? WHERE team_id = ? AND member_id = ?", role, team["id"], member["id"]
    ).rowcount
    if not changed:
        raise detail(404, "The requested resource does not exist")
    return json_reply({"isActive": True, "teamRole": role})


@serves("DELETE", MEMBER_TEAM)
async def leave_team(request: SandboxRequest) -> Response:
    """Take a member out of a team."""
    team, member = _membership(request)
    gone = request.db.run(
        "DELETE FROM team_members WHERE team_id = ? AND member_id = ?", team["id"], member["id"]
    ).rowcount
    if not gone:
        raise not_found()
    return json_reply(shown_team(request, team))
