"""Users: the one who asks (`me`), and others by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.replies import json_reply, not_found, permission_denied
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.user import user_json

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest


def own_user(request: SandboxRequest) -> sqlite3.Row:
    """Give the user in the path, who must be the one who asks; an integration is nobody."""
    asked = request.params.get("user_id", "me")
    own = request.actor.user_id
    row = request.db.one("SELECT * FROM users WHERE id = ?", own)
    if asked not in ("me", str(own)):
        raise permission_denied()
    if row is None:
        raise not_found()
    return row


@serves("GET", "/api/0/users/me/")
@serves("GET", "/api/0/users/{user_id}/")
async def user(request: SandboxRequest) -> Response:
    """Give the account of whoever asks."""
    shown = user_json(own_user(request))
    options = {"theme": "system", "language": "en", "timezone": "UTC", "clock24Hours": True, "stacktraceOrder": -1}
    return json_reply({**shown, "identities": [], "permissions": [], "options": options, "flags": {}})
