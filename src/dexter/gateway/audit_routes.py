"""The audit log over HTTP: a page of it, and all of it as a file."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, Field

from dexter.database.audit import AuditFilter, page, view
from dexter.errors import BadRequest
from dexter.features.export_csv import csv_lines
from dexter.features.export_issues import MEDIA_TYPES
from dexter.gateway.requested import AsOperator, Strict, gateway_of
from dexter.gateway.shapes import encoded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.gateway.runtime import Gateway

Word = Annotated[str, Field(min_length=1, max_length=200)]
Face = Literal["workbench", "api", "cli", "job", "legacy"]

BATCH = 500
COLUMNS = (
    "at",
    "person",
    "person_id",
    "sentry_account",
    "face",
    "action",
    "target_kind",
    "target_id",
    "organization",
    "before",
    "after",
    "outcome",
    "request_id",
)

AS_FILE = {"description": "The file.", "content": {"text/csv": {}, MEDIA_TYPES["ndjson"]: {}}}
"""The answer, for the document."""

routes = APIRouter(prefix="/api/v1/audit", tags=["audit"])


class AuditQuery(Strict):
    """Which changes are asked for."""

    person: Word | None = Field(default=None, description="A person's id, or the name they had then.")
    action: Word | None = Field(default=None, description="Such as issues.update, or issues for all of that kind.")
    issue: Word | None = Field(default=None, description="An issue's number.")
    face: Face | None = Field(default=None, description="Where it was done.")
    organization: Word | None = Field(default=None, description="The organization it was done in.")
    since: AwareDatetime | None = Field(default=None, description="From this moment on.")
    until: AwareDatetime | None = Field(default=None, description="Before this moment.")

    def asked(self) -> AuditFilter:
        """Give what the log is searched for."""
        return AuditFilter(self.person, self.action, self.issue, self.face, self.organization, self.since, self.until)


class AuditPageQuery(AuditQuery):
    """Which page of them."""

    cursor: Annotated[str, Field(max_length=20)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AuditExportQuery(AuditQuery):
    """All of them, as what."""

    format: Literal["csv", "ndjson"] = "csv"


class AuditPerson(Strict):
    """Who did it. The name is the one they had then."""

    id: str | None
    name: str | None


class AuditTarget(Strict):
    """What it was done to."""

    kind: str
    id: str | None


class AuditEntry(Strict):
    """One change: who, what, when, where, from what, to what, and what came of it."""

    id: str
    at: str
    organization: str | None
    person: AuditPerson | None
    sentry_account: str | None = Field(
        description="Whose account Sentry was asked with: the person's own if they linked it, else Dexter's, "
        "on the person's behalf. null where Sentry was not asked, and for callers with a Sentry token of their own."
    )
    face: str
    action: str
    target: AuditTarget | None
    before: Any
    after: Any
    request_id: str | None
    outcome: Literal["done", "refused", "failed", "unknown"]


class AuditCursor(Strict):
    """Where the next page begins."""

    cursor: str


class AuditPagination(Strict):
    """The neighbouring pages; the log is read from its newest end."""

    next: AuditCursor | None
    prev: None


class AuditPage(Strict):
    """A page of the log."""

    data: list[AuditEntry]
    pagination: AuditPagination


@routes.get("", name="audit.list", response_model=AuditPage)
async def read_audit(request: Request, query: Annotated[AuditPageQuery, Query()], _: AsOperator) -> Response:
    """Give a page of the audit log, the newest first."""
    before = _number(query.cursor)
    async with gateway_of(request).database.reading() as connection:
        rows = await page(connection, query.asked(), before=before, limit=query.limit + 1)
    shown = rows[: query.limit]
    following = {"cursor": str(shown[-1].id)} if len(rows) > query.limit else None
    document = {"data": [view(row) for row in shown], "pagination": {"next": following, "prev": None}}
    return Response(encoded(document), media_type="application/json", headers={"cache-control": "no-store"})


@routes.get("/export", name="audit.export", response_class=Response, responses={200: AS_FILE})
async def export_audit(request: Request, query: Annotated[AuditExportQuery, Query()], _: AsOperator) -> Response:
    """Give all changes that are asked for as a file, the newest first."""
    gateway = gateway_of(request)
    is_csv = query.format == "csv"
    name = f"audit-{datetime.fromtimestamp(gateway.clock.now(), UTC):%Y%m%d-%H%M%S}.{query.format}"
    headers = {"cache-control": "no-store", "content-disposition": f'attachment; filename="{name}"'}
    media_type = MEDIA_TYPES[query.format]
    if request.scope["state"].get("is_head"):
        return Response(headers=headers, media_type=media_type)
    written = _csv if is_csv else _lines
    return StreamingResponse(written(_batches(gateway, query.asked())), headers=headers, media_type=media_type)


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise BadRequest("cursor must be one that a page of the audit log gave.")
    return int(cursor)


async def _batches(gateway: Gateway, asked: AuditFilter) -> AsyncIterator[list[dict[str, Any]]]:
    before: int | None = None
    while True:
        async with gateway.database.reading() as connection:
            rows = await page(connection, asked, before=before, limit=BATCH)
        if not rows:
            return
        yield [view(row) for row in rows]
        before = rows[-1].id


async def _csv(batches: AsyncIterator[list[dict[str, Any]]]) -> AsyncIterator[bytes]:
    yield csv_lines([COLUMNS])
    async for batch in batches:
        yield csv_lines(_row(entry) for entry in batch)


async def _lines(batches: AsyncIterator[list[dict[str, Any]]]) -> AsyncIterator[bytes]:
    async for batch in batches:
        yield b"".join(msgspec.json.encode(entry) + b"\n" for entry in batch)


def _row(entry: dict[str, Any]) -> list[Any]:
    person, target = entry["person"] or {}, entry["target"] or {}
    flat = {
        **entry,
        "person": person.get("name"),
        "person_id": person.get("id"),
        "target_kind": target.get("kind"),
        "target_id": target.get("id"),
        "before": _text(entry["before"]),
        "after": _text(entry["after"]),
    }
    return [flat[name] for name in COLUMNS]


def _text(value: Any) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()
