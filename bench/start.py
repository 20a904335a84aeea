"""How soon a gateway is ready, what memory it takes before it holds anything, and what a restart finds on the disk."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.peers import LIST
from bench.stand import request, running_gateway, running_sandbox

STARTS = 5
READY_GOAL_S, MEMORY_GOAL_MB = 2.0, 120.0


def resident_mb(pid: int) -> float:
    """Give the memory that a process holds."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return 0.0 if found is None else int(found[1]) / 1024


def main() -> dict[str, Any]:
    """Print the figures."""
    ready_s, memory_mb, first_ms, sources = [], [], [], []
    with running_sandbox(issues=120) as sandbox, tempfile.TemporaryDirectory() as home:
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        for number in range(STARTS + 1):
            began = time.monotonic()
            with running_gateway(sandbox.url, sandbox.token, folder=Path(home)) as gateway:
                took_s = time.monotonic() - began
                memory = resident_mb(gateway.process.pid)
                asked = time.monotonic()
                # Dexter's own token: a caller's own would have to be confirmed by Sentry first.
                reply = request("GET", gateway.url + LIST, headers={"X-Dexter-Token": gateway.token})
                answered_ms = (time.monotonic() - asked) * 1e3
                request("GET", gateway.url + LIST, headers=headers)
            if number:
                # The first start makes the files.
                ready_s.append(took_s)
                memory_mb.append(memory)
                first_ms.append(answered_ms)
                sources.append(reply.headers.get("cache-status", ""))
    told = {
        "ready_s": round(median(ready_s), 2),
        "memory_mb": round(median(memory_mb), 1),
        "first_answer_ms": round(median(first_ms), 1),
        "first_answer_from": sources[-1],
    }
    print(f"ready after               {told['ready_s']:>8} s    goal {READY_GOAL_S:g}")
    print(f"memory before contents    {told['memory_mb']:>8} MB   goal {MEMORY_GOAL_MB:g}")
    print(f"first answer              {told['first_answer_ms']:>8} ms   {told['first_answer_from']}")
    return told
