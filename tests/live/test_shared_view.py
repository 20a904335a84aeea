"""Four workers see one Sentry: their failures add up, one of them probes, and none contradicts another.

Every request here takes a new connection, and with it whichever worker the kernel picks.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from bench.stand import Gateway, Sandbox, request, running_gateway, running_redis

WORKERS = 4
THRESHOLD = 5
PATIENCE_S = 60
LIST = "GET /api/0/organizations/{organization_id_or_slug}/issues/"
NUMBERS = count(1000)


@contextmanager
def workers(sandbox: Sandbox, folder: Path, *, recovery_s: int = 600, attempt_s: int = 60) -> Iterator[Gateway]:
    """A gateway of four workers that sends nothing twice and has all the patience that a test needs."""
    settings = {
        "DEXTER_ATTEMPTS": "1",
        "DEXTER_BREAKER_RECOVERY": f"{recovery_s}s",
        "DEXTER_ATTEMPT_TIMEOUT": f"{attempt_s}s",
        "DEXTER_REQUEST_DEADLINE": "60s",
    }
    with running_gateway(sandbox.url, sandbox.token, folder=folder, workers=WORKERS, **settings) as running:
        wait_for_all(running)
        yield running


def until(holds: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < limit, f"it never came to this: {what}"
        time.sleep(0.1)


def wait_for_all(gateway: Gateway) -> None:
    """Return when all workers have written their figures."""
    until(lambda: bool(stats(gateway)["workers"]["live"] == WORKERS), "four workers")


def stats(gateway: Gateway) -> Any:
    return gateway.v1("GET", "/gateway/stats").json()


def ready(gateway: Gateway) -> Any:
    return request("GET", f"{gateway.url}/ready").json()


def new_question() -> str:
    """Give the address of a search that nobody made before, so that no stored answer can stand in."""
    return f"/api/v1/issues?query=timesSeen:>{next(NUMBERS)}"


def asked(gateway: Gateway) -> int:
    """Ask something new, and give the status."""
    return request("GET", gateway.url + new_question(), headers={"X-Dexter-Token": gateway.token}).status


async def ask_many(gateway: Gateway, size: int, on_status: Callable[[Counter[int]], None]) -> Counter[int]:
    """Let many ask new questions at once; `on_status` hears after each answer how many of each kind there were."""
    headers, statuses = {"X-Dexter-Token": gateway.token}, Counter[int]()
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask() -> None:
            async with session.get(gateway.url + new_question()) as reply:
                await reply.read()
                statuses[reply.status] += 1
                on_status(statuses)

        await asyncio.gather(*(ask() for _ in range(size)))
    return statuses


def trip(sandbox: Sandbox, gateway: Gateway) -> None:
    """Let search fail until it is left alone."""
    sandbox.faults(failure_rate=1, failure_status=500, operations=["GET /api/0/organizations/*/issues/"])
    sandbox.forget_calls()
    assert [asked(gateway) for _ in range(THRESHOLD)] == [502] * THRESHOLD


def breaker(document: Any) -> Any:
    (shown,) = [each for each in document["breakers"] if each["name"] == "read-issues"]
    return shown


@pytest.fixture
def gateway(sandbox: Sandbox, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that leaves alone for long what it leaves alone."""
    with workers(sandbox, tmp_path) as running:
        yield running


def test_five_failures_in_all_open_it_for_all(sandbox: Sandbox, gateway: Gateway) -> None:
    """Not five at each worker; and no two of them say something else about it."""
    trip(sandbox, gateway)
    assert {asked(gateway) for _ in range(4 * WORKERS)} == {503}
    assert sandbox.calls()[LIST] == THRESHOLD
    told = {str(ready(gateway)["degraded"]) for _ in range(4 * WORKERS)}
    assert len(told) == 1
    assert "'read-issues', 'state': 'open', 'why': 'status 500'" in told.pop()
    # The document is built once a second.
    until(lambda: all(breaker(stats(gateway))["state"] == "open" for _ in range(4 * WORKERS)), "all show it")
    shown = [stats(gateway)["breakers"] for _ in range(2 * WORKERS)]
    assert len({str(each) for each in shown}) == 1
    assert len(shown[0]) == 5
    metrics = request("GET", f"{gateway.url}/metrics").body.decode()
    assert 'dexter_breaker_state{call_class="read-issues"} 2.0' in metrics
    assert 'dexter_breaker_changes_total{call_class="read-issues",state="open"} 1.0' in metrics


def test_one_of_a_crowd_probes_and_all_know_that_it_is_back(sandbox: Sandbox, tmp_path: Path) -> None:
    """A Sentry that is just coming back is asked once by all workers together."""
    with workers(sandbox, tmp_path, recovery_s=3) as gateway:
        trip(sandbox, gateway)
        sandbox.faults()
        sandbox.forget_calls()
        until(lambda: ready(gateway)["degraded"] == [], "somebody may probe")
        os.kill(sandbox.process.pid, signal.SIGSTOP)

        def when_all_others_are_turned_away(statuses: Counter[int]) -> None:
            if statuses[503] == 59:
                os.kill(sandbox.process.pid, signal.SIGCONT)

        try:
            statuses = asyncio.run(ask_many(gateway, 60, when_all_others_are_turned_away))
        finally:
            os.kill(sandbox.process.pid, signal.SIGCONT)
        assert statuses == {200: 1, 503: 59}
        assert sandbox.calls()[LIST] == 1
        assert {asked(gateway) for _ in range(4 * WORKERS)} == {200}
        until(lambda: all(breaker(stats(gateway))["state"] == "closed" for _ in range(4 * WORKERS)), "all show it")
        assert {str(ready(gateway)["degraded"]) for _ in range(2 * WORKERS)} == {"[]"}


def test_workers_that_are_killed_while_they_probe_keep_nobody_out(sandbox: Sandbox, tmp_path: Path) -> None:
    """Their probe never ends; whoever takes their place probes anew, with the defaults within 90 s of the failure."""
    with workers(sandbox, tmp_path, recovery_s=2, attempt_s=12) as gateway:
        trip(sandbox, gateway)
        sandbox.faults()
        until(lambda: ready(gateway)["degraded"] == [], "somebody may probe")
        os.kill(sandbox.process.pid, signal.SIGSTOP)
        try:
            with ThreadPoolExecutor() as pool:
                probe = pool.submit(asked, gateway)
                until(lambda: [part["state"] for part in ready(gateway)["degraded"]] == ["half_open"], "a probe")
                for pid in pids_of_workers(gateway):
                    os.kill(pid, signal.SIGKILL)
                with pytest.raises((OSError, HTTPException)):
                    probe.result()
        finally:
            os.kill(sandbox.process.pid, signal.SIGCONT)
        wait_for_all(gateway)
        until(lambda: asked(gateway) == 200, "another probe")
        assert {asked(gateway) for _ in range(2 * WORKERS)} == {200}


def pids_of_workers(gateway: Gateway) -> list[int]:
    children = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def test_all_workers_agree_on_whether_sentry_can_be_reached(sandbox: Sandbox, tmp_path: Path) -> None:
    """A balancer, or a person, that asks twice is not told two things."""
    with running_gateway("http://127.0.0.1:9", sandbox.token, folder=tmp_path, workers=WORKERS) as gateway:
        wait_for_all(gateway)
        assert {ready(gateway)["upstream"]["reachable"] for _ in range(2 * WORKERS)} == {None}
        assert asked(gateway) == 502
        told = [ready(gateway) for _ in range(4 * WORKERS)]
        assert {each["upstream"]["reachable"] for each in told} == {False}
        assert len({each["upstream"]["last_asked_at"] for each in told}) == 1
        assert all(each["degraded"][0]["part"] == "upstream" for each in told)


def test_one_worker_finds_out_what_this_sentry_can_do(sandbox: Sandbox, gateway: Gateway) -> None:
    """An old Sentry is probed once by all workers together, and each goes where it has what is asked for."""
    sandbox.settings(profile="sentry-9.1")
    try:
        sandbox.forget_calls()
        assert set(asyncio.run(ask_many(gateway, 40, lambda _: None))) == {200}
        assert sandbox.calls()["GET /api/client-config/"] == 1
        told = {str(gateway.v1("GET", "/capabilities").json()["addresses"]) for _ in range(4 * WORKERS)}
        assert len(told) == 1
        assert sandbox.calls()["GET /api/client-config/"] == 1
    finally:
        sandbox.settings(profile="default")


def test_what_one_host_leaves_alone_the_other_does(sandbox: Sandbox, tmp_path: Path) -> None:
    """Two data directories and one Redis; and when Redis is away each goes by what it sees."""
    folders = [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        folder.mkdir()
    with running_redis() as redis:
        shared = {
            "DEXTER_REDIS_URL": redis.url,
            "DEXTER_SECRET_KEY": "of-both-hosts-" * 4,
            "DEXTER_ATTEMPTS": "1",
            "DEXTER_BREAKER_RECOVERY": "600s",
        }
        with (
            running_gateway(sandbox.url, sandbox.token, folder=folders[0], workers=2, **shared) as here,
            running_gateway(sandbox.url, sandbox.token, folder=folders[1], workers=2, **shared) as there,
        ):
            trip(sandbox, here)
            # From now on only the other host's word can keep this one from asking.
            sandbox.faults()
            until(lambda: asked(there) == 503, "the other host leaves it alone")
            assert breaker(stats(there))["last_failure"] == "status 500"
            redis.kill()
            assert {asked(here) for _ in range(4)} == {asked(there) for _ in range(4)} == {503}
