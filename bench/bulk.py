"""A job of ten thousand issues against a Sentry that takes 40 calls a second, with people reading beside it.

.venv/bin/python -m bench bulk

Counted are the calls that Sentry got for the job; measured are how long its phases took, how long interactive reads
beside it took, and how much memory the gateway took at its most.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench import bulk_jobs as bulk
from bench.stand import running_gateway, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.stand import Gateway

ISSUES = 10_000
CALLS_A_SECOND = 40
SPARE = 1.1
"""A tenth more than to find, to change and to read back a hundred issues a call."""
READ_P95_MS = 200.0
READ_EVERY_S = 0.1
ALONE_S = 6.0
GROWTH_MB = 40.0
"""How much more memory a job may take once the gateway has what every job needs."""


class Readers:
    """Somebody who goes through lists that nobody asked for before, so that each reaches Sentry."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.took_ms: list[float] = []
        self.asked_sentry = 0
        self._over = threading.Event()

    def run(self) -> None:
        """Read until told to stop."""
        number = 0
        while not self._over.is_set():
            number += 1
            began = time.monotonic()
            reply = self.gateway.v1("GET", "/issues", limit=25, query=f"timesSeen:>{number % 50}", status="all")
            self.took_ms.append((time.monotonic() - began) * 1000)
            assert reply.status == 200, reply.body
            self.asked_sentry += "fwd=" in reply.headers["cache-status"]
            self._over.wait(READ_EVERY_S)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read beside what happens in the block."""
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()


def resident_mb(gateway: Gateway) -> float:
    """How much memory the gateway takes."""
    pages = int(Path(f"/proc/{gateway.process.pid}/statm").read_text().split()[1])
    return pages * 4096 / 1_000_000


def watched(gateway: Gateway, job: bulk.Job, *states: str) -> tuple[bulk.Job, float, float]:
    """Wait for a job; give it, how many seconds it took, and the most memory seen meanwhile."""
    began, most = time.monotonic(), 0.0
    while True:
        job = bulk.read(gateway, job)
        most = max(most, resident_mb(gateway))
        if job["state"] in states:
            return job, time.monotonic() - began, most
        assert job["state"] not in bulk.ENDED, job
        time.sleep(0.25)


def main(issues: int = ISSUES) -> dict[str, object]:
    """Measure, print, and fail where a promise is not kept."""
    print(f"seeding {issues:,} issues ...", flush=True)
    with TemporaryDirectory() as folder, running_sandbox(issues=issues) as sandbox:
        sandbox.faults(rate_limit={"limit": CALLS_A_SECOND, "window_s": 1, "concurrent": 25})
        with running_gateway(sandbox.url, sandbox.token, folder=Path(folder)) as gateway:
            # The first job brings along what all of them need.
            small = bulk.asked(gateway, {"ids": ["1"]}, {"op": "seen", "value": True}, apply=True)
            bulk.until(gateway, small, "done")
            before_mb = resident_mb(gateway)
            alone, readers = Readers(gateway), Readers(gateway)
            with alone.reading():
                time.sleep(ALONE_S)
            sandbox.forget_calls()
            with readers.reading():
                asked = {"op": "status", "status": "resolved"}
                job = bulk.asked(gateway, {"query": "", "status": "all"}, asked)
                job, found_s, found_mb = watched(gateway, job, "previewed")
                bulk.told(gateway, job, "apply", {"confirmation": job["preview"]["confirmation"]})
                job, applied_s, applied_mb = watched(gateway, job, "done")
            calls = sandbox.calls()
    counts, writes = job["counts"], calls[bulk.UPDATE]
    reads = sum(calls.values()) - writes - readers.asked_sentry
    spent, allowed = reads + writes, 3 * -(-counts["total"] // 100) * SPARE
    p95 = quantiles(readers.took_ms, n=20)[-1]
    growth = max(found_mb, applied_mb) - before_mb
    print(f"issues                {counts['total']:,}: {counts['done']:,} changed, {counts['unchanged']:,} so already")
    print(f"calls                 {spent}: {reads} reads and {writes} writes; {allowed:.0f} are allowed")
    print(f"found and previewed   {found_s:.1f} s")
    print(f"changed and verified  {applied_s:.1f} s; {spent / (found_s + applied_s):.1f} calls/s over all")
    p95_alone = quantiles(alone.took_ms, n=20)[-1]
    print(f"reads beside it       {len(readers.took_ms)}, {readers.asked_sentry} of them at Sentry")
    print(f"                      p95 {p95:.0f} ms; without a job {p95_alone:.0f} ms")
    print(f"memory                {before_mb:.0f} MB before, {growth:+.0f} MB at most")
    assert counts["done"] + counts["unchanged"] == counts["total"], counts
    assert spent <= allowed
    assert p95 < READ_P95_MS
    assert growth < GROWTH_MB
    return {
        "issues": counts["total"],
        "calls": spent,
        "found_s": round(found_s, 1),
        "applied_s": round(applied_s, 1),
        "read_p95_ms": round(p95),
        "read_p95_alone_ms": round(p95_alone),
        "growth_mb": round(growth),
    }
