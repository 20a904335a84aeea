"""Dexter's own database under real processes: SQLite and PostgreSQL, several workers, deaths, and a list of 10,000."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
from bench.stand import Gateway, Sandbox, request, running_gateway, running_sandbox
from tests.doubles.postgres_server import running_postgres

from dexter.database import upgrade
from dexter.database.address import Address, read_address
from dexter.database.versions import HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.doubles.postgres_server import PostgresServer

PATIENCE_S = 30
MANY = 10_000


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that nobody used yet, as a setting."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/own.sqlite3"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.fresh() as name:
        yield server.url(name)


def until(holds: Callable[[], Any]) -> Any:
    """Wait until something holds, and give it."""
    limit = time.monotonic() + PATIENCE_S
    while not (found := holds()):
        assert time.monotonic() < limit
        time.sleep(0.05)
    return found


def an_issue(gateway: Gateway) -> str:
    issue: str = gateway.v1("GET", "/issues", limit=1).json()["data"][0]["id"]
    return issue


def audit(gateway: Gateway, **query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = gateway.v1("GET", "/audit", **query).json()["data"]
    return rows


def test_workers_share_one_database_that_makes_itself(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """Keys and the log hold whichever process answers; the password stands in no log."""
    with running_gateway(
        sandbox.url, sandbox.token, folder=tmp_path, workers=3, DEXTER_DATABASE_URL=url, DEXTER_LOG_LEVEL="debug"
    ) as gateway:
        issue = an_issue(gateway)
        headers = {"X-Dexter-Token": gateway.token, "Idempotency-Key": "one"}
        before = sandbox.calls()
        replies = [
            request("PUT", f"{gateway.url}/api/v1/issues/{issue}", body={"priority": "high"}, headers=headers)
            for _ in range(12)
        ]
        assert {reply.status for reply in replies} == {200}
        assert len({reply.body for reply in replies}) == 1
        assert [("idempotent-replay" in reply.headers) for reply in replies] == [False] + [True] * 11
        writes = {
            name: count - before.get(name, 0) for name, count in sandbox.calls().items() if name.startswith("PUT")
        }
        assert sum(writes.values()) == 1
        (row,) = audit(gateway, issue=issue)
        assert (row["action"], row["outcome"], row["face"]) == ("issues.update", "done", "api")
        assert upgrade.current(read_address(url)) == HEAD
        secret = url.partition("@")[0].rpartition(":")[2]
        if "@" in url:
            assert secret not in gateway.log.read_text()


def test_a_gateway_that_dies_in_a_change_leaves_unknown(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """The change may have reached Sentry; the log says that nobody knows, and asking again is safe."""
    with running_gateway(sandbox.url, sandbox.token, folder=tmp_path, DEXTER_DATABASE_URL=url) as gateway:
        issue = an_issue(gateway)
        sandbox.faults(latency_ms=20_000, latency_share=1.0)

        def change() -> None:
            with pytest.raises(Exception):  # noqa: B017, PT011 (the connection breaks, in whichever way)
                gateway.v1("PUT", f"/issues/{issue}", body={"priority": "low"})

        changing = threading.Thread(target=change)
        changing.start()
        until(lambda: [row for row in audit(gateway, issue=issue) if row["outcome"] == "unknown"])
        gateway.process.send_signal(signal.SIGKILL)
        gateway.process.wait()
        changing.join(PATIENCE_S)
    sandbox.faults()
    with running_gateway(sandbox.url, sandbox.token, folder=tmp_path, DEXTER_DATABASE_URL=url) as gateway:
        (row,) = audit(gateway, issue=issue)
        assert row["outcome"] == "unknown"


@pytest.mark.parametrize("version", ["0001", "9999"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_start_against_another_schema_ends_with_what_to_do(
    url: str, version: str, workers: str, tmp_path: Path
) -> None:
    """Neither an older nor a newer one is touched."""
    address: Address = read_address(url)
    upgrade.upgrade(address)
    if version == "9999":
        with upgrade._connection(address) as connection:
            connection.exec_driver_sql(f"UPDATE {upgrade.VERSION_TABLE} SET version_num = '9999'")
    else:
        upgrade.downgrade(address, version)
    environment = {
        "DEXTER_DATABASE_URL": url,
        "DEXTER_DATA_DIR": str(tmp_path),
        "DEXTER_PORT": "0",
        "SENTRY_BASE_URL": "http://127.0.0.1:1",
    }
    command = (sys.executable, "-m", "dexter.cli", "serve", "--workers", workers)
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == 2
    assert ("dexter db upgrade" if version == "0001" else "newer Dexter") in ended.stderr
    assert "Traceback" not in ended.stderr
    assert upgrade.current(address) == version


def test_a_database_that_goes_away_refuses_changes_and_comes_back(sandbox: Sandbox, tmp_path: Path) -> None:
    """Reads go on without it; nothing is changed that cannot be written down; no restart is needed afterwards."""
    with (
        running_postgres() as server,
        server.fresh() as name,
        running_gateway(sandbox.url, sandbox.token, folder=tmp_path, DEXTER_DATABASE_URL=server.url(name)) as gateway,
    ):
        issue = an_issue(gateway)
        assert gateway.v1("PUT", f"/issues/{issue}", body={"seen": True}).status == 200
        server.run(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        refused = gateway.v1("PUT", f"/issues/{issue}", body={"seen": True})
        assert (refused.status, refused.json()["type"]) == (503, "urn:dexter:problem:database-unavailable")
        assert "retry-after" in refused.headers
        assert gateway.v1("GET", "/issues", limit=1).status == 200
        server.run(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
        until(lambda: gateway.v1("PUT", f"/issues/{issue}", body={"seen": True}).status == 200)


@pytest.fixture(scope="module")
def crowded() -> Iterator[Sandbox]:
    """A sandbox with very many issues."""
    with running_sandbox(issues=MANY) as running:
        yield running


@contextmanager
def exporting(gateway: Gateway, query: str) -> Iterator[Any]:
    """An export that is read piece by piece."""
    sent = Request(f"{gateway.url}/api/v1/issues/export?{query}", headers={"X-Dexter-Token": gateway.token})
    with urlopen(sent, timeout=120) as reply:
        yield reply


def memory_mb(gateway: Gateway) -> float:
    told = Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(told.partition("VmRSS:")[2].split()[0]) / 1024


def test_ten_thousand_issues_are_a_file_and_memory_stays_flat(crowded: Sandbox, url: str, tmp_path: Path) -> None:
    """All of them, each once, with as many calls as there are pages, and no more memory at the end than early on."""
    with running_gateway(crowded.url, crowded.token, folder=tmp_path, DEXTER_DATABASE_URL=url) as gateway:
        crowded.forget_calls()
        ids: set[str] = set()
        early_mb = 0.0
        with exporting(gateway, "format=ndjson&status=all") as reply:
            for number, line in enumerate(reply, 1):
                ids.add(json.loads(line)["id"])
                if number == MANY // 5:
                    early_mb = memory_mb(gateway)
        assert len(ids) == number == MANY
        assert memory_mb(gateway) - early_mb < 40
        assert sum(crowded.calls().values()) <= MANY // 100 + 3


def test_a_client_that_leaves_ends_the_export(crowded: Sandbox, tmp_path: Path) -> None:
    """Nobody reads the other ninety pages; Sentry should not be asked for them."""
    with running_gateway(crowded.url, crowded.token, folder=tmp_path) as gateway:
        crowded.forget_calls()
        crowded.faults(latency_ms=50, latency_share=1.0)
        with exporting(gateway, "format=ndjson&status=all") as reply:
            reply.readline()
        counts: list[int] = []

        def stands_still() -> bool:
            counts.append(sum(crowded.calls().values()))
            time.sleep(0.5)
            return len(counts) > 2 and counts[-1] == counts[-2] == counts[-3]

        until(stands_still)
        assert counts[-1] < MANY // 200
    crowded.faults()


def test_an_export_that_breaks_off_does_not_look_whole(crowded: Sandbox, tmp_path: Path) -> None:
    """curl says so by its status, and a browser shows a failed download; the last line says why."""
    with running_gateway(crowded.url, crowded.token, folder=tmp_path, DEXTER_ATTEMPTS="1") as gateway:
        crowded.faults(latency_ms=30, latency_share=1.0)
        command = (
            "curl",
            "-sN",
            "-H",
            f"X-Dexter-Token: {gateway.token}",
            f"{gateway.url}/api/v1/issues/export?status=all",
        )
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
            assert curl.stdout is not None
            curl.stdout.readline()
            curl.stdout.readline()
            crowded.faults(failure_rate=1.0, failure_status=403)
            last = ""
            for line in curl.stdout:
                last = line
        crowded.faults()
        assert curl.returncode == 18
        assert last.startswith("THIS EXPORT IS INCOMPLETE,")
