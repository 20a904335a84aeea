"""Opens the tracer for a collector, if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dexter.observe.spans import Tracing, TracingOptions


def open_tracing(options: TracingOptions | None) -> Tracing | None:
    """Give the tracer for a collector, or None without one; only then is OpenTelemetry imported."""
    if options is None:
        return None
    from dexter.observe.otel import OtelTracing

    return OtelTracing(options)
