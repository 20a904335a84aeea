"""A crowd in front of a slow Sentry: callers at once, asking the same or each something else.

The sandbox answers after 300 ms for 100 callers; and after 150 ms for 100 and 1,000 that ask the same. Printed: p50,
p95, p99 and the slowest in milliseconds, and the upstream calls. Goals: identical callers make one upstream call and
all have their answer within 1 s, distinct ones within 5 s; on 150 ms p95 within 200 and 400 ms.
The same crowd straight at the sandbox stands beside it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING

import aiohttp

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


async def gather_crowd(
    address: Callable[[int], str], headers: dict[str, str], callers: int
) -> tuple[list[float], set[int]]:
    """Let all callers ask at once and wait for all of them."""
    connector = aiohttp.TCPConnector(limit=callers)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask(number: int) -> tuple[float, int]:
            began = time.perf_counter()
            async with session.get(address(number)) as reply:
                await reply.read()
                return time.perf_counter() - began, reply.status

        answers = await asyncio.gather(*(ask(number) for number in range(callers)))
    return [wait for wait, _ in answers], {status for _, status in answers}


def crowd(sandbox: Sandbox, address: Callable[[int], str], headers: dict[str, str], callers: int = CALLERS) -> Crowd:
    """Run one crowd and count what reached the sandbox meanwhile."""
    sandbox.forget_calls()
    waits, statuses = asyncio.run(gather_crowd(address, headers, callers))
    return Crowd(waits, statuses, sum(sandbox.calls().values()))


def gateway_address(gateway: Gateway, *, distinct: bool) -> Callable[[int], str]:
    """Give the address each caller asks the gateway for."""
    base = f"{gateway.url}/api/v1/issues?limit=50"
    return (lambda number: f"{base}&query=timesSeen:>{number}") if distinct else (lambda _number: base)


def measure() -> dict[str, Crowd]:
    """Run every crowd once, cold."""
    with running_sandbox(issues=200) as sandbox, running_gateway(sandbox.url, sandbox.token) as gateway:
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
