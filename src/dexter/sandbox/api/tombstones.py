"""The tombstones of a project: which issues are discarded, and taking that back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.api.events import PROJECT_SCOPES, READ_SCOPES
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import empty_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.tombstones import lift, tombstones_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

ADDRESS = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/tombstones/"


@serves("GET", ADDRESS, scopes=(*PROJECT_SCOPES, *READ_SCOPES))
async def tombstones(request: SandboxRequest) -> Response:
    """List a project's discarded issues, the latest first."""
    project = request.project()["id"]

    def fetch(offset: int, count: int) -> Sequence[sqlite3.Row]:
        return request.db.all(
            "SELECT * FROM tombstones WHERE project_id = ? ORDER BY id DESC LIMIT ? OFFSET ?", project, count, offset
        )

    page = paginate_offset(request, fetch)
    return page.reply(request, tombstones_json(request.db, page.rows))


@serves("DELETE", ADDRESS + "{tombstone_id}/", scopes=("event:admin", "project:admin", "project:write"))
async def delete_tombstone(request: SandboxRequest) -> Response:
    """Stop discarding: the next such event makes an issue again."""
    project, name = request.project()["id"], request.params["tombstone_id"]
    found = None
    if name.isascii() and name.isdecimal():
        found = request.db.value("SELECT id FROM tombstones WHERE id = ? AND project_id = ?", int(name[:18]), project)
    if found is None:
        raise not_found()
    lift(request.db, found)
    return empty_reply(204)
