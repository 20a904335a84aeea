"""The issue lists of an organization and of a project."""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dexter.sandbox.issue_lookup import issue_by_short_id, issues_by_event_id, normalized_event_id, view_of
from dexter.sandbox.issue_states import HIDDEN, HIDDEN_SQL
from dexter.sandbox.pagination import parse_cursor
from dexter.sandbox.replies import invalid, json_reply, permission_denied
from dexter.sandbox.routing import serves
from dexter.sandbox.search.filtered import tag_terms
from dexter.sandbox.search.issue_query import InvalidQuery, Term, parse
from dexter.sandbox.search.issue_search import SORTS, fits_inbox, search_page
from dexter.sandbox.search.scope import SearchScope
from dexter.sandbox.search.time_range import ANY_TIME, InvalidTime, TimeRange, time_range
from dexter.sandbox.search_index import catch_up
from dexter.sandbox.selection import selected_environments, selected_projects
from dexter.sandbox.serialize.issue import ListView, load_rows, serialize_list
from dexter.sandbox.snooze import wake_due

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.pagination import Page
    from dexter.sandbox.request import SandboxRequest

DEFAULT_QUERY = "is:unresolved"
MAX_LIMIT = 100
DIRECT_HIT = {"X-Sentry-Direct-Hit": "1"}


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/")
async def organization_issues(request: SandboxRequest) -> Response:
    """List the organization's issues that match a search."""
    stats_period = request.query.get("groupStatsPeriod", "24h")
    if stats_period not in ("", "24h", "14d", "auto"):
        raise invalid("Invalid stats_period. Valid choices are '', '24h', '14d', and 'auto'")
    scope = requested_scope(request)
    wanted = ListView(
        now=request.now,
        time=scope.time,
        environments=scope.environments,
        stats_period=stats_period,
        expand=frozenset(request.query.getlist("expand")),
        collapse=frozenset(request.query.getlist("collapse")),
    )
    direct = _direct_hit(request, scope)
    if direct is not None:
        return json_reply(_direct_json(request, direct, wanted), headers=DIRECT_HIT)
    page = requested_page(request, scope)
    wanted = replace(wanted, tags=tag_terms(requested_terms(request)))
    rows = load_rows(request.db, [row["id"] for row in page.rows])
    return page.reply(request, serialize_list(request.db, rows, view_of(request), wanted))


@serves("GET", "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/")
async def project_issues(request: SandboxRequest) -> Response:
    """List one project's issues: the older address, whose statsPeriod names the series, not the searched time."""
    project = request.project()
    stats_period = request.query.get("statsPeriod", "24h")
    if stats_period not in ("", "24h", "14d"):
        raise invalid("Invalid stats_period. Valid choices are '', '24h', and '14d'")
    scope = SearchScope(
        request.now, request.actor.user_id, (project["id"],), tuple(selected_environments(request)), ANY_TIME
    )
    collapse = frozenset({"filtered"})
    wanted = ListView(request.now, ANY_TIME, scope.environments, stats_period, frozenset(), collapse)
    hashes = [value for value in request.query.getlist("hashes") if value]
    direct = _by_hashes(request, project["id"], hashes) if hashes else _direct_hit(request, scope)
    if direct is not None:
        headers = None if hashes else DIRECT_HIT
        return json_reply(serialize_list(request.db, direct, view_of(request), wanted), headers=headers)
    page = requested_page(request, scope)
    rows = load_rows(request.db, [row["id"] for row in page.rows])
    return page.reply(request, serialize_list(request.db, rows, view_of(request), wanted))


def requested_scope(request: SandboxRequest) -> SearchScope:
    """Give what the request's projects, environments and time narrow a search to."""
    projects = tuple(selected_projects(request))
    environments = tuple(selected_environments(request))
    return SearchScope(request.now, request.actor.user_id, projects, environments, requested_time(request))


def requested_time(request: SandboxRequest) -> TimeRange:
    """Give the time the request asks about; 400 for one that is not of its form."""
    try:
        return time_range(request.query, request.now)
    except InvalidTime as error:
        raise invalid(str(error)) from error


def requested_terms(request: SandboxRequest) -> tuple[Term, ...]:
    """Give the terms of the request's query; without one, of the default."""
    try:
        return parse(request.query.get("query", DEFAULT_QUERY).strip())
    except InvalidQuery as error:
        raise invalid(str(error)) from error


def requested_page(request: SandboxRequest, scope: SearchScope) -> Page[sqlite3.Row]:
    """Run the request's search and give the page it asks for."""
    terms = requested_terms(request)
    sort = request.query.get("sort") or "date"
    if sort not in SORTS:
        raise invalid(f"Invalid sort parameter: {sort}")
    if sort == "inbox" and not fits_inbox(terms):
        raise invalid("Sort key 'inbox' only supported for inbox search")
    limit = requested_limit(request)
    cursor = parse_cursor(request.query.get("cursor"))
    refresh(request)
    try:
        return search_page(request.db, terms, scope, sort, cursor, limit)
    except InvalidQuery as error:
        raise invalid(str(error)) from error


def requested_limit(request: SandboxRequest) -> int:
    """Give how many issues a page holds: what was asked for, silently no more than MAX_LIMIT."""
    text = request.query.get("limit")
    if not text:
        return MAX_LIMIT
    try:
        limit = int(text)
    except ValueError:
        raise invalid("invalid limit") from None
    if limit < 0:
        raise invalid("invalid limit")
    return min(limit, MAX_LIMIT)


def refresh(request: SandboxRequest) -> None:
    """Let time take effect before a search: archives that ran out, and the index's lag."""
    wake_due(request.db, request.now)
    catch_up(request.db, request.now)


def _direct_hit(request: SandboxRequest, scope: SearchScope) -> list[sqlite3.Row] | None:
    """Give the issues a request names outright: by `group`, by an event's id, by a short id; None for a search."""
    wanted = [value for value in request.query.getlist("group") if value]
    if wanted:
        return _by_ids(request, scope, wanted)
    query = request.query.get("query", "").strip()
    event_id = normalized_event_id(query)
    if event_id is not None and scope.project_ids:
        found = issues_by_event_id(request.db, list(scope.project_ids), event_id)
        if found:
            return found
    if request.query.get("shortIdLookup") in ("1", "true"):
        row = issue_by_short_id(request.db, request.organization["id"], query)
        if row is not None and row["status"] not in HIDDEN:
            if not request.actor.sees(row["project_id"]):
                raise permission_denied()
            return [row]
    return None


def _by_ids(request: SandboxRequest, scope: SearchScope, wanted: list[str]) -> list[sqlite3.Row]:
    if not all(value.isdecimal() for value in wanted):
        raise invalid("Group ids must be integers")
    rows = load_rows(request.db, [int(value[:18]) for value in wanted])
    return [row for row in rows if row["project_id"] in scope.project_ids and row["status"] not in HIDDEN]


def _by_hashes(request: SandboxRequest, project_id: int, hashes: list[str]) -> list[sqlite3.Row]:
    marks = ",".join("?" * len(hashes))
    return request.db.all(
        f"SELECT * FROM issues WHERE id IN (SELECT issue_id FROM issue_hashes"
        f" WHERE project_id = ? AND hash IN ({marks})) AND status NOT IN {HIDDEN_SQL}",
        project_id, *hashes,
    )  # fmt: skip


def _direct_json(request: SandboxRequest, rows: list[sqlite3.Row], wanted: ListView) -> list[dict[str, object]]:
    shown = serialize_list(request.db, rows, view_of(request), wanted)
    event_id = normalized_event_id(request.query.get("query", ""))
    if event_id is not None and len(shown) == 1 and "group" not in request.query:
        shown[0]["matchingEventId"] = event_id
        shown[0]["matchingEventEnvironment"] = request.db.value(
            "SELECT environment FROM events WHERE event_id = ? AND issue_id = ?", event_id, rows[0]["id"]
        )
    return shown
