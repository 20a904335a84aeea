"""Cached reads side by side: nginx's `proxy_cache`, the naive design, Dexter.

The list of 25 issues from the sandbox (54 KB), 64 connections of wrk, one core for the server and one for the load. All
servers are up at once and measured in turn, round by round, so that what else the machine does meets all of them; a
ratio is the median of the rounds' ratios. Measured too, since they are the less favourable cases of Dexter's: a header
that differs from request to request (so that no request's bytes come twice), `/api/v1`, whose body says how old it is,
and the usual way of an answer, past the fast path.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.load import SERVER_CORE, Seen, Vary, cpu_ratio, keep_on_core, load, middle, rate_ratio, require
from bench.peers import LIST, Peer, issue_list, running_naive, running_nginx, running_upstream
from bench.stand import request, running_gateway

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = "sntryu_" + "be" * 32
ROUNDS = 4
SECONDS = 2
GOALS = {"identity": 1.0, "gzip": 1.4, "304": 1.1}
"""Dexter's rate as a multiple of nginx's."""
NAIVE_GOAL = 300.0


@dataclass(frozen=True, slots=True)
class Case:
    """One server and one kind of request."""

    group: str
    name: str
    url: str
    pid: int
    headers: Mapping[str, str]
    vary: Vary = ""
    rounds: list[Seen] = field(default_factory=list)


def cases(nginx: Peer, naive: Peer, dexter: Peer, access: str) -> list[Case]:
    """Give everything that is measured, in the order of a round."""
    own, gzip = {"Authorization": f"Bearer {TOKEN}"}, {"Accept-Encoding": "gzip"}
    service, browser = {"X-Dexter-Token": access}, {"Accept-Encoding": "gzip, deflate, br, zstd"}
    found = [
        Case("identity", "nginx", nginx.url + LIST, nginx.pid, own),
        Case("identity", "dexter", dexter.url + LIST, dexter.pid, own),
        Case("identity", "dexter, a header varies", dexter.url + LIST, dexter.pid, own, vary="field"),
        Case("identity", "dexter, /api/v1", f"{dexter.url}/api/v1/issues?limit=25", dexter.pid, service),
        Case("identity", "dexter, the usual way", dexter.url + LIST, dexter.pid, own | {"Upgrade": "none"}),
        Case("identity", "naive", naive.url + LIST, naive.pid, own),
        Case("gzip", "nginx", nginx.url + LIST, nginx.pid, own | gzip),
        Case("gzip", "dexter", dexter.url + LIST, dexter.pid, own | gzip),
        # nginx has neither brotli nor zstd of its own, so that a browser gets gzip from it.
        Case("gzip", "dexter, a browser's zstd", dexter.url + LIST, dexter.pid, own | browser),
    ]
    for name, peer in (("nginx", nginx), ("dexter", dexter)):
        if (tag := _tag(peer)) is not None:
            found.append(Case("304", name, peer.url + LIST, peer.pid, own | {"If-None-Match": tag}))
    return found


def measure(rounds: int = ROUNDS, seconds: int = SECONDS) -> list[Case]:
    """Run all rounds."""
    body, link = issue_list()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(running_upstream(home, body, link)).url
        nginx = stack.enter_context(running_nginx(home, upstream))
        naive = stack.enter_context(running_naive(upstream))
        gateway = stack.enter_context(running_gateway(upstream, TOKEN, DEXTER_LOG_LEVEL="WARNING"))
        keep_on_core(gateway.process.pid, SERVER_CORE)
        found = cases(nginx, naive, Peer(gateway.url, gateway.process.pid), gateway.token)
        for case in found:
            _warm(case, len(body))
        for _ in range(rounds):
            for case in found:
                # A caller's own token is asked about every minute; that is part of what is measured.
                case.rounds.append(load(case.url, case.headers, case.pid, seconds=seconds, vary=case.vary))
        return found


def _tag(peer: Peer) -> str | None:
    """Give the ETag under which a server answers 304, or None for one that does not."""
    own = {"Authorization": f"Bearer {TOKEN}"}
    for _ in range(3):
        tag = request("GET", peer.url + LIST, headers=own).headers.get("etag")
    answers = tag and request("GET", peer.url + LIST, headers=own | {"If-None-Match": tag}).status == 304
    return tag if answers else None


def _warm(case: Case, length: int) -> None:
    for _ in range(3):
        reply = request("GET", case.url, headers=dict(case.headers))
    expected = 304 if case.group == "304" else 200
    if reply.status != expected:
        raise RuntimeError(f"{case.name} answers {reply.status} to {case.group}")
    if case.group == "identity" and len(reply.body) < length:
        raise RuntimeError(f"{case.name} gives {len(reply.body)} bytes of {length}")


def results(found: list[Case]) -> dict[str, Any]:
    """Give the figures as a document."""
    rows = []
    for case in found:
        peer = next(each for each in found if each.group == case.group and each.name == "nginx")
        seen = middle(case.rounds)
        rows.append(
            {
                "group": case.group,
                "server": case.name,
                "requests_per_s": round(seen.per_s),
                "times_nginx": round(rate_ratio(case.rounds, peer.rounds), 3),
                "cpu_us": round(seen.cpu_us, 2),
                "times_nginx_by_cpu": round(cpu_ratio(case.rounds, peer.rounds), 3),
                "p50_ms": round(seen.p50_ms, 2),
                "p95_ms": round(seen.p95_ms, 2),
                "p99_ms": round(seen.p99_ms, 2),
                "bytes": round(seen.bytes_each),
            }
        )
    dexter = next(case for case in found if (case.group, case.name) == ("identity", "dexter"))
    naive = next(case for case in found if case.name == "naive")
    return {
        "rows": rows,
        "times_naive": round(rate_ratio(dexter.rounds, naive.rounds)),
        "times_naive_by_cpu": round(cpu_ratio(dexter.rounds, naive.rounds)),
        "rounds": len(naive.rounds),
    }


def main() -> dict[str, Any]:
    """Print the table."""
    require("wrk", "run `make bench`, which installs it, or install the package wrk.")
    told = results(measure())
    print(f"64 connections, one core each for server and load, medians of {told['rounds']} interleaved rounds")
    names = ("requests/s", "x nginx", "cpu us", "x nginx", "p50 ms", "p95 ms", "bytes")
    print(f"{'':<36}{names[0]:>11}" + "".join(f"{name:>9}" for name in names[1:]) + "  goal")
    for row in told["rows"]:
        goal = f"{GOALS[row['group']]:g} x nginx" if row["server"] == "dexter" else ""
        print(
            f"{row['group']:<9}{row['server']:<27}{row['requests_per_s']:>11,}{row['times_nginx']:>9.2f}"
            f"{row['cpu_us']:>9.1f}{row['times_nginx_by_cpu']:>9.2f}"
            f"{row['p50_ms']:>9.1f}{row['p95_ms']:>9.1f}{row['bytes']:>9,}  {goal}"
        )
    print(f"identity, x naive: {told['times_naive']:,}, by cpu {told['times_naive_by_cpu']:,} (goal {NAIVE_GOAL:g})")
    return told
