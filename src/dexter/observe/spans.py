"""Spans: what a tracer must offer to the entrance and the stack, so that neither knows OpenTelemetry.

Without a collector there is no tracer, and no stage pays for one; see `otel.py` for the one that exports.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dexter.observe.trace_ids import TraceIds
    from dexter.wire import Headers, Send


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
