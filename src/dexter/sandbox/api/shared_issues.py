"""Issues that were shared: whoever has the address may read them, without a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.issue_states import HIDDEN
from dexter.sandbox.replies import json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.event import whole_event
from dexter.sandbox.serialize.issue import View, serialize_issues

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.database import Database
    from dexter.sandbox.request import SandboxRequest

_KEPT = ("id", "shareId", "shortId", "title", "culprit", "permalink", "isPublic", "isUnhandled", "issueCategory")
_PRIVATE = ("user", "context", "contexts", "tags", "sdk", "errors", "packages")


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/shared/issues/{share_id}/", public=True)
@serves("GET", "/api/0/shared/issues/{share_id}/", public=True)
async def shared_issue(request: SandboxRequest) -> Response:
    """Give a shared issue with its latest event, less what would tell of people; 404 once it is private again."""
    issue = request.db.one("SELECT * FROM issues WHERE share_id = ? AND is_public = 1", request.params["share_id"])
    if issue is None or issue["status"] in HIDDEN:
        raise not_found()
    project = request.db.one(
        "SELECT p.slug, p.name, o.slug AS organization, o.name AS organization_name, o.id AS organization_id FROM"
        " projects p JOIN organizations o ON o.id = p.organization_id WHERE p.id = ?",
        issue["project_id"],
    )
    assert project is not None  # noqa: S101 - an issue's project exists
    if request.params.get("organization_id_or_slug", project["organization"]) not in (
        project["organization"], str(project["organization_id"]),
    ):  # fmt: skip
        raise not_found()
    [shown] = serialize_issues(request.db, [issue], View(None, request.base_url, project["organization"]))
    kept: dict[str, Any] = {name: shown[name] for name in _KEPT}
    kept["project"] = {
        "slug": project["slug"],
        "name": project["name"],
        "organization": {"slug": project["organization"], "name": project["organization_name"]},
    }
    kept["latestEvent"] = _latest_event(request.db, issue)
    return json_reply(kept)


def _latest_event(db: Database, issue: sqlite3.Row) -> dict[str, Any] | None:
    row = db.one("SELECT * FROM events WHERE issue_id = ? ORDER BY timestamp DESC, id DESC LIMIT 1", issue["id"])
    if row is None:
        return None
    event = {name: value for name, value in whole_event(row).items() if name not in _PRIVATE}
    event["entries"] = [entry for entry in event["entries"] if entry["type"] != "breadcrumbs"]
    return event
