"""Bulk jobs of several hosts on one PostgreSQL: another host takes over what a dead one had begun."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from bench.stand import Sandbox, running_gateway, running_sandbox
from tests.doubles.postgres_server import TEMPLATE

from bench import bulk_jobs as bulk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doubles.postgres_server import PostgresServer

RESOLVE = {"op": "status", "status": "resolved"}
MANY = 800


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with enough issues for a job to be in the middle of."""
    with running_sandbox(issues=MANY) as running:
        yield running


def test_another_host_takes_over_the_job_of_a_dead_one(
    sandbox: Sandbox, postgres: PostgresServer, tmp_path: Path
) -> None:
    """No host can see whether the process of another lives: its lease runs out."""
    sandbox.faults(latency_ms=150)
    with postgres.fresh(TEMPLATE) as name:
        settings = {"DEXTER_DATABASE_URL": postgres.url(name)}
        one, two = tmp_path / "one", tmp_path / "two"
        one.mkdir()
        two.mkdir()
        with (
            running_gateway(sandbox.url, sandbox.token, folder=one, **settings) as first,
            running_gateway(sandbox.url, sandbox.token, folder=two, **settings) as second,
        ):
            sandbox.forget_calls()
            job = bulk.asked(first, {"query": "", "status": "all"}, RESOLVE)
            bulk.applied(first, job)
            bulk.until(second, job, "applying")
            time.sleep(0.5)
            first.process.kill()
            first.process.wait()
            assert bulk.read(second, job)["state"] == "applying"
            ended = bulk.until(second, job, "done")
            counts = ended["counts"]
            assert counts["done"] + counts["unchanged"] == counts["total"] >= MANY * 0.99
            assert sandbox.calls()[bulk.UPDATE] <= MANY / 100 + 1
            items = bulk.items(second, job)
            assert len({item["issue_id"] for item in items}) == len(items) == counts["total"]
            assert {issue["status"] for issue in bulk.standing(sandbox).values()} == {"resolved"}
        with psycopg.connect(postgres.url(name)) as connection:
            schemas = {row[0] for row in connection.execute("SELECT nspname FROM pg_namespace").fetchall()}
        assert "dexter_jobs" in schemas, "DBOS keeps to a schema of its own"
