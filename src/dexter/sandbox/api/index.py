"""`/api/0/`: the version and who asks. A good probe for a credential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.replies import json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.user import user_json

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest


@serves("GET", "/api/0/", public=True)
async def index(request: SandboxRequest) -> Response:
    """Answer with nulls to a stranger, with scopes and user to a valid token, with 401 to an invalid one."""
    auth: dict[str, Any] | None = None
    user: dict[str, Any] | None = None
    if request.headers.get("authorization"):
        auth = {"scopes": sorted(request.actor.scopes)}
        row = request.db.one("SELECT * FROM users WHERE id = ?", request.actor.user_id)
        user = None if row is None else user_json(row)
    return json_reply({"version": "0", "auth": auth, "user": user})


@serves("GET", "/_health/", public=True)
async def health(request: SandboxRequest) -> Response:
    """Say that the server stands."""
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("ok")
