"""What a Sentry tells its own web pages: the version that clients read here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.replies import json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.standing import standing

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest


@serves("GET", "/api/client-config/", public=True)
async def client_config(request: SandboxRequest) -> Response:
    """Give the configuration that a server of the profile in force hands its web pages."""
    known = standing(request.sandbox).profile
    base_url = request.base_url
    version = {"current": known.version, "latest": known.version, "build": "sandbox", "upgradeAvailable": False}
    if known.self_hosted == "on_premise":
        return json_reply({"version": version, "isOnPremise": True, "isAuthenticated": False, "urlPrefix": base_url})
    return json_reply(
        {
            "version": version,
            "isSelfHosted": known.self_hosted,
            "isAuthenticated": False,
            "singleOrganization": known.self_hosted,
            "features": ["organizations:create"],
            "urlPrefix": base_url,
            "regions": [{"name": "--monolith--" if known.self_hosted else "us", "url": base_url}],
            "links": {"organizationUrl": base_url, "regionUrl": base_url, "sentryUrl": base_url},
            "lastOrganization": request.sandbox.options.organization,
            "languageCode": "en",
            "user": None,
        }
    )
