"""Releases in which an issue was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.api.events import READ_SCOPES
from dexter.sandbox.issue_lookup import requested_issue
from dexter.sandbox.issue_resolution import latest_release
from dexter.sandbox.replies import json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.serialize.release import release_json

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

_ISSUE = "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/"


@serves("GET", f"{_ISSUE}first-last-release/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/first-last-release/", scopes=READ_SCOPES)
async def first_last_release(request: SandboxRequest) -> Response:
    """Give the first and the last release in which an issue was seen."""
    issue = requested_issue(request)
    return json_reply(
        {
            "id": str(issue["id"]),
            "firstRelease": _release(request, issue["first_release_id"]),
            "lastRelease": _release(request, issue["last_release_id"]),
        }
    )


@serves("GET", f"{_ISSUE}current-release/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/current-release/", scopes=READ_SCOPES)
async def current_release(request: SandboxRequest) -> Response:
    """Give the project's newest release and since when the issue is seen in it; null where it is not."""
    issue = requested_issue(request)
    release = latest_release(request.db, issue["project_id"])
    seen = None
    if release is not None:
        seen = request.db.one(
            "SELECT first_seen, last_seen FROM issue_tags WHERE issue_id = ? AND key = 'release' AND value = ?",
            issue["id"], release["version"],
        )  # fmt: skip
    if release is None or seen is None:
        return json_reply({"currentRelease": None})
    shown = {
        "environment": None,
        "release": release_json(request.db, release),
        "firstSeen": iso(seen["first_seen"]),
        "lastSeen": iso(seen["last_seen"]),
    }
    return json_reply({"currentRelease": shown})


def _release(request: SandboxRequest, release_id: int | None) -> dict[str, Any] | None:
    row = None if release_id is None else request.db.one("SELECT * FROM releases WHERE id = ?", release_id)
    return None if row is None else release_json(request.db, row)
