"""How many events came in: a project's series, and the organization's by project and outcome.

The sandbox counts what became an issue's event, by the hour; everything it counts is an accepted error.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.sandbox.replies import SentryError, invalid, json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.search.time_range import DAY_S, HOUR_S, InvalidTime, parse_duration, time_range
from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

_RESOLUTIONS = {"10s": HOUR_S, "1h": HOUR_S, "1d": DAY_S}
"""Nothing finer than an hour is kept, so the finest series has a point an hour."""
_STATS = ("received", "generated", "rejected", "blacklisted")
_GROUPS = ("project", "outcome", "category", "reason")
_FIELDS = ("sum(quantity)", "sum(times_seen)")
_MOST_POINTS = 3000
_LAST_EPOCH = 10**11


@dataclass(frozen=True, slots=True)
class Buckets:
    """Equal stretches of time from `start_s`, an epoch second."""

    start_s: int
    width_s: int
    count: int

    @property
    def starts(self) -> list[int]:
        """The epoch second at which each begins."""
        return [self.start_s + self.width_s * number for number in range(self.count)]

    @property
    def end_s(self) -> int:
        """The epoch second at which the last one ends."""
        return self.start_s + self.width_s * self.count


def counts(request: SandboxRequest, project_ids: list[int], buckets: Buckets) -> dict[int, list[int]]:
    """Give the events of each project in each bucket."""
    found = {project_id: [0] * buckets.count for project_id in project_ids}
    marks = ",".join("?" * len(project_ids))
    rows = request.db.all(
        "SELECT i.project_id, h.hour, sum(h.count) AS events FROM issue_hours h JOIN issues i ON i.id = h.issue_id"  # noqa: S608
        f" WHERE i.project_id IN ({marks}) AND h.hour >= ? AND h.hour < ? GROUP BY i.project_id, h.hour",
        *project_ids, buckets.start_s, buckets.end_s,
    )  # fmt: skip
    for row in rows:
        at = (row["hour"] - buckets.start_s) // buckets.width_s
        found[row["project_id"]][at] += row["events"]
    return found


@serves("GET", "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/stats/")
async def project_stats(request: SandboxRequest) -> Response:
    """Give `[[epoch second, count], ...]`; nothing is ever rejected or filtered here, so those are zeros."""
    project = request.project()
    stat = request.query.get("stat") or "received"
    width = _RESOLUTIONS.get(request.query.get("resolution") or "1h")
    if stat not in _STATS or width is None:
        raise invalid("Invalid stat" if stat not in _STATS else "Invalid resolution")
    until = _epoch(request, "until", request.now)
    buckets = _between(_epoch(request, "since", until - DAY_S + HOUR_S), until, width)
    series = counts(request, [project["id"]], buckets)[project["id"]]
    counted = series if stat in ("received", "generated") else [0] * buckets.count
    return json_reply([list(point) for point in zip(buckets.starts, counted, strict=True)])


def _epoch(request: SandboxRequest, name: str, default: float) -> float:
    text = request.query.get(name)
    try:
        moment = float(text) if text else default
    except ValueError:
        moment = -1.0
    if not 0 <= moment < _LAST_EPOCH:
        raise invalid(f"{name} must be a numeric timestamp.")
    return moment


def _between(start: float, end: float, width_s: int) -> Buckets:
    first = int(start // width_s) * width_s
    count = int((end - first) // width_s) + 1
    if not 1 <= count <= _MOST_POINTS:
        raise invalid("Your interval and date range would create too many results.")
    return Buckets(first, width_s, count)


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/stats_v2/")
async def organization_stats(request: SandboxRequest) -> Response:
    """Give the organization's events in series and totals, grouped as asked."""
    groups = request.query.getlist("groupBy")
    field = _field(request)
    if not groups or set(groups) - set(_GROUPS):
        raise invalid('At least one groupBy is required, of "project", "outcome", "category", "reason"')
    buckets = _asked_buckets(request)
    totals: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * buckets.count)
    for project_id, series in counts(request, _projects(request), buckets).items():
        if any(series) and _wanted(request):
            key = tuple(_by(group, project_id) for group in groups)
            totals[key] = [before + more for before, more in zip(totals[key], series, strict=True)]
    answer = [
        {
            "by": dict(zip(groups, key, strict=True)),
            "totals": {field: sum(series)},
            "series": {field: series},
        }
        for key, series in sorted(totals.items(), key=lambda item: str(item[0]))
    ]
    period = {"start": iso(buckets.start_s), "end": iso(buckets.end_s)}
    return json_reply({**period, "intervals": [iso(start) for start in buckets.starts], "groups": answer})


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/stats-summary/")
async def stats_summary(request: SandboxRequest) -> Response:
    """Give each project's events by category and outcome."""
    field = _field(request)
    buckets = _asked_buckets(request)
    found = counts(request, _projects(request), buckets)
    projects = []
    for row in request.db.all("SELECT id, slug FROM projects ORDER BY slug"):
        accepted = sum(found.get(row["id"], ()))
        if accepted and _wanted(request):
            outcomes = {outcome: accepted if outcome == "accepted" else 0 for outcome in _OUTCOMES}
            stats = [{"category": "error", "outcomes": outcomes, "totals": {"dropped": 0, field: accepted}}]
            projects.append({"id": str(row["id"]), "slug": row["slug"], "stats": stats})
    return json_reply({"start": iso(buckets.start_s), "end": iso(buckets.end_s), "projects": projects})


_OUTCOMES = ("accepted", "filtered", "rate_limited", "invalid", "abuse", "client_discard", "cardinality_limited")


def _by(group: str, project_id: int) -> Any:
    return {"project": project_id, "outcome": "accepted", "category": "error", "reason": "none"}[group]


def _field(request: SandboxRequest) -> str:
    field = request.query.get("field")
    if field not in _FIELDS:
        raise invalid(f'Invalid field: "{field}"')
    return field


def _wanted(request: SandboxRequest) -> bool:
    """Tell whether accepted errors are among what is asked for."""
    categories, outcomes = request.query.getlist("category"), request.query.getlist("outcome")
    return (not categories or "error" in categories) and (not outcomes or "accepted" in outcomes)


def _projects(request: SandboxRequest) -> list[int]:
    rows = request.db.all("SELECT id FROM projects WHERE organization_id = ?", request.organization["id"])
    reached = [row["id"] for row in rows if request.actor.sees(row["id"])]
    wanted = {text for text in request.query.getlist("project") if text != "-1"}
    if wanted - {str(project_id) for project_id in reached}:
        raise SentryError(403, {"detail": "You do not have permission to perform this action."})
    return [project_id for project_id in reached if not wanted or str(project_id) in wanted]


def _asked_buckets(request: SandboxRequest) -> Buckets:
    try:
        asked = time_range(request.query, request.now, default_s=DAY_S)
    except InvalidTime as error:
        raise invalid(str(error)) from error
    width = parse_duration(request.query.get("interval") or "1h")
    if width is None or width < HOUR_S or width % HOUR_S:
        raise invalid("The interval has to be a multiple of the minimum interval of one hour.")
    end = min(asked.end, request.now)
    return _between(max(asked.start, end - 90 * DAY_S), end, int(width))
