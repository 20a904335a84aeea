"""The road through every room: a real SDK's error becomes an issue that a person resolves and that comes back."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.stand import Gateway, Sandbox

APPLICATION = """
import sys
import sentry_sdk

sentry_sdk.init(dsn=sys.argv[1], release="lifecycle@1.0.0", environment="production", default_integrations=False)


class LifecycleError(Exception):
    pass


def fail(order):
    raise LifecycleError(f"order {order} cannot be shipped")


try:
    fail(int(sys.argv[2]))
except LifecycleError:
    sentry_sdk.capture_exception()
sentry_sdk.flush(10)
"""
SEARCH = "error.type:LifecycleError"
PATIENCE_S = 15


def application_fails(sandbox: Sandbox, order: int) -> None:
    dsn = sandbox.dsn("shop-api")
    subprocess.run([sys.executable, "-c", APPLICATION, dsn, str(order)], check=True, timeout=60)


def found(gateway: Gateway, status: str) -> list[dict[str, Any]]:
    reply = gateway.v1("GET", "/issues", query=SEARCH, status=status)
    assert reply.status == 200, reply.body
    issues: list[dict[str, Any]] = reply.json()["data"]
    return issues


def eventually(look: Callable[[], Any]) -> Any:
    limit = time.monotonic() + PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.1)
    return seen


def test_an_error_is_found_resolved_regresses_and_is_assigned_and_archived(sandbox: Sandbox, gateway: Gateway) -> None:
    """The whole life of an issue, as the person at the workbench sees it."""
    application_fails(sandbox, 1)
    # A list kept before the error may be up to its freshness old; a person who reloads asks for Sentry's own word.
    (issue,) = eventually(lambda: found(gateway, "unresolved"))
    address = f"/issues/{issue['id']}"
    assert issue["metadata"]["type"] == "LifecycleError"
    assert issue["substatus"] == "new"

    resolved = gateway.v1("PUT", address, body={"status": "resolved"})
    assert resolved.status == 200, resolved.body
    assert resolved.json()["status"] == "resolved"
    assert [one["id"] for one in found(gateway, "resolved")] == [issue["id"]]
    assert found(gateway, "unresolved") == []
    assert gateway.v1("GET", address).json()["status"] == "resolved"

    application_fails(sandbox, 2)
    again = eventually(lambda: found(gateway, "unresolved"))[0]
    assert (again["id"], again["substatus"], again["count"]) == (issue["id"], "regressed", "2")
    context = gateway.v1("GET", f"{address}/context").json()
    assert context["parts"]["issue"]["status"] in ("ok", "stale")
    assert "set_regression" in [entry["type"] for entry in context["activity"]]

    people = gateway.v1("GET", "/members").json()["data"]
    person = next(member["user"] for member in people if member.get("user"))
    assigned = gateway.v1("PUT", address, body={"assignee": f"user:{person['id']}"}).json()
    assert assigned["assignedTo"]["id"] == person["id"]

    archived = gateway.v1("PUT", address, body={"status": "archived", "archive": {"mode": "until_escalating"}}).json()
    assert (archived["status"], archived["substatus"]) == ("ignored", "archived_until_escalating")
    assert [one["id"] for one in found(gateway, "archived")] == [issue["id"]]


def test_a_write_is_seen_by_every_later_read_though_sentrys_search_lags(sandbox: Sandbox, gateway: Gateway) -> None:
    """Sentry's index follows its writes; a list fetched in between must not be kept as if it were fresh."""
    listed = gateway.v1("GET", "/issues", status="unresolved", limit=5).json()["data"]
    issue = listed[0]["id"]
    sandbox.settings(index_lag_s=2)
    try:
        assert gateway.v1("PUT", f"/issues/{issue}", body={"status": "resolved"}).json()["status"] == "resolved"
        during = gateway.v1("GET", "/issues", status="unresolved", limit=5)
        assert issue in [one["id"] for one in during.json()["data"]], "the sandbox's index does not lag"
        time.sleep(2.1)
        after = gateway.v1("GET", "/issues", status="unresolved", limit=5)
        assert issue not in [one["id"] for one in after.json()["data"]]
    finally:
        sandbox.settings(index_lag_s=0)
