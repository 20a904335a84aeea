"""Changing one issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.background import BackgroundTask

from dexter.sandbox.auth import demand
from dexter.sandbox.issue_apply import Writer, apply_changes
from dexter.sandbox.issue_changes import Changes, InvalidChanges, parse_changes
from dexter.sandbox.issue_lookup import requested_issue, view_of
from dexter.sandbox.issue_removal import mark_for_deletion, purge
from dexter.sandbox.replies import SentryError, empty_reply, json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.issue import load_rows, serialize_issues
from dexter.sandbox.tombstones import bury

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from typing import Any

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

WRITE_SCOPES = ("event:write", "event:admin")
ADMIN_SCOPES = ("event:admin",)


@serves("PUT", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/", scopes=WRITE_SCOPES)
@serves("PUT", "/api/0/issues/{issue_id}/", scopes=WRITE_SCOPES)
async def update_issue(request: SandboxRequest) -> Response:
    """Change an issue and give it back whole."""
    issue = requested_issue(request)
    changes = await requested_changes(request)
    if changes.given.get("discard"):
        return discard(request, [issue])
    change(request, [issue], changes)
    shown = serialize_issues(request.db, load_rows(request.db, [issue["id"]]), view_of(request))
    return json_reply(shown[0])


async def requested_changes(request: SandboxRequest) -> Changes:
    """Give the changes the body asks for; 400 with every field at fault."""
    try:
        return parse_changes(await request.json())
    except InvalidChanges as error:
        raise SentryError(400, error.errors) from error


def change(request: SandboxRequest, issues: Sequence[sqlite3.Row], changes: Changes) -> dict[str, Any]:
    """Carry changes out on issues; give the fields that were set."""
    organization_id = request.db.value("SELECT organization_id FROM projects WHERE id = ?", issues[0]["project_id"])
    lag_s = request.sandbox.options.index_lag_s
    writer = Writer(request.db, request.now, lag_s, request.actor.user_id, organization_id)
    try:
        return apply_changes(writer, issues, changes)
    except InvalidChanges as error:
        raise SentryError(400, error.errors) from error


def discard(request: SandboxRequest, issues: Sequence[sqlite3.Row]) -> Response:
    """Delete issues for good and throw their further events away; needs the right to delete."""
    demand(request.actor, ADMIN_SCOPES)
    with request.db.transaction():
        for issue in issues:
            bury(request.db, issue, request.actor.user_id, request.now)
    return removed(request, issues, 204)


def removed(request: SandboxRequest, issues: Sequence[sqlite3.Row], status: int) -> Response:
    """Take issues out of sight and give the reply after which they are forgotten."""
    ids = [issue["id"] for issue in issues]
    mark_for_deletion(request.db, ids)
    reply = empty_reply(status)
    reply.background = BackgroundTask(purge, request.db, ids)
    return reply
