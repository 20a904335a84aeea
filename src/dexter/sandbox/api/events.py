"""The events of an issue and of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.api.issues import requested_time
from dexter.sandbox.issue_lookup import requested_issue
from dexter.sandbox.pagination import offset_page, parse_cursor, per_page
from dexter.sandbox.replies import invalid
from dexter.sandbox.routing import serves
from dexter.sandbox.search.event_conditions import event_conditions
from dexter.sandbox.search.issue_query import InvalidQuery, parse
from dexter.sandbox.selection import selected_environments
from dexter.sandbox.serialize.event import short_event, whole_event

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest
    from dexter.sandbox.search.condition import Condition

READ_SCOPES = ("event:read", "event:write", "event:admin")
PROJECT_SCOPES = ("project:read", "project:write", "project:admin")
MOST_WHOLE = 10
"""Whole events are large: Sentry gives no more of them a page."""


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/events/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/events/", scopes=READ_SCOPES)
async def issue_events(request: SandboxRequest) -> Response:
    """List an issue's events, the latest first."""
    issue = requested_issue(request)
    return _events(request, "e.issue_id = ?", issue["id"], with_query=True)


@serves("GET", "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/events/", scopes=PROJECT_SCOPES)
async def project_events(request: SandboxRequest) -> Response:
    """List a project's events, the latest first."""
    return _events(request, "e.project_id = ?", request.project()["id"], with_query=False)


def _events(request: SandboxRequest, owner_sql: str, owner: int, *, with_query: bool) -> Response:
    where = [owner_sql]
    params: list[object] = [owner]
    for part in _narrowed(request, with_query=with_query):
        where.append(part.sql)
        params += part.params
    is_full = request.query.get("full") in ("1", "true")
    order = "e.event_id" if request.query.get("sample") in ("1", "true") else "e.timestamp DESC, e.id DESC"

    def fetch(offset: int, count: int) -> list[sqlite3.Row]:
        return request.db.all(
            f"SELECT e.* FROM events e WHERE {' AND '.join(where)} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608
            *params, count, offset,
        )  # fmt: skip

    limit = per_page(request)
    page = offset_page(fetch, parse_cursor(request.query.get("cursor")), min(limit, MOST_WHOLE) if is_full else limit)
    show = whole_event if is_full else short_event
    return page.reply(request, [show(row) for row in page.rows])


def _narrowed(request: SandboxRequest, *, with_query: bool) -> list[Condition]:
    try:
        terms = parse(request.query.get("query", "").strip()) if with_query else ()
        return event_conditions(terms, requested_time(request), _environments(request), request.now)
    except InvalidQuery as error:
        raise invalid(str(error)) from error


def _environments(request: SandboxRequest) -> list[str]:
    if "organization_id_or_slug" in request.params:
        return selected_environments(request)
    return [name for name in request.query.getlist("environment") if name]
