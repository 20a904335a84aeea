"""People and a script on one quota, as `bench/quota.py` measures it, and what the gateway tells of it."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from bench.quota import PEOPLE_PER_S, Shared, share
from bench.stand import Gateway, Redis, Sandbox, request, running_gateway, running_redis

SECONDS = 8.0


@pytest.fixture(scope="module")
def shared(sandbox: Sandbox, gateway: Gateway) -> Shared:
    """One run of the measurement."""
    return share(sandbox, gateway, seconds=SECONDS)


def test_people_see_no_429_while_a_script_takes_all_it_can(shared: Shared) -> None:
    """They need 80 % of the quota, and a script that would take three times as much runs beside them."""
    assert set(shared.people.statuses) == {200}
    assert shared.people.statuses[200] > PEOPLE_PER_S * SECONDS * 0.8
    assert shared.script.statuses[200] > 0


def test_people_hardly_wait(shared: Shared) -> None:
    """Half of them have their answer as soon as Sentry gives it; none waits for more than a few windows."""
    waits = sorted(shared.people.waits_s)
    assert waits[len(waits) // 2] < 0.6
    assert waits[-1] < 4.0


def test_sentry_refuses_next_to_nothing(shared: Shared) -> None:
    """What is known to be refused is not sent; a call in a hundred may be unlucky at a window's edge."""
    assert shared.refused <= (sum(shared.people.statuses.values()) + sum(shared.script.statuses.values())) / 100


def test_a_spent_long_window_is_429_with_its_wait_and_without_a_call(sandbox: Sandbox, gateway: Gateway) -> None:
    """Five calls a day: the sixth is not sent, and its caller is told how long to wait."""
    day_s = 86_400
    sandbox.faults(rate_limit={"limit": 5, "window_s": day_s})
    token = sandbox.new_token(scopes=["org:read"])
    spent = [gateway.api0("GET", f"/api/0/organizations/acme/?n={number}", token=token) for number in range(5)]
    sandbox.forget_calls()
    refused = gateway.api0("GET", "/api/0/organizations/acme/?n=5", token=token)
    assert [reply.status for reply in (*spent, refused)] == [200] * 5 + [429]
    assert abs(float(refused.headers["retry-after"]) - (day_s - time.time() % day_s)) < 5
    assert sandbox.calls() == {}
    assert "detail" in refused.json()


def test_quota_left_is_among_the_metrics(shared: Shared, gateway: Gateway) -> None:
    """Whoever runs Dexter sees it coming."""
    told = request("GET", f"{gateway.url}/metrics", headers={"X-Dexter-Token": gateway.token}).body.decode()
    assert 'dexter_quota_remaining{identity_kind="service",limit="40",method="GET"}' in told


def told(gateway: Gateway) -> list[str]:
    """Give the promises that a gateway says are suspended."""
    return [each["promise"] for each in gateway.v1("GET", "/gateway/stats").json()["suspended"]]


def until_suspended(gateways: list[Gateway], promise: str, *, is_suspended: bool) -> None:
    """Ask until all say it, or none does."""
    limit = time.monotonic() + 20
    while not all((promise in told(gateway)) == is_suspended for gateway in gateways):
        assert time.monotonic() < limit, [told(gateway) for gateway in gateways]
        for number, gateway in enumerate(gateways):
            gateway.v1("GET", "/projects", organization="acme", limit=1 + number, fresh=1)
        time.sleep(0.3)


@pytest.mark.parametrize("over", ["redis", "one host"])
def test_two_gateways_of_two_workers_keep_within_one_quota(sandbox: Sandbox, tmp_path: Path, over: str) -> None:
    """Four processes send with one credential: each knows what the others send, wherever they run."""
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis()) if over == "redis" else None
        gateways = list(two(stack, sandbox, tmp_path, redis))
        run = share(sandbox, *gateways, seconds=SECONDS)
        assert set(run.people.statuses) == {200}
        assert run.people.statuses[200] > PEOPLE_PER_S * SECONDS * 0.8
        assert run.script.statuses[200] > 0
        waits = sorted(run.people.waits_s)
        # Half of them within the window that they came in, or the next.
        assert waits[len(waits) // 2] < 1.0
        answered = sum(run.people.statuses.values()) + sum(run.script.statuses.values())
        assert run.refused <= answered / 100
        if redis is not None:
            redis.kill()
            until_suspended(gateways, "shared-quota", is_suspended=True)
            lost = share(sandbox, *gateways, seconds=SECONDS / 2)
            assert set(lost.people.statuses) == {200}
            assert lost.refused <= answered / 100
            redis.start()
            until_suspended(gateways, "shared-quota", is_suspended=False)


def test_a_gateway_that_begins_while_redis_is_away_takes_a_part(sandbox: Sandbox, tmp_path: Path) -> None:
    """Its host remembers how many shared the quota, so that it takes no more than they leave it, and says so."""
    with running_redis() as redis:
        shared = {"DEXTER_REDIS_URL": redis.url, "DEXTER_SECRET_KEY": "of-both-hosts-" * 4}
        with running_gateway(sandbox.url, sandbox.token, folder=tmp_path, workers=2, **shared) as before:
            share(sandbox, before, seconds=SECONDS / 2)
        redis.kill()
        with running_gateway(sandbox.url, sandbox.token, folder=tmp_path, workers=2, **shared) as begun:
            run = share(sandbox, begun, seconds=SECONDS / 2)
            why = {each["promise"]: each["why"] for each in begun.v1("GET", "/gateway/stats").json()["suspended"]}
    assert why["shared-quota"].endswith(("one of 2", "one of 3", "one of 4"))
    assert run.people.statuses[200] > 0
    assert run.refused <= (sum(run.people.statuses.values()) + sum(run.script.statuses.values())) / 50


def two(stack: ExitStack, sandbox: Sandbox, folder: Path, redis: Redis | None) -> list[Gateway]:
    """Two gateways of two workers each: on two hosts over Redis, or on one with one data directory."""
    shared = {} if redis is None else {"DEXTER_REDIS_URL": redis.url, "DEXTER_SECRET_KEY": "of-both-hosts-" * 4}
    gateways = []
    for name in ("here", "there"):
        home = folder / (name if redis is not None else "host")
        home.mkdir(exist_ok=True)
        gateway = running_gateway(sandbox.url, sandbox.token, folder=home, workers=2, **shared)
        gateways.append(stack.enter_context(gateway))
    return gateways
