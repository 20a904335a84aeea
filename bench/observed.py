"""What it costs to be watched: a cached answer of 54 KB on the usual way, with nobody watching and with everybody.

Within one process and without a network, so that nothing else is measured. Printed: microseconds an answer, the best
of interleaved rounds, and the ratio to an answer that nobody watches. The fast path is cheaper still: it tells its
observers of many answers at once.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import SpanProcessor

from dexter.catalog.endpoints import sentry_router
from dexter.gateway.passthrough import build_passthrough
from dexter.observe.logs import LogRecords, configure_logs
from dexter.observe.otel import OtelTracing
from dexter.observe.present import Present, begin, keep_times
from dexter.observe.spans import TracingOptions
from dexter.observe.watch import Watch
from dexter.stores.memory import MemoryStore
from dexter.upstream.stack import build_stack
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call, Credential, Identity

if TYPE_CHECKING:
    from dexter.observe.records import Observer
    from dexter.observe.spans import Tracing

ROUNDS = 12
ANSWERS = 400
BODY = b'[{"id":"' + b"x" * 54_000 + b'"}]'
PATH = "/api/0/organizations/acme/issues/"
BASE = "https://sentry.example"

Ask = Callable[[], Awaitable[None]]


class StandingTransport:
    """A `Transport` whose Sentry always says the same."""

    upstream = Upstream(BASE)

    async def send(self, call: Call) -> Answer:
        """Give the answer."""
        return Answer(200, (("Content-Type", "application/json"),), BODY)

    async def aclose(self) -> None:
        """Close nothing."""


class Caller:
    """Who asks."""

    identity = Identity("bench", "service")
    credential = Credential("Bearer bench")

    def refused(self, status: int) -> None:
        """Nothing is said in the place of Sentry's answers."""


def asking(observers: tuple[Observer, ...], tracing: Tracing | None) -> Ask:
    """Give what asks once, through a face and a stack that are watched by the observers."""
    transport = StandingTransport()
    stack = build_stack(transport, MemoryStore(), observers=observers, tracing=tracing)
    face = build_passthrough(
        stack, transport.upstream, sentry_router(), lambda *_: Caller(), lambda _: BASE, observers=observers
    )
    headers = [(b"host", b"localhost"), (b"traceparent", b"00-" + b"ab" * 16 + b"-" + b"cd" * 8 + b"-01")]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(_message: Any) -> None:
        """Take it."""

    async def ask() -> None:
        scope = {
            "type": "http", "method": "GET", "path": PATH, "raw_path": PATH.encode(), "query_string": b"",
            "headers": headers, "scheme": "http", "state": {"request_id": "bench"},
        }  # fmt: skip
        with tracing.server("GET", (("traceparent", headers[1][1].decode()),)) if tracing else nullcontext():
            begin(Present("ab" * 16))
            await face(scope, receive, send)

    return ask


async def measured() -> dict[str, float]:
    """Give microseconds an answer, by who watches."""
    configure_logs("json", stream=io.StringIO())
    watch = Watch.over()
    counting: tuple[Observer, ...] = (keep_times, watch.metrics, watch.figures)
    tracing = OtelTracing(TracingOptions("http://localhost:1/v1/traces"), SpanProcessor())
    variants = {
        "nobody": asking((), None),
        "metrics and figures": asking(counting, None),
        "and the log": asking((*counting, LogRecords()), None),
        "and traces, all sampled": asking((*counting, LogRecords()), tracing),
    }
    best = dict.fromkeys(variants, float("inf"))
    for _ in range(ROUNDS):
        for name, ask in variants.items():
            await ask()
            began = time.perf_counter()
            for _ in range(ANSWERS):
                await ask()
            best[name] = min(best[name], (time.perf_counter() - began) / ANSWERS * 1e6)
            # What was logged goes, so that memory's growth is not measured.
            configure_logs("json", stream=io.StringIO())
    await tracing.aclose()
    return best


def main() -> dict[str, float]:
    """Measure and print."""
    found = asyncio.run(measured())
    print(f"{'who watches':<28}{'µs':>8}{'ratio':>8}")
    for name, microseconds in found.items():
        print(f"{name:<28}{microseconds:>8.1f}{microseconds / found['nobody']:>8.2f}")
    return found
