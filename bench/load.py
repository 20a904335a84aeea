"""Load by wrk, pinned to a core of its own, and what it saw."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SCRIPT = Path(__file__).with_name("wrk.lua")
SERVER_CORE, LOAD_CORE = 0, 1
Vary = Literal["", "query", "field"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One run of wrk. `per_s` are requests a second, the rest are milliseconds."""

    per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    bytes_each: float
    cpu_us: float
    """Processor time that the server took for a request, in microseconds: hardly disturbed by what else runs."""


def load(
    url: str,
    headers: Mapping[str, str],
    server: int,
    *,
    connections: int = 64,
    seconds: int = 2,
    vary: Vary = "",
) -> Seen:
    """Ask for an address as fast as it is answered, watching the server's process. Fails when an answer is an error."""
    fields = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", "--timeout", "10s", f"-c{connections}", f"-d{seconds}s", "-s", str(SCRIPT), *fields, url]
    told_to_vary = ["--", vary] if vary else []
    before_s = cpu_s(server)
    done = subprocess.run([*pinned(LOAD_CORE), *command, *told_to_vary], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"wrk failed: {done.stderr or done.stdout}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    if told["failed"] or not told["requests"]:
        raise RuntimeError(f"{told['failed']} of {told['requests']} requests to {url} failed:\n{done.stdout}")
    return Seen(
        per_s=told["requests"] / (told["duration_us"] / 1e6),
        p50_ms=told["p50_us"] / 1e3,
        p95_ms=told["p95_us"] / 1e3,
        p99_ms=told["p99_us"] / 1e3,
        bytes_each=told["bytes"] / told["requests"],
        cpu_us=(cpu_s(server) - before_s) / told["requests"] * 1e6,
    )


def middle(runs: Sequence[Seen]) -> Seen:
    """Give the medians of several runs, figure by figure."""
    return Seen(
        per_s=median(run.per_s for run in runs),
        p50_ms=median(run.p50_ms for run in runs),
        p95_ms=median(run.p95_ms for run in runs),
        p99_ms=median(run.p99_ms for run in runs),
        bytes_each=median(run.bytes_each for run in runs),
        cpu_us=median(run.cpu_us for run in runs),
    )


def rate_ratio(ours: Sequence[Seen], theirs: Sequence[Seen]) -> float:
    """Give the median of the ratios of requests a second, round by round."""
    return median(mine.per_s / other.per_s for mine, other in zip(ours, theirs, strict=True))


def cpu_ratio(ours: Sequence[Seen], theirs: Sequence[Seen]) -> float:
    """Give the median of the ratios of requests for the same processor time, round by round."""
    return median(other.cpu_us / mine.cpu_us for mine, other in zip(ours, theirs, strict=True))


def cpu_s(pid: int) -> float:
    """Give the processor seconds that a process and its children took so far."""
    took = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if pid in (int(stat.parent.name), int(fields[1])):
            took += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return took


def pinned(core: int) -> list[str]:
    """Give what stands before a command to keep it on a core, where there is more than one."""
    if shutil.which("taskset") is None or len(os.sched_getaffinity(0)) < 2:
        return []
    return ["taskset", "-c", str(sorted(os.sched_getaffinity(0))[core])]


def keep_on_core(pid: int, core: int) -> None:
    """Keep a running process, with all its threads, on a core."""
    cores = sorted(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{pid}/task").iterdir() if len(cores) > 1 else ():
        os.sched_setaffinity(int(thread.name), {cores[core]})


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep this process on a core for a while, where there is more than one."""
    before = sorted(os.sched_getaffinity(0))
    if len(before) > 1:
        os.sched_setaffinity(0, {before[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, set(before))


def require(tool: str, remedy: str) -> None:
    """End with a remedy when a program is missing."""
    if shutil.which(tool) is None:
        sys.exit(f"This measurement needs {tool}: {remedy}")
