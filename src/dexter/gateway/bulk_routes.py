"""Bulk jobs over HTTP: asked for, looked at, applied, paused, resumed, cancelled, taken back."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from dexter.errors import Forbidden
from dexter.features.bulk.desk import SEVERAL, By
from dexter.features.bulk.forms import BulkRequest, Part  # noqa: TC001 - see above
from dexter.features.bulk.job_view import ENDED, item_view, job_view
from dexter.features.label_search import split_labels
from dexter.gateway.bulk_shapes import ItemPage, JobPage, JobShape
from dexter.gateway.identity import Mode
from dexter.gateway.issue_query import sentry_query
from dexter.gateway.requested import AsCaller, Strict, gateway_of
from dexter.gateway.shapes import encoded
from dexter.policy.people import EVERYWHERE, Role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.database.bulk_jobs import Job
    from dexter.features.bulk.desk import Desk
    from dexter.gateway.identity import Caller
    from dexter.gateway.runtime import Gateway

Json = dict[str, Any]

WATCH_S = 0.5
HEARTBEAT_S = 15.0
"""After which silence a stream says that it is alive; proxies close those that do not."""

routes = APIRouter(prefix="/api/v1/bulk", tags=["bulk"])

JobId = Annotated[str, Path(alias="id", pattern=r"^[0-9a-f]{32}$")]
State = Literal["pending", "done", "unchanged", "skipped", "failed", "unknown"]


class Confirmation(Strict):
    """Shows that the preview was looked at."""

    confirmation: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`preview.confirmation`; needed where `preview.needs_confirmation` says so."
    )


class PageQuery(Strict):
    """Which page of a list."""

    cursor: Annotated[str, Field(max_length=100)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class ItemsQuery(PageQuery):
    """Which items of a job."""

    state: State | None = None


@routes.post("", name="bulk.ask", status_code=202, response_model=JobShape)
async def ask(body: BulkRequest, request: Request, caller: AsCaller) -> Response:
    """Ask for a job. Its issues are found and previewed at once; nothing is changed until it is applied."""
    gateway = gateway_of(request)
    by = _by(caller)
    asked = [_in_sentrys_words(gateway, part) for part in body.selection.each()]
    for organization in {part["organization"] for part in asked}:
        gateway.require(caller, Role.TRIAGER, organization)
    job = await _desk(request).ask(body, asked, by, _face(caller))
    return await _told(request, job, 202)


@routes.get("", name="bulk.list", response_model=JobPage)
async def read_jobs(request: Request, caller: AsCaller, query: Annotated[PageQuery, Query()]) -> Response:
    """List the jobs of the organizations that the caller may see, the latest first."""
    _by(caller)
    desk = _desk(request)
    jobs, cursor = await desk.page(_visible(caller), query.cursor, query.limit)
    now = await desk.moment()
    return _json({"data": [job_view(job, now) for job in jobs], "pagination": _pagination(cursor)})


@routes.get("/{id}", name="bulk.read", response_model=JobShape)
async def read_job(job_id: JobId, request: Request, caller: AsCaller) -> Response:
    """Give a job: how far it is, what it would do or did, and whether it can be taken back."""
    return await _told(request, await _job(request, caller, job_id, Role.VIEWER))


@routes.get("/{id}/items", name="bulk.items", response_model=ItemPage)
async def read_items(
    job_id: JobId, request: Request, caller: AsCaller, query: Annotated[ItemsQuery, Query()]
) -> Response:
    """Give what became of each issue of a job, in the order of the selection."""
    await _job(request, caller, job_id, Role.VIEWER)
    items, cursor = await _desk(request).items(job_id, query.state, query.cursor, query.limit)
    return _json({"data": [item_view(item) for item in items], "pagination": _pagination(cursor)})


@routes.get("/{id}/stream", name="bulk.stream", response_model=None)
async def watch(job_id: JobId, request: Request, caller: AsCaller) -> Response:
    """Stream a job as server-sent events, one `job` each time that it changes, until it is over."""
    job = await _job(request, caller, job_id, Role.VIEWER)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(request, job), media_type="text/event-stream", headers=headers)


async def _events(request: Request, job: Job) -> AsyncIterator[bytes]:
    desk, clock = _desk(request), gateway_of(request).clock
    told: int | None = None
    spoke_at = clock.monotonic()
    while True:
        if job.version != told:
            told, spoke_at = job.version, clock.monotonic()
            yield b"event: job\nid: %d\ndata: %b\n\n" % (job.version, encoded(job_view(job, await desk.moment())))
            if job.state in ENDED:
                return
        elif clock.monotonic() - spoke_at >= HEARTBEAT_S:
            spoke_at = clock.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(WATCH_S)
        job = await desk.find(job.id)


@routes.post("/{id}/apply", name="bulk.apply", status_code=202, response_model=JobShape)
async def apply(job_id: JobId, request: Request, caller: AsCaller, body: Confirmation | None = None) -> Response:
    """Apply a previewed job. One that was selected by a query, or cannot be undone, needs its preview's token."""
    job = await _job(request, caller, job_id, Role.TRIAGER)
    token = None if body is None else body.confirmation
    return await _told(request, await _desk(request).apply(job, token), 202)


@routes.post("/{id}/pause", name="bulk.pause", status_code=202, response_model=JobShape)
async def pause(job_id: JobId, request: Request, caller: AsCaller) -> Response:
    """Pause a job; what is under way is finished first."""
    job = await _job(request, caller, job_id, Role.TRIAGER)
    return await _told(request, await _desk(request).pause(job, _by(caller)), 202)


@routes.post("/{id}/resume", name="bulk.resume", status_code=202, response_model=JobShape)
async def resume(job_id: JobId, request: Request, caller: AsCaller) -> Response:
    """Let a paused job go on."""
    job = await _job(request, caller, job_id, Role.TRIAGER)
    return await _told(request, await _desk(request).resume(job), 202)


@routes.post("/{id}/cancel", name="bulk.cancel", status_code=202, response_model=JobShape)
async def cancel(job_id: JobId, request: Request, caller: AsCaller) -> Response:
    """End a job; what is under way is finished and told, the rest is left alone."""
    job = await _job(request, caller, job_id, Role.TRIAGER)
    return await _told(request, await _desk(request).cancel(job, _by(caller)), 202)


@routes.post("/{id}/undo", name="bulk.undo", status_code=202, response_model=JobShape)
async def undo(job_id: JobId, request: Request, caller: AsCaller) -> Response:
    """Take a job back by another one, which leaves alone what somebody changed since."""
    job = await _job(request, caller, job_id, Role.TRIAGER)
    return await _told(request, await _desk(request).undo(job, _by(caller), _face(caller)), 202)


def _desk(request: Request) -> Desk:
    return gateway_of(request).bulk


def _by(caller: Caller) -> By:
    """Give who asks. Raises Forbidden for a caller with a Sentry token of their own: no job may keep such a token."""
    if caller.mode is not Mode.SERVICE:
        raise Forbidden(
            "A job goes on after its request is over, and Dexter keeps nobody's Sentry token for that.",
            remedy="Sign in to Dexter, or send a token of Dexter's; link your Sentry token to act under your name.",
        )
    person = caller.person
    return By(None, "Dexter") if person is None else By(person.id, person.name)


def _face(caller: Caller) -> str:
    return "workbench" if caller.session is not None else "api"


def _visible(caller: Caller) -> list[str] | None:
    """Give the organizations whose jobs a caller may see; None for all."""
    person = caller.person
    if person is None or person.role_in(EVERYWHERE) is not None:
        return None
    return list(person.roles)


async def _job(request: Request, caller: Caller, job_id: str, role: Role) -> Job:
    """Give a job that the caller may see, or change, in each of its organizations."""
    _by(caller)
    gateway = gateway_of(request)
    job = await _desk(request).find(job_id)
    if job.organization != SEVERAL:
        gateway.require(caller, role, job.organization)
        return job
    for part in job.selection["asked"]:
        gateway.require(caller, role, part["organization"])
    return job


def _in_sentrys_words(gateway: Gateway, part: Part) -> Json:
    organization = gateway.organization(part.organization)
    if part.ids is not None:
        return {"organization": organization, "ids": list(dict.fromkeys(part.ids))}
    search = split_labels(part.query or "")
    pairs = [["query", sentry_query(search.rest, part.status, tuple(part.level))]]
    if part.period is not None:
        pairs.append(["statsPeriod", part.period])
    pairs += [["environment", name] for name in part.environment] + [["project", name] for name in part.project]
    asked: Json = {"organization": organization, "pairs": pairs}
    if part.exclude:
        asked["exclude"] = part.exclude
    if search.has_labels:
        asked["labelled"] = part.query
    return asked


def _pagination(cursor: str | None) -> Json:
    return {"next": None if cursor is None else {"cursor": cursor}, "prev": None}


async def _told(request: Request, job: Job, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    if status == 202:
        headers["location"] = f"/api/v1/bulk/{job.id}"
    return _json(job_view(job, await _desk(request).moment()), status, headers)


def _json(document: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        encoded(document), status, media_type="application/json", headers=headers or {"cache-control": "no-store"}
    )
