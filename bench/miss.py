"""What a read costs that Dexter does not have: added latency of one caller, and the rate of 32.

Every request is for another address, so that each is looked for, asked, checked, stored and answered; the Sentry behind
answers at once. Measured in turn, round by round: straight to it, through nginx as a plain proxy, through Dexter.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.hit import TOKEN
from bench.load import SERVER_CORE, Seen, keep_on_core, load, middle, require
from bench.peers import LIST, Peer, issue_list, running_nginx, running_upstream
from bench.stand import running_gateway

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUNDS = 4
SECONDS = 2
CALLERS = 32
ADDED_GOAL_MS, RATE_GOAL = 0.6, 3_000


def measure() -> dict[str, dict[int, list[Seen]]]:
    """Run all rounds; by server, then by the number of callers."""
    body, link = issue_list()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(running_upstream(home, body, link))
        nginx = stack.enter_context(running_nginx(home, upstream.url))
        gateway = stack.enter_context(running_gateway(upstream.url, TOKEN, DEXTER_LOG_LEVEL="WARNING"))
        keep_on_core(gateway.process.pid, SERVER_CORE)
        peers = {"direct": upstream, "nginx": nginx, "dexter": Peer(gateway.url, gateway.process.pid)}
        runs: dict[str, dict[int, list[Seen]]] = {name: {1: [], CALLERS: []} for name in peers}
        for _ in range(ROUNDS):
            for name, peer in peers.items():
                for callers, seen in runs[name].items():
                    headers = _headers(name)
                    seen.append(
                        load(peer.url + LIST, headers, peer.pid, connections=callers, seconds=SECONDS, vary="query")
                    )
        return runs


def _headers(name: str) -> Mapping[str, str]:
    own = {"Authorization": f"Bearer {TOKEN}"}
    # A plain proxy is what a miss is compared with; it would store answers, too, but on another thread of the kernel's.
    return own | {"X-No-Cache": "1"} if name == "nginx" else own


def main() -> dict[str, Any]:
    """Print the table."""
    require("wrk", "run `make bench`, which installs it, or install the package wrk.")
    runs = measure()
    print(f"medians of {ROUNDS} interleaved rounds; goals: {ADDED_GOAL_MS:g} ms added, {RATE_GOAL:,} requests/s")
    print(f"{'':<10}{'p50 ms':>8}{'added ms':>10}{'p95 ms':>8}{f'/s at {CALLERS}':>12}{'cpu us':>8}")
    told = {}
    for name, seen in runs.items():
        added_ms = median(mine.p50_ms - direct.p50_ms for mine, direct in zip(seen[1], runs["direct"][1], strict=True))
        alone, many = middle(seen[1]), middle(seen[CALLERS])
        print(
            f"{name:<10}{alone.p50_ms:>8.2f}{added_ms:>10.2f}{alone.p95_ms:>8.2f}{many.per_s:>12,.0f}{many.cpu_us:>8.0f}"
        )
        told[name] = {
            "p50_ms": alone.p50_ms,
            "added_ms": round(added_ms, 3),
            "per_s": round(many.per_s),
            "cpu_us": round(many.cpu_us),
        }
    return told
