"""What people said about an error they met: of an issue, and of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.api.events import PROJECT_SCOPES, READ_SCOPES
from dexter.sandbox.issue_lookup import normalized_event_id, requested_issue, view_of
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import SentryError, json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.issue import load_rows, serialize_issues
from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

PROJECT = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/user-feedback/"


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/user-reports/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/user-reports/", scopes=READ_SCOPES)
async def issue_reports(request: SandboxRequest) -> Response:
    """List what people said about an issue, the latest first."""
    return _listed(request, "issue_id = ?", requested_issue(request)["id"])


@serves("GET", PROJECT, scopes=PROJECT_SCOPES)
async def project_reports(request: SandboxRequest) -> Response:
    """List what people said about a project's errors, the latest first."""
    return _listed(request, "project_id = ?", request.project()["id"])


@serves("POST", PROJECT, scopes=("project:write", "project:admin"))
async def add_report(request: SandboxRequest) -> Response:
    """File what someone said about an event; the same event again replaces it."""
    project = request.project()["id"]
    report = _checked(await request.json_object())
    issue = request.db.value(
        "SELECT issue_id FROM events WHERE project_id = ? AND event_id = ?", project, report["event_id"]
    )
    request.db.run(
        "INSERT INTO user_reports (project_id, event_id, issue_id, name, email, comments, date_created)"
        " VALUES (?,?,?,?,?,?,?) ON CONFLICT (project_id, event_id) DO UPDATE SET name = excluded.name,"
        " email = excluded.email, comments = excluded.comments, date_created = excluded.date_created",
        project, report["event_id"], issue, report["name"], report["email"], report["comments"], request.now,
    )  # fmt: skip
    rows = request.db.all(
        "SELECT * FROM user_reports WHERE project_id = ? AND event_id = ?", project, report["event_id"]
    )
    return json_reply(_reports_json(request, rows)[0])


def _checked(body: dict[str, Any]) -> dict[str, str]:
    errors = {
        name: ["This field is required."] for name in ("event_id", "name", "email", "comments") if not body.get(name)
    }
    event_id = normalized_event_id(str(body.get("event_id", "")))
    if "event_id" not in errors and event_id is None:
        errors["event_id"] = ["Invalid event_id"]
    if errors:
        raise SentryError(400, errors)
    return {
        "event_id": event_id or "",
        **{name: str(body[name])[:4096] for name in ("name", "email", "comments")},
    }


def _listed(request: SandboxRequest, owner_sql: str, owner: int) -> Response:
    def fetch(offset: int, count: int) -> Sequence[sqlite3.Row]:
        return request.db.all(
            f"SELECT * FROM user_reports WHERE {owner_sql}"  # noqa: S608
            " ORDER BY date_created DESC, id DESC LIMIT ? OFFSET ?",
            owner, count, offset,
        )  # fmt: skip

    page = paginate_offset(request, fetch)
    return page.reply(request, _reports_json(request, page.rows))


def _reports_json(request: SandboxRequest, rows: Sequence[sqlite3.Row]) -> list[dict[str, Any]]:
    issues = load_rows(request.db, list({row["issue_id"] for row in rows if row["issue_id"] is not None}))
    shown = {int(item["id"]): item for item in serialize_issues(request.db, issues, view_of(request))}
    return [
        {
            "id": str(row["id"]),
            "eventID": row["event_id"],
            "name": row["name"],
            "email": row["email"],
            "comments": row["comments"],
            "dateCreated": iso(row["date_created"]),
            "user": None,
            "event": {"id": row["event_id"], "eventID": row["event_id"]},
            "issue": shown.get(row["issue_id"]),
        }
        for row in rows
    ]
