"""Views of the issue stream that a person keeps: Sentry's newer saved searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import SentryError, empty_reply, json_reply, not_found, permission_denied
from dexter.sandbox.routing import serves
from dexter.sandbox.search.issue_query import InvalidQuery, parse
from dexter.sandbox.search.issue_search import SORTS
from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    import sqlite3

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

VIEWS = "/api/0/organizations/{organization_id_or_slug}/group-search-views/"
ANY_TIME = {"start": None, "end": None, "period": "14d", "utc": None}


@serves("GET", VIEWS)
async def search_views(request: SandboxRequest) -> Response:
    """List the asking user's views, the oldest first."""
    rows = request.db.all(
        "SELECT * FROM search_views WHERE organization_id = ? AND user_id = ? ORDER BY id",
        request.organization["id"], _user(request),
    )  # fmt: skip
    page = paginate_offset(request, rows)
    return page.reply(request, [_shown(row) for row in page.rows])


@serves("POST", VIEWS)
async def add_search_view(request: SandboxRequest) -> Response:
    """Keep a view."""
    view = _checked(await request.json_object())
    view_id = request.db.insert(
        "INSERT INTO search_views (name, query, query_sort, projects_json, environments_json, time_filters_json,"
        " organization_id, user_id, date_created, date_updated) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?9)",
        *view, request.organization["id"], _user(request), request.now,
    )  # fmt: skip
    return json_reply(_by_id(request, view_id), 201)


@serves("PUT", f"{VIEWS}{{view_id}}/")
async def change_search_view(request: SandboxRequest) -> Response:
    """Change a view."""
    row = _own(request)
    request.db.run(
        "UPDATE search_views SET name = ?, query = ?, query_sort = ?, projects_json = ?, environments_json = ?,"
        " time_filters_json = ?, date_updated = ? WHERE id = ?",
        *_checked(await request.json_object()), request.now, row["id"],
    )  # fmt: skip
    return json_reply(_by_id(request, row["id"]))


@serves("DELETE", f"{VIEWS}{{view_id}}/")
async def delete_search_view(request: SandboxRequest) -> Response:
    """Forget a view."""
    request.db.run("DELETE FROM search_views WHERE id = ?", _own(request)["id"])
    return empty_reply(204)


def _user(request: SandboxRequest) -> int:
    if request.actor.user_id is None:
        raise permission_denied()
    return request.actor.user_id


def _checked(body: dict[str, Any]) -> tuple[str, str, str, str, str, str]:
    errors = {name: ["This field is required."] for name in ("name", "query") if not isinstance(body.get(name), str)}
    sort = body.get("querySort", "date")
    if sort not in SORTS:
        errors["querySort"] = [f'"{sort}" is not a valid choice.']
    if "query" not in errors:
        try:
            parse(body["query"].strip())
        except InvalidQuery as error:
            errors["query"] = [str(error)]
    if errors:
        raise SentryError(400, errors)
    kept = (body.get("projects") or [], body.get("environments") or [], body.get("timeFilters") or ANY_TIME)
    projects, environments, times = (msgspec.json.encode(each).decode() for each in kept)
    return body["name"][:128], body["query"].strip(), sort, projects, environments, times


def _own(request: SandboxRequest) -> sqlite3.Row:
    name, row = request.params["view_id"], None
    if name.isascii() and name.isdecimal():
        row = request.db.one(
            "SELECT * FROM search_views WHERE id = ? AND organization_id = ? AND user_id = ?",
            int(name[:18]), request.organization["id"], _user(request),
        )  # fmt: skip
    if row is None:
        raise not_found()
    return row


def _by_id(request: SandboxRequest, view_id: int) -> dict[str, Any]:
    [row] = request.db.all("SELECT * FROM search_views WHERE id = ?", view_id)
    return _shown(row)


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "query": row["query"],
        "querySort": row["query_sort"],
        "projects": msgspec.json.decode(row["projects_json"]),
        "environments": msgspec.json.decode(row["environments_json"]),
        "timeFilters": msgspec.json.decode(row["time_filters_json"]),
        "dateCreated": iso(row["date_created"]),
        "dateUpdated": iso(row["date_updated"]),
        "lastVisited": None,
        "starred": False,
        "stars": 0,
    }
