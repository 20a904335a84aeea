"""Members: list, invite, detail, update, remove; and the users of an organization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.bodies import checked_body
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import SentryError, detail, empty_reply, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.member import member_detail_json, members_json
from dexter.sandbox.serialize.roles import INVITABLE, ORG_ROLES

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.database import Database
    from dexter.sandbox.request import SandboxRequest

LIST = "/api/0/organizations/{organization_id_or_slug}/members/"
DETAIL = f"{LIST}{{member_id}}/"

_JOINED = "SELECT m.*, u.name AS user_name, u.username FROM members m LEFT JOIN users u ON u.id = m.user_id"


def find_member(request: SandboxRequest) -> sqlite3.Row:
    """Give the path's member, by id or `me`; 404 when there is none."""
    asked = request.params["member_id"]
    row = request.db.one(
        "SELECT * FROM members WHERE organization_id = ? AND (CAST(id AS TEXT) = ? OR (? = 'me' AND user_id = ?))",
        request.organization["id"], asked, asked, request.actor.user_id,
    )  # fmt: skip
    if row is None:
        raise not_found()
    return row


@serves("GET", LIST)
async def members(request: SandboxRequest) -> Response:
    """Give the organization's members; `query` looks in name and address, or `role:`, `isInvited:`, `email:`."""
    rows = request.db.all(f"{_JOINED} WHERE m.organization_id = ? ORDER BY m.email", request.organization["id"])
    terms = (request.query.get("query") or "").split()
    page = paginate_offset(request, [row for row in rows if all(_matches(row, term) for term in terms)])
    return page.reply(request, members_json(request.db, page.rows))


def _matches(row: sqlite3.Row, term: str) -> bool:
    key, colon, value = term.partition(":")
    match key if colon else "":
        case "role":
            return bool(row["role"] == value)
        case "isInvited":
            return bool(row["pending"]) == (value == "true")
        case "email":
            return bool(row["email"].lower() == value.lower())
        case _:
            texts = (row["email"], row["user_name"] or "", row["username"] or "")
            return any(term.lower() in text.lower() for text in texts)


@serves("POST", LIST)
async def invite(request: SandboxRequest) -> Response:
    """Invite someone, who stays pending: the sandbox sends no mail that could be accepted."""
    body = await checked_body(request)
    db, organization = request.db, request.organization["id"]
    email = str(body["email"])
    if "@" not in email:
        raise SentryError(400, {"email": ["Enter a valid email address."]})
    if db.value("SELECT 1 FROM members WHERE organization_id = ? AND email = ? COLLATE NOCASE", organization, email):
        raise SentryError(400, {"email": [f"The user {email} is already a member"]})
    role = body.get("orgRole") or body.get("role") or "member"
    if role not in INVITABLE:
        raise SentryError(400, {"orgRole": [f'"{role}" is not a valid choice.']})
    with db.transaction():
        member = db.insert(
            "INSERT INTO members (organization_id, email, role, pending, date_created) VALUES (?,?,?,1,?)",
            organization, email, role, request.now,
        )  # fmt: skip
        _set_teams(db, organization, member, body.get("teamRoles") or [])
    row = db.all("SELECT * FROM members WHERE id = ?", member)
    return json_reply(members_json(db, row)[0], 201)


def _set_teams(db: Database, organization_id: int, member_id: int, team_roles: list[Any]) -> None:
    wanted = {str(entry.get("teamSlug")): entry.get("role") or None for entry in team_roles if isinstance(entry, dict)}
    teams = {
        row["slug"]: row["id"]
        for row in db.all("SELECT id, slug FROM teams WHERE organization_id = ?", organization_id)
    }
    if set(wanted) - set(teams):
        raise SentryError(400, {"teamRoles": ["Invalid team"]})
    db.run("DELETE FROM team_members WHERE member_id = ?", member_id)
    db.many(
        "INSERT INTO team_members (team_id, member_id, role) VALUES (?,?,?)",
        [(teams[slug], member_id, role) for slug, role in wanted.items()],
    )


@serves("GET", DETAIL)
async def member(request: SandboxRequest) -> Response:
    """Give one member."""
    return json_reply(member_detail_json(request.db, find_member(request)))


@serves("PUT", DETAIL)
async def update_member(request: SandboxRequest) -> Response:
    """Change a member's role and teams; the last owner stays one."""
    row = find_member(request)
    body = await checked_body(request, partial=True)
    role = body.get("orgRole") or row["role"]
    if role not in ORG_ROLES and role != "billing":
        raise SentryError(400, {"orgRole": [f'"{role}" is not a valid choice.']})
    if role != "owner":
        _guard_last_owner(request, row, "You cannot remove the only remaining owner of the organization.")
    with request.db.transaction():
        request.db.run("UPDATE members SET role = ? WHERE id = ?", role, row["id"])
        if body.get("teamRoles") is not None:
            _set_teams(request.db, row["organization_id"], row["id"], body["teamRoles"])
    return json_reply(member_detail_json(request.db, find_member(request)))


@serves("DELETE", DETAIL)
async def remove_member(request: SandboxRequest) -> Response:
    """Remove a member; with reading rights only, no other than oneself."""
    row = find_member(request)
    own = row["user_id"] is not None and row["user_id"] == request.actor.user_id
    if not own and not request.actor.may(("member:admin",)):
        raise detail(403, "You do not have permission to perform this action.")
    _guard_last_owner(request, row, "You cannot remove the only remaining owner of the organization.")
    with request.db.transaction():
        request.db.run("DELETE FROM team_members WHERE member_id = ?", row["id"])
        request.db.run("DELETE FROM members WHERE id = ?", row["id"])
    return empty_reply(204)


def _guard_last_owner(request: SandboxRequest, row: sqlite3.Row, text: str) -> None:
    others = request.db.value(
        "SELECT count(*) FROM members WHERE organization_id = ? AND role = 'owner' AND pending = 0 AND id <> ?",
        row["organization_id"], row["id"],
    )  # fmt: skip
    if row["role"] == "owner" and not others:
        raise detail(403, text)


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/users/", scopes=("member:read", "member:admin"))
async def organization_users(request: SandboxRequest) -> Response:
    """Give the members that have an account, with the slugs of their projects; `project` narrows to those."""
    wanted = {text for text in request.query.getlist("project") if text != "-1"}
    rows = request.db.all(
        f"{_JOINED} WHERE m.organization_id = ? AND m.user_id IS NOT NULL ORDER BY m.email", request.organization["id"]
    )
    shown = []
    for row, item in zip(rows, members_json(request.db, rows), strict=True):
        projects = _projects_of(request.db, row["id"])
        if not wanted or wanted & {str(project["id"]) for project in projects}:
            shown.append(item | {"projects": [project["slug"] for project in projects]})
    return json_reply(shown)


@serves("GET", "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/members/")
async def project_members(request: SandboxRequest) -> Response:
    """Give the members that reach a project through its teams."""
    rows = request.db.all(
        "SELECT m.* FROM members m WHERE m.user_id IS NOT NULL AND m.id IN (SELECT tm.member_id FROM team_members tm"
        " JOIN project_teams pt ON pt.team_id = tm.team_id WHERE pt.project_id = ?) ORDER BY m.email",
        request.project()["id"],
    )
    return json_reply(members_json(request.db, rows))


def _projects_of(db: Database, member_id: int) -> list[sqlite3.Row]:
    return db.all(
        "SELECT DISTINCT p.id, p.slug FROM projects p JOIN project_teams pt ON pt.project_id = p.id"
        " JOIN team_members tm ON tm.team_id = pt.team_id WHERE tm.member_id = ? ORDER BY p.slug",
        member_id,
    )
