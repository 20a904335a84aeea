"""The document of `GET /api/v1/gateway/stats`, which the Gateway screen shows. None says that nothing was counted."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Moment = str


class Workers(BaseModel):
    """The processes whose figures these are; a lost one's counts are kept."""

    live: int
    seen: int


class Outcomes(BaseModel):
    """Answers by where they came from."""

    hit: int
    stale: int
    fallback: int
    miss: int
    collapsed: int
    bypass: int


class Window(BaseModel):
    """The last minute, five minutes or hour."""

    seconds: int
    requests: int
    per_s: float
    errors: int = Field(description="Answers of 500 and above, Sentry's or Dexter's.")
    error_rate: float | None
    client_errors: int = Field(description="Answers of 400 to 499.")
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    reads: int = Field(description="Reads that a store may answer.")
    hits: int = Field(description="Reads answered without waiting for Sentry.")
    hit_ratio: float | None
    outcomes: Outcomes
    upstream_calls: int
    upstream_failures: int
    calls_saved: int = Field(description="Calls that callers wanted, less those that Sentry got.")


class Windows(BaseModel):
    """The same figures over three spans."""

    minute: Window = Field(serialization_alias="1m")
    five_minutes: Window = Field(serialization_alias="5m")
    hour: Window = Field(serialization_alias="60m")


class TimeSeries(BaseModel):
    """The last hour in columns of equal length, oldest first; `t` is when a step began, in epoch seconds."""

    step_s: int
    t: list[int]
    requests: list[int]
    errors: list[int]
    reads: list[int]
    hits: list[int]
    upstream_calls: list[int]
    saved: list[int]
    p50_ms: list[float | None]
    p95_ms: list[float | None]


class AnsweredOperation(BaseModel):
    """An address of the gateway in the last hour."""

    endpoint: str
    method: str
    requests: int
    errors: int
    p50_ms: float
    p95_ms: float
    max_ms: float


class AskedOperation(BaseModel):
    """An operation of Sentry's in the last hour."""

    operation: str
    calls: int
    failures: int
    p50_ms: float
    p95_ms: float
    max_ms: float


class BreakerView(BaseModel):
    """A circuit breaker, one for all workers."""

    name: str
    state: Literal["closed", "half_open", "open"]
    since: Moment | None = Field(description="Since when it is left alone, or asked again; null: it was never open.")
    last_failure: str | None
    retry_at: Moment | None


class QuotaView(BaseModel):
    """What Sentry last said is left of a quota."""

    bucket: str
    limit: int | None
    remaining: int | None
    resets_at: Moment | None
    concurrent_limit: int | None
    learned_at: Moment


class QueueView(BaseModel):
    """Waiting for quota, in the last hour."""

    waited: int
    refused: int
    p95_wait_ms: float | None = Field(description="Since the workers' start.")


class FlightsView(BaseModel):
    """Shared flights of the last hour, and the callers who came along."""

    flown: int
    joined: int


class ListenersView(BaseModel):
    """Who listens to the feed, all workers together."""

    sockets: int
    streams: int
    waiting: int = Field(description="Messages that wait for those who read slowly.")
    dropped: int = Field(description="Who was too slow and was dropped, since the workers' start.")
    refused: int = Field(description="Who was one too many, since the workers' start.")


class CacheView(BaseModel):
    """What is stored in memory, all workers together."""

    used_bytes: int


class RecentError(BaseModel):
    """One of the last errors."""

    at: Moment
    kind: Literal["answer", "sentry", "refresh", "browser"]
    endpoint: str
    method: str
    status: int | None
    error: str | None
    duration_ms: float | None
    request_id: str
    trace_id: str


class SuspendedPromise(BaseModel):
    """A guarantee that does not hold at the moment."""

    promise: str
    since: Moment
    why: str


class DriftView(BaseModel):
    """Replies of Sentry's that differ from the catalog."""

    operation: str
    what: str
    count: int
    last_seen: Moment


class DeprecationView(BaseModel):
    """An operation that Sentry said it will switch off."""

    operation: str
    sunset: Moment | None
    count: int
    last_seen: Moment


class BudgetView(BaseModel):
    """Misses that the window allows, had, and has left; overspent is negative."""

    allowed: float
    spent: float
    left: float


class ObjectiveView(BaseModel):
    """One objective: what is promised, what was measured over the window, and whether it is met."""

    name: Literal["latency", "errors", "hit_ratio", "coverage"]
    title: str
    unit: Literal["ms", "ratio"]
    direction: Literal["below", "above"]
    target: float
    measured: float | None
    met: bool | None
    last_hour: float | None
    budget: BudgetView | None


class SloView(BaseModel):
    """The four technical objectives over a rolling window, restarts included."""

    window_days: int
    since: Moment | None = Field(description="When the oldest hour counted began.")
    objectives: list[ObjectiveView]


class GatewayStats(BaseModel):
    """How the gateway does, all workers of this host together."""

    now: Moment
    started_at: Moment
    version: str
    workers: Workers
    windows: Windows
    series: TimeSeries
    operations: list[AnsweredOperation]
    upstream: list[AskedOperation]
    breakers: list[BreakerView]
    quota: list[QuotaView]
    queue: QueueView
    flights: FlightsView
    cache: CacheView
    listeners: ListenersView
    recent_errors: list[RecentError]
    suspended: list[SuspendedPromise]
    drift: list[DriftView]
    deprecations: list[DeprecationView]
    slo: SloView
    tracing: bool = Field(description="Whether spans go to a collector.")
