"""A crowd in front of a slow Sentry: callers at once, asking the same or each something else.

The sandbox answers after 300 ms for 100 callers; and after 150 ms for 100 and 1,000 that ask the same. Printed: p50,
p95, p99 and the slowest in milliseconds, and the upstream calls. Goals: identical callers make one upstream call and
all have their answer within 1 s, distinct ones within 5 s; on 150 ms p95 within 200 and 400 ms.
The same crowd straight at the sandbox stands beside it.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import uvloop

from bench.load import LOAD_CORE, SERVER_CORE, keep_on_core, on_core
from bench.stand import ORGANIZATION, Gateway, Sandbox, running_gateway, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

CALLERS = 100
LATENCY_MS = 300
COLD_LATENCY_MS = 150


@dataclass(frozen=True, slots=True)
class Crowd:
    """What a crowd saw: how long each waited in seconds, and what Sentry was asked."""

    waits_s: list[float]
    statuses: set[int]
    upstream_calls: int

    @property
    def slowest_s(self) -> float:
        """The wait of the last caller."""
        return max(self.waits_s)

    def row(self, name: str) -> str:
        """One line of the printed table."""
        cuts = quantiles(self.waits_s, n=100)
        figures = "".join(f"{1000 * value:>9.0f}" for value in (cuts[49], cuts[94], cuts[98], self.slowest_s))
        return f"{name:<34}{figures}{self.upstream_calls:>10}   {sorted(self.statuses)}"


class Caller(asyncio.Protocol):
    """One caller with a connection of its own: asks as soon as it stands, and waits for the whole answer.

    A client of more comfort takes as long for each answer as a server does, and would measure itself.
    """

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._began = time.perf_counter()
        self._missing: int | None = None
        self._read = b""
        self.done: asyncio.Future[tuple[float, int]] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        cast("asyncio.WriteTransport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count what has come, until all has."""
        if self._missing is None:
            self._read += data
            head, end, body = self._read.partition(b"\r\n\r\n")
            if not end:
                return
            found = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            self._missing, data = int(found[1]) if found else 0, body
        self._missing -= len(data)
        if self._missing <= 0 and not self.done.done():
            self.done.set_result((time.perf_counter() - self._began, int(self._read[9:12])))

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up: whatever was missing will not come."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed before the whole answer had come"))


async def gather_crowd(
    address: Callable[[int], str], headers: dict[str, str], callers: int
) -> tuple[list[float], set[int]]:
    """Let all callers connect and ask at once, and wait for all of them."""

    async def ask(number: int) -> tuple[float, int]:
        url = urlsplit(address(number))
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        target = f"{url.path}?{url.query}"
        request = f"GET {target} HTTP/1.1\r\nHost: {url.netloc}\r\n{fields}\r\n".encode()
        transport, caller = await asyncio.get_running_loop().create_connection(
            lambda: Caller(request), url.hostname, url.port
        )
        try:
            return await caller.done
        finally:
            transport.close()

    answers = await asyncio.gather(*(ask(number) for number in range(callers)))
    return [wait for wait, _ in answers], {status for _, status in answers}


def crowd(sandbox: Sandbox, address: Callable[[int], str], headers: dict[str, str], callers: int = CALLERS) -> Crowd:
    """Run one crowd and count what reached the sandbox meanwhile."""
    sandbox.forget_calls()
    with on_core(LOAD_CORE):
        waits, statuses = uvloop.run(gather_crowd(address, headers, callers))
    return Crowd(waits, statuses, sum(sandbox.calls().values()))


def gateway_address(gateway: Gateway, *, distinct: bool) -> Callable[[int], str]:
    """Give the address each caller asks the gateway for."""
    base = f"{gateway.url}/api/v1/issues?limit=50"
    return (lambda number: f"{base}&query=timesSeen:>{number}") if distinct else (lambda _number: base)


def _keep_apart(sandbox: Sandbox, gateway: Gateway) -> None:
    """Give the gateway a core; the callers and Sentry share the other, as they would not be on its machine."""
    keep_on_core(gateway.process.pid, SERVER_CORE)
    keep_on_core(sandbox.process.pid, LOAD_CORE)
    # What a new process does once for all its life is not the crowd's to wait for; the cache stays cold.
    gateway.v1("GET", "/organizations")


def measure() -> dict[str, Crowd]:
    """Run every crowd once, cold."""
    with running_sandbox(issues=200) as sandbox, running_gateway(sandbox.url, sandbox.token) as gateway:
        _keep_apart(sandbox, gateway)
        sandbox.faults(latency_ms=LATENCY_MS)
        mine, theirs = {"X-Dexter-Token": gateway.token}, {"Authorization": f"Bearer {sandbox.token}"}
        direct = f"{sandbox.url}/api/0/organizations/{ORGANIZATION}/issues/?limit=50"
        return {
            "identical, through Dexter": crowd(sandbox, gateway_address(gateway, distinct=False), mine),
            "identical, straight to Sentry": crowd(sandbox, lambda _number: direct, theirs),
            "distinct, through Dexter": crowd(sandbox, gateway_address(gateway, distinct=True), mine),
            "distinct, straight to Sentry": crowd(
                sandbox, lambda number: f"{direct}&query=is:unresolved+timesSeen:>{number}", theirs
            ),
        }


def measure_cold() -> dict[str, Crowd]:
    """Run crowds that ask the same of a Sentry that takes 150 ms."""
    found = {}
    for callers in (100, 1_000):
        with running_sandbox(issues=200) as sandbox, running_gateway(sandbox.url, sandbox.token) as gateway:
            _keep_apart(sandbox, gateway)
            sandbox.faults(latency_ms=COLD_LATENCY_MS)
            address = gateway_address(gateway, distinct=False)
            found[f"{callers:,} identical on {COLD_LATENCY_MS} ms"] = crowd(
                sandbox, address, {"X-Dexter-Token": gateway.token}, callers
            )
    return found


def main() -> dict[str, dict[str, float]]:
    """Print the table."""
    print(f"{CALLERS} callers at once, cold, upstream latency {LATENCY_MS} ms; then {COLD_LATENCY_MS} ms")
    print(f"{'':<34}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'max ms':>9}{'upstream':>10}   statuses")
    told = {}
    for name, seen in {**measure(), **measure_cold()}.items():
        print(seen.row(name), flush=True)
        cuts = quantiles(seen.waits_s, n=100)
        told[name] = {"p50_ms": 1e3 * cuts[49], "p95_ms": 1e3 * cuts[94], "upstream_calls": seen.upstream_calls}
    return told
