"""Changing and deleting many issues at once, with Sentry's hazards.

A mutation without ids applies to the first 1000 matches of the search, which is `is:unresolved` unless said
otherwise. So does an update whose ids are all out of its scope: it falls through to the search. Only repeated
`id` counts; `id[]` is read by nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.api.issue_update import ADMIN_SCOPES, WRITE_SCOPES, change, discard, removed, requested_changes
from dexter.sandbox.api.issues import refresh, requested_scope, requested_terms
from dexter.sandbox.issue_states import HIDDEN
from dexter.sandbox.replies import empty_reply, invalid, json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.search.issue_query import InvalidQuery
from dexter.sandbox.search.issue_search import SORTS, matching_ids
from dexter.sandbox.search.scope import SearchScope
from dexter.sandbox.selection import selected_environments
from dexter.sandbox.serialize.issue import load_rows

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

MOST_AT_ONCE = 1000


@serves("PUT", "/api/0/organizations/{organization_id_or_slug}/issues/", scopes=WRITE_SCOPES)
async def update_organization_issues(request: SandboxRequest) -> Response:
    """Change issues of the organization; give what was set."""
    return await _update(request, requested_scope(request))


@serves("PUT", "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/", scopes=WRITE_SCOPES)
async def update_project_issues(request: SandboxRequest) -> Response:
    """Change issues of a project; give what was set."""
    return await _update(request, _project_scope(request))


@serves("DELETE", "/api/0/organizations/{organization_id_or_slug}/issues/", scopes=ADMIN_SCOPES)
async def delete_organization_issues(request: SandboxRequest) -> Response:
    """Delete issues of the organization."""
    return _delete(request, requested_scope(request))


@serves("DELETE", "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/issues/", scopes=ADMIN_SCOPES)
async def delete_project_issues(request: SandboxRequest) -> Response:
    """Delete issues of a project."""
    return _delete(request, _project_scope(request))


def _project_scope(request: SandboxRequest) -> SearchScope:
    environments = tuple(selected_environments(request))
    return SearchScope(request.now, request.actor.user_id, (request.project()["id"],), environments)


async def _update(request: SandboxRequest, scope: SearchScope) -> Response:
    changes = await requested_changes(request)
    issues = _named(request, scope) or _matching(request, scope)
    if not issues:
        return empty_reply(204)
    if changes.given.get("discard"):
        return discard(request, issues)
    return json_reply(change(request, issues, changes))


def _delete(request: SandboxRequest, scope: SearchScope) -> Response:
    issues = _named(request, scope) if request.query.getlist("id") else _matching(request, scope)
    return removed(request, issues, 204) if issues else empty_reply(204)


def _named(request: SandboxRequest, scope: SearchScope) -> list[sqlite3.Row]:
    """Give the issues that `id` names and the scope reaches; `status`, as older clients send it, narrows them."""
    named = request.query.getlist("id")
    if not all(value.isascii() and value.isdecimal() for value in named):
        raise invalid("Group ids must be integers")
    status = request.query.get("status") if "project_id_or_slug" in request.params else None
    rows = load_rows(request.db, list(dict.fromkeys(int(value[:18]) for value in named)))
    return [
        row
        for row in rows
        if row["project_id"] in scope.project_ids and row["status"] not in HIDDEN and status in (None, row["status"])
    ]


def _matching(request: SandboxRequest, scope: SearchScope) -> list[sqlite3.Row]:
    refresh(request)
    sort = request.query.get("sort") or "date"
    if sort not in SORTS:
        raise invalid(f"Invalid sort parameter: {sort}")
    try:
        ids = matching_ids(request.db, requested_terms(request), scope, sort, MOST_AT_ONCE)
    except InvalidQuery as error:
        raise invalid(str(error)) from error
    return load_rows(request.db, ids)
