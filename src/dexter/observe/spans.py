"""Spans: what a tracer must offer to the entrance and the stack, so that neither knows OpenTelemetry.

Without a collector there is no tracer, and no stage pays for one; see `tracing.py` for how one is opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dexter.observe.trace_ids import TraceIds
    from dexter.wire import Headers, Send


Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TracingOptions:
    """Where spans go and which; after OpenTelemetry's standard settings."""

    endpoint: str
    """The collector's address for traces, whole."""
    headers: Pairs = field(default=(), repr=False)
    """What the collector wants to see, often a credential."""
    service_name: str = "dexter"
    attributes: Pairs = ()
    sampler: str = "parentbased_always_on"
    sampled_share: float = 1.0
    upstream_host: str = ""


@dataclass(frozen=True, slots=True)
class BrowserSpan:
    """A span measured in somebody's browser."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    start_ms: float
    duration_ms: float
    error: bool = False
    screen: str | None = None


class ServerSpan(Protocol):
    """The span of one request to the gateway."""

    @property
    def ids(self) -> TraceIds:
        """Give where it stands."""

    def describe(self, name: str, status: int, facts: dict[str, str]) -> None:
        """Say what the request turned out to be; `name` is made of the method and the endpoint's template."""


class Tracing(Protocol):
    """Makes spans."""

    def server(self, method: str, headers: Headers) -> AbstractContextManager[ServerSpan]:
        """Give the span that a request runs in, as a part of its caller's trace."""

    def stage(self, name: str, inner: Send) -> Send:
        """Give a stage with a span round it."""

    def attempt(self, inner: Send) -> Send:
        """Give the innermost stage with a client span round it, which Sentry is told of."""

    def browser_span(self, span: BrowserSpan) -> None:
        """Hand on a span that was measured elsewhere."""

    async def aclose(self) -> None:
        """Send what has not been sent yet."""
