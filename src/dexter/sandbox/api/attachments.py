"""Files that came with events: of one event, of all events of an issue, and their content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from dexter.sandbox.api.events import PROJECT_SCOPES, READ_SCOPES
from dexter.sandbox.issue_lookup import normalized_event_id, requested_issue
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import empty_reply, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from dexter.sandbox.request import SandboxRequest

EVENT = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/events/{event_id}/attachments/"
_COLUMNS = "a.id, a.event_id, a.name, a.content_type, a.size, a.sha1, a.date_created"


@serves("GET", EVENT, scopes=(*PROJECT_SCOPES, *READ_SCOPES))
async def event_attachments(request: SandboxRequest) -> Response:
    """List the files of an event; `query` narrows them to names that contain it."""
    project, event_id = request.project()["id"], _event_id(request)
    name = request.query.get("query", "").removeprefix("name:")

    def fetch(offset: int, count: int) -> Sequence[sqlite3.Row]:
        return request.db.all(
            f"SELECT {_COLUMNS} FROM attachments a WHERE a.project_id = ? AND a.event_id = ?"  # noqa: S608
            " AND instr(lower(a.name), lower(?)) > 0 ORDER BY a.name, a.id LIMIT ? OFFSET ?",
            project, event_id, name, count, offset,
        )  # fmt: skip

    page = paginate_offset(request, fetch)
    return page.reply(request, [attachment_json(row) for row in page.rows])


@serves("GET", EVENT + "{attachment_id}/", scopes=(*PROJECT_SCOPES, *READ_SCOPES))
async def event_attachment(request: SandboxRequest) -> Response:
    """Give what is known of a file, or with `download` the file itself."""
    row = _attachment(request)
    if "download" not in request.query:
        return json_reply(attachment_json(row))
    # Nothing that came with an event may run in a browser: it is always saved, never shown.
    name = "".join(
        letter for letter in row["name"] if letter.isascii() and letter.isprintable() and letter not in '"\\'
    )
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(row["content"] or b"", 200, headers, media_type="application/octet-stream")


@serves("DELETE", EVENT + "{attachment_id}/", scopes=("project:write", "project:admin", "event:admin"))
async def delete_event_attachment(request: SandboxRequest) -> Response:
    """Delete a file of an event."""
    request.db.run("DELETE FROM attachments WHERE id = ?", _attachment(request)["id"])
    return empty_reply(204)


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/attachments/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/attachments/", scopes=READ_SCOPES)
async def issue_attachments(request: SandboxRequest) -> Response:
    """List the files of an issue's events, the latest first."""
    issue = requested_issue(request)

    def fetch(offset: int, count: int) -> Sequence[sqlite3.Row]:
        return request.db.all(
            f"SELECT {_COLUMNS} FROM attachments a JOIN events e ON e.project_id = a.project_id"  # noqa: S608
            " AND e.event_id = a.event_id WHERE e.issue_id = ?"
            " ORDER BY a.date_created DESC, a.id DESC LIMIT ? OFFSET ?",
            issue["id"], count, offset,
        )  # fmt: skip

    page = paginate_offset(request, fetch)
    return page.reply(request, [attachment_json(row) for row in page.rows])


def _safe_name(name: str) -> str:
    return "".join(letter for letter in name if letter.isascii() and letter.isprintable() and letter not in '"\\')


def _event_id(request: SandboxRequest) -> str:
    event_id = normalized_event_id(request.params["event_id"])
    if event_id is None:
        raise not_found()
    return event_id


def _attachment(request: SandboxRequest) -> sqlite3.Row:
    project, event_id, name = request.project()["id"], _event_id(request), request.params["attachment_id"]
    row = None
    if name.isascii() and name.isdecimal():
        row = request.db.one(
            "SELECT * FROM attachments WHERE project_id = ? AND event_id = ? AND id = ?",
            project, event_id, int(name[:18]),
        )  # fmt: skip
    if row is None:
        raise not_found()
    return row


def attachment_json(row: sqlite3.Row) -> dict[str, Any]:
    """Give what is known of a file."""
    kind = row["content_type"]
    return {
        "id": str(row["id"]),
        "event_id": row["event_id"],
        "type": "event.attachment",
        "name": row["name"],
        "mimetype": kind,
        "dateCreated": iso(row["date_created"]),
        "size": row["size"],
        "headers": {"Content-Type": kind},
        "sha1": row["sha1"],
    }
