"""What a self-hosted Sentry tells its own web pages: the version that clients read here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.replies import json_reply
from dexter.sandbox.routing import serves

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

VERSION = "26.8.0"
"""The self-hosted release whose behaviour the sandbox follows."""


@serves("GET", "/api/client-config/", public=True)
async def client_config(request: SandboxRequest) -> Response:
    """Give the configuration of a self-hosted server."""
    base_url = request.base_url
    organization = request.sandbox.options.organization
    return json_reply(
        {
            "version": {"current": VERSION, "latest": VERSION, "build": "sandbox", "upgradeAvailable": False},
            "isSelfHosted": True,
            "isAuthenticated": False,
            "singleOrganization": True,
            "features": ["organizations:create"],
            "urlPrefix": base_url,
            "regions": [{"name": "--monolith--", "url": base_url}],
            "links": {"organizationUrl": base_url, "regionUrl": base_url, "sentryUrl": base_url},
            "lastOrganization": organization,
            "languageCode": "en",
            "user": None,
        }
    )
