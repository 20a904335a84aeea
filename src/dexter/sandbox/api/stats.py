"""How often: an issue's series, series for many issues, and counts of searches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.sandbox.api.events import READ_SCOPES
from dexter.sandbox.api.issues import refresh, requested_scope
from dexter.sandbox.issue_lookup import requested_issue, view_of
from dexter.sandbox.issue_states import HIDDEN
from dexter.sandbox.replies import invalid, json_reply
from dexter.sandbox.routing import serves
from dexter.sandbox.search.issue_query import InvalidQuery, parse
from dexter.sandbox.search.issue_search import count_matches
from dexter.sandbox.search.time_range import DAY_S, HOUR_S, parse_duration
from dexter.sandbox.serialize.issue import ListView, load_rows, serialize_list
from dexter.sandbox.serialize.issue_counts import Buckets, load_series

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

ORG_SCOPES = ("org:read", "org:write", "org:admin", *READ_SCOPES)
MOST_COUNTED = 100
MOST_POINTS = 3000
LAST_EPOCH = 10**11
KEPT_IN_STATS = ("id", "count", "userCount", "firstSeen", "lastSeen", "stats", "lifetime", "filtered", "isUnhandled")


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/stats/", scopes=READ_SCOPES)
@serves("GET", "/api/0/issues/{issue_id}/stats/", scopes=READ_SCOPES)
async def issue_stats(request: SandboxRequest) -> Response:
    """Give `[[epoch second, count], ...]` between `since` and `until`, a day by the hour unless said otherwise."""
    issue = requested_issue(request)
    environments = [name for name in request.query.getlist("environment") if name]
    return json_reply(load_series(request.db, [issue["id"]], _buckets(request), environments)[issue["id"]])


def _buckets(request: SandboxRequest) -> Buckets:
    width = _resolution(request.query.get("resolution"))
    until = _epoch(request.query.get("until"), request.now)
    since = _epoch(request.query.get("since"), until - DAY_S + HOUR_S)
    start = int(since // width) * width
    count = int((until - start) // width) + 1
    if count < 1 or count > MOST_POINTS:
        raise invalid("Invalid time range")
    return Buckets(start, width, count)


def _resolution(text: str | None) -> int:
    length = HOUR_S if not text else parse_duration(text)
    if length is None or length < 1:
        raise invalid("Invalid resolution")
    # Events are counted by the hour; a finer series cannot be told.
    return max(HOUR_S, int(length // HOUR_S) * HOUR_S)


def _epoch(text: str | None, default: float) -> float:
    if not text:
        return default
    try:
        moment = float(text)
    except ValueError:
        moment = -1.0
    if not 0 <= moment < LAST_EPOCH:
        raise invalid("Invalid timestamp")
    return moment


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues-stats/", scopes=READ_SCOPES)
async def issues_stats(request: SandboxRequest) -> Response:
    """Give counts and series of the issues in `groups`, as a list that collapsed them fills them in."""
    period = request.query.get("groupStatsPeriod", "24h")
    if period not in ("", "24h", "14d", "auto"):
        raise invalid("Invalid stats_period. Valid choices are '', '24h', '14d', and 'auto'")
    named = [value for value in request.query.getlist("groups") if value]
    if not named:
        raise invalid("You should include `groups` with your request. (i.e. groups=1,2,3)")
    if len(named) > MOST_COUNTED:
        raise invalid(f"Too many groups requested. Maximum is {MOST_COUNTED}")
    if not all(value.isdecimal() for value in named):
        raise invalid("Group ids must be integers")
    scope = requested_scope(request)
    rows = [
        row
        for row in load_rows(request.db, [int(value[:18]) for value in named])
        if row["project_id"] in scope.project_ids and row["status"] not in HIDDEN
    ]
    collapse = frozenset(request.query.getlist("collapse"))
    wanted = ListView(request.now, scope.time, scope.environments, period, frozenset(), collapse)
    shown = serialize_list(request.db, rows, view_of(request), wanted)
    return json_reply([{name: item[name] for name in KEPT_IN_STATS if name in item} for item in shown])


@serves("GET", "/api/0/organizations/{organization_id_or_slug}/issues-count/", scopes=ORG_SCOPES)
async def issues_count(request: SandboxRequest) -> Response:
    """Give how many issues match each `query`, counting to a hundred."""
    scope = requested_scope(request)
    refresh(request)
    counts = {}
    for query in request.query.getlist("query"):
        try:
            counts[query] = count_matches(request.db, parse(query.strip()), scope, MOST_COUNTED)
        except InvalidQuery as error:
            raise invalid(str(error)) from error
    return json_reply(counts)
