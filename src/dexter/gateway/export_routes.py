"""`GET /issues/export`: any list of issues as a file, streamed."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from dexter.catalog.mappings import mapping
from dexter.catalog.query import read_query
from dexter.database.engine import DatabaseUnavailable
from dexter.database.moments import at
from dexter.errors import BadRequest, Forbidden
from dexter.features.export_issues import MEDIA_TYPES, Format, Pages, file_of, issue_query
from dexter.features.label_search import resolve_labels, split_labels
from dexter.gateway.asgi import headers_of
from dexter.gateway.identity import Mode, require_service
from dexter.gateway.requested import AsCaller, OrganizationQuery, gateway_of, request_id_of
from dexter.gateway.translations import question
from dexter.policy.people import Role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from dexter.features.label_search import Labelled
    from dexter.features.sentry import Sentry
    from dexter.gateway.runtime import Gateway

Json = dict[str, Any]

log = structlog.get_logger("dexter.gateway")

routes = APIRouter(prefix="/api/v1", tags=["issues"])

KEPT_PAGE = 200

AS_FILE = {"description": "The file.", "content": {name.partition(";")[0]: {} for name in MEDIA_TYPES.values()}}
"""The answer, for the document."""


class ExportQuery(OrganizationQuery):
    """Which issues, as `GET /issues` takes it, and as what."""

    format: Format = Field(default="csv", description="csv for spreadsheets, json for one array, ndjson for lines.")
    source: Literal["sentry", "kept"] = Field(
        default="sentry",
        description="kept gives the snapshots that Dexter has, of the whole organization, without asking Sentry.",
    )
    query: str | None = None
    status: str | None = None
    sort: str | None = None
    period: str | None = None
    level: list[str] = Field(default_factory=list)
    environment: list[str] = Field(default_factory=list)
    project: list[str] = Field(default_factory=list)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Give the query of the list."""
        one = (("query", self.query), ("status", self.status), ("sort", self.sort), ("period", self.period))
        many = (("level", self.level), ("environment", self.environment), ("project", self.project))
        return (
            *((name, value) for name, value in one if value is not None),
            *((name, value) for name, values in many for value in values),
        )


@routes.get("/issues/export", name="issues.export", response_class=Response, responses={200: AS_FILE})
async def export_issues(request: Request, query: Annotated[ExportQuery, Query()], caller: AsCaller) -> Response:
    """Give every issue of a list as a file. It ends with an error line, and is broken off, if it cannot be finished."""
    gateway = gateway_of(request)
    headers = headers_of(request.scope)
    organization = gateway.organization(query.organization)
    gateway.require(caller, Role.VIEWER, organization)
    sentry = gateway.sentry(
        gateway.sentry_caller(request.method, headers), organization, request_id_of(request), headers
    )
    own = _Own(gateway, sentry.organization, is_ours=caller.mode is Mode.SERVICE)
    if query.source == "kept":
        # They were taken with Dexter's own rights, which a Sentry token need not have.
        require_service(caller)
        if query.pairs():
            raise BadRequest("source=kept gives all that is kept of an organization; it takes no other names.")
        pages = own.kept()
    else:
        pages = own.keeping(await _listed(gateway, sentry, query, is_ours=own.is_ours))
    name = f"issues-{sentry.organization}-{datetime.fromtimestamp(gateway.clock.now(), UTC):%Y%m%d-%H%M%S}"
    told = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{name}.{query.format}"',
        "x-content-type-options": "nosniff",
    }
    media_type = MEDIA_TYPES[query.format]
    if request.scope["state"].get("is_head"):
        return Response(headers=told, media_type=media_type)
    # What stands in the way of the first page is answered with its own status.
    begun = await _begun(pages)
    return StreamingResponse(file_of(begun, query.format, own.marks), headers=told, media_type=media_type)


async def _listed(gateway: Gateway, sentry: Sentry, query: ExportQuery, *, is_ours: bool) -> AsyncIterator[list[Json]]:
    """Give the pages of a list, less what has not the labels that its search names."""
    entry = mapping("issues.list")
    text = query.query or ""
    labels = None
    if split_labels(text).has_labels:
        if not is_ours:
            raise Forbidden("label: is Dexter's own filter, and a Sentry token does not open it.")
        labels = await resolve_labels(gateway.database, sentry.organization, text)
        query = query.model_copy(update={"query": labels.rest})
    asked = question(entry, read_query(entry.query, query.pairs()), gateway.clock.now())
    pages = Pages(sentry, issue_query(asked.pairs), gateway.deadline, gateway.clock.sleep)
    return pages.all() if labels is None else _labelled(pages.all(), labels)


async def _labelled(pages: AsyncIterator[list[Json]], labels: Labelled) -> AsyncIterator[list[Json]]:
    # Of none there is nothing to look for.
    if labels.only is not None and not labels.only:
        return
    async for issues in pages:
        yield [issue for issue in issues if labels.admits(str(issue.get("id")))]


async def _begun(pages: AsyncIterator[list[Json]]) -> AsyncIterator[list[Json]]:
    """Give pages of which the first is there already, or raise what stands in its way."""
    first = await anext(pages, None)

    async def all_pages() -> AsyncIterator[list[Json]]:
        if first is not None:
            yield first
        async for page in pages:
            yield page

    return all_pages()


@dataclass(frozen=True, slots=True)
class _Own:
    """What Dexter knows of an organization's issues itself."""

    gateway: Gateway
    organization: str
    is_ours: bool
    """Whether the caller is one of Dexter's people: only they see labels and notes."""

    async def marks(self, issues: Sequence[Json]) -> Mapping[str, Json]:
        """Give the labels and the number of notes of some issues."""
        from dexter.database.labels import marks_of

        if not self.is_ours:
            return {}
        async with self.gateway.database.reading() as connection:
            return await marks_of(connection, self.organization, [str(issue["id"]) for issue in issues])

    async def keeping(self, pages: AsyncIterator[list[Json]]) -> AsyncIterator[list[Json]]:
        """Give pages, and keep them as snapshots on the way, for an export while Sentry is away."""
        async for issues in pages:
            if self.is_ours and issues:
                await self._keep(issues)
            yield issues

    async def _keep(self, issues: Sequence[Json]) -> None:
        from dexter.database import issue_snapshots

        try:
            enhanced = await self.marks(issues)
            async with self.gateway.database.transaction() as connection:
                now = at(self.gateway.clock.now())
                await issue_snapshots.keep(connection, self.organization, issues, now, enhanced)
        except DatabaseUnavailable:
            # The file at hand is what was asked for; the next export keeps them.
            log.warning("snapshots_not_kept", organization=self.organization)

    async def kept(self) -> AsyncIterator[list[Json]]:
        """Give the issues that are kept."""
        from dexter.database import issue_snapshots

        after = ""
        while True:
            async with self.gateway.database.reading() as connection:
                found = await issue_snapshots.kept(connection, self.organization, after=after, limit=KEPT_PAGE)
            if not found:
                return
            yield [issue for _, issue in found]
            after = found[-1][0]
