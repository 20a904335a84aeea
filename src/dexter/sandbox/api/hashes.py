"""The hashes that lead to an issue, and parting from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.api.events import READ_SCOPES
from dexter.sandbox.api.issue_update import WRITE_SCOPES
from dexter.sandbox.issue_lookup import requested_issue
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.pending_work import do_or_defer
from dexter.sandbox.replies import empty_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.event import short_event, whole_event

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from typing import Any

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

ADDRESS = "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/hashes/"
OLDER_ADDRESS = "/api/0/issues/{issue_id}/hashes/"


@serves("GET", ADDRESS, scopes=READ_SCOPES)
@serves("GET", OLDER_ADDRESS, scopes=READ_SCOPES)
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


@serves("PUT", ADDRESS, scopes=WRITE_SCOPES)
@serves("PUT", OLDER_ADDRESS, scopes=WRITE_SCOPES)
@serves("DELETE", ADDRESS, scopes=WRITE_SCOPES)
@serves("DELETE", OLDER_ADDRESS, scopes=WRITE_SCOPES)
async def unmerge(request: SandboxRequest) -> Response:
    """Part an issue from the hashes in `id`; accepted whether or not there is anything to part."""
    hashes_named = [value for value in request.query.getlist("id") if value]
    payload = {"issue": requested_issue(request)["id"], "hashes": hashes_named, "user": request.actor.user_id}
    do_or_defer(request.db, "unmerge", payload, request.now, request.sandbox.options.index_lag_s)
    return empty_reply(202)
