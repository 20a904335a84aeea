"""Who may know about an event: the authors of suspect commits, the owners of its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.api.events import PROJECT_SCOPES, READ_SCOPES
from dexter.sandbox.issue_lookup import normalized_event_id
from dexter.sandbox.issue_owners import owners as owners_of_events
from dexter.sandbox.replies import detail, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.commit import author_json, commit_json
from dexter.sandbox.serialize.issue import assigned_team, assigned_user
from dexter.sandbox.suspects import suspects

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

EVENT = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/events/{event_id}/"
SCOPES = (*PROJECT_SCOPES, *READ_SCOPES)


@serves("GET", f"{EVENT}committers/", scopes=SCOPES)
async def committers(request: SandboxRequest) -> Response:
    """Give the authors whose commits touched the event's files, with those commits; 404 where there are none."""
    event = _event(request)
    found = suspects(request.db, [event]).get(event["id"], [])
    if not found:
        raise detail(404, "No committers found")
    shown = [
        {
            "author": author_json(request.db, suspect.name, suspect.email),
            "commits": [{**commit_json(request.db, row), "score": score} for row, score in suspect.commits],
        }
        for suspect in found
    ]
    return json_reply({"committers": shown})


@serves("GET", f"{EVENT}owners/", scopes=SCOPES)
async def owners(request: SandboxRequest) -> Response:
    """Give who owns the event's code, and the rules that say so, the one that counts first."""
    event = _event(request)
    owned = owners_of_events(request.db, [event])[event["id"]]
    shown: list[dict[str, Any]] = [
        assigned_team(row) if kind == "team" else assigned_user(row) for kind, row in owned.owners
    ]
    rules = [rule.as_json() for rule in owned.rules]
    return json_reply({"owners": shown, "rule": rules[0][0] if rules else None, "rules": rules})


def _event(request: SandboxRequest) -> sqlite3.Row:
    event_id, row = normalized_event_id(request.params["event_id"]), None
    if event_id is not None:
        row = request.db.one(
            "SELECT * FROM events WHERE project_id = ? AND event_id = ?", request.project()["id"], event_id
        )
    if row is None:
        raise not_found()
    return row
