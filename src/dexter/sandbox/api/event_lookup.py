"""One event: by its id or its place in the issue, and the way from an id to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.api.events import PROJECT_SCOPES, READ_SCOPES
from dexter.sandbox.issue_lookup import normalized_event_id, requested_issue
from dexter.sandbox.replies import invalid, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.search.condition import Condition
from dexter.sandbox.search.event_conditions import event_conditions
from dexter.sandbox.search.issue_query import InvalidQuery, parse
from dexter.sandbox.search.time_range import ANY_TIME
from dexter.sandbox.serialize.event import event_data, whole_event
from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.serialize.release import release_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from starlette.responses import Response

    from dexter.sandbox.database import Database
    from dexter.sandbox.request import SandboxRequest

ORG_SCOPES = ("org:read", "org:write", "org:admin")

_LATEST = "e.timestamp DESC, e.id DESC"
_OLDEST = "e.timestamp ASC, e.id ASC"
# Sentry recommends the event that tells most: one with a replay, a trace or source, then the newest.
_RECOMMENDED = (
    "(json_extract(e.data_json, '$.contexts.replay') IS NOT NULL) DESC,"
    " (json_extract(e.data_json, '$.contexts.trace') IS NOT NULL) DESC,"
    " (json_extract(e.data_json, '$.errors') IS NULL) DESC, e.timestamp DESC, e.id DESC"
)
ORDERS = {"latest": _LATEST, "oldest": _OLDEST, "recommended": _RECOMMENDED, "helpful": _RECOMMENDED}


@serves(
    "GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/events/{event_id}/", scopes=READ_SCOPES
)
@serves("GET", "/api/0/issues/{issue_id}/events/{event_id}/", scopes=READ_SCOPES)
async def issue_event(request: SandboxRequest) -> Response:
    """Give an issue's event: `latest`, `oldest`, `recommended`, or by id."""
    issue = requested_issue(request)
    within = [_belongs_to_issue(issue["id"]), *_narrowed(request)]
    name = request.params["event_id"]
    if name in ORDERS:
        row = _first(request.db, within, ORDERS[name])
    else:
        event_id = normalized_event_id(name)
        if event_id is None:
            raise not_found()
        row = request.db.one("SELECT * FROM events WHERE issue_id = ? AND event_id = ?", issue["id"], event_id)
    if row is None:
        raise not_found()
    return json_reply(event_detail(request.db, row, within))


@serves(
    "GET",
    "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/events/{event_id}/",
    scopes=(*PROJECT_SCOPES, *READ_SCOPES),
)
async def project_event(request: SandboxRequest) -> Response:
    """Give a project's event by id."""
    return json_reply(_project_event(request, request.project()["id"], request.params["event_id"]))


@serves(
    "GET",
    "/api/0/organizations/{organization_id_or_slug}/events/{project_id_or_slug}:{event_id}/",
    scopes=ORG_SCOPES,
)
async def organization_event(request: SandboxRequest) -> Response:
    """Give an event by the project it is in and its id."""
    return json_reply(_project_event(request, request.project()["id"], request.params["event_id"]))


@serves(
    "GET",
    "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/events/{event_id}/json/",
    scopes=(*PROJECT_SCOPES, *READ_SCOPES),
)
async def event_json(request: SandboxRequest) -> Response:
    """Give the event's body as it was kept."""
    row = _stored(request, request.project()["id"], request.params["event_id"])
    return json_reply(dict(event_data(row)))


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/eventids/{event_id}/", scopes=ORG_SCOPES)
async def event_id_lookup(request: SandboxRequest) -> Response:
    """Find the project and the issue of an event."""
    event_id = normalized_event_id(request.params["event_id"])
    if event_id is None:
        raise invalid("Invalid event ID")
    rows = request.db.all(
        "SELECT e.*, p.slug AS project_slug FROM events e JOIN projects p ON p.id = e.project_id"
        " WHERE e.event_id = ? AND p.organization_id = ? ORDER BY e.id",
        event_id, request.organization["id"],
    )  # fmt: skip
    row = next((row for row in rows if request.actor.sees(row["project_id"])), None)
    if row is None:
        raise not_found()
    return json_reply(
        {
            "organizationSlug": request.organization["slug"],
            "projectSlug": row["project_slug"],
            "groupId": str(row["issue_id"]),
            "eventId": event_id,
            "event": whole_event(row),
        }
    )


def _project_event(request: SandboxRequest, project_id: int, name: str) -> dict[str, Any]:
    row = _stored(request, project_id, name)
    within = [_belongs_to_issue(row["issue_id"]), *_narrowed(request, with_query=False)]
    return event_detail(request.db, row, within)


def _stored(request: SandboxRequest, project_id: int, name: str) -> sqlite3.Row:
    event_id = normalized_event_id(name)
    if event_id is None:
        raise not_found()
    row = request.db.one("SELECT * FROM events WHERE project_id = ? AND event_id = ?", project_id, event_id)
    if row is None:
        raise not_found()
    return row


def _belongs_to_issue(issue_id: int) -> Condition:
    return Condition("e.issue_id = ?", (issue_id,))


def _narrowed(request: SandboxRequest, *, with_query: bool = True) -> list[Condition]:
    environments = [name for name in request.query.getlist("environment") if name]
    try:
        terms = parse(request.query.get("query", "").strip()) if with_query else ()
        return event_conditions(terms, ANY_TIME, environments, request.now)
    except InvalidQuery as error:
        raise invalid(str(error)) from error


def event_detail(db: Database, row: sqlite3.Row, within: Sequence[Condition]) -> dict[str, Any]:
    """Give a whole event with its release, what its user said, and its neighbours in the issue."""
    return {
        **whole_event(row),
        "release": _release(db, row),
        "userReport": _user_report(db, row),
        "sdkUpdates": [],
        "resolvedWith": [],
        "nextEventID": _neighbour(db, row, within, ">", _OLDEST),
        "previousEventID": _neighbour(db, row, within, "<", _LATEST),
    }


def _neighbour(db: Database, row: sqlite3.Row, within: Sequence[Condition], beyond: str, order: str) -> str | None:
    there = Condition(f"(e.timestamp, e.id) {beyond} (?, ?)", (row["timestamp"], row["id"]))
    found = _first(db, [*within, there], order)
    return None if found is None else found["event_id"]


def _first(db: Database, where: Sequence[Condition], order: str) -> sqlite3.Row | None:
    joined = " AND ".join(part.sql for part in where)
    params = [param for part in where for param in part.params]
    return db.one(f"SELECT e.* FROM events e WHERE {joined} ORDER BY {order} LIMIT 1", *params)  # noqa: S608


def _release(db: Database, row: sqlite3.Row) -> dict[str, Any] | None:
    if row["release"] is None:
        return None
    release = db.one(
        "SELECT r.* FROM releases r JOIN projects p ON p.organization_id = r.organization_id"
        " WHERE p.id = ? AND r.version = ?",
        row["project_id"], row["release"],
    )  # fmt: skip
    return None if release is None else {**release_json(db, release), "id": release["id"]}


def _user_report(db: Database, row: sqlite3.Row) -> dict[str, Any] | None:
    report = db.one(
        "SELECT * FROM user_reports WHERE project_id = ? AND event_id = ?", row["project_id"], row["event_id"]
    )
    if report is None:
        return None
    return {
        "id": str(report["id"]),
        "eventID": report["event_id"],
        "name": report["name"],
        "email": report["email"],
        "comments": report["comments"],
        "dateCreated": iso(report["date_created"]),
        "user": None,
        "event": {"id": report["event_id"], "eventID": report["event_id"]},
    }
