"""One issue: everything about it, and the lookups that lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.external_links import link_json, links_of
from dexter.sandbox.issue_lookup import issue_by_short_id, requested_issue, view_of
from dexter.sandbox.issue_owners import suggested
from dexter.sandbox.issue_states import HIDDEN
from dexter.sandbox.replies import json_reply, not_found, permission_denied
from dexter.sandbox.routing import serves
from dexter.sandbox.search.short_id import format_short_id
from dexter.sandbox.search.time_range import ANY_TIME
from dexter.sandbox.selection import selected_environments
from dexter.sandbox.serialize.activity import issue_activity, participants, seen_by
from dexter.sandbox.serialize.issue import has_attachments, inbox, serialize_issues
from dexter.sandbox.serialize.issue_counts import load_seen, load_series, period_buckets
from dexter.sandbox.serialize.release import release_json
from dexter.sandbox.serialize.tag import tag_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from starlette.responses import Response

    from dexter.sandbox.database import Database
    from dexter.sandbox.request import SandboxRequest

READ_SCOPES = ("event:read", "event:write", "event:admin")


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/", scopes=READ_SCOPES)
async def organization_issue(request: SandboxRequest) -> Response:
    """Give one issue with everything about it; asking counts as having looked at it."""
    return _detail(request, selected_environments(request))


@serves("GET", "/api/0/issues/{issue_id}/", scopes=READ_SCOPES)
async def issue_without_organization(request: SandboxRequest) -> Response:
    """Give one issue at the older address."""
    return _detail(request, [name for name in request.query.getlist("environment") if name])


def _detail(request: SandboxRequest, environments: list[str]) -> Response:
    db, issue = request.db, requested_issue(request)
    expand, collapse = set(request.query.getlist("expand")), set(request.query.getlist("collapse"))
    shown = serialize_issues(db, [issue], view_of(request))[0]
    shown.update(load_seen(db, [issue], ANY_TIME, environments)[issue["id"]].fields())
    shown.update(
        activity=issue_activity(db, issue),
        seenBy=seen_by(db, issue["id"]),
        participants=participants(db, issue["id"]),
        userReportCount=db.value("SELECT count(*) FROM user_reports WHERE issue_id = ?", issue["id"]),
        pluginActions=[],
        pluginIssues=[],
        pluginContexts=[],
    )
    if "release" not in collapse:
        shown["firstRelease"] = _release(request, issue["first_release_id"])
        shown["lastRelease"] = _release(request, issue["last_release_id"])
    if "tags" not in collapse:
        shown["tags"] = [tag_key(row["key"], row["total"]) for row in tag_totals(db, issue["id"])]
    if "stats" not in collapse:
        shown["stats"] = {period: _series(request, issue["id"], period, environments) for period in ("24h", "30d")}
    shown.update(_expanded(db, issue, expand))
    _record_view(request, issue["id"])
    return json_reply(shown)


def _series(request: SandboxRequest, issue_id: int, period: str, environments: list[str]) -> list[list[int]]:
    buckets = period_buckets(period, request.now, ANY_TIME)
    assert buckets is not None  # noqa: S101 - both periods have a series
    return load_series(request.db, [issue_id], buckets, environments)[issue_id]


def _expanded(db: Database, issue: sqlite3.Row, expand: set[str]) -> dict[str, Any]:
    possible: dict[str, Callable[[], Any]] = {
        "inbox": lambda: inbox(issue),
        "owners": lambda: suggested(db, [issue["id"]]).get(issue["id"]),
        "forecast": dict,
        "integrationIssues": list,
        "sentryAppIssues": lambda: [link_json(row) for row in links_of(db, [issue["id"]]).get(issue["id"], ())],
        "latestEventHasAttachments": lambda: issue["id"] in has_attachments(db, [issue["id"]]),
    }
    return {name: build() for name, build in possible.items() if name in expand}


def _release(request: SandboxRequest, release_id: int | None) -> dict[str, Any] | None:
    row = None if release_id is None else request.db.one("SELECT * FROM releases WHERE id = ?", release_id)
    return None if row is None else release_json(request.db, row)


def tag_totals(db: Database, issue_id: int) -> list[sqlite3.Row]:
    """Give `(key, total, uniques)` of every tag key of an issue, by key."""
    return db.all(
        "SELECT key, SUM(count) AS total, count(*) AS uniques FROM issue_tags WHERE issue_id = ?"
        " GROUP BY key ORDER BY key",
        issue_id,
    )


def _record_view(request: SandboxRequest, issue_id: int) -> None:
    user_id = request.actor.user_id
    if user_id is None:
        return
    request.db.run(
        "INSERT INTO issue_user_state (issue_id, user_id, seen_at) VALUES (?,?,?)"
        " ON CONFLICT (issue_id, user_id) DO UPDATE SET seen_at = excluded.seen_at",
        issue_id, user_id, request.now,
    )  # fmt: skip


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/shortids/{issue_id}/", scopes=READ_SCOPES)
async def short_id(request: SandboxRequest) -> Response:
    """Find the issue with a short id."""
    row = issue_by_short_id(request.db, request.organization["id"], request.params["issue_id"])
    if row is None or row["status"] in HIDDEN:
        raise not_found()
    if not request.actor.sees(row["project_id"]):
        raise permission_denied()
    project = request.db.one("SELECT slug FROM projects WHERE id = ?", row["project_id"])
    assert project is not None  # noqa: S101 - an issue's project exists
    shown = serialize_issues(request.db, [row], view_of(request))[0]
    return json_reply(
        {
            "organizationSlug": request.organization["slug"],
            "projectSlug": project["slug"],
            "groupId": str(row["id"]),
            "group": shown,
            "shortId": format_short_id(project["slug"], row["short_number"]),
        }
    )
