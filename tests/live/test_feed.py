"""What happens in Sentry is heard within a second, once, by everybody who listens: real processes, signed webhooks."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import pytest
from bench.feed_listener import FeedListener
from bench.feed_stand import ISSUES, SECRET, change, comment, send_error, summed, telling_gateway, truth, webhook_faults
from bench.stand import Gateway, Redis, Reply, Sandbox, request, running_redis

from bench import bulk_jobs as bulk
from dexter.policy.webhook_seal import MAX_AGE_S, sign
from dexter.stores.feed_sqlite import FEED_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIST = f"GET {ISSUES}".replace("acme", "{organization_id_or_slug}")


@pytest.fixture(scope="module")
def gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    """A gateway that the sandbox tells what happens."""
    with telling_gateway(sandbox) as running:
        yield running


@pytest.fixture(autouse=True)
def all_goes_well(sandbox: Sandbox) -> Iterator[None]:
    """What goes wrong with webhooks in one test ends with it."""
    yield
    if sandbox.process.poll() is None:
        webhook_faults(sandbox)


def eventually(holds: Callable[[], bool], limit_s: float = 30.0) -> None:
    """Return once something holds; fail when it does not."""
    limit = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < limit, "it did not come about"
        time.sleep(0.1)


@contextmanager
def listening(gateway: Gateway, sandbox: Sandbox, **options: Any) -> Iterator[FeedListener]:
    """Listen, from when the first poll has seen what there is."""
    # The poller of a listener who has just left is still at rest; without anybody it begins anew.
    time.sleep(0.6)
    sandbox.forget_calls()
    with FeedListener(gateway, **options) as listener:
        eventually(lambda: sandbox.calls().get(LIST, 0) >= 1)
        time.sleep(0.3)
        yield listener


def new_issue(sandbox: Sandbox, listener: FeedListener, title: str) -> str:
    """Send an error of a new kind, and give the number of its issue."""
    send_error(sandbox, title)
    heard = listener.until(lambda each: (each.event.get("issue") or {}).get("title") == title)
    number: str = heard.event["issue"]["id"]
    return number


def metric(gateway: Gateway, name: str, **labels: str) -> float:
    """Give the sum of a counter's values that have these labels."""
    lines = request("GET", f"{gateway.url}/metrics", headers={"X-Dexter-Token": gateway.token}).body.decode()
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines.splitlines()
        if line.startswith(name) and all(f'{key}="{value}"' in line for key, value in labels.items())
    )


# ---------------------------------------------------------------- what is told


def test_an_error_is_heard_within_a_second(sandbox: Sandbox, gateway: Gateway) -> None:
    """The promise of the whole feed."""
    with listening(gateway, sandbox) as listener:
        started = time.monotonic()
        send_error(sandbox, "Heard at once", "fatal")
        created = listener.event("issue.created")
        alert = listener.event("alert.triggered")
    assert created.at - started < 1.0
    assert created.event["source"] == "webhook"
    assert created.event["project"] == "shop-api"
    assert created.event["issue"]["title"] == "Heard at once"
    assert alert.event["data"]["kind"] == "issue"


def test_each_kind_of_change_is_an_event_with_who_did_it(sandbox: Sandbox, gateway: Gateway) -> None:
    """All that Sentry tells, in the feed's words; a comment's author comes along."""
    with listening(gateway, sandbox) as listener:
        issue = new_issue(sandbox, listener, "Every kind of change")
        for fields, kind in (
            ({"assignedTo": "user:1"}, "issue.assigned"),
            ({"status": "resolved"}, "issue.resolved"),
            ({"status": "unresolved"}, "issue.unresolved"),
            ({"status": "ignored"}, "issue.archived"),
        ):
            change(sandbox, issue, **fields)
            event = listener.event(kind, issue).event
            assert event["actor"]["type"] == "user", event
        number = comment(sandbox, issue, "it is mine")
        commented = listener.event("issue.commented", issue).event
        assert (commented["actor"]["type"], commented["data"]["comment"]) == ("user", number)
        assert "it is mine" not in json.dumps(commented)
        change(sandbox, issue, status="resolved")
        listener.until(lambda each: len(listener.events("issue.resolved", issue)) == 2)
        send_error(sandbox, "Every kind of change")
        regressed = listener.event("issue.regressed", issue).event
        assert regressed["after"]["status"] == "unresolved"


def test_what_dexter_does_its_webhook_tells_and_the_poll_finds_is_one_event(sandbox: Sandbox, gateway: Gateway) -> None:
    """Three sources, one change; the first to say so is named, with the person who did it."""
    with listening(gateway, sandbox) as listener:
        issue = new_issue(sandbox, listener, "One change")
        sandbox.forget_calls()
        assert gateway.v1("PUT", f"/issues/{issue}", body={"status": "resolved"}).status == 200
        event = listener.event("issue.resolved", issue).event
        eventually(lambda: sandbox.calls().get(LIST, 0) >= 2, 60)
        time.sleep(0.5)
        assert len(listener.events("issue.resolved", issue)) == 1
    assert event["source"] == "write"
    assert event["actor"]["name"]


def test_deleting_and_merging_are_told(sandbox: Sandbox, gateway: Gateway) -> None:
    """Sentry tells no app of either; Dexter knows of its own, and finds the others."""
    with listening(gateway, sandbox) as listener:
        first, second, third, fourth = (
            new_issue(sandbox, listener, f"Merged {each}") for each in ("alpha", "beta", "gamma", "delta")
        )
        reply = gateway.api0("PUT", f"{ISSUES}?id={first}&id={second}", token=sandbox.token, body={"merge": 1})
        assert reply.status == 200, reply.body
        child = second if reply.json()["merge"]["parent"] == first else first
        merged = listener.event("issue.merged", child).event
        assert merged["after"]["into"] in (first, second)
        assert gateway.api0("DELETE", f"{ISSUES}{third}/", token=sandbox.token).status == 202
        listener.event("issue.deleted", third)
        eventually(lambda: listener.heard != [], 1)
        assert sandbox.api("DELETE", f"{ISSUES}{fourth}/").status == 202
        found = listener.event("issue.deleted", fourth, 60).event
        assert found["source"] == "poll"


def test_what_webhooks_do_not_tell_the_poll_finds(sandbox: Sandbox, gateway: Gateway) -> None:
    """Sentry sends no webhook for a priority, nor for an assignment that is taken back."""
    with listening(gateway, sandbox) as listener:
        issue = new_issue(sandbox, listener, "Untold")
        change(sandbox, issue, priority="low")
        event = listener.until(lambda each: each.event.get("after", {}).get("priority") == "low", 60).event
    assert (event["type"], event["source"], event["issue"]["id"]) == ("issue.updated", "poll", issue)


def test_a_bulk_job_is_heard_of_to_its_end_and_so_is_what_it_changes(sandbox: Sandbox, gateway: Gateway) -> None:
    """Whoever follows a job need not ask, and whoever looks at its issues sees them change."""
    with listening(gateway, sandbox) as listener:
        issue = new_issue(sandbox, listener, "Changed with many")
        asked = bulk.asked(gateway, {"ids": [issue]}, {"op": "status", "status": "resolved"})
        bulk.until(gateway, bulk.applied(gateway, asked), "done")
        ended = listener.until(lambda each: each.event.get("data", {}).get("state") == "done").event
        resolved_by = listener.event("issue.resolved", issue).event
    assert (ended["type"], ended["data"]["counts"]["done"]) == ("job.progress", 1)
    assert (resolved_by["source"], bool(resolved_by["actor"]["name"])) == ("write", True)


def test_an_alert_of_a_metric_is_told_and_ends(sandbox: Sandbox, gateway: Gateway) -> None:
    with listening(gateway, sandbox) as listener:
        for action in ("critical", "resolved"):
            body = {
                "resource": "metric_alert",
                "action": action,
                "data": {"description_title": "Too slow", "metric_alert": {"projects": ["shop-api"]}},
            }
            assert request("POST", f"{sandbox.url}/_sandbox/webhooks/deliveries", body=body).status == 202
        triggered = listener.event("alert.triggered").event
        listener.event("alert.resolved")
    assert (triggered["data"]["title"], triggered["data"]["level"]) == ("Too slow", "critical")


# ---------------------------------------------------------------- the door


def delivered(
    gateway: Gateway,
    body: bytes,
    *,
    request_id: str = "",
    at: float | None = None,
    secret: str = SECRET,
    **changed: str,
) -> Reply:
    """Send a delivery as Sentry does, or as somebody does who would like to be taken for it."""
    headers = {
        "Request-ID": request_id or f"test-{time.monotonic_ns()}",
        "Sentry-Hook-Resource": "issue",
        "Sentry-Hook-Timestamp": str(int(time.time() if at is None else at)),
        "Sentry-Hook-Signature": sign(body, secret),
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    return request("POST", f"{gateway.url}/webhooks/sentry", body=body, headers={k: v for k, v in headers.items() if v})


GOOD = b'{"action":"resolved","data":{"issue":{"id":"1"}}}'


@pytest.mark.parametrize(
    ("wrong", "status", "became"),
    [
        ({"secret": "another"}, 401, "forged"),
        ({"Sentry_Hook_Signature": ""}, 401, "unsigned"),
        ({"Sentry_Hook_Signature": "x" * 64}, 401, "forged"),
        ({"at": time.time() - MAX_AGE_S - 100}, 400, "expired"),
        ({"at": time.time() + 3600}, 400, "expired"),
        ({"Sentry_Hook_Timestamp": "soon"}, 400, "undated"),
        ({"body": b"[]"}, 400, "malformed"),
        ({"body": b"{"}, 400, "malformed"),
        ({"body": b""}, 400, "malformed"),
        ({"Request_ID": "a b"}, 400, "malformed"),
        ({"Sentry_Hook_Resource": "Issue!"}, 400, "malformed"),
        ({"body": b'{"a":"' + b"x" * (3 * 1024 * 1024) + b'"}'}, 413, "oversized"),
    ],
)
def test_what_sentry_did_not_send_is_refused_and_counted(
    gateway: Gateway, wrong: dict[str, Any], status: int, became: str
) -> None:
    """The door is open to the world: only what is signed, recent and whole comes in."""
    before = metric(gateway, "dexter_webhook", became=became)
    wrong = {"body": GOOD, **wrong}
    try:
        assert delivered(gateway, wrong.pop("body"), **wrong).status == status
    except URLError:
        # The door may be shut while the rest of it is still being sent.
        assert became == "oversized"
    eventually(lambda: metric(gateway, "dexter_webhook", became=became) == before + 1, 10)
    assert SECRET not in gateway.log.read_text()
    assert sign(GOOD, SECRET) not in gateway.log.read_text()


def test_a_service_hook_has_a_secret_of_its_own_and_only_says_where_to_look(sandbox: Sandbox, tmp_path: Path) -> None:
    """It is signed with the hook's secret; one without a secret here finds no door, and another's is refused."""
    headers = {"X-ServiceHook-GUID": "a" * 32, "X-ServiceHook-Timestamp": str(int(time.time()))}
    with (
        telling_gateway(sandbox, tmp_path, SENTRY_SERVICE_HOOK_SECRET="hook-secret") as gateway,
        listening(gateway, sandbox) as listener,
    ):
        webhook_faults(sandbox, dropped=1.0)
        send_error(sandbox, "Told by a hook")
        found = sandbox.api("GET", f"{ISSUES}?query=Told").json()[0]["id"]
        body = json.dumps({"project": {"slug": "shop-api"}, "group": {"id": found}, "event": {}}).encode()
        signed = headers | {"X-ServiceHook-Signature": sign(body, "hook-secret")}
        door = f"{gateway.url}/webhooks/sentry"
        assert request("POST", door, body=body, headers=signed).json() == {"taken": True}
        assert request("POST", door, body=body, headers=signed).json() == {"taken": False}
        forged = headers | {"X-ServiceHook-Signature": sign(body, SECRET)}
        assert request("POST", door, body=body, headers=forged).status == 401
        listener.event("issue.created", found)


def test_an_unsigned_post_makes_nothing_happen_but_that_sentry_is_asked(sandbox: Sandbox, tmp_path: Path) -> None:
    """What it claims is not believed: a new issue is told as Sentry has it, and one that is not there is no event."""
    with (
        telling_gateway(sandbox, tmp_path, DEXTER_UNSIGNED_WEBHOOKS="on") as gateway,
        listening(gateway, sandbox) as ear,
    ):
        webhook_faults(sandbox, dropped=1.0)
        door = f"{gateway.url}/webhooks/sentry/legacy"
        claimed = {"project": "shop-api", "level": "fatal", "message": "Claimed", "triggering_rules": ["Rule"]}
        assert request("POST", door, body={"id": "999999999", **claimed}).json() == {"taken": True}
        send_error(sandbox, "Told by a plugin")
        found = sandbox.api("GET", f"{ISSUES}?query=plugin").json()[0]["id"]
        assert request("POST", door, body={"id": found, **claimed}).json() == {"taken": True}
        created = ear.event("issue.created", found).event
        assert created["issue"]["title"] == "Told by a plugin"
        assert ear.events("", "999999999") == ear.events("alert.triggered") == []


def test_a_replay_is_taken_for_what_it_is(gateway: Gateway) -> None:
    """The time is not signed: somebody who has seen a delivery can make it young again, but not another."""
    first = delivered(gateway, GOOD, request_id="seen")
    again = delivered(gateway, GOOD, request_id="seen")
    assert [(each.status, each.json()["taken"]) for each in (first, again)] == [(200, True), (200, False)]


def test_other_methods_have_no_business_there(gateway: Gateway) -> None:
    assert request("GET", f"{gateway.url}/webhooks/sentry").status == 405


def test_without_a_secret_there_is_no_door(sandbox: Sandbox) -> None:
    """What cannot be checked is not taken."""
    from bench.stand import running_gateway

    with running_gateway(sandbox.url, sandbox.token) as shut:
        assert delivered(shut, GOOD).status == 404
        hook = {"X-ServiceHook-Signature": sign(GOOD, ""), "X-ServiceHook-Timestamp": str(int(time.time()))}
        assert request("POST", f"{shut.url}/webhooks/sentry", body=GOOD, headers=hook).status == 404


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    "faults",
    [
        {"twice": 1.0},
        {"out_of_order": 0.5},
        {"dropped": 1.0},
        {"twice": 0.3, "out_of_order": 0.3, "dropped": 0.3, "delayed": 0.3, "delay_ms": 1500},
    ],
    ids=["twice", "out of order", "not at all", "everything at once"],
)
def test_however_webhooks_come_every_client_ends_with_sentrys_state(
    sandbox: Sandbox, gateway: Gateway, faults: dict[str, Any]
) -> None:
    """Webhooks promise neither order nor arrival, and connections break; the sum of the events is the truth."""
    with listening(gateway, sandbox) as calm, FeedListener(gateway, stays=True) as shaky:
        start = truth(sandbox)
        webhook_faults(sandbox, **faults)
        issues = sorted(start, key=int)[-6:]
        for turn in range(30):
            issue = issues[turn % len(issues)]
            fields: list[dict[str, Any]] = [
                {"status": "resolved"}, {"assignedTo": "user:1"}, {"status": "ignored"}, {"status": "unresolved"},
                {"assignedTo": ""}, {"priority": "high"}, {"priority": "low"},
            ]  # fmt: skip
            change(sandbox, issue, **fields[turn % len(fields)])
            if turn % 7 == 0:
                send_error(sandbox, f"New in {sorted(faults)} {turn}")
                shaky.cut()
        webhook_faults(sandbox)
        eventually(lambda: summed(start, calm.events()) == truth(sandbox), 90)
        eventually(lambda: summed(start, shaky.events()) == truth(sandbox), 20)
        assert calm.gaps() == shaky.gaps() == []
        offsets = [each.message["offset"] for each in shaky.heard if each.event]
        assert offsets == sorted(set(offsets)), "each once, and in order"


def test_a_feed_over_two_workers_is_one_feed(sandbox: Sandbox, tmp_path: Path) -> None:
    """Whichever process takes a webhook in, everybody hears of it, once; and one of them polls."""
    with telling_gateway(sandbox, tmp_path, workers=2) as both, listening(both, sandbox) as first:
        others = [FeedListener(both) for _ in range(5)]
        for each in others:
            each.until(lambda heard: heard.message["kind"] == "hello")
        issue = new_issue(sandbox, first, f"Two workers {tmp_path.name}")
        change(sandbox, issue, status="resolved")
        for each in (first, *others):
            each.event("issue.resolved", issue)
        time.sleep(0.5)
        assert {len(each.events("", issue)) for each in (first, *others)} == {len(first.events("", issue))}
        assert len(first.events("issue.resolved", issue)) == 1
        # Whichever worker is asked knows of all of them, and of those who have left.
        eventually(lambda: metric(both, "dexter_feed_listeners{", way="stream") == 6)
        for each in others:
            each.close()
        eventually(lambda: metric(both, "dexter_feed_listeners{", way="stream") == 1)
        assert metric(both, "dexter_feed_messages_total", way="stream") >= 6


def resolved(number: int) -> bytes:
    """Give a delivery that says so of an issue."""
    return json.dumps({"action": "resolved", "data": {"issue": {"id": str(number), "status": "resolved"}}}).encode()


def test_what_was_taken_in_survives_kill_9_before_it_was_understood(sandbox: Sandbox, tmp_path: Path) -> None:
    """Sentry does not send again: once it has been told 200, the delivery is Dexter's to keep."""
    numbers = range(9_000_001, 9_000_031)
    with telling_gateway(sandbox, tmp_path) as doomed:
        with FeedListener(doomed) as before:
            pass
        # With the log held, nothing can be understood; the inbox is a file of its own.
        with closing(sqlite3.connect(tmp_path / FEED_FILE, isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            assert {delivered(doomed, resolved(number)).status for number in numbers} == {200}
            os.kill(doomed.process.pid, signal.SIGKILL)
            doomed.process.wait()
            held.execute("ROLLBACK")
    with telling_gateway(sandbox, tmp_path) as next_one, FeedListener(next_one, since=before.place) as listener:
        for number in numbers:
            listener.event("issue.resolved", str(number))
        time.sleep(1)
        assert len(listener.events("issue.resolved")) <= len(numbers), "and each of them once"


def test_with_a_full_disk_sentry_is_told_so_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    """A 200 would be a lie, and a timeout counts against the integration; the poller finds what is turned away."""
    with telling_gateway(sandbox, tmp_path) as gateway:
        assert delivered(gateway, resolved(9_100_000)).status == 200
        for pid in processes_of(gateway):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        started = time.monotonic()
        refused = delivered(gateway, resolved(9_100_001), request_id="turned-away")
        assert (refused.status, time.monotonic() - started < 1.0) == (503, True)
        for pid in processes_of(gateway):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        eventually(lambda: delivered(gateway, resolved(9_100_001), request_id="turned-away").status == 200, 10)
        assert metric(gateway, "dexter_webhook", became="unwritten") >= 1


def processes_of(gateway: Gateway) -> list[int]:
    """Give a gateway's processes."""
    children = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text()
    return [gateway.process.pid, *map(int, children.split())]


def test_deliveries_are_answered_long_before_sentry_gives_up(gateway: Gateway) -> None:
    """Two hundred, twenty at once. `bench live` measures how fast; here even a loaded machine must do it in time."""

    def one(number: int) -> float:
        started = time.monotonic()
        assert delivered(gateway, resolved(9_200_000 + number)).status == 200
        return time.monotonic() - started

    with ThreadPoolExecutor(20) as threads:
        took = sorted(threads.map(one, range(200)))
    assert took[197] < 0.8, took[-5:]


@pytest.fixture
def redis() -> Iterator[Redis]:
    with running_redis() as running:
        yield running


def test_two_gateways_over_redis_are_one_feed_and_its_restart_is_told_as_a_gap(
    sandbox: Sandbox, redis: Redis, tmp_path: Path
) -> None:
    """A log that is gone cannot be continued, and whoever listens must be told to look anew."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with (
        telling_gateway(sandbox, folders[0], DEXTER_REDIS_URL=redis.url) as one,
        telling_gateway(sandbox, folders[1], DEXTER_REDIS_URL=redis.url) as two,
        listening(one, sandbox, stays=True) as first,
        FeedListener(two, stays=True) as second,
    ):
        issue = new_issue(sandbox, first, "Two gateways")
        change(sandbox, issue, status="resolved")
        for each in (first, second):
            each.event("issue.resolved", issue)
        assert first.events("", issue) == second.events("", issue)
        redis.kill()
        time.sleep(0.5)
        redis.start()
        for each in (first, second):
            each.until(lambda heard: heard.message["kind"] == "gap", 30)
        heard = len(first.heard)
        send_error(sandbox, "After the restart")
        for each in (first, second):
            each.until(lambda heard: (heard.event.get("issue") or {}).get("title") == "After the restart", 60)
        assert len(first.heard) > heard
