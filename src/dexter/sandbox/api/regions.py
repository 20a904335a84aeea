"""Regions: a self-hosted Sentry has one, itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.api.users import own_user
from dexter.sandbox.replies import json_reply
from dexter.sandbox.routing import serves

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest


@serves("GET", "/api/0/users/me/regions/")
@serves("GET", "/api/0/users/{user_id}/regions/")
async def regions(request: SandboxRequest) -> Response:
    """Give the one region."""
    own_user(request)
    return json_reply({"regions": [{"name": "--monolith--", "url": request.base_url}]})


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/region/")
async def organization_region(request: SandboxRequest) -> Response:
    """Give where an organization lives."""
    _ = request.organization
    return json_reply({"name": "--monolith--", "url": request.base_url})
