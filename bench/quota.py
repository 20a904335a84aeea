"""People and a script on one quota: Sentry lets 40 calls a second through, and 25 at once.

People ask 32 times a second, 80 % of it, each something else. Beside them a script asks as fast as it can and says so
(`X-Dexter-Priority: bulk`), and waits when it is told to. Printed: what each got, p50, p95 and the slowest in
milliseconds, calls that Sentry refused, and how much of the quota was used. Goal: people see no 429, and the quota is
not left lying.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import quantiles
from typing import TYPE_CHECKING

import aiohttp

from bench.stand import ORGANIZATION, Gateway, Sandbox, request, running_gateway, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = 40
CONCURRENT = 25
PEOPLE_PER_S = 32
SCRIPT_AT_ONCE = 30
LATENCY_MS = 100
SECONDS = 12.0


@dataclass(slots=True)
class Seen:
    """What one side saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)

    def row(self, name: str) -> str:
        """One line of the printed table."""
        cuts = quantiles(self.waits_s, n=100)
        figures = "".join(f"{1000 * value:>9.0f}" for value in (cuts[49], cuts[94], max(self.waits_s)))
        return f"{name:<10}{sum(self.statuses.values()):>8}{figures}   {dict(self.statuses)}"


@dataclass(frozen=True, slots=True)
class Shared:
    """One run."""

    people: Seen
    script: Seen
    refused: int
    used: float
    """The share of the quota that was used."""


def address(gateways: Sequence[Gateway], number: int) -> str:
    """Give an address that nobody asked for before, at one gateway after the other."""
    return f"{gateways[number % len(gateways)].url}/api/0/organizations/{ORGANIZATION}/teams/?bench={number}"


async def ask(session: aiohttp.ClientSession, url: str, headers: dict[str, str], seen: Seen) -> float:
    """Ask once, note what came, and give the seconds that the answer asks to wait."""
    began = time.perf_counter()
    async with session.get(url, headers=headers) as reply:
        await reply.read()
    seen.statuses[reply.status] += 1
    seen.waits_s.append(time.perf_counter() - began)
    return float(reply.headers.get("Retry-After", "0"))


async def load(gateways: Sequence[Gateway], seconds: float) -> tuple[Seen, Seen]:
    """Let people and the script ask for a while."""
    people, script = Seen(), Seen()
    person = {"X-Dexter-Token": gateways[0].token}
    until = time.monotonic() + seconds
    numbers = iter(range(1, 1_000_000))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:

        async def work() -> None:
            bulk = {**person, "X-Dexter-Priority": "bulk"}
            while time.monotonic() < until:
                wait_s = await ask(session, address(gateways, next(numbers)), bulk, script)
                await asyncio.sleep(wait_s)

        for _ in range(SCRIPT_AT_ONCE):
            group.create_task(work())
        while time.monotonic() < until:
            group.create_task(ask(session, address(gateways, next(numbers)), person, people))
            await asyncio.sleep(1 / PEOPLE_PER_S)
    return people, script


def refused_by_sentry(gateway: Gateway) -> int:
    """Give how many calls Sentry refused, by a gateway's own count over its workers."""
    told = request("GET", f"{gateway.url}/metrics", headers={"X-Dexter-Token": gateway.token}).body.decode()
    lines = re.findall(r"^dexter_sentry_requests_total\{[^}]*status=\"429\"[^}]*\} (\S+)", told, re.MULTILINE)
    return int(sum(map(float, lines)))


def share(sandbox: Sandbox, *gateways: Gateway, seconds: float = SECONDS) -> Shared:
    """Run people and the script side by side in front of a limited Sentry, over one gateway or several."""
    limit = {"limit": LIMIT, "window_s": 1, "concurrent": CONCURRENT}
    sandbox.faults(latency_ms=LATENCY_MS, rate_limit=limit)
    first = {"X-Dexter-Token": gateways[0].token}
    # Three windows in which Sentry tells what its limits are.
    for _ in range(3):
        for number in range(len(gateways)):
            told = request("GET", address(gateways, number), headers={**first, "Cache-Control": "no-cache"})
            assert told.status == 200
        time.sleep(1.0)
    refused = sum(map(refused_by_sentry, gateways))
    began = time.monotonic()
    people, script = asyncio.run(load(gateways, seconds))
    answered = people.statuses[200] + script.statuses[200]
    used = answered / (LIMIT * (time.monotonic() - began))
    return Shared(people, script, sum(map(refused_by_sentry, gateways)) - refused, used)


def main() -> dict[str, float]:
    """Print the table, and give its figures."""
    with running_sandbox(issues=60) as sandbox, running_gateway(sandbox.url, sandbox.token) as gateway:
        run = share(sandbox, gateway)
    print(f"{LIMIT} calls/s and {CONCURRENT} at once; people ask {PEOPLE_PER_S}/s, a script asks all it can")
    print(f"{'':<10}{'answers':>8}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}   statuses")
    print(run.people.row("people"))
    print(run.script.row("script"))
    print(f"refused by Sentry: {run.refused}; quota used: {100 * run.used:.0f} %")
    return {
        "people_429": run.people.statuses[429],
        "people_p95_ms": 1000 * quantiles(run.people.waits_s, n=100)[94],
        "refused_by_sentry": run.refused,
        "quota_used": run.used,
    }


if __name__ == "__main__":
    main()
