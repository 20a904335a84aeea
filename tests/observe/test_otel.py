"""Spans as a collector gets them."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode

from dexter.errors import Unreachable
from dexter.observe.otel import OtelTracing, sampler
from dexter.observe.spans import BrowserSpan, TracingOptions
from dexter.wire import Answer, Call, Credential, Endpoint, Identity, header

if TYPE_CHECKING:
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan

TRACE, SPAN = "ab" * 16, "cd" * 8
CALLER = (("Traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "vendor=1"))
LIST = Endpoint("GET /api/0/organizations/{organization_id_or_slug}/issues/", "GET", "/x/")
TOKEN = "sntryu_" + "5a" * 32
OPTIONS = TracingOptions("http://localhost:1/v1/traces", upstream_host="sentry.example")

CALL = Call(
    endpoint=LIST,
    method="GET",
    path="/api/0/organizations/acme/issues/",
    query=f"query=secret-search&token={TOKEN}",
    identity=Identity("key-of-somebody", "token"),
    credential=Credential(f"Bearer {TOKEN}"),
    deadline=1e9,
    headers=(("Accept", "application/json"), ("Authorization", f"Bearer {TOKEN}"), ("sentry-trace", "1-2-1")),
)


class Collector:
    """A tracer whose spans stay in memory."""

    def __init__(self, options: TracingOptions = OPTIONS) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracing = OtelTracing(options, SimpleSpanProcessor(self._exporter))

    def spans(self) -> dict[str, ReadableSpan]:
        """Give finished spans by name."""
        return {span.name: span for span in self._exporter.get_finished_spans()}


async def answer(status: int = 200) -> Answer:
    return Answer(status, (), b"{}")


async def test_spans_of_a_request_stand_in_its_callers_trace_and_in_each_other() -> None:
    """A trace that breaks at the gateway explains nothing."""
    collector, seen = Collector(), []

    async def sentry(call: Call) -> Answer:
        seen.append(call)
        return await answer()

    send = collector.tracing.stage("cached", collector.tracing.attempt(sentry))
    with collector.tracing.server("GET", CALLER) as span:
        assert span.ids.trace_id == TRACE
        await send(CALL)
        span.describe("GET /api/v1/issues", 200, {"http.route": "/api/v1/issues"})
    spans = collector.spans()
    server, stage, attempt = spans["GET /api/v1/issues"], spans["cached"], spans[LIST.name]
    assert {f"{each.context.trace_id:032x}" for each in spans.values()} == {TRACE}
    parents = [each.parent.span_id if each.parent else None for each in (server, stage, attempt)]
    assert parents == [int(SPAN, 16), server.context.span_id, stage.context.span_id]
    assert [server.kind, attempt.kind] == [SpanKind.SERVER, SpanKind.CLIENT]
    (call,) = seen
    assert header(call.headers, "traceparent") == f"00-{TRACE}-{attempt.context.span_id:016x}-01"
    assert header(call.headers, "tracestate") == "vendor=1"
    assert header(call.headers, "sentry-trace") == "1-2-1"


async def test_no_span_holds_a_token_a_path_or_a_query() -> None:
    """Traces leave the house."""
    collector = Collector()

    async def failing(call: Call) -> Answer:
        raise Unreachable(f"could not ask {call.query} with {TOKEN}")

    with collector.tracing.server("GET", CALL.headers) as span:
        with pytest.raises(Unreachable):
            await collector.tracing.stage("cached", collector.tracing.attempt(failing))(CALL)
        span.describe("GET /api/v1/issues", 502, {})
    spans = collector.spans()
    assert {span.status.status_code for span in spans.values()} == {StatusCode.ERROR}
    assert spans[LIST.name].attributes is not None
    assert spans[LIST.name].attributes["error.type"] == "Unreachable"
    text = "".join(span.to_json() for span in spans.values())
    assert not [word for word in (TOKEN, "acme", "secret-search", "key-of-somebody") if word in text]


async def test_a_trace_that_is_not_sampled_costs_no_spans_but_goes_on() -> None:
    """Sentry may belong to the same trace, and decides by the same flag."""
    collector, seen = Collector(), []

    async def sentry(call: Call) -> Answer:
        seen.append(call)
        return await answer()

    with collector.tracing.server("GET", (("traceparent", f"00-{TRACE}-{SPAN}-00"),)):
        await collector.tracing.stage("cached", collector.tracing.attempt(sentry))(CALL)
    assert collector.spans() == {}
    traceparent = header(seen[0].headers, "traceparent") or ""
    assert traceparent.startswith(f"00-{TRACE}-")
    assert traceparent.endswith("-00")


async def test_a_call_outside_of_a_request_is_sent_as_it_is() -> None:
    """There is no trace it could belong to."""
    collector, seen = Collector(), []

    async def sentry(call: Call) -> Answer:
        seen.append(call)
        return await answer()

    await collector.tracing.attempt(sentry)(CALL)
    assert seen == [CALL]


async def test_an_unknown_operation_is_named_by_a_star() -> None:
    """A name made of a path would be a name for every issue."""
    collector = Collector()
    with collector.tracing.server("GET", ()):
        await collector.tracing.attempt(lambda _: answer())(replace(CALL, endpoint=Endpoint("*", "*", "*")))
    assert "GET *" in collector.spans()


def test_without_a_collector_nothing_that_makes_or_sends_spans_is_imported(tmp_path: Path) -> None:
    """It would take time and memory at the start, for nothing; the mere interface is FastAPI's own import."""
    script = (
        "import sys; from dexter.app import create_app; from dexter.settings import read_settings;"
        "create_app(read_settings({'SENTRY_BASE_URL': 'http://localhost:1', 'DEXTER_DATA_DIR': sys.argv[1]}));"
        "import dexter.serve; heavy = {'opentelemetry.sdk', 'opentelemetry.exporter'} & set(sys.modules);"
        "print(sorted(heavy))"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


async def test_a_collector_that_is_away_does_not_hold_up_the_end() -> None:
    """A gateway that does not end when it is told to is killed, and cuts requests."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/v1/traces"
        tracing = OtelTracing(replace(OPTIONS, endpoint=address), flush_s=0.1)
        with tracing.server("GET", CALLER):
            pass
        began = time.monotonic()
        await tracing.aclose()
    assert time.monotonic() - began < 5


def test_a_browsers_span_joins_the_trace_it_names() -> None:
    """The time a person waited includes the browser's."""
    collector = Collector()
    collector.tracing.browser_span(
        BrowserSpan(TRACE, "12" * 8, SPAN, f"open issue {TOKEN}", 1_700_000_000_000.5, 20.0, True, "issue")
    )
    (span,) = collector.spans().values()
    assert (f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}") == (TRACE, "12" * 8)
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == SPAN
    assert span.end_time == (span.start_time or 0) + 20_000_000
    assert span.status.status_code is StatusCode.ERROR
    assert span.resource.attributes["service.name"] == "dexter-workbench"
    assert TOKEN not in span.to_json()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("always_on", ALWAYS_ON),
        ("always_off", ALWAYS_OFF),
        ("traceidratio", TraceIdRatioBased(0.25)),
        ("parentbased_always_on", ParentBased(ALWAYS_ON)),
        ("parentbased_always_off", ParentBased(ALWAYS_OFF)),
        ("parentbased_traceidratio", ParentBased(TraceIdRatioBased(0.25))),
    ],
)
def test_a_sampler_goes_by_its_standard_name(name: str, expected: object) -> None:
    """The same setting must mean the same in every service."""
    found = sampler(replace(OPTIONS, sampler=name, sampled_share=0.25))
    assert found.get_description() == getattr(expected, "get_description")()  # noqa: B009 (samplers share no type here)
