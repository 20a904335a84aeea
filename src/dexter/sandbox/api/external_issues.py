"""Installed apps, and the issues of theirs that are linked to Sentry's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.api.events import READ_SCOPES
from dexter.sandbox.bodies import checked_body
from dexter.sandbox.external_links import installations, link, link_json, links_of
from dexter.sandbox.issue_lookup import requested_issue
from dexter.sandbox.issue_states import HIDDEN
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import empty_reply, invalid_fields, json_reply, not_found
from dexter.sandbox.routing import serves

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

INSTALLATIONS = "/api/0/organizations/{organization_id_or_slug}/sentry-app-installations/"
LINKS = "/api/0/sentry-app-installations/{uuid}/external-issues/"


@serves("GET", INSTALLATIONS)
async def app_installations(request: SandboxRequest) -> Response:
    """List the apps that are installed in an organization."""
    rows = installations(request.db, request.organization["id"], request.now)
    page = paginate_offset(request, rows)
    return page.reply(request, [_installation_json(request, row) for row in page.rows])


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/external-issues/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/external-issues/", scopes=READ_SCOPES)
async def external_issues(request: SandboxRequest) -> Response:
    """List what is linked to an issue."""
    issue = requested_issue(request)
    return json_reply([link_json(row) for row in links_of(request.db, [issue["id"]]).get(issue["id"], [])])


@serves("POST", LINKS)
async def add_external_issue(request: SandboxRequest) -> Response:
    """Link an app's issue to an issue of the organization it is installed in."""
    installation = _installation(request)
    body = await checked_body(request)
    number = str(body["issueId"])
    issue = request.db.one("SELECT * FROM issues WHERE id = ?", int(number[:18])) if number.isdecimal() else None
    if issue is None or issue["status"] in HIDDEN or not _within(request, issue, installation):
        raise not_found()
    if not str(body["webUrl"]).startswith(("http://", "https://")):
        raise invalid_fields(webUrl="Enter a valid URL.")
    name = f"{body['project']}#{body['identifier']}"
    return json_reply(link_json(link(request.db, issue["id"], installation["id"], name, body["webUrl"], request.now)))


@serves("DELETE", LINKS + "{external_issue_id}/")
async def delete_external_issue(request: SandboxRequest) -> Response:
    """Take a link away."""
    installation, name = _installation(request), request.params["external_issue_id"]
    removed = 0
    if name.isascii() and name.isdecimal():
        removed = request.db.run(
            "DELETE FROM external_issues WHERE id = ? AND installation_id = ?", int(name[:18]), installation["id"]
        ).rowcount
    if not removed:
        raise not_found()
    return empty_reply(204)


def _installation(request: SandboxRequest) -> sqlite3.Row:
    for row in request.db.all("SELECT id FROM organizations"):
        installations(request.db, row["id"], request.now)
    found = request.db.one("SELECT * FROM app_installations WHERE uuid = ?", request.params["uuid"])
    if found is None:
        raise not_found()
    return found


def _within(request: SandboxRequest, issue: sqlite3.Row, installation: sqlite3.Row) -> bool:
    organization = request.db.value("SELECT organization_id FROM projects WHERE id = ?", issue["project_id"])
    return bool(organization == installation["organization_id"] and request.actor.sees(issue["project_id"]))


def _installation_json(request: SandboxRequest, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "app": {"uuid": row["app_uuid"], "slug": row["app_slug"], "sentryAppId": row["id"]},
        "organization": {"slug": request.organization["slug"], "id": request.organization["id"]},
        "uuid": row["uuid"],
        "status": "installed",
        "code": None,
    }
