"""Tags: of an issue, of a project, of the organization."""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.api.events import PROJECT_SCOPES, READ_SCOPES
from dexter.sandbox.api.issue_detail import tag_totals
from dexter.sandbox.api.issues import requested_scope
from dexter.sandbox.issue_lookup import requested_issue
from dexter.sandbox.issue_states import HIDDEN_SQL
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import invalid, json_reply, not_found
from dexter.sandbox.routing import serves
from dexter.sandbox.search.time_range import HOUR_S
from dexter.sandbox.serialize.tag import tag_key, tag_value

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

ORG_SCOPES = ("org:read", "org:write", "org:admin")
TOP_VALUES = 10
_SORTS = {
    "count": "count DESC, value",
    "date": "last_seen DESC, value",
    "age": "first_seen DESC, value",
    "id": "value",
}


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/tags/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/tags/", scopes=READ_SCOPES)
async def issue_tags(request: SandboxRequest) -> Response:
    """Give the tag keys of an issue, each with its most frequent values."""
    issue = requested_issue(request)
    wanted = set(request.query.getlist("key"))
    limit = _top_limit(request)
    facets = []
    for row in tag_totals(request.db, issue["id"]):
        if wanted and row["key"] not in wanted:
            continue
        facets.append(_facet(request, issue["id"], row, limit))
    return json_reply(facets)


def _top_limit(request: SandboxRequest) -> int:
    text = request.query.get("limit")
    if not text:
        return TOP_VALUES
    if not text.isdecimal():
        raise invalid("invalid limit")
    return min(int(text[:6]), 100)


def _facet(request: SandboxRequest, issue_id: int, totals: sqlite3.Row, limit: int) -> dict[str, Any]:
    key = totals["key"]
    values = _issue_values(request, issue_id, key, "count", 0, limit)
    return {
        **tag_key(key, totals["total"], totals["uniques"]),
        "topValues": [tag_value(key, row) for row in values],
    }


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/tags/{key}/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/tags/{key}/", scopes=READ_SCOPES)
async def issue_tag(request: SandboxRequest) -> Response:
    """Give one tag key of an issue with its most frequent values."""
    issue, key = requested_issue(request), _standard(request.params["key"])
    totals = next((row for row in tag_totals(request.db, issue["id"]) if row["key"] == key), None)
    if totals is None:
        raise not_found()
    return json_reply(_facet(request, issue["id"], totals, TOP_VALUES))


@serves(
    "GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/tags/{key}/values/", scopes=READ_SCOPES
)
@serves("GET", "/api/0/issues/{issue_id}/tags/{key}/values/", scopes=READ_SCOPES)
async def issue_tag_values(request: SandboxRequest) -> Response:
    """List the values of one of an issue's tags."""
    issue, key = requested_issue(request), _standard(request.params["key"])
    sort = request.query.get("sort", "date").removeprefix("-")
    if sort not in _SORTS:
        raise invalid(f"Invalid sort parameter: {sort}")

    def fetch(offset: int, count: int) -> Sequence[sqlite3.Row]:
        return _issue_values(request, issue["id"], key, sort, offset, count)

    page = paginate_offset(request, fetch)
    return page.reply(request, [tag_value(key, row) for row in page.rows])


def _issue_values(
    request: SandboxRequest, issue_id: int, key: str, sort: str, offset: int, count: int
) -> list[sqlite3.Row]:
    return request.db.all(
        f"SELECT value, count, first_seen, last_seen FROM issue_tags WHERE issue_id = ? AND key = ?"
        f" ORDER BY {_SORTS[sort]} LIMIT ? OFFSET ?",
        issue_id, key, count, offset,
    )  # fmt: skip


def _standard(key: str) -> str:
    return key.removeprefix("sentry:")


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/tags/", scopes=ORG_SCOPES)
async def organization_tags(request: SandboxRequest) -> Response:
    """Give every tag key within the asked projects and time, with how many events carry it."""
    return json_reply([tag_key(key, total) for key, total in _organization_totals(request)])


def _organization_totals(request: SandboxRequest) -> list[tuple[str, int]]:
    """Give `(key, total)`, added up anew only when events have come since: it reads every tag there is."""
    scope = requested_scope(request)
    since = scope.time.start // HOUR_S * HOUR_S
    asked = (scope.project_ids, since, request.db.value("SELECT max(id) FROM events"))
    shelf = request.sandbox.shelf.setdefault(__name__, {})
    if shelf.get("asked") != asked:
        rows = request.db.all(
            f"SELECT t.key, SUM(t.count) AS total FROM issue_tags t JOIN issues i ON i.id = t.issue_id"
            f" WHERE i.project_id IN ({_marks(scope.project_ids)}) AND t.last_seen >= ?"
            f" AND i.status NOT IN {HIDDEN_SQL} GROUP BY t.key ORDER BY total DESC, t.key",
            *scope.project_ids, since,
        )  # fmt: skip
        shelf.update(asked=asked, totals=[(row["key"], row["total"]) for row in rows])
    totals: list[tuple[str, int]] = shelf["totals"]
    return totals


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/tags/{key}/values/", scopes=ORG_SCOPES)
async def organization_tag_values(request: SandboxRequest) -> Response:
    """List the values of a tag within the asked projects; `query` narrows them to those that contain it."""
    scope = requested_scope(request)
    return _values_of(request, scope.project_ids, request.params["key"])


@serves(
    "GET",
    "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/tags/{key}/values/",
    scopes=(*PROJECT_SCOPES, *READ_SCOPES),
)
async def project_tag_values(request: SandboxRequest) -> Response:
    """List the values of a tag within a project."""
    return _values_of(request, (request.project()["id"],), request.params["key"])


@serves(
    "GET",
    "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/tags/",
    scopes=(*PROJECT_SCOPES, *READ_SCOPES),
)
async def project_tags(request: SandboxRequest) -> Response:
    """Give the tag keys of a project with how many values each has."""
    rows = request.db.all(
        "SELECT t.key, count(DISTINCT t.value) AS uniques FROM issue_tags t JOIN issues i ON i.id = t.issue_id"
        " WHERE i.project_id = ? GROUP BY t.key ORDER BY t.key",
        request.project()["id"],
    )
    return json_reply(
        [{**tag_key(row["key"], None, row["uniques"]), "canDelete": row["key"] not in _STANDARD} for row in rows]
    )


_STANDARD = frozenset({"release", "dist", "user", "environment", "level", "logger", "transaction", "server_name"})


def _values_of(request: SandboxRequest, project_ids: Sequence[int], name: str) -> Response:
    key, query = _standard(name), request.query.get("query", "")

    def fetch(offset: int, count: int) -> Sequence[sqlite3.Row]:
        return request.db.all(
            f"SELECT t.value, SUM(t.count) AS count, MIN(t.first_seen) AS first_seen, MAX(t.last_seen) AS last_seen"
            f" FROM issue_tags t JOIN issues i ON i.id = t.issue_id WHERE i.project_id IN ({_marks(project_ids)})"
            " AND t.key = ? AND instr(lower(t.value), lower(?)) > 0"
            " GROUP BY t.value ORDER BY last_seen DESC, t.value LIMIT ? OFFSET ?",
            *project_ids, key, query, count, offset,
        )  # fmt: skip

    page = paginate_offset(request, fetch)
    return page.reply(request, [tag_value(key, row) for row in page.rows])


def _marks(values: Sequence[int]) -> str:
    return ",".join("?" * len(values))
