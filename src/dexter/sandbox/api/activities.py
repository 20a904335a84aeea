"""What happened to an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.api.events import READ_SCOPES
from dexter.sandbox.issue_lookup import requested_issue
from dexter.sandbox.replies import json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.activity import issue_activity

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/activities/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/activities/", scopes=READ_SCOPES)
async def activities(request: SandboxRequest) -> Response:
    """Give the latest of what happened to an issue."""
    return json_reply({"activity": issue_activity(request.db, requested_issue(request))})
