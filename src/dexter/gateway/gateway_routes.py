"""The addresses of /api/v1 about the gateway itself: its figures, its objectives, and the browser's spans."""

# FastAPI reads the annotations at run time, so their imports stay out of type-checking blocks.

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from dexter.gateway.requested import AsOperator, Strict, gateway_of
from dexter.gateway.stats_view import GatewayStats, SloView
from dexter.observe.spans import BrowserSpan

routes = APIRouter(prefix="/api/v1", tags=["gateway"])

TraceId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
SpanId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class SpanReport(Strict):
    """A span that the workbench measured in somebody's browser. Its name is a screen's or an action's."""

    trace_id: TraceId
    span_id: SpanId
    parent_span_id: SpanId | None = None
    name: Annotated[str, Field(min_length=1, max_length=120)]
    start_ms: Annotated[float, Field(ge=0, le=4e12, description="Epoch milliseconds.")]
    duration_ms: Annotated[float, Field(ge=0, le=3_600_000)]
    error: bool = False
    screen: Annotated[str, Field(max_length=120)] | None = None


class SpanReports(Strict):
    """Spans, a handful at a time."""

    spans: Annotated[list[SpanReport], Field(max_length=50)]


class SpansTaken(BaseModel):
    """What became of them. Without a collector there is no use in sending more."""

    accepted: int
    exported: bool


@routes.get("/gateway/stats", name="gateway.stats", responses={200: {"model": GatewayStats}}, response_model=None)
async def read_stats(request: Request, _: AsOperator) -> Response:
    """Give how the gateway does, live, over all workers of this host."""
    body, tag = await gateway_of(request).live.stats()
    headers = {"etag": tag, "cache-control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@routes.get("/gateway/slo", name="gateway.slo")
async def read_slo(request: Request, _: AsOperator) -> SloView:
    """Give how the technical objectives stand, over thirty days and the last hour."""
    return await gateway_of(request).live.slo()


@routes.post("/traces", name="traces.report")
async def report_spans(reports: SpanReports, request: Request, _: AsOperator) -> SpansTaken:
    """Take spans of the workbench, to stand in the same traces as the gateway's own."""
    tracing = gateway_of(request).tracing
    if tracing is None:
        return SpansTaken(accepted=0, exported=False)
    for report in reports.spans:
        tracing.browser_span(BrowserSpan(**report.model_dump()))
    return SpansTaken(accepted=len(reports.spans), exported=True)
