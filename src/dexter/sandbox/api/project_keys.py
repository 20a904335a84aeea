"""Client keys: what DSNs are made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dexter.sandbox.bodies import checked_body
from dexter.sandbox.founding import make_project_key
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import SentryError, empty_reply, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.project_key import project_key_json

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

LIST = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/keys/"
DETAIL = f"{LIST}{{key_id}}/"


@serves("GET", LIST)
async def keys(request: SandboxRequest) -> Response:
    """Give a project's keys; `status` is `active` or `inactive`."""
    rows = request.db.all(
        "SELECT * FROM project_keys WHERE project_id = ? ORDER BY date_created, public_key", request.project()["id"]
    )
    return _page(request, rows)


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/project-keys/")
async def organization_keys(request: SandboxRequest) -> Response:
    """Give the keys of every project that the token reaches, of one team where `team` names it."""
    team = request.query.get("team")
    rows = request.db.all(
        "SELECT k.* FROM project_keys k JOIN projects p ON p.id = k.project_id WHERE p.organization_id = ?"
        " AND (? IS NULL OR EXISTS (SELECT 1 FROM project_teams pt JOIN teams t ON t.id = pt.team_id"
        " WHERE pt.project_id = p.id AND (t.slug = ? OR CAST(t.id AS TEXT) = ?)))"
        " ORDER BY k.date_created, k.public_key",
        request.organization["id"], team, team, team,
    )  # fmt: skip
    return _page(request, [row for row in rows if request.actor.sees(row["project_id"])])


def _page(request: SandboxRequest, rows: list[sqlite3.Row]) -> Response:
    status = request.query.get("status")
    if status in ("active", "inactive"):
        rows = [row for row in rows if bool(row["is_active"]) == (status == "active")]
    elif status:
        rows = []
    page = paginate_offset(request, rows)
    return page.reply(request, [project_key_json(row, request.base_url) for row in page.rows])


@serves("POST", LIST)
async def create_key(request: SandboxRequest) -> Response:
    """Make a key."""
    project = request.project()
    body = await checked_body(request)
    with request.db.transaction():
        public = make_project_key(request.db, project["id"], body.get("name") or "Default")
        limit = _rate_limit(body.get("rateLimit"))
        if limit:
            _keep(request, public, {"rateLimit": limit})
    return json_reply(project_key_json(_find(request, project["id"], public), request.base_url), 201)


@serves("GET", DETAIL)
async def key(request: SandboxRequest) -> Response:
    """Give one key."""
    row = _find(request, request.project()["id"], request.params["key_id"])
    return json_reply(project_key_json(row, request.base_url))


@serves("PUT", DETAIL)
async def update_key(request: SandboxRequest) -> Response:
    """Rename, switch off or on, limit a key."""
    row = _find(request, request.project()["id"], request.params["key_id"])
    body = await checked_body(request, partial=True)
    settings: dict[str, Any] = json.loads(row["settings_json"])
    if "rateLimit" in body:
        settings["rateLimit"] = _rate_limit(body["rateLimit"])
    if "browserSdkVersion" in body:
        settings["browserSdkVersion"] = body["browserSdkVersion"]
    if "dynamicSdkLoaderOptions" in body:
        settings["dynamicSdkLoaderOptions"] = {
            **settings.get("dynamicSdkLoaderOptions", {}),
            **body["dynamicSdkLoaderOptions"],
        }
    with request.db.transaction():
        _keep(request, row["public_key"], settings)
        request.db.run(
            "UPDATE project_keys SET label = ?, is_active = ? WHERE public_key = ?",
            body.get("name") or row["label"], int(body.get("isActive", row["is_active"])), row["public_key"],
        )  # fmt: skip
    return json_reply(project_key_json(_find(request, row["project_id"], row["public_key"]), request.base_url))


@serves("DELETE", DETAIL)
async def delete_key(request: SandboxRequest) -> Response:
    """Delete a key; what still sends with it is refused."""
    row = _find(request, request.project()["id"], request.params["key_id"])
    request.db.run("DELETE FROM project_keys WHERE public_key = ?", row["public_key"])
    return empty_reply(204)


def _find(request: SandboxRequest, project_id: int, public: str) -> sqlite3.Row:
    row = request.db.one("SELECT * FROM project_keys WHERE project_id = ? AND public_key = ?", project_id, public)
    if row is None:
        raise not_found()
    return row


def _keep(request: SandboxRequest, public: str, settings: dict[str, Any]) -> None:
    request.db.run("UPDATE project_keys SET settings_json = ? WHERE public_key = ?", json.dumps(settings), public)


def _rate_limit(given: Any) -> dict[str, int] | None:
    """Give the limit that a body asks for; without both of count and window there is none."""
    if not given:
        return None
    if not isinstance(given, dict):
        raise SentryError(400, {"rateLimit": ["Invalid data."]})
    count, window = given.get("count"), given.get("window")
    return {"count": int(count), "window": int(window)} if count and window else None
