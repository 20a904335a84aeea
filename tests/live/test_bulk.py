"""Bulk jobs in real processes: killed, doubled, cut off from Sentry, watched, within their budget of calls."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest
from bench.stand import Gateway, Sandbox, running_gateway, running_sandbox
from tests.live.test_workers import workers

from bench import bulk_jobs as bulk

if TYPE_CHECKING:
    from collections.abc import Iterator

RESOLVE = {"op": "status", "status": "resolved"}
REOPEN = {"op": "status", "status": "unresolved"}
MANY = 2_000


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with as many issues as a job of some size has."""
    with running_sandbox(issues=MANY) as running:
        yield running


@pytest.fixture(autouse=True)
def all_unresolved(sandbox: Sandbox) -> None:
    """Every test begins with the same issues, all of them open."""
    sandbox.faults()
    while (
        sandbox.api(
            "PUT", "/api/0/organizations/acme/issues/?query=!is:unresolved", body={"status": "unresolved"}
        ).status
        == 200
    ):
        pass


def assert_told_truly(gateway: Gateway, sandbox: Sandbox, job: bulk.Job) -> list[bulk.Job]:
    """Every issue is told once, and what is told of it is so."""
    items = bulk.items(gateway, job)
    assert len({item["issue_id"] for item in items}) == len(items) == job["counts"]["total"]
    assert Counter(item["state"] for item in items) == Counter(
        {k: v for k, v in job["counts"].items() if v and k != "total"}
    )
    now = bulk.standing(sandbox)
    for item in items:
        if item["state"] in ("done", "unchanged"):
            assert now[item["issue_id"]]["status"] == item["after"]["status"] if item["after"] else True
    return items


def test_a_job_of_two_thousand_keeps_its_budget_of_calls(sandbox: Sandbox, tmp_path: Path) -> None:
    """20 to find them, 20 to change them, 20 to read them back, and a tenth to spare."""
    sandbox.faults(rate_limit={"limit": 40, "window_s": 1, "concurrent": 25})
    with running_gateway(sandbox.url, sandbox.token, folder=tmp_path) as gateway:
        sandbox.forget_calls()
        job = bulk.applied(gateway, bulk.asked(gateway, {"query": "is:unresolved"}, RESOLVE))
        ended = bulk.until(gateway, job, "done")
        calls = sandbox.calls()
        assert ended["counts"]["done"] == ended["counts"]["total"] >= MANY * 0.99
        assert calls[bulk.UPDATE] <= MANY / 100
        assert sum(calls.values()) <= 3 * MANY / 100 * 1.1, calls
        assert_told_truly(gateway, sandbox, ended)


def test_a_job_goes_on_after_kill_9_and_tells_the_truth(sandbox: Sandbox, tmp_path: Path) -> None:
    """Killed while it finds, while it writes and while it reads back; each time the next process takes it up."""
    sandbox.faults(latency_ms=60)
    folder, job = tmp_path, None
    for phase, after in (("resolving", 3), ("applying", 3), ("verifying", 3)):
        with running_gateway(sandbox.url, sandbox.token, folder=folder) as gateway:
            if job is None:
                job = bulk.asked(gateway, {"query": "is:unresolved"}, RESOLVE)
            elif phase == "applying":
                job = bulk.applied(gateway, job)
            bulk.until(gateway, job, phase, every_s=0.01)
            version = bulk.read(gateway, job)["version"]
            while bulk.read(gateway, job)["version"] < version + after:
                time.sleep(0.01)
            gateway.process.kill()
            gateway.process.wait()
    assert job is not None
    with running_gateway(sandbox.url, sandbox.token, folder=folder) as gateway:
        ended = bulk.until(gateway, job, "done")
        assert ended["counts"]["done"] == ended["counts"]["total"] >= MANY * 0.99, ended["counts"]
        assert_told_truly(gateway, sandbox, ended)
        undone = bulk.until(gateway, bulk.told(gateway, ended, "undo"), "done")
        assert undone["counts"]["done"] == ended["counts"]["done"]
        assert {issue["status"] for issue in bulk.standing(sandbox).values()} == {"unresolved"}


def test_of_many_workers_one_carries_a_job_and_another_takes_it_over(sandbox: Sandbox, tmp_path: Path) -> None:
    """Two would send everything twice, and none would send nothing."""
    sandbox.faults(latency_ms=60)
    with workers(sandbox, tmp_path, 3) as gateway:
        sandbox.forget_calls()
        job = bulk.applied(gateway, bulk.asked(gateway, {"query": "is:unresolved"}, RESOLVE))
        bulk.until(gateway, job, "applying")
        time.sleep(0.4)
        os.kill(_carrier(job, tmp_path), signal.SIGKILL)
        ended = bulk.until(gateway, job, "done")
        assert ended["counts"]["done"] == ended["counts"]["total"]
        assert sandbox.calls()[bulk.UPDATE] <= MANY / 100 + 1
        assert_told_truly(gateway, sandbox, ended)


def _carrier(job: bulk.Job, folder: Path) -> int:
    """The process that has the job's lease."""
    with closing(sqlite3.connect(folder / "dexter.sqlite3")) as database:
        (holder,) = database.execute("SELECT holder FROM lease WHERE name = ?", (f"bulk:{job['id']}",)).fetchone()
    return int(holder.rsplit("-", 2)[1])


def test_sentry_away_in_the_middle_pauses_the_job_until_it_is_back(sandbox: Sandbox, tmp_path: Path) -> None:
    """It says so, and nobody has to press anything."""
    sandbox.faults(latency_ms=40)
    settings = {"DEXTER_BREAKER_RECOVERY": "1s", "DEXTER_BREAKER_THRESHOLD": "3"}
    with running_gateway(sandbox.url, sandbox.token, folder=tmp_path, **settings) as gateway:
        job = bulk.applied(gateway, bulk.asked(gateway, {"query": "is:unresolved"}, RESOLVE))
        bulk.until(gateway, job, "applying")
        sandbox.faults(failure_rate=1.0, failure_status=503)
        paused = bulk.until(gateway, job, "paused")
        assert paused["reason"]
        assert paused["resumes_at"]
        assert paused["phase"] in ("applying", "verifying")
        sandbox.faults()
        ended = bulk.until(gateway, job, "done")
        assert ended["counts"]["done"] == ended["counts"]["total"]
        assert_told_truly(gateway, sandbox, ended)


def test_pause_resume_cancel_and_undo_by_hand(sandbox: Sandbox, tmp_path: Path) -> None:
    """Each is heeded between two batches, and told."""
    sandbox.faults(latency_ms=60)
    with running_gateway(sandbox.url, sandbox.token, folder=tmp_path) as gateway:
        job = bulk.applied(gateway, bulk.asked(gateway, {"query": "is:unresolved"}, RESOLVE))
        bulk.told(gateway, job, "pause")
        paused = bulk.until(gateway, job, "paused")
        assert paused["reason"] == "Paused by Administrator."
        time.sleep(0.3)
        assert bulk.read(gateway, job)["version"] == paused["version"]
        bulk.told(gateway, job, "resume")
        bulk.told(gateway, job, "cancel")
        ended = bulk.until(gateway, job, "cancelled")
        assert ended["counts"]["skipped"] > 0
        assert ended["counts"]["pending"] == ended["counts"]["unknown"] == 0
        assert_told_truly(gateway, sandbox, ended)
        if ended["counts"]["done"]:
            undone = bulk.until(gateway, bulk.told(gateway, job, "undo"), "done")
            assert undone["counts"]["done"] == ended["counts"]["done"]
            assert bulk.read(gateway, job)["undo"]["by"] == undone["id"]
        assert {issue["status"] for issue in bulk.standing(sandbox).values()} == {"unresolved"}


def test_a_stream_tells_each_step_until_the_job_is_over(sandbox: Sandbox, tmp_path: Path) -> None:
    """A page that polls is late, and one that is not told waits for ever."""
    with running_gateway(sandbox.url, sandbox.token, folder=tmp_path) as gateway:
        job = bulk.asked(gateway, {"query": "is:unresolved"}, RESOLVE)
        seen: list[bulk.Job] = []

        def watch() -> None:
            address = Request(
                f"{gateway.url}/api/v1/bulk/{job['id']}/stream", headers={"X-Dexter-Token": gateway.token}
            )
            with urlopen(address, timeout=60) as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                seen.extend(json.loads(line[6:]) for line in stream if line.startswith(b"data: "))

        watcher = threading.Thread(target=watch)
        watcher.start()
        bulk.until(gateway, bulk.applied(gateway, job), "done")
        watcher.join(30)
        assert not watcher.is_alive()
        assert seen[-1]["state"] == "done"
        assert [job["version"] for job in seen] == sorted({job["version"] for job in seen})
        shares = [job["progress"] for job in seen if job["state"] in ("applying", "verifying", "done")]
        assert shares == sorted(shares)


def test_a_gateway_without_jobs_starts_without_dbos(sandbox: Sandbox, tmp_path: Path) -> None:
    """It takes a second and fifty megabytes, which nobody pays who has no job."""
    with running_gateway(sandbox.url, sandbox.token, folder=tmp_path) as gateway:
        time.sleep(1.0)
        mapped = Path(f"/proc/{gateway.process.pid}/maps").read_text()
        assert "dbos" not in mapped
        assert not (tmp_path / "jobs.sqlite3").exists()
        bulk.until(gateway, bulk.asked(gateway, {"ids": ["1", "2"]}, REOPEN), "previewed")
        assert (tmp_path / "jobs.sqlite3").exists()
        assert "dbos" not in gateway.log.read_text().lower()
