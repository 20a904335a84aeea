"""Events over time: one series, several, or one for each of the commonest groups, in the newer and the older form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.sandbox.api.discover import EVENT_DATASETS, ORG_SCOPES, requested_dataset, requested_search, row_objects
from dexter.sandbox.api.issues import requested_scope
from dexter.sandbox.replies import invalid, json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.search.condition import Condition
from dexter.sandbox.search.event_search import EventSearch, event_points, event_rows
from dexter.sandbox.search.time_range import parse_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest
    from dexter.sandbox.search.event_columns import Column
    from dexter.sandbox.search.scope import SearchScope

MOST_POINTS = 4400
MOST_GROUPS = 10


@dataclass(frozen=True, slots=True)
class Grid:
    """The points of time that a series has: `count` of them from `start`, `width` seconds apart."""

    start: int
    width: int
    count: int

    @property
    def end(self) -> int:
        """Where the last stretch ends."""
        return self.start + self.width * self.count


@dataclass(frozen=True, slots=True)
class Series:
    """The values of the asked axes over a grid, for all events or for one group of them."""

    values: dict[str, list[float]]
    group: tuple[tuple[str, Any], ...] = ()
    is_other: bool = False


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/events-timeseries/", scopes=ORG_SCOPES)
async def events_timeseries(request: SandboxRequest) -> Response:
    """Give series in the newer form: times in milliseconds, one entry an axis and group."""
    axes, dataset = _axes(request), requested_dataset(request)
    grid = requested_grid(request, requested_scope(request))
    group_by = [name for name in request.query.getlist("groupBy") if name]
    if "topEvents" in request.query and not (group_by and request.query.get("sort")):
        raise invalid("`topEvents` requires `groupBy` and `sort`")
    columns, found = _series(request, axes, group_by if "topEvents" in request.query else [], grid, dataset)
    shown = [
        _newer(series, order, axis, columns, grid, request.now) for order, series in enumerate(found) for axis in axes
    ]
    meta = {"dataset": dataset, "start": grid.start * 1000, "end": grid.end * 1000}
    return json_reply({"timeSeries": shown, "meta": meta})


def _newer(series: Series, order: int, axis: str, columns: dict[str, Column], grid: Grid, now: float) -> dict[str, Any]:
    values = [
        {
            "timestamp": (grid.start + index * grid.width) * 1000,
            "value": value,
            "incomplete": grid.start + (index + 1) * grid.width > now,
        }
        for index, value in enumerate(series.values[axis])
    ]
    meta: dict[str, Any] = {
        "interval": grid.width * 1000,
        "valueType": columns[axis].type,
        "valueUnit": None,
    }
    shown: dict[str, Any] = {"yAxis": axis, "values": values, "meta": meta}
    if series.group or series.is_other:
        meta.update(order=order, isOther=series.is_other)
        shown["groupBy"] = [{"key": key, "value": value} for key, value in series.group]
    return shown


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/events-stats/", scopes=ORG_SCOPES)
async def events_stats(request: SandboxRequest) -> Response:
    """Give series in the older form: `[[second, [{"count": n}]], ...]`, keyed by axis or group where several."""
    axes, dataset = _axes(request), requested_dataset(request)
    grid = requested_grid(request, requested_scope(request))
    group_by = [name for name in request.query.getlist("field") if name and "(" not in name]
    columns, found = _series(request, axes, group_by if "topEvents" in request.query else [], grid, dataset)
    if "topEvents" not in request.query:
        return json_reply(_older_axes(found[0], 0, axes, columns, grid))
    return json_reply(
        {_group_name(series): _older_axes(series, order, axes, columns, grid) for order, series in enumerate(found)}
    )


def _group_name(series: Series) -> str:
    return "Other" if series.is_other else ",".join("" if value is None else str(value) for _, value in series.group)


def _older_axes(
    series: Series, order: int, axes: Sequence[str], columns: dict[str, Column], grid: Grid
) -> dict[str, Any]:
    if len(axes) == 1:
        return _older(series, axes[0], order, columns, grid)
    return {axis: _older(series, axis, place, columns, grid) for place, axis in enumerate(axes)}


def _older(series: Series, axis: str, order: int, columns: dict[str, Column], grid: Grid) -> dict[str, Any]:
    return {
        "data": [
            [grid.start + index * grid.width, [{"count": value}]] for index, value in enumerate(series.values[axis])
        ],
        "start": grid.start,
        "end": grid.end,
        "order": order,
        "isMetricsData": False,
        "meta": {"fields": {axis: columns[axis].type}, "units": {axis: None}},
    }


def _axes(request: SandboxRequest) -> list[str]:
    return list(dict.fromkeys(axis for axis in request.query.getlist("yAxis") if axis)) or ["count()"]


def requested_grid(request: SandboxRequest, scope: SearchScope) -> Grid:
    """Give the points a request asks for: its time cut into `interval`s, of an hour without one."""
    text = request.query.get("interval") or "1h"
    # The newer address writes the interval in milliseconds, the older as a duration.
    length = int(text) / 1000 if text.isdecimal() else parse_duration(text)
    if not length or length < 1:
        raise invalid(f"Invalid interval: {text}")
    width = int(length)
    end = min(scope.time.end, scope.now)
    start = int(scope.time.start // width) * width
    count = int((end - start) // width) + 1
    if count > MOST_POINTS:
        raise invalid(
            "Your interval and date range would create too many results."
            " Use a larger interval, or a smaller date range."
        )
    return Grid(start, width, count)


def _series(
    request: SandboxRequest, axes: Sequence[str], group_by: Sequence[str], grid: Grid, dataset: str
) -> tuple[dict[str, Column], list[Series]]:
    search = requested_search(request, axes, requested_scope(request), seconds=grid.width)
    if not all(column.is_function for column in search.columns):
        raise invalid("yAxis must be a function")
    columns = {column.name: column for column in search.columns}
    if dataset not in EVENT_DATASETS:
        return columns, [] if group_by else [Series({axis: [0] * grid.count for axis in axes})]
    if not group_by:
        return columns, [Series(_values(request, search, grid))]
    return columns, _top(request, search, axes, group_by, grid)


def _top(
    request: SandboxRequest, search: EventSearch, axes: Sequence[str], group_by: Sequence[str], grid: Grid
) -> list[Series]:
    grouped = requested_search(request, [*group_by, *axes], requested_scope(request))
    sort = request.query.get("sort") or f"-{axes[0]}"
    name = sort.removeprefix("-")
    if name not in {column.name for column in grouped.columns}:
        name = axes[0]
    rows = event_rows(request.db, grouped, [(name, sort.startswith("-"))], 0, _top_count(request))
    shown = row_objects(request, grouped.columns, rows)
    found, named = [], []
    for row, item in zip(rows, shown, strict=True):
        mine = _is_group(grouped.columns[: len(group_by)], row)
        named.append(mine)
        values = _values(request, _narrowed(search, mine), grid)
        found.append(Series(values, tuple((key, item[key]) for key in group_by)))
    if named and request.query.get("excludeOther") != "1":
        rest = Condition(" AND ".join(part.negated().sql for part in named), _params(named))
        values = _values(request, _narrowed(search, rest), grid)
        if any(any(axis) for axis in values.values()):
            found.append(Series(values, is_other=True))
    return found


def _top_count(request: SandboxRequest) -> int:
    text = request.query.get("topEvents", "")
    if not text.isdecimal() or not 1 <= int(text) <= MOST_GROUPS:
        raise invalid("Can only get up to 10 top events")
    return int(text)


def _is_group(columns: Sequence[Column], row: Sequence[Any]) -> Condition:
    parts = [
        Condition(f"{column.sql} IS ?", (*column.params, value)) for column, value in zip(columns, row, strict=False)
    ]
    return Condition(f"({' AND '.join(part.sql for part in parts)})", _params(parts))


def _params(parts: Sequence[Condition]) -> tuple[Any, ...]:
    return tuple(param for part in parts for param in part.params)


def _narrowed(search: EventSearch, condition: Condition) -> EventSearch:
    return EventSearch(search.columns, (*search.where, condition), search.havings)


def _values(request: SandboxRequest, search: EventSearch, grid: Grid) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {column.name: [0] * grid.count for column in search.columns}
    for bucket, row in event_points(request.db, search, grid.start, grid.width):
        if not 0 <= bucket < grid.count:
            continue
        for column, value in zip(search.columns, row, strict=True):
            values[column.name][bucket] = value or 0
    return values
