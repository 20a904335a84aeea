"""Several worker processes on one port: one cache, one flight, one truth; and what happens when one of them dies."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from bench.stand import Gateway, Redis, Sandbox, request, running_gateway, running_redis

WORKERS = 4
LIST = "/issues"
PATIENCE_S = 60


def workers_of(gateway: Gateway) -> list[int]:
    """The process ids of a gateway's workers."""
    children = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


@contextmanager
def workers(sandbox: Sandbox, folder: Path, count: int = WORKERS, **settings: str) -> Iterator[Gateway]:
    """A gateway of several processes, all of which serve."""
    with running_gateway(sandbox.url, sandbox.token, folder=folder, workers=count, **settings) as running:
        wait_until_all_serve(running, count)
        yield running


def wait_until_all_serve(gateway: Gateway, count: int) -> None:
    """Return when every worker accepts connections: none of many is left waiting."""
    limit = time.monotonic() + PATIENCE_S
    while True:
        began = time.monotonic()
        asyncio.run(crowd(gateway, "/health", 16 * count))
        if time.monotonic() - began < 1.0 and len(workers_of(gateway)) == count:
            return
        assert time.monotonic() < limit, gateway.log.read_text()


async def crowd(gateway: Gateway, address: str, size: int) -> list[int]:
    """Let many ask at once, each over a connection of its own, and give the statuses."""
    headers = {"X-Dexter-Token": gateway.token}
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask() -> int:
            async with session.get(gateway.url + address) as reply:
                await reply.read()
                return reply.status

        return await asyncio.gather(*(ask() for _ in range(size)))


def statuses_of_many(gateway: Gateway, size: int, address: str) -> list[int]:
    return asyncio.run(crowd(gateway, address, size))


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    """A Redis for this module."""
    with running_redis() as running:
        yield running


@pytest.fixture(params=["disk", "redis"])
def shared(request: pytest.FixtureRequest) -> dict[str, str]:
    """What the workers share: the host's files, or a Redis."""
    return {} if request.param == "disk" else {"DEXTER_REDIS_URL": request.getfixturevalue("redis").url}


def test_a_thousand_cold_identical_requests_are_one_call(
    sandbox: Sandbox, tmp_path: Path, shared: dict[str, str]
) -> None:
    """Four processes share what one of them asks for, whatever they share it over."""
    with workers(sandbox, tmp_path, **shared) as gateway:
        sandbox.faults(latency_ms=500)
        sandbox.forget_calls()
        assert set(statuses_of_many(gateway, 1000, "/api/v1/issues?limit=50")) == {200}
        assert sum(sandbox.calls().values()) == 1


def test_a_token_holds_at_every_worker(sandbox: Sandbox, tmp_path: Path) -> None:
    """A session opened at one worker is known to the next, its CSRF token too."""
    with workers(sandbox, tmp_path) as gateway:
        opened = request("POST", f"{gateway.url}/api/v1/session", body={"token": gateway.token})
        cookie = opened.headers["set-cookie"].partition(";")[0]
        for _ in range(4 * WORKERS):
            seen = request("GET", f"{gateway.url}/api/v1/session", headers={"Cookie": cookie})
            assert seen.status == 200
            assert seen.json()["csrf_token"] == opened.json()["csrf_token"]


def test_a_killed_worker_is_replaced_and_its_flight_blocks_nobody(sandbox: Sandbox, tmp_path: Path) -> None:
    """It dies in the midst of asking Sentry; who waited for it at another worker asks again within its lease."""
    with workers(sandbox, tmp_path, 2) as gateway:
        before = workers_of(gateway)
        sandbox.faults(latency_ms=1500)
        done: list[list[int | None]] = []
        asking = threading.Thread(target=lambda: done.append(asyncio.run(survivors(gateway))))
        asking.start()
        time.sleep(0.7)
        os.kill(before[0], signal.SIGKILL)
        asking.join(PATIENCE_S)
        (statuses,) = done
        assert {status for status in statuses if status is not None} == {200}
        sandbox.faults()
        wait_until_all_serve(gateway, 2)
        assert before[0] not in workers_of(gateway)
        assert set(statuses_of_many(gateway, 50, "/api/v1/issues?limit=5")) == {200}


async def survivors(gateway: Gateway) -> list[int | None]:
    """Statuses of a crowd; None for those whose worker died under them."""
    headers = {"X-Dexter-Token": gateway.token}
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask() -> int | None:
            try:
                async with session.get(f"{gateway.url}/api/v1/issues?limit=7") as reply:
                    await reply.read()
                    return reply.status
            except aiohttp.ClientError:
                return None

        return await asyncio.gather(*(ask() for _ in range(40)))


def test_the_end_cuts_no_request(sandbox: Sandbox, tmp_path: Path) -> None:
    """A deploy must not be seen by anybody who is waiting for an answer."""
    with workers(sandbox, tmp_path, 2) as gateway:
        sandbox.faults(latency_ms=1500)
        statuses: list[int] = []
        address = "/api/v1/issues?limit=9"
        asking = threading.Thread(target=lambda: statuses.extend(statuses_of_many(gateway, 40, address)))
        asking.start()
        time.sleep(0.7)
        gateway.process.send_signal(signal.SIGTERM)
        asking.join(PATIENCE_S)
        assert statuses == [200] * 40
        assert gateway.process.wait(PATIENCE_S) == 0


def test_a_restart_is_warm(sandbox: Sandbox, tmp_path: Path) -> None:
    """The first answer after it comes from the disk."""
    address = {"query": "is:unresolved", "limit": 11}
    with running_gateway(sandbox.url, sandbox.token, folder=tmp_path) as gateway:
        first = gateway.v1("GET", LIST, **address)
        assert first.status == 200
    sandbox.forget_calls()
    with running_gateway(sandbox.url, sandbox.token, folder=tmp_path) as gateway:
        again = gateway.v1("GET", LIST, **address)
        assert again.json()["meta"]["source"] == "hit"
        assert again.json()["data"] == first.json()["data"]
    assert sandbox.calls() == {}


def test_a_write_at_one_worker_is_seen_at_all(sandbox: Sandbox, tmp_path: Path, shared: dict[str, str]) -> None:
    """Each request takes a new connection, and with it whichever worker the kernel picks."""
    with workers(sandbox, tmp_path, **shared) as gateway:
        issue = gateway.v1("GET", LIST, limit=1).json()["data"][0]["id"]
        for status in ("resolved", "unresolved") * 3:
            for _ in range(2 * WORKERS):
                gateway.v1("GET", f"/issues/{issue}")
            assert gateway.v1("PUT", f"/issues/{issue}", body={"status": status}).status == 200
            seen = [gateway.v1("GET", f"/issues/{issue}").json()["status"] for _ in range(2 * WORKERS)]
            assert set(seen) == {status}


def test_a_worker_is_small_before_it_keeps_anything(sandbox: Sandbox, tmp_path: Path) -> None:
    """Ten workers must fit into a small machine."""
    with workers(sandbox, tmp_path, 2) as gateway:
        for pid in workers_of(gateway):
            status = Path(f"/proc/{pid}/status").read_text()
            (resident_kb,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
            assert resident_kb < 120 * 1024


def test_without_redis_nothing_kept_is_fresh_and_everything_is_answered(sandbox: Sandbox, tmp_path: Path) -> None:
    """Redis dies and comes back: requests succeed, the lost promise is said everywhere, and all recovers by itself."""
    with running_redis() as redis, workers(sandbox, tmp_path, 2, DEXTER_REDIS_URL=redis.url) as gateway:
        ask = lambda: gateway.v1("GET", LIST, limit=13)  # noqa: E731 (one question, asked often)
        until(lambda: ask().json()["meta"]["source"] == "hit")
        assert "x-dexter-suspended" not in ask().headers
        redis.kill()
        until(lambda: all(ready(gateway)["suspended"] for _ in range(8)))
        for _ in range(12):
            during = ask()
            assert during.status == 200
            assert during.headers["x-dexter-suspended"] == "fresh-after-writes"
            assert during.json()["meta"]["source"] in ("miss", "collapsed")
        issue = ask().json()["data"][0]["id"]
        assert gateway.v1("PUT", f"/issues/{issue}", body={"status": "resolved"}).status == 200
        metrics = request("GET", f"{gateway.url}/metrics").body.decode()
        assert "dexter_promise_suspended 2.0" in metrics
        (told,) = gateway.v1("GET", "/gateway/stats").json()["suspended"]
        assert told["promise"] == "fresh-after-writes"
        assert {ask().status for _ in range(12)} == {200}
        sandbox.faults(failure_rate=1, failure_status=503)
        fallback = ask()
        assert (fallback.status, fallback.json()["meta"]["source"]) == (200, "fallback")
        sandbox.faults()
        redis.start()
        until(lambda: not any(ready(gateway)["suspended"] for _ in range(8)))
        # The issue list trails the write for half a minute; the projects do not.
        until(lambda: gateway.v1("GET", "/projects").json()["meta"]["source"] == "hit")
        assert "x-dexter-suspended" not in ask().headers


def test_two_hosts_share_what_redis_holds(sandbox: Sandbox, tmp_path: Path, redis: Redis) -> None:
    """Two data directories, one key: any balancer may send anybody anywhere."""
    shared = {"DEXTER_REDIS_URL": redis.url, "DEXTER_SECRET_KEY": "of-both-hosts-" * 4}
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    with (
        running_gateway(sandbox.url, sandbox.token, folder=one, **shared) as here,
        running_gateway(sandbox.url, sandbox.token, folder=other, **shared) as there,
    ):
        sandbox.forget_calls()
        # Issue lists trail the writes of other tests, which went through the same Redis.
        assert here.v1("GET", "/releases").status == 200
        until(lambda: there.v1("GET", "/releases").json()["meta"]["source"] == "hit")
        assert sum(sandbox.calls().values()) <= 2
        issue = here.v1("GET", LIST, limit=17).json()["data"][0]["id"]
        for status in ("resolved", "unresolved") * 5:
            for gateway in (here, there):
                gateway.v1("GET", f"/issues/{issue}")
            assert here.v1("PUT", f"/issues/{issue}", body={"status": status}).status == 200
            assert there.v1("GET", f"/issues/{issue}").json()["status"] == status


def ready(gateway: Gateway) -> Any:
    return request("GET", f"{gateway.url}/ready").json()


def until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)
