"""What earlier Dexters let their callers read, where it is more than one of today's reads under another address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response

from dexter.errors import BadRequest, NotFound
from dexter.features.issue_stats import PERIODS_S, series
from dexter.gateway.asgi import query_of
from dexter.gateway.legacy import shapes
from dexter.gateway.legacy.caller import AsLegacySentry, answered, cursors, queried, read_entry, read_operation
from dexter.gateway.legacy.spellings import check_direction, page_number, today
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.features.reply import Reply
    from dexter.features.sentry import Sentry
    from dexter.gateway.catalog_reads import Pairs

routes = APIRouter(prefix="/api/v1", include_in_schema=False)

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_\-]+$", max_length=100)]
EventId = Annotated[str, Path(pattern=r"^[0-9a-fA-F\-]{32,36}$", description="32 hexadecimal digits.")]

_PROJECT_EVENT = "GET /api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/events/{event_id}/"
_EVENT_BY_ID = "GET /api/0/organizations/{organization_id_or_slug}/eventids/{event_id}/"
_ORGANIZATION_EVENTS = "GET /api/0/organizations/{organization_id_or_slug}/events/"
_EVENT_FIELDS = ("id", "title", "timestamp", "project", "issue", "user.display", "environment", "level")
_DEADLOCK = b'"dexterParsedDeadlock":null'


@routes.get("/0.2/issues", name="legacy.issues", response_model=None)
async def list_issues(request: Request, sentry: AsLegacySentry) -> Response:
    """Give one numbered page of issues, as `{issues, items, count, links, meta}`."""
    pairs = query_of(request.scope)
    check_direction(pairs)
    number = page_number(pairs)
    reply = await _page_of_issues(request, sentry, today(pairs), number)
    _, following = cursors(reply)
    per_page = int(dict(today(pairs)).get("limit", "25"))
    hits = header(reply.headers, "x-hits")
    links = shapes.page_links("/api/v1/0.2/issues", pairs, number, has_next=following is not None)
    total = int(hits) if hits and hits.isdigit() else None
    document = shapes.issue_page(reply.document(), hits=total, page=number, per_page=per_page, links=links)
    return answered(request, document, reply)


async def _page_of_issues(request: Request, sentry: Sentry, pairs: Pairs, number: int) -> Reply:
    """Walk the cursors to a numbered page; pages before it are mostly kept from the caller's walk so far."""
    reply = await read_entry(request, sentry, "issues.list", {}, pairs)
    for _ in range(number - 1):
        _, following = cursors(reply)
        if following is None:
            raise NotFound(f"There is no page {number}: the list ends before it.")
        kept = tuple(pair for pair in pairs if pair[0] != "cursor")
        reply = await read_entry(request, sentry, "issues.list", {}, (*kept, ("cursor", following)))
    return reply


@routes.get("/organizations/{o}/projects/{p}/events/{event_id}", name="legacy.project_event", response_model=None)
async def read_project_event(o: Id, p: Id, event_id: EventId, request: Request, sentry: AsLegacySentry) -> Response:
    """Give an event of a project. `dexterParsedDeadlock` is null: this Dexter analyses no deadlocks."""
    pairs = queried(request, "environment")
    params = {"project_id_or_slug": p, "event_id": event_id}
    reply = await read_operation(request, sentry, _PROJECT_EVENT, params, pairs)
    return answered(request, _with_deadlock(reply.body), reply)


def _with_deadlock(event: bytes) -> bytes:
    """Give an event's JSON with the old field at its end; nothing else of it is written again."""
    whole = event.rstrip()
    if not whole.startswith(b"{") or not whole.endswith(b"}"):
        return event
    comma = b"" if whole[1:-1].strip() == b"" else b","
    return whole[:-1] + comma + _DEADLOCK + b"}"


@routes.get("/event/{event_id}", name="legacy.event", response_model=None)
async def read_event(event_id: EventId, request: Request, sentry: AsLegacySentry) -> Response:
    """Give an event; without `project_slug` the organization is asked whose it is."""
    pairs = dict(queried(request, "project_slug"))
    project = pairs.get("project_slug") or await _project_of(request, sentry, event_id)
    params = {"project_id_or_slug": project, "event_id": event_id}
    reply = await read_operation(request, sentry, _PROJECT_EVENT, params)
    return answered(request, reply.body, reply)


async def _project_of(request: Request, sentry: Sentry, event_id: str) -> str:
    found = (await read_operation(request, sentry, _EVENT_BY_ID, {"event_id": event_id})).document()
    return str(found["projectSlug"])


@routes.get("/issue/{id}/events", name="legacy.issue_events", response_model=None)
async def list_issue_events(id: Id, request: Request, sentry: AsLegacySentry) -> Response:  # noqa: A002
    """Give a page of an issue's events, as `{events, links, meta}`."""
    pairs = queried(request, "limit", "cursor", "environment")
    reply = await read_entry(request, sentry, "issues.events", {"id": id}, pairs)
    document = shapes.event_page(reply.document(), request.url.path, pairs, cursors(reply))
    return answered(request, document, reply)


@routes.get("/events", name="legacy.events", response_model=None)
async def list_events(request: Request, sentry: AsLegacySentry) -> Response:
    """Give a page of the organization's events, as `{events, links, meta}`."""
    pairs = queried(request, "limit", "cursor", "environment", "project", "query", "stats_period")
    return await _organization_events(request, sentry, pairs, dict(pairs).get("query", ""))


@routes.get("/user/{user_id}/events", name="legacy.user_events", response_model=None)
async def list_user_events(
    user_id: Annotated[str, Path(max_length=200, pattern=r'^[^"*\\\x00-\x1f]+$')],
    request: Request,
    sentry: AsLegacySentry,
) -> Response:
    """Give a page of the events that happened to a user of the applications, as `{events, links, meta}`."""
    pairs = queried(request, "limit", "cursor", "environment", "project", "stats_period")
    return await _organization_events(request, sentry, pairs, f'user.id:"{user_id}"')


async def _organization_events(request: Request, sentry: Sentry, pairs: Pairs, search: str) -> Response:
    names = {"limit": "per_page", "stats_period": "statsPeriod"}
    own = {"statsPeriod": "14d", "per_page": "50", "sort": "-timestamp"}
    stated = [(names.get(name, name), value) for name, value in pairs if name not in ("query", "organization")]
    fields = [("field", field) for field in _EVENT_FIELDS]
    missing = [(name, value) for name, value in own.items() if name not in dict(stated)]
    query = [*fields, ("dataset", "errors"), ("query", search), *stated, *missing]
    reply = await read_operation(request, sentry, _ORGANIZATION_EVENTS, {}, query)
    document = shapes.event_page(reply.document()["data"], request.url.path, pairs, cursors(reply))
    return answered(request, document, reply)


@routes.get("/analytics/issues/{id}/impact", name="legacy.impact", response_model=None)
async def read_impact(id: Id, request: Request, sentry: AsLegacySentry) -> Response:  # noqa: A002
    """Give how many users and events an issue has, and its series."""
    period, environment = _period(queried(request, "stats_period", "environment"), "24h")
    issue = (await read_entry(request, sentry, "issues.detail", {"id": id}, environment)).document()
    reply = await _series(request, sentry, id, period)
    return answered(request, shapes.impact(issue, period, reply.document()), reply)


@routes.get("/analytics/issues/{id}/frequency", name="legacy.frequency", response_model=None)
async def read_frequency(id: Id, request: Request, sentry: AsLegacySentry) -> Response:  # noqa: A002
    """Give how often an issue happened over a period, in steps of `interval`."""
    pairs = queried(request, "stats_period", "interval")
    period, _ = _period(pairs, "24h")
    step = series(period, sentry.clock()).resolution
    wanted = dict(pairs).get("interval", step)
    if wanted != step:
        raise BadRequest(
            f"Sentry keeps the counts of {period} in steps of {step}, not {wanted[:10]!r}.",
            remedy="Leave interval out.",
        )
    reply = await _series(request, sentry, id, period)
    return answered(request, shapes.frequency(id, period, step, reply.document()), reply)


@routes.get("/analytics/issues/{id}/tags", name="legacy.tags", response_model=None)
async def read_tags(id: Id, request: Request, sentry: AsLegacySentry) -> Response:  # noqa: A002
    """Give an issue's tags, and the same by category."""
    pairs = tuple(pair for pair in queried(request, "stats_period", "environment") if pair[0] != "stats_period")
    reply = await read_entry(request, sentry, "issues.tags", {"id": id}, pairs)
    return answered(request, shapes.tags(id, reply.document()), reply)


# FastAPI takes the first that fits, so that what begins with a placeholder stands last.


@routes.get("/{o}/issues", name="legacy.raw_issues", response_model=None)
async def list_raw_issues(o: Id, request: Request, sentry: AsLegacySentry) -> Response:
    """Give a page of issues as Sentry's own list."""
    pairs = query_of(request.scope)
    check_direction(pairs)
    reply = await _page_of_issues(request, sentry, today(pairs), page_number(pairs))
    return answered(request, reply.body, reply)


@routes.get("/{o}/issues/{id}", name="legacy.raw_issue", response_model=None)
async def read_raw_issue(o: Id, id: Id, request: Request, sentry: AsLegacySentry) -> Response:  # noqa: A002
    """Give an issue as Sentry has it."""
    reply = await read_entry(request, sentry, "issues.detail", {"id": id}, queried(request, "environment"))
    return answered(request, reply.body, reply)


@routes.get("/{o}/issues/{id}/tags", name="legacy.raw_tags", response_model=None)
async def read_raw_tags(o: Id, id: Id, request: Request, sentry: AsLegacySentry) -> Response:  # noqa: A002
    """Give an issue's tags as Sentry has them."""
    reply = await read_entry(request, sentry, "issues.tags", {"id": id}, queried(request, "environment"))
    return answered(request, reply.body, reply)


async def _series(request: Request, sentry: Sentry, issue_id: str, period: str) -> Reply:
    return await read_entry(request, sentry, "issues.stats", {"id": issue_id}, (("period", period),))


def _period(pairs: Pairs, default: str) -> tuple[str, Pairs]:
    """Give the period that a query states, and the rest of the query."""
    period = dict(pairs).get("stats_period", default)
    if period not in PERIODS_S:
        raise BadRequest(f"stats_period must be one of {', '.join(PERIODS_S)}, not {period[:20]!r}.")
    return period, tuple(pair for pair in pairs if pair[0] != "stats_period")
