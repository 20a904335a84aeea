"""What happened to an issue, and the hashes that lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.api.events import READ_SCOPES
from dexter.sandbox.issue_lookup import requested_issue
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.activity import issue_activity
from dexter.sandbox.serialize.event import short_event, whole_event

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from typing import Any

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/activities/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/activities/", scopes=READ_SCOPES)
async def activities(request: SandboxRequest) -> Response:
    """Give the latest of what happened to an issue."""
    return json_reply({"activity": issue_activity(request.db, requested_issue(request))})


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/hashes/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/hashes/", scopes=READ_SCOPES)
async def hashes(request: SandboxRequest) -> Response:
    """List the hashes whose events go to an issue, each with its latest event."""
    issue = requested_issue(request)
    is_full = request.query.get("full", "true") in ("1", "true", "True")

    def fetch(offset: int, count: int) -> Sequence[sqlite3.Row]:
        return request.db.all(
            "SELECT hash, last_event_id, project_id FROM issue_hashes WHERE issue_id = ?"
            " ORDER BY hash LIMIT ? OFFSET ?",
            issue["id"], count, offset,
        )  # fmt: skip

    page = paginate_offset(request, fetch)
    return page.reply(request, [_hash(request, row, is_full=is_full) for row in page.rows])


def _hash(request: SandboxRequest, row: sqlite3.Row, *, is_full: bool) -> dict[str, Any]:
    event = request.db.one(
        "SELECT * FROM events WHERE project_id = ? AND event_id = ?", row["project_id"], row["last_event_id"]
    )
    show = whole_event if is_full else short_event
    return {
        "id": row["hash"],
        "latestEvent": None if event is None else show(event),
        "mergedBySeer": False,
        "seerMatchDistance": None,
    }
