"""Organizations: list, detail, update."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dexter.sandbox.bodies import checked_body, checked_slug
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import SentryError, json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.organization import SETTINGS, organization_detail_json, organization_json
from dexter.sandbox.serialize.project import project_summaries_json
from dexter.sandbox.serialize.team import teams_json

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

LIST = "/api/0/organizations/"
DETAIL = "/api/0/organizations/{organization_id_or_slug}/"


@serves("GET", LIST)
async def organizations(request: SandboxRequest) -> Response:
    """Give the organizations of whoever asks; `owner=1` those it owns, with how many owners there are."""
    user_id = request.actor.user_id
    rows = request.db.all(
        "SELECT o.* FROM organizations o WHERE ? IS NULL OR EXISTS (SELECT 1 FROM members m"
        " WHERE m.organization_id = o.id AND m.user_id = ?) ORDER BY o.name",
        user_id, user_id,
    )  # fmt: skip
    wanted = (request.query.get("query") or "").lower()
    rows = [row for row in rows if wanted in row["slug"] or wanted in row["name"].lower()]
    if request.query.get("owner") == "1":
        return json_reply(_owned(request, rows))
    page = paginate_offset(request, rows)
    return page.reply(request, [organization_json(row, request.base_url, request.actor.scopes) for row in page.rows])


def _owned(request: SandboxRequest, rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
    owned = []
    for row in rows:
        owners = request.db.all(
            "SELECT user_id FROM members WHERE organization_id = ? AND role = 'owner' AND pending = 0", row["id"]
        )
        if request.actor.user_id in {owner["user_id"] for owner in owners}:
            shown = organization_json(row, request.base_url, request.actor.scopes)
            owned.append({"organization": shown, "singleOwner": len(owners) == 1})
    return owned


@serves("GET", DETAIL)
async def organization(request: SandboxRequest) -> Response:
    """Give an organization; `detailed=0` leaves out its teams and projects."""
    return json_reply(organization_detail(request, request.organization, full=request.query.get("detailed") != "0"))


@serves("PUT", DETAIL)
async def update_organization(request: SandboxRequest) -> Response:
    """Change name, slug and settings."""
    row = request.organization
    body = await checked_body(request, partial=True)
    slug = checked_slug(str(body["slug"])) if "slug" in body else row["slug"]
    if request.db.value("SELECT 1 FROM organizations WHERE slug = ? AND id <> ?", slug, row["id"]):
        raise SentryError(409, {"slug": [f'The slug "{slug}" is already in use.']})
    settings = json.loads(row["settings_json"]) | {name: body[name] for name in SETTINGS if name in body}
    request.db.run(
        "UPDATE organizations SET name = ?, slug = ?, settings_json = ? WHERE id = ?",
        body.get("name", row["name"]), slug, json.dumps(settings), row["id"],
    )  # fmt: skip
    changed = request.db.one("SELECT * FROM organizations WHERE id = ?", row["id"])
    assert changed is not None  # noqa: S101 - it was there a line above
    return json_reply(organization_detail(request, changed, full=True))


def organization_detail(request: SandboxRequest, row: sqlite3.Row, *, full: bool) -> dict[str, Any]:
    """Give an organization at length, with teams and projects where `full`."""
    db, actor = request.db, request.actor
    role = db.value("SELECT role FROM members WHERE organization_id = ? AND user_id = ?", row["id"], actor.user_id)
    shown = organization_detail_json(row, request.base_url, access=actor.scopes, role=role)
    if not full:
        return shown
    teams = db.all("SELECT * FROM teams WHERE organization_id = ? ORDER BY slug", row["id"])
    projects = db.all("SELECT * FROM projects WHERE organization_id = ? ORDER BY slug", row["id"])
    visible = [project for project in projects if actor.sees(project["id"])]
    shown["teams"] = teams_json(db, teams, user_id=actor.user_id, access=actor.scopes)
    shown["projects"] = project_summaries_json(db, visible, user_id=actor.user_id, access=actor.scopes)
    return shown
