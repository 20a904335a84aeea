"""Spans over OpenTelemetry, sent by OTLP; imported only where a collector is set up, since it takes time and memory.

Names are operations' templates, attributes are facts of ours: no path, no query, no header and no message of an error,
since any of them may hold somebody's data or a credential.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dexter.observe.redaction import Redaction
from dexter.observe.trace_ids import TraceIds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import SpanProcessor

    from dexter.observe.spans import BrowserSpan, ServerSpan, TracingOptions
    from dexter.wire import Answer, Call, Headers, Send

_NAME = "dexter"
_CONTEXT_HEADERS = frozenset({"traceparent", "tracestate"})
FLUSH_S = 2.0
"""How long the end of the gateway waits for a collector."""
_NS_PER_MS = 1_000_000


class OtelTracing:
    """A `Tracing` whose spans go to a collector."""

    def __init__(
        self, options: TracingOptions, processor: SpanProcessor | None = None, flush_s: float = FLUSH_S
    ) -> None:
        """Set up everything; tests give a `processor` of their own."""
        self._flush_s = flush_s
        self._exporter = OTLPSpanExporter(endpoint=options.endpoint, headers=dict(options.headers))
        self._processor = processor or BatchSpanProcessor(self._exporter)
        resource = Resource.create({**dict(options.attributes), "service.name": options.service_name})
        self._provider = TracerProvider(sampler=sampler(options), resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(self._processor)
        self._tracer = self._provider.get_tracer(_NAME)
        self._browser = resource.merge(Resource({"service.name": f"{options.service_name}-workbench"}))
        self._upstream_host = options.upstream_host
        self._context = TraceContextTextMapPropagator()
        self._redaction = Redaction()

    @contextmanager
    def server(self, method: str, headers: Headers) -> Iterator[ServerSpan]:
        """Give the span that a request runs in, as a part of its caller's trace."""
        carrier = {name.lower(): value for name, value in headers if name.lower() in _CONTEXT_HEADERS}
        parent = self._context.extract(carrier, Context())
        span = self._tracer.start_span(method, parent, SpanKind.SERVER, {"http.request.method": method})
        token = attach(set_span_in_context(span, parent))
        try:
            yield _Server(span)
        except BaseException as error:
            _fail(span, error)
            raise
        finally:
            span.end()
            detach(token)

    def stage(self, name: str, inner: Send) -> Send:
        """Give a stage with a span round it, for requests that are recorded."""

        async def staged(call: Call) -> Answer:
            if not get_current_span().get_span_context().trace_flags.sampled:
                return await inner(call)
            span = self._tracer.start_span(name, attributes={"dexter.operation": call.endpoint.name})
            return await _within(span, inner, call)

        return staged

    def attempt(self, inner: Send) -> Send:
        """Give the innermost stage with a client span round it, which Sentry is told of."""

        async def attempted(call: Call) -> Answer:
            if not get_current_span().get_span_context().is_valid:
                return await inner(call)
            name = call.endpoint.name
            attributes = {"http.request.method": call.method, "server.address": self._upstream_host}
            span = self._tracer.start_span(
                f"{call.method} *" if name == "*" else name, kind=SpanKind.CLIENT, attributes=attributes
            )
            return await _within(span, inner, _told(call, self._outgoing(span)))

        return attempted

    def _outgoing(self, span: Span) -> dict[str, str]:
        carrier: dict[str, str] = {}
        self._context.inject(carrier, set_span_in_context(span))
        return carrier

    def browser_span(self, span: BrowserSpan) -> None:
        """Hand on a span that was measured in somebody's browser."""
        trace_id, parent_id = int(span.trace_id, 16), span.parent_span_id
        begin_ns = int(span.start_ms * _NS_PER_MS)
        self._processor.on_end(
            ReadableSpan(
                self._redaction.text(span.name),
                context=_context(trace_id, int(span.span_id, 16)),
                parent=_context(trace_id, int(parent_id, 16)) if parent_id else None,
                resource=self._browser,
                attributes={"dexter.screen": self._redaction.text(span.screen)} if span.screen else {},
                kind=SpanKind.CLIENT,
                status=Status(StatusCode.ERROR) if span.error else Status(),
                start_time=begin_ns,
                end_time=begin_ns + int(span.duration_ms * _NS_PER_MS),
                instrumentation_scope=InstrumentationScope(_NAME),
            )
        )

    async def aclose(self) -> None:
        """Send what has not been sent yet, as far as the collector takes it in time."""
        # In a thread of its own that nobody waits for longer: the exporter tries again and again at a dead collector.
        flush = threading.Thread(target=self._provider.force_flush, name="last-spans", daemon=True)
        flush.start()
        await asyncio.to_thread(flush.join, self._flush_s)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]
        await asyncio.to_thread(self._provider.shutdown)


class _Server:
    """A `ServerSpan`."""

    def __init__(self, span: Span) -> None:
        self._span = span
        context = span.get_span_context()
        self.ids = TraceIds(f"{context.trace_id:032x}", f"{context.span_id:016x}", context.trace_flags.sampled)

    def describe(self, name: str, status: int, facts: dict[str, str]) -> None:
        """Say what the request turned out to be."""
        self._span.update_name(name)
        self._span.set_attributes(facts)
        _answered(self._span, status)


async def _within(span: Span, inner: Send, call: Call) -> Answer:
    with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            answer = await inner(call)
        except BaseException as error:
            _fail(span, error)
            raise
        span.set_attribute("dexter.outcome", answer.outcome.value)
        _answered(span, answer.status)
        return answer


def _answered(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def _fail(span: Span, error: BaseException) -> None:
    # A message may quote what people searched for; the class says enough, and the log has the rest.
    span.set_attribute("error.type", type(error).__name__)
    if isinstance(error, Exception):
        span.set_status(Status(StatusCode.ERROR))


def _told(call: Call, context: dict[str, str]) -> Call:
    kept = tuple((name, value) for name, value in call.headers if name.lower() not in _CONTEXT_HEADERS)
    return replace(call, headers=(*kept, *context.items()))


def _context(trace_id: int, span_id: int) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def sampler(options: TracingOptions) -> Sampler:
    """Give the sampler by its standard name."""
    root: Sampler
    match options.sampler.removeprefix("parentbased_"):
        case "always_off":
            root = ALWAYS_OFF
        case "traceidratio":
            root = TraceIdRatioBased(options.sampled_share)
        case _:
            root = ALWAYS_ON
    return ParentBased(root) if options.sampler.startswith("parentbased_") else root
