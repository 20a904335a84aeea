"""Issues like an issue: in their words, in their traces, or by their cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.api.events import READ_SCOPES
from dexter.sandbox.issue_lookup import requested_issue, view_of
from dexter.sandbox.issue_states import HIDDEN_SQL
from dexter.sandbox.replies import invalid, json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.serialize.issue import load_rows, serialize_issues
from dexter.sandbox.similarity import Features, features, likeness

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.database import Database
    from dexter.sandbox.request import SandboxRequest

ISSUE = "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/"
OLDER = "/api/0/issues/{issue_id}/"
MOST_COMPARED = 500
"""How many issues, the latest ones first, are looked at."""


@serves("GET", f"{ISSUE}similar/", scopes=READ_SCOPES)
@serves("GET", f"{OLDER}similar/", scopes=READ_SCOPES)
async def similar(request: SandboxRequest) -> Response:
    """Give `[[issue, {feature: score}], ...]`, the most alike first."""
    issue = requested_issue(request)
    found = _alike(request.db, issue)
    text = request.query.get("limit")
    if text:
        if not text.isdecimal():
            raise invalid("limit must be a whole number")
        found = found[: int(text)]
    rows = load_rows(request.db, [issue_id for issue_id, _ in found])
    shown = {item["id"]: item for item in serialize_issues(request.db, rows, view_of(request))}
    return json_reply([[shown[str(issue_id)], scores] for issue_id, scores in found])


def _alike(db: Database, issue: sqlite3.Row) -> list[tuple[int, dict[str, float]]]:
    own = _features(db, issue["id"])
    if own is None:
        return []
    others = db.all(
        f"SELECT id FROM issues WHERE project_id = ? AND id != ? AND status NOT IN {HIDDEN_SQL}"  # noqa: S608
        " ORDER BY type = ? DESC, last_seen DESC LIMIT ?",
        issue["project_id"], issue["id"], issue["type"], MOST_COMPARED,
    )  # fmt: skip
    found = []
    for row in others:
        theirs = _features(db, row["id"])
        scores = likeness(own, theirs) if theirs is not None else {}
        if scores:
            found.append((row["id"], scores))
    return sorted(found, key=lambda each: -sum(each[1].values()))


def _features(db: Database, issue_id: int) -> Features | None:
    data = db.value(
        "SELECT data_json FROM events WHERE issue_id = ? ORDER BY timestamp DESC, id DESC LIMIT 1", issue_id
    )
    return None if data is None else features(msgspec.json.decode(data))


@serves("GET", f"{ISSUE}similar-issues-embeddings/", scopes=READ_SCOPES)
async def similar_by_embeddings(request: SandboxRequest) -> Response:
    """Give nothing: no model runs here to compare by, and Sentry without one answers the same."""
    requested_issue(request)
    return json_reply([])


@serves("GET", f"{ISSUE}related-issues/", scopes=READ_SCOPES)
async def related(request: SandboxRequest) -> Response:
    """Give the numbers of issues with the same cause, or of the same trace."""
    issue = requested_issue(request)
    kind = request.query.get("type", "same_root_cause")
    look = {"same_root_cause": _same_cause, "trace_connected": _same_trace}.get(kind)
    if look is None:
        raise invalid(f"Invalid type: {kind}")
    data, meta = look(request.db, issue)
    return json_reply({"type": kind, "data": data, "meta": meta})


def _same_cause(db: Database, issue: sqlite3.Row) -> tuple[list[int], dict[str, Any]]:
    rows = db.all(
        f"SELECT id FROM issues WHERE project_id = ? AND id != ? AND title = ? AND status NOT IN {HIDDEN_SQL}"  # noqa: S608
        " ORDER BY id LIMIT 100",
        issue["project_id"], issue["id"], issue["title"],
    )  # fmt: skip
    return [row["id"] for row in rows], {}


def _same_trace(db: Database, issue: sqlite3.Row) -> tuple[list[int], dict[str, Any]]:
    trace = "json_extract(data_json, '$.contexts.trace.trace_id')"
    row = db.one(
        f"SELECT event_id, {trace} AS trace_id FROM events WHERE issue_id = ?"  # noqa: S608
        " ORDER BY timestamp DESC, id DESC LIMIT 1",
        issue["id"],
    )
    if row is None or row["trace_id"] is None:
        return [], {}
    found = db.all(
        f"SELECT DISTINCT e.issue_id FROM events e JOIN issues i ON i.id = e.issue_id WHERE i.project_id IN"  # noqa: S608
        " (SELECT p.id FROM projects p JOIN projects own ON own.organization_id = p.organization_id WHERE own.id = ?)"
        f" AND i.status NOT IN {HIDDEN_SQL} AND e.issue_id != ? AND json_extract(e.data_json,"
        " '$.contexts.trace.trace_id') = ? ORDER BY e.issue_id LIMIT 100",
        issue["project_id"], issue["id"], row["trace_id"],
    )  # fmt: skip
    return [each["issue_id"] for each in found], {"event_id": row["event_id"], "trace_id": row["trace_id"]}
