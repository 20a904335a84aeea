"""How long a cached answer takes when 100 ask at once and again as soon as they have it: p95 within 6 ms."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.hit import TOKEN
from bench.load import SERVER_CORE, Seen, keep_on_core, load, middle, require
from bench.peers import LIST, Peer, issue_list, running_nginx, running_upstream
from bench.stand import request, running_gateway

CALLERS = 100
ROUNDS = 5
GOAL_MS = 6.0


def main() -> dict[str, Any]:
    """Print the table."""
    require("wrk", "run `make bench`, which installs it, or install the package wrk.")
    own = {"Authorization": f"Bearer {TOKEN}"}
    body, link = issue_list()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(running_upstream(home, body, link)).url
        nginx = stack.enter_context(running_nginx(home, upstream))
        gateway = stack.enter_context(running_gateway(upstream, TOKEN, DEXTER_LOG_LEVEL="WARNING"))
        keep_on_core(gateway.process.pid, SERVER_CORE)
        peers = {"nginx": nginx, "dexter": Peer(gateway.url, gateway.process.pid)}
        for peer in peers.values():
            for _ in range(3):
                request("GET", peer.url + LIST, headers=own)
        runs: dict[str, list[Seen]] = {name: [] for name in peers}
        for _ in range(ROUNDS):
            for name, peer in peers.items():
                runs[name].append(load(peer.url + LIST, own, peer.pid, connections=CALLERS))
    print(f"{CALLERS} callers at once, 54 KB from the cache, medians of {ROUNDS} runs; goal: p95 {GOAL_MS:g} ms")
    print(f"{'':<10}{'p50 ms':>8}{'p95 ms':>8}{'p99 ms':>8}{'requests/s':>12}")
    told = {}
    for name, seen in ((name, middle(each)) for name, each in runs.items()):
        print(f"{name:<10}{seen.p50_ms:>8.2f}{seen.p95_ms:>8.2f}{seen.p99_ms:>8.2f}{seen.per_s:>12,.0f}")
        told[name] = {"p50_ms": seen.p50_ms, "p95_ms": seen.p95_ms, "p99_ms": seen.p99_ms, "per_s": round(seen.per_s)}
    return told
