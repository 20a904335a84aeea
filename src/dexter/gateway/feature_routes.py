"""The typed addresses of /api/v1: what needs a body or many calls. Plain reads are entries of the catalog instead."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import structlog
from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.exceptions import HTTPException

from dexter.database.marks import follow_merge
from dexter.errors import BadRequest, DexterError, DexterFault
from dexter.features.issue_context import issue_context
from dexter.features.issue_lookup import is_number
from dexter.features.issue_update import IssueUpdate  # noqa: TC001 - see above
from dexter.gateway import (
    audit_routes,
    bulk_routes,
    events_ticket_route,
    evolution_routes,
    export_routes,
    feed_routes,
    gateway_routes,
    issue_changes,
    issue_routes,
    mark_routes,
    people_routes,
    presence_routes,
    session_routes,
    subscription_routes,
    view_routes,
)
from dexter.gateway.auditing import tell_of
from dexter.gateway.identity import Mode
from dexter.gateway.legacy import config, reads, unbuilt, writes
from dexter.gateway.problems import LEGACY, FieldError, InvalidFields, problem
from dexter.gateway.requested import AsCaller, AsSentry, Strict, gateway_of, request_id_of
from dexter.gateway.shapes import encoded
from dexter.observe.present import current_trace_id
from dexter.observe.spans import BrowserSpan
from dexter.observe.trace_ids import new_span_id

if TYPE_CHECKING:
    from dexter.gateway.runtime import Gateway

log = structlog.get_logger("dexter.gateway")

IssueId = Annotated[str, Path(alias="id", description="The issue's number or short id.", pattern=r"^[A-Za-z0-9_\-]+$")]


class ClientError(Strict):
    """An error that the workbench met in somebody's browser."""

    message: Annotated[str, Field(min_length=1, max_length=2_000)]
    stack: Annotated[str, Field(max_length=20_000)] | None = None
    url: Annotated[str, Field(max_length=2_000)] | None = None
    screen: Annotated[str, Field(max_length=200)] | None = None
    trace_id: gateway_routes.TraceId | None = None
    span_id: gateway_routes.SpanId | None = None


_SEND_JSON = "Send a JSON object as application/json."

routes = APIRouter(prefix="/api/v1")


@routes.put("/issues/{id}", name="issues.update", tags=["issues"], response_model=None)
@routes.patch("/issues/{id}", name="issues.patch", tags=["issues"], response_model=None)
async def change_issue(request: Request, issue_id: IssueId, update: IssueUpdate, sentry: AsSentry) -> Response:
    """Change an issue's status, assignee, priority or marks, and give the issue as it now is."""
    changed = await issue_changes.change(gateway_of(request), sentry, issue_id, update)
    tell_of(request, before=changed.before, after=changed.after, target=changed.target)
    return Response(changed.reply.body, media_type="application/json", headers={"cache-control": "no-store"})


@routes.get("/issues/{id}/context", name="issues.context", tags=["issues"], response_model=None)
async def read_context(issue_id: IssueId, request: Request, sentry: AsSentry) -> Response:
    """Give an issue with its events, stats, tags and activity; `parts` says how old each is, or why it is missing."""
    document = await issue_context(sentry, issue_id)
    if is_number(issue_id) and document.get("id") not in (None, issue_id):
        await _merged_elsewhere(gateway_of(request), sentry.organization, issue_id, str(document["id"]))
    return Response(encoded(document), media_type="application/json", headers={"cache-control": "no-store"})


async def _merged_elsewhere(gateway: Gateway, organization: str, gone: str, into: str) -> None:
    """Have labels and notes follow an issue that somebody merged while Dexter did not hear of it."""
    try:
        await follow_merge(gateway.database, organization, gone, into)
    except DexterError as error:
        # The issue itself is there to be read.
        log.warning("marks_not_kept_up", error=error.message)


@routes.post("/client-errors", name="client_errors.report", tags=["session"], status_code=204, response_model=None)
async def report_client_error(error: ClientError, request: Request, caller: AsCaller) -> Response:
    """Write an error of the workbench into the gateway's log."""
    gateway = gateway_of(request)
    log.warning("client_error", request_id=request_id_of(request), **error.model_dump(exclude_none=True))
    if caller.mode is not Mode.SERVICE:
        # A Sentry token is not checked here, and what its bearer says is not shown to others.
        return Response(status_code=204)
    gateway.live.figures.browser_failed(error.message, request_id_of(request), error.trace_id or current_trace_id())
    if gateway.tracing is not None and error.trace_id:
        moment_ms = gateway.clock.now() * 1000
        gateway.tracing.browser_span(
            BrowserSpan(error.trace_id, new_span_id(), error.span_id, "error", moment_ms, 0, True, error.screen)
        )
    return Response(status_code=204)


# Addresses of earlier Dexters come last: some begin with a placeholder.
_LEGACY = (unbuilt.routes, config.routes, writes.routes, reads.routes)
_ALL = (
    routes,
    # `/issues/marks` and its like come before `/issues/{id}`, which would take the words for an issue's name.
    mark_routes.routes,
    presence_routes.routes,
    export_routes.routes,
    issue_routes.routes,
    view_routes.routes,
    bulk_routes.routes,
    audit_routes.routes,
    gateway_routes.routes,
    evolution_routes.routes,
    session_routes.routes,
    events_ticket_route.routes,
    feed_routes.routes,
    people_routes.routes,
    subscription_routes.routes,
    *_LEGACY,
)


def feature_addresses() -> tuple[tuple[str, str, str], ...]:
    """Give method, path template and name of every typed address."""
    typed = (route for each in _ALL for route in each.routes if isinstance(route, APIRoute))
    return tuple((method, route.path, route.name) for route in typed for method in sorted(route.methods or ()))


def feature_app() -> FastAPI:
    """Give the app of the typed routes. It answers once `app.state.gateway` is set."""
    app = FastAPI(title="Dexter", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for each in _ALL:
        # Not included: that wraps each route, builds it once more at the first request, and looks it up in two steps.
        app.router.routes.extend(each.routes)
    app.add_exception_handler(DexterError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_unreadable)
    # FastAPI answers with this and raises the exception all the same, for the entrance to log.
    app.add_exception_handler(Exception, _answer_fault)
    return app


async def _answer_error(request: Request, error: Exception) -> Response:
    gateway = gateway_of(request)
    told = problem(
        cast(DexterError, error),
        context=_context(request),
        now=gateway.clock.now(),
        request_id=request_id_of(request),
        legacy=request.scope["state"].get(LEGACY),
    )
    return Response(told.body, told.status, headers=dict(told.headers))


async def _answer_fault(request: Request, error: Exception) -> Response:
    return await _answer_error(request, DexterFault(str(error)))


async def _answer_unreadable(request: Request, _: Exception) -> Response:
    """Answer the one error that FastAPI raises by itself here: a body that it cannot read."""
    return await _answer_error(request, BadRequest("The body is not valid JSON.", remedy=_SEND_JSON))


async def _answer_invalid(request: Request, error: Exception) -> Response:
    return await _answer_error(request, _as_dexter_error(cast(RequestValidationError, error).errors()))


def _context(request: Request) -> str:
    route = request.scope.get("route")
    return str(getattr(route, "name", request.url.path))


def _as_dexter_error(errors: Any) -> DexterError:
    first = errors[0]
    if first["type"] == "json_invalid":
        return BadRequest("The body is not valid JSON.", remedy=_SEND_JSON)
    told = tuple(FieldError(".".join(str(part) for part in each["loc"][1:]) or "body", _said(each)) for each in errors)
    if first["loc"][0] != "body":
        return BadRequest("; ".join(f"{each.field}: {each.message}" for each in told))
    return InvalidFields(told)


def _said(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not known here"
    if error["type"] in ("model_attributes_type", "missing") and len(error["loc"]) == 1:
        return "must be a JSON object, sent as application/json"
    return str(error["msg"]).removeprefix("Value error, ")
