"""People and a script on one quota, as `bench/quota.py` measures it, and what the gateway tells of it."""

import time

import pytest
from bench.quota import PEOPLE_PER_S, Shared, share
from bench.stand import Gateway, Sandbox, request

SECONDS = 8.0


@pytest.fixture(scope="module")
def shared(sandbox: Sandbox, gateway: Gateway) -> Shared:
    """One run of the measurement."""
    return share(sandbox, gateway, SECONDS)


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
