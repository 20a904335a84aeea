"""Comments on an issue; Sentry also calls them notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.activity_log import record_activity
from dexter.sandbox.api.events import READ_SCOPES
from dexter.sandbox.issue_apply import subscribe
from dexter.sandbox.issue_assignment import UNREADABLE, is_project_member, team_has
from dexter.sandbox.issue_lookup import requested_issue
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import SentryError, empty_reply, invalid, invalid_fields, json_reply, not_found
from dexter.sandbox.routing import Handler, serves
from dexter.sandbox.serialize.activity import activities_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from starlette.responses import Response

    from dexter.sandbox.database import Database
    from dexter.sandbox.request import SandboxRequest

ADDRESSES = tuple(
    f"/api/0/{owner}issues/{{issue_id}}/{word}/"
    for owner in ("organizations/{organization_id_or_slug}/", "")
    for word in ("comments", "notes")
)
WRITE_SCOPES = READ_SCOPES
REPEAT_S = 3600


def _serves_all(method: str, suffix: str = "") -> Callable[[Handler], Handler]:
    def announce(handler: Handler) -> Handler:
        for address in ADDRESSES:
            serves(method, address + suffix, scopes=WRITE_SCOPES)(handler)
        return handler

    return announce


@_serves_all("GET")
async def comments(request: SandboxRequest) -> Response:
    """List an issue's comments, the latest first."""
    issue = requested_issue(request)

    def fetch(offset: int, count: int) -> Sequence[sqlite3.Row]:
        return request.db.all(
            "SELECT * FROM activities WHERE issue_id = ? AND type = 'note'"
            " ORDER BY date_created DESC, id DESC LIMIT ? OFFSET ?",
            issue["id"], count, offset,
        )  # fmt: skip

    page = paginate_offset(request, fetch)
    return page.reply(request, activities_json(request.db, page.rows))


@_serves_all("POST")
async def add_comment(request: SandboxRequest) -> Response:
    """Write a comment; needs a user, and not the same words twice within an hour."""
    issue, user_id = requested_issue(request), _writer(request)
    data = _note(request, issue, await request.json_object())
    repeated = request.db.value(
        "SELECT 1 FROM activities WHERE issue_id = ? AND user_id = ? AND type = 'note' AND date_created >= ?"
        " AND json_extract(data_json, '$.text') = ?",
        issue["id"], user_id, request.now - REPEAT_S, data["text"],
    )  # fmt: skip
    if repeated:
        raise invalid("You have already posted that comment.")
    with request.db.transaction():
        note_id = record_activity(request.db, issue["id"], user_id, "note", data, request.now)
        request.db.run("UPDATE issues SET num_comments = num_comments + 1 WHERE id = ?", issue["id"])
        for each in (user_id, *_mentioned_users(request.db, data)):
            subscribe(request.db, issue["id"], each)
    return json_reply(_shown(request, note_id), 201)


@_serves_all("PUT", "{note_id}/")
async def edit_comment(request: SandboxRequest) -> Response:
    """Rewrite one's own comment."""
    note_id = _own_note(request)
    data = _note(request, requested_issue(request), await request.json_object())
    request.db.run("UPDATE activities SET data_json = ? WHERE id = ?", msgspec.json.encode(data).decode(), note_id)
    return json_reply(_shown(request, note_id))


@_serves_all("DELETE", "{note_id}/")
async def delete_comment(request: SandboxRequest) -> Response:
    """Take one's own comment back."""
    note_id = _own_note(request)
    issue = requested_issue(request)
    with request.db.transaction():
        request.db.run("DELETE FROM activities WHERE id = ?", note_id)
        request.db.run("UPDATE issues SET num_comments = MAX(0, num_comments - 1) WHERE id = ?", issue["id"])
    return empty_reply(204)


def _writer(request: SandboxRequest) -> int:
    user_id = request.actor.user_id
    if user_id is None:
        raise SentryError(403, {"detail": "You do not have permission to perform this action."})
    return user_id


def _note(request: SandboxRequest, issue: sqlite3.Row, body: dict[str, Any]) -> dict[str, Any]:
    text = body.get("text")
    if text is None:
        raise invalid_fields(text="This field is required.")
    if not isinstance(text, str):
        raise invalid_fields(text="Not a valid string.")
    if not text.strip():
        raise invalid_fields(text="This field may not be blank.")
    mentions = body.get("mentions") or []
    if not isinstance(mentions, list):
        raise invalid_fields(mentions=f'Expected a list of items but got type "{type(mentions).__name__}".')
    for mention in mentions:
        _demand_mentionable(request.db, issue["project_id"], mention)
    return {"text": text, "mentions": mentions} if mentions else {"text": text}


def _demand_mentionable(db: Database, project: int, mention: Any) -> None:
    """Raise unless a mention names a member or a team of the issue's project, as `user:1` or `team:2`."""
    kind, _, number = str(mention).rpartition(":")
    if kind not in ("", "user", "team") or not (number.isascii() and number.isdecimal()):
        raise invalid_fields(mentions=UNREADABLE)
    if kind == "team":
        if not team_has(db, int(number[:18]), project):
            raise invalid_fields(mentions="Mentioned team not found or not associated with project")
    elif not is_project_member(db, int(number[:18]), project):
        raise invalid_fields(mentions="Cannot mention a non team member")


def _mentioned_users(db: Database, note: dict[str, Any]) -> list[int]:
    """Give the users whom a note mentions, a team's members too."""
    found: list[int] = []
    for mention in note.get("mentions", ()):
        kind, _, number = str(mention).rpartition(":")
        if kind == "team":
            rows = db.all(
                "SELECT m.user_id FROM team_members t JOIN members m ON m.id = t.member_id"
                " WHERE t.team_id = ? AND m.user_id IS NOT NULL",
                int(number[:18]),
            )
            found += [row["user_id"] for row in rows]
        else:
            found.append(int(number[:18]))
    return found


def _own_note(request: SandboxRequest) -> int:
    issue, name = requested_issue(request), request.params["note_id"]
    row = None
    if name.isascii() and name.isdecimal():
        row = request.db.one(
            "SELECT id FROM activities WHERE id = ? AND issue_id = ? AND type = 'note' AND user_id = ?",
            int(name[:18]), issue["id"], _writer(request),
        )  # fmt: skip
    if row is None:
        raise not_found()
    found: int = row["id"]
    return found


def _shown(request: SandboxRequest, note_id: int) -> dict[str, Any]:
    return activities_json(request.db, request.db.all("SELECT * FROM activities WHERE id = ?", note_id))[0]
