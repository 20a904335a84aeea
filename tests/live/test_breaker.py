"""A Sentry that hangs, dies, stumbles and comes back, as real processes: what callers see meanwhile."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from bench.stand import Gateway, Reply, Sandbox, free_port, request, running_gateway, running_sandbox

SETTINGS = {
    "DEXTER_ATTEMPT_TIMEOUT": "500ms",
    "DEXTER_BREAKER_RECOVERY": "2s",
    "DEXTER_FRESH_ISSUES": "1s",
    "DEXTER_FRESH_OTHER": "1s",
}
RECOVERY_S = 2.0
NUMBERS = count(1000)
LIST = "/issues"


@pytest.fixture(scope="module")
def gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    """A gateway with little patience, so that a test does not take minutes."""
    with running_gateway(sandbox.url, sandbox.token, **SETTINGS) as running:
        yield running


@contextmanager
def frozen(sandbox: Sandbox) -> Iterator[None]:
    """Let the sandbox take connections and never answer."""
    os.kill(sandbox.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(sandbox.process.pid, signal.SIGCONT)


def new_question() -> str:
    """Give a search that nobody made before, so that no stored answer can stand in."""
    return f"timesSeen:>{next(NUMBERS)}"


def timed(gateway: Gateway, path: str, **query: str) -> tuple[Reply, float]:
    """Ask and give the reply with how long it took."""
    began = time.monotonic()
    reply = gateway.v1("GET", path, **query)
    return reply, time.monotonic() - began


def trip(gateway: Gateway, path: str) -> Reply:
    """Ask for what nobody asked for before until the breaker is open, and give the reply that says so."""
    return tripped(gateway, path)[0]


def tripped(gateway: Gateway, path: str) -> tuple[Reply, float]:
    """Do the same, and give how long that reply took as well."""
    for _ in range(20):
        reply, took_s = timed(gateway, path, query=new_question())
        if reply.status == 503:
            return reply, took_s
        assert reply.status in (502, 504), reply.body
    raise AssertionError("the breaker did not open")


def recovers(gateway: Gateway, path: str, limit_s: float) -> float:
    """Give how long it took until Sentry's own answers came again."""
    began = time.monotonic()
    while time.monotonic() - began < limit_s:
        if gateway.v1("GET", path, query=new_question()).status == 200:
            return time.monotonic() - began
        time.sleep(0.1)
    raise AssertionError(f"no answer within {limit_s} s")


def test_a_frozen_sentry(sandbox: Sandbox, gateway: Gateway) -> None:
    """Warm lists go on as stale, what is not known is refused at once, and all is well again by itself."""
    assert gateway.v1("GET", LIST).status == 200
    time.sleep(1.1)
    with frozen(sandbox):
        warm, took_s = timed(gateway, LIST)
        assert (warm.status, took_s < 2.0) == (200, True)
        told = trip(gateway, LIST).json()["breaker"]
        assert told["class"] == "read-issues"
        assert told["last_failure"] == "TimedOut"
        for _ in range(3):
            reply, took_s = timed(gateway, LIST, query=new_question())
            if took_s > 1.0:  # this one was the probe
                continue
            assert reply.status == 503
            assert 1 <= int(reply.headers["retry-after"]) <= RECOVERY_S + 1
        warm, took_s = timed(gateway, LIST)
        assert (warm.status, took_s < 1.0 + 0.6) == (200, True)
        assert warm.json()["meta"]["stale"] is True
        own = gateway.api0("GET", "/api/0/organizations/acme/issues/?query=is:linked", token=gateway.token)
        assert own.status == 503
        assert "detail" in own.json()
    assert recovers(gateway, LIST, limit_s=RECOVERY_S + 4.0) < RECOVERY_S + 4.0


def ready(gateway: Gateway) -> Reply:
    """Give what the gateway says of itself."""
    return request("GET", f"{gateway.url}/ready")


def test_a_killed_sentry_is_left_alone_and_found_again_by_itself(tmp_path: Path) -> None:
    """Its process is gone: answers come at once and say when to ask again; it comes back, and nobody has to act."""
    home, port = tmp_path / "sandbox", free_port()
    home.mkdir()
    with (
        running_sandbox(issues=20, folder=home, port=port) as mortal,
        running_gateway(mortal.url, mortal.token, folder=tmp_path, workers=2, **SETTINGS) as gateway,
    ):
        assert gateway.v1("GET", LIST, query=new_question()).status == 200
        mortal.process.kill()
        mortal.process.wait()
        opened, took_s = tripped(gateway, LIST)
        # Whichever worker answers knows of the other's breaker.
        said, stats = ready(gateway), gateway.v1("GET", "/gateway/stats").json()
        told = opened.json()["breaker"]
        assert (told["class"], told["last_failure"]) == ("read-issues", "Unreachable")
        assert took_s < 1.0
        assert 1 <= int(opened.headers["retry-after"]) <= RECOVERY_S + 1
        assert (said.status, said.json()["status"]) == (200, "ready")
        assert "read-issues" in {part["part"] for part in said.json()["degraded"]}
        assert "open" in {each["state"] for each in stats["breakers"] if each["name"] == "read-issues"}
        with running_sandbox(issues=20, folder=home, port=port):
            assert recovers(gateway, LIST, limit_s=90.0) < RECOVERY_S + 4.0
            # What one worker found out all say, whichever is asked.
            until = time.monotonic() + 30.0
            while (said := [ready(gateway).json()["degraded"] for _ in range(12)]) != [[]] * 12:
                assert time.monotonic() < until, said


def test_the_other_classes_answer_while_one_is_left_alone(sandbox: Sandbox, gateway: Gateway) -> None:
    """Search is down; projects, teams and an issue's events are not."""
    issue = gateway.v1("GET", LIST).json()["data"][0]["id"]
    sandbox.faults(failure_rate=1, failure_status=500, operations=["GET /api/0/organizations/*/issues/"])
    trip_by_errors = [gateway.v1("GET", LIST, query=new_question()).status for _ in range(7)]
    assert trip_by_errors[-1] == 503
    assert gateway.v1("GET", "/projects").status == 200
    assert gateway.v1("GET", f"/issues/{issue}/events").status == 200
    sandbox.faults()
    assert recovers(gateway, LIST, limit_s=RECOVERY_S + 3.0) < RECOVERY_S + 3.0


def test_four_hundreds_never_trip_it(sandbox: Sandbox, gateway: Gateway) -> None:
    """A script with a wrong address must not cut off everybody."""
    statuses = {gateway.v1("GET", f"/issues/{10_000_000 + number}").status for number in range(15)}
    assert statuses == {404}
    assert gateway.v1("GET", LIST, query=new_question()).status == 200


def crowd(gateway: Gateway, calls: int) -> tuple[Counter[int], list[float]]:
    """Ask distinct questions, ten at a time, and give the statuses and the waits."""
    with ThreadPoolExecutor(10) as pool:
        asked = list(pool.map(lambda query: timed(gateway, LIST, query=query), [new_question() for _ in range(calls)]))
    return Counter(reply.status for reply, _ in asked), sorted(took_s for _, took_s in asked)


def test_one_failure_in_twenty_reaches_nobody(sandbox: Sandbox, gateway: Gateway) -> None:
    """Three attempts of which each fails once in twenty."""
    sandbox.faults(failure_rate=0.05, failure_status=502)
    statuses, _ = crowd(gateway, 200)
    assert statuses == {200: 200}


def test_slow_calls_slow_down_nobody_else_and_trip_nothing(sandbox: Sandbox) -> None:
    """One call in five takes 3 s of the 10 that an attempt may take: those wait for it, the others do not."""
    with running_gateway(sandbox.url, sandbox.token) as patient:
        sandbox.faults(latency_ms=3000, latency_share=0.2)
        statuses, waits = crowd(patient, 60)
        sandbox.faults()
    assert statuses == {200: 60}
    assert waits[len(waits) // 2] < 1.5
    # Two slow calls one after the other at most; a crowded machine adds its own.
    assert waits[-1] < 2 * 3.0 + 3.0
