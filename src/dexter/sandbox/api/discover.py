"""Queries over events: rows, how many, and which tags they carry."""
# ruff: noqa: S608 - statements are joined from the search's own pieces; values are always parameters

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.sandbox.api.issues import requested_scope
from dexter.sandbox.pagination import paginate_offset
from dexter.sandbox.replies import invalid, json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.search.equation import PREFIX
from dexter.sandbox.search.event_search import EventSearch, count_events, event_rows, event_search
from dexter.sandbox.search.issue_query import InvalidQuery
from dexter.sandbox.search.short_id import format_short_id
from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest
    from dexter.sandbox.search.event_columns import Column
    from dexter.sandbox.search.scope import SearchScope

ORG_SCOPES = ("org:read", "org:write", "org:admin")
MOST_FIELDS = 20
EVENT_DATASETS = frozenset({"discover", "errors"})
EMPTY_DATASETS = frozenset(
    {"logs", "profile_functions", "spans", "tracemetrics", "uptime_results", "transactions", "metrics",
     "metricsEnhanced", "issuePlatform", "replays", "spansMetrics", "spansIndexed", "ourlogs"}
)  # fmt: skip
"""Datasets that ingestion keeps nothing of: every query over them finds nothing."""


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/events/", scopes=ORG_SCOPES)
async def query_events(request: SandboxRequest) -> Response:
    """Give the asked columns of matching events, grouped when one of them is a function."""
    fields = requested_fields(request, "field")
    dataset = requested_dataset(request)
    search = requested_search(request, fields, requested_scope(request))
    shown = _with_identity(request, search, fields)
    order = _order(request, fields)

    def fetch(offset: int, count: int) -> Sequence[list[Any]]:
        return event_rows(request.db, shown, order, offset, count) if dataset in EVENT_DATASETS else []

    page = paginate_offset(request, fetch)
    data = row_objects(request, shown.columns, page.rows)
    return page.reply(request, {"data": data, "meta": event_meta(shown.columns, dataset)})


def requested_fields(request: SandboxRequest, name: str) -> list[str]:
    """Give the distinct columns asked for; 400 for none or too many."""
    fields = list(dict.fromkeys(value for value in request.query.getlist(name) if value))
    if not fields:
        raise invalid("No columns selected")
    if len(fields) > MOST_FIELDS:
        raise invalid("You can view up to 20 fields at a time. Please delete some and try again.")
    return fields


def requested_dataset(request: SandboxRequest) -> str:
    """Give the dataset asked for, `discover` without one; 400 for one that does not exist."""
    dataset = request.query.get("dataset") or "discover"
    if dataset not in EVENT_DATASETS | EMPTY_DATASETS:
        raise invalid(f"dataset must be one of: {', '.join(sorted(EVENT_DATASETS | EMPTY_DATASETS))}")
    return dataset


def requested_search(
    request: SandboxRequest, fields: Sequence[str], scope: SearchScope, seconds: float | None = None
) -> EventSearch:
    """Give the request's query over some columns; 400 for what cannot be asked. Rates are over `seconds`."""
    try:
        return event_search(fields, request.query.get("query", "").strip(), scope, seconds)
    except InvalidQuery as error:
        raise invalid(str(error)) from error


def _with_identity(request: SandboxRequest, search: EventSearch, fields: list[str]) -> EventSearch:
    """Rows that stand for single events always tell which, asked or not."""
    if search.is_grouped:
        return search
    extra = [name for name in ("id", "project.name") if name not in fields]
    return requested_search(request, [*fields, *extra], requested_scope(request))


def _order(request: SandboxRequest, fields: list[str]) -> list[tuple[str, bool]]:
    order = []
    equations = [field for field in fields if field.startswith(PREFIX)]
    named = {f"equation[{place}]": field for place, field in enumerate(equations)}
    for text in request.query.getlist("sort"):
        name, descending = text.removeprefix("-"), text.startswith("-")
        known = named.get(name) or next((field for field in fields if _sort_names(field) & {name}), None)
        if known is None:
            raise invalid("Cannot sort by a field that is not selected")
        order.append((known, descending))
    return order


def _sort_names(field: str) -> set[str]:
    """A function is also sorted by as its name with underscores: `count_unique_user` for `count_unique(user)`."""
    flat = field.replace("(", "_").replace(")", "").replace(".", "_").replace(", ", "_").replace(",", "_").rstrip("_")
    return {field, flat}


def row_objects(
    request: SandboxRequest, columns: Sequence[Column], rows: Sequence[Sequence[Any]]
) -> list[dict[str, Any]]:
    """Give rows as objects: times in ISO, ids of issues as short ids, booleans as such."""
    issues = _short_ids(request, columns, rows)
    return [
        {column.name: _shown(column, value, issues) for column, value in zip(columns, row, strict=True)} for row in rows
    ]


def _shown(column: Column, value: Any, issues: dict[int, str]) -> Any:
    if value is None:
        return None
    if column.name == "issue":
        return issues.get(value, "unknown")
    if column.type == "date":
        return iso(value).replace("Z", "+00:00")
    if column.type == "boolean":
        return bool(value)
    return value


def _short_ids(request: SandboxRequest, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> dict[int, str]:
    places = [index for index, column in enumerate(columns) if column.name == "issue"]
    wanted = {row[index] for row in rows for index in places}
    marks = ",".join("?" * len(wanted))
    found = request.db.all(
        f"SELECT i.id, i.short_number, p.slug FROM issues i JOIN projects p ON p.id = i.project_id"
        f" WHERE i.id IN ({marks})",
        *wanted,
    )
    return {row["id"]: format_short_id(row["slug"], row["short_number"]) for row in found}


def event_meta(columns: Sequence[Column], dataset: str) -> dict[str, Any]:
    """Give what the columns are: types and units by name, and where the answer comes from."""
    return {
        "fields": {column.name: column.type for column in columns},
        "units": {column.name: "1/minute" if column.name == "epm()" else None for column in columns},
        "isMetricsData": False,
        "isMetricsExtractedData": False,
        "tips": {},
        "datasetReason": "unchanged",
        "dataset": dataset,
    }


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/events-meta/", scopes=ORG_SCOPES)
async def events_meta(request: SandboxRequest) -> Response:
    """Give how many events a query finds."""
    if requested_dataset(request) not in EVENT_DATASETS:
        return json_reply({"count": 0})
    return json_reply({"count": count_events(request.db, requested_search(request, ("id",), requested_scope(request)))})


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/events-facets/", scopes=ORG_SCOPES)
async def events_facets(request: SandboxRequest) -> Response:
    """Give the tags of the events a query finds, the commonest first, each with its most frequent values."""
    search = requested_search(request, ("id",), requested_scope(request))
    where = " AND ".join(part.sql for part in search.where)
    params = [param for part in search.where for param in part.params]
    facets: dict[str, list[dict[str, Any]]] = {}
    for row in request.db.all(
        "SELECT json_extract(t.value, '$[0]') AS key, json_extract(t.value, '$[1]') AS value, COUNT(*) AS count"
        f" FROM events e, json_each(e.data_json, '$.tags') t WHERE {where}"
        " GROUP BY key, value ORDER BY count DESC, key, value",
        *params,
    ):
        values = facets.setdefault(row["key"], [])
        if len(values) < _TOP_VALUES:
            values.append({"name": row["value"], "value": row["value"], "count": row["count"]})
    page = paginate_offset(request, list(facets.items()), _FACETS_A_PAGE)
    return page.reply(request, [{"key": key, "topValues": values} for key, values in page.rows])


_TOP_VALUES = 10
_FACETS_A_PAGE = 10
