"""Deleting one issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.api.issue_update import ADMIN_SCOPES, removed
from dexter.sandbox.issue_lookup import requested_issue
from dexter.sandbox.routing import serves

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest


@serves("DELETE", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/", scopes=ADMIN_SCOPES)
@serves("DELETE", "/api/0/issues/{issue_id}/", scopes=ADMIN_SCOPES)
async def delete_issue(request: SandboxRequest) -> Response:
    """Delete an issue: accepted at once, carried out after."""
    return removed(request, [requested_issue(request)], 202)
