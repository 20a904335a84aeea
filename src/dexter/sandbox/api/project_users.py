"""The users that a project's events name: people of the application, not of Sentry."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import invalid
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.serialize.user import avatar_url

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

_KEYS = {"id": "identifier", "email": "email", "username": "username", "ip": "ipAddress"}


@serves("GET", "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/users/")
async def project_users(request: SandboxRequest) -> Response:
    """Give the users seen in a project, the latest first; `query` is `id:`, `email:`, `username:` or `ip:` + value."""
    rows = request.db.all(
        "SELECT u.user_key, u.user_json, min(u.first_seen) AS first_seen, max(u.last_seen) AS last_seen"
        " FROM issue_users u JOIN issues i ON i.id = u.issue_id WHERE i.project_id = ?"
        " GROUP BY u.user_key ORDER BY last_seen DESC, u.user_key",
        request.project()["id"],
    )
    shown = [_user(row) for row in rows]
    query = request.query.get("query")
    if query:
        key, colon, value = query.partition(":")
        if not colon or key not in _KEYS:
            raise invalid("Invalid query")
        shown = [user for user in shown if str(user[_KEYS[key]]).lower() == value.lower()]
    page = paginate_offset(request, shown)
    return page.reply(request, page.rows)


def _user(row: sqlite3.Row) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(row["user_json"])
    email = given.get("email") or ""
    return {
        "id": hashlib.md5(row["user_key"].encode(), usedforsecurity=False).hexdigest()[:16],
        "hash": hashlib.md5(row["user_key"].encode(), usedforsecurity=False).hexdigest(),
        "tagValue": row["user_key"],
        "identifier": str(given.get("id") or ""),
        "username": given.get("username") or "",
        "email": email,
        "name": given.get("name") or "",
        "ipAddress": given.get("ip_address") or "",
        "avatarUrl": avatar_url(email),
        "dateCreated": iso(row["first_seen"]),
    }
